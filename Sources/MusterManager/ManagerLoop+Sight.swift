internal import MusterCore
internal import MusterLog

// The manager's own sight (DOMAIN §3). What one cluster's nodes say cannot show that the manager is
// the blind one when many clusters lose few nodes each, or when it reads late; it looks at itself,
// and tells its clusters, which hold every removal deadline back meanwhile. After a standstill of
// its own it reads the heartbeats again, as at a takeover.

extension ManagerLoop {
    /// What the manager knows of its own sight.
    struct Sight: Sendable {
        /// Why it may be blind; nil while it sees.
        var blindness: Blindness?
        /// Since when it has seen without a break, in monotonic time.
        var clearSince: Duration
        /// When to look again.
        var due: Duration
        /// The latest record was read so long after it was written, at most since the last look.
        var lag: Duration = .zero
        /// Whether a cluster still has to be told that the manager sees.
        var isAwaited = false
    }

    /// Looks at itself when it is time to, and sees to it that its clusters hear of a change.
    mutating func watchSight() {
        guard now >= sight.due, !isStopping, !shares.isEmpty, let time = clock.time(now) else {
            return
        }
        sight.due = now + min(.seconds(1), shortestLease / 2)
        let before = sight.blindness
        sight.blindness = lagging() ?? fleet(at: time)
        sight.lag = .zero
        if sight.blindness != nil || before != nil { sight.clearSince = now }
        sight.isAwaited = false
        for index in workers.indices where isLive(index) {
            if reader.clusters[index].state.blind != nil { sight.isAwaited = true }
            if sightSubject(index) == nil { continue }
            workers[index].look = .everything
            touch(index)
        }
    }

    /// What a cluster has to be told; nil: it knows.
    func sightSubject(_ index: Int) -> Subject? {
        let state = ahead(index)
        guard let policy = state.policy else { return nil }
        if let blindness = sight.blindness {
            return state.blind == nil ? .sight(blindness) : nil
        }
        if state.blind == nil || now - sight.clearSince < policy.lease { return nil }
        return .sight(nil)
    }

    /// Notes how long after it was written a record is read, when nothing lay there before.
    mutating func noteLag(of appended: Timestamp) {
        guard let time = clock.time(now) else { return }
        sight.lag = max(sight.lag, time - appended)
    }

    private func lagging() -> Blindness? {
        let limit = longestLease
        guard sight.lag > limit else { return nil }
        return Blindness(
            kind: .lag, count: UInt64(clamping: sight.lag.milliseconds),
            of: UInt64(clamping: limit.milliseconds))
    }

    private var leases: [Duration] {
        workers.indices.filter { isLive($0) }.compactMap { reader.clusters[$0].state.policy?.lease }
    }

    private var longestLease: Duration { leases.max() ?? Policy().lease }

    private var shortestLease: Duration { leases.min() ?? Policy().lease }

    /// Whether many of all nodes fell silent within the last leases.
    private func fleet(at time: Timestamp) -> Blindness? {
        var (served, silent) = (0, 0)
        for index in workers.indices where isLive(index) {
            let state = ahead(index)
            guard let lease = state.policy?.lease else { continue }
            for (node, known) in state.nodes
            where known.liveness != .unknown && !known.stopAnnounced
                && !state.isHeld(node, at: time)
            {
                let silence = time - state.lastHeard(node, known, workers[index].evidence)
                let isRecent = silence <= lease * (1 + Blindness.leases)
                // Who has been away for long is no longer served.
                if known.liveness == .down && !isRecent { continue }
                served += 1
                if silence > lease && isRecent { silent += 1 }
            }
        }
        guard silent >= Blindness.nodesMin, silent * 100 >= served * Blindness.percent else {
            return nil
        }
        return Blindness(kind: .fleet, count: UInt64(silent), of: UInt64(served))
    }

    // MARK: Standstill

    /// A manager that was not called for longer than a lease after it was due has heard nothing
    /// meanwhile: before any timer fires it reads again what was said, as at a takeover.
    ///
    /// - Parameter time: the monotonic time of this call.
    mutating func noteStandstill(at time: Duration) {
        guard !isStopping, let due = wakeUp else { return }
        let standstill = time - max(due, now)
        // The leases of all clusters are looked at only then.
        guard standstill > settings.standstillMin, standstill > longestLease else { return }
        say(
            .warning,
            "stood still for \(standstill.milliseconds) ms: what was said meanwhile is read first")
        let own = Set(shares.keys)
        for partition in own.sorted() { release(partition) }
        assign(own)
    }
}
