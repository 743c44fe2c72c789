// Who is alive (DOMAIN §3): suspicion, death and return from heartbeats; gaps, in which nobody was
// heard; and the guard that holds removals back while the manager may be the blind one.

extension ClusterState {
    /// How many nodes one decision speaks of; the next wake-up goes on.
    private static let eventsMax = 64

    func decideLiveness(evidence: Evidence, at moment: Timestamp) -> [Event] {
        guard let policy else { return [] }
        let expired = expirations(at: moment)
        if !expired.isEmpty { return expired }
        if let events = answerGap(evidence, policy, at: moment) { return events }
        if let events = guardAgainstBlindness(evidence, policy, at: moment) { return events }
        var events: [Event] = []
        for (node, known) in nodes where events.count < Self.eventsMax {
            let changes = liveness(of: node, known, evidence, policy, at: moment)
            events += changes
            if changes.contains(where: \.isSilence) {
                events += noteMatches(node, known, evidence)
            }
            events += identityChange(of: node, known, evidence, policy, at: moment)
        }
        return events
    }

    /// When the node was last heard as its current start; its start counts as the first sign of
    /// life, and so does that somebody decided that it is up again.
    package func lastHeard(
        _ node: NodeID, _ known: NodeState, _ evidence: Evidence
    ) -> Timestamp {
        let decided = known.liveness == .up ? known.livenessSince : known.started
        let sign = max(known.started, decided)
        guard let heard = evidence.nodes[node], heard.identity.store == known.identity.store,
            heard.identity.start >= known.identity.start
        else { return sign }
        return max(sign, heard.heard.appended)
    }

    /// The same, or when somebody else last said that it is up.
    func lastSign(_ node: NodeID, _ known: NodeState, _ evidence: Evidence) -> Timestamp {
        let heard = lastHeard(node, known, evidence)
        return known.seenUp.map { max(heard, $0) } ?? heard
    }

    /// For how long the node's agent is silent, at least: a manager that took over may not have
    /// heard it itself, and knows when it was called silent.
    func silence(of node: NodeID, _ evidence: Evidence, at moment: Timestamp) -> Duration {
        guard let known = nodes[node] else { return .zero }
        let heard = lastHeard(node, known, evidence)
        return moment - (evidence.nodes[node] == nil ? max(heard, known.livenessSince) : heard)
    }

    /// From when the silence of a node that was last heard then counts. Not from before the end of
    /// a gap; and while nobody at all was heard since the freeze, not from before it: the next
    /// heartbeat may show that only the log's clock leapt.
    private func silentFrom(_ heard: Timestamp, _ evidence: Evidence) -> Timestamp {
        let from = max(heard, evidence.gap?.to ?? heard)
        guard let freeze, let newest = evidence.newest, newest.appended <= freeze.since
        else { return from }
        return max(from, freeze.since)
    }

    private func liveness(
        of node: NodeID, _ known: NodeState, _ evidence: Evidence, _ policy: Policy,
        at moment: Timestamp
    ) -> [Event] {
        let heard = lastHeard(node, known, evidence)
        let silence = moment - silentFrom(lastSign(node, known, evidence), evidence)
        switch known.liveness {
        case .unknown:
            return []
        case .up:
            guard silence > policy.lease * Policy.suspectLeases else { return [] }
            return [.nodeSuspected(node, lastHeard: heard, by: nil)]
        case .suspect where silence > policy.lease * Policy.downLeases:
            return [.nodeDown(node, lastHeard: heard)] + schedule(node, known, policy, at: moment)
        case .suspect, .down:
            guard moment - heard <= policy.lease, heard > known.livenessSince else { return [] }
            var events: [Event] = [.nodeReturned(node)]
            if known.removal != nil { events.append(.removalCancelled(node, why: .heard)) }
            return events
        }
    }

    private func schedule(
        _ node: NodeID, _ known: NodeState, _ policy: Policy, at moment: Timestamp
    ) -> [Event] {
        guard known.removal == nil, isMember(node) else { return [] }
        if isTakenCareOf(node) { return [] }
        return [
            .removalScheduled(
                node, store: known.identity.store, due: moment + policy.removalDelay)
        ]
    }

    // MARK: Gaps

    /// Two successive heartbeats more than a lease apart: nobody was heard in between, so no
    /// silence before the end of the gap proves anything, and every silence counts from its end.
    private func answerGap(
        _ evidence: Evidence, _ policy: Policy, at moment: Timestamp
    ) -> [Event]? {
        guard let gap = evidence.gap, gap.to > gapHandled else { return nil }
        let pending = nodes.filter { ($0.value.removal?.since ?? gap.to) < gap.to }
        let due = moment + policy.removalDelay
        return [.timeGap(from: gap.from, to: gap.to, why: .silence)]
            + pending.map { .removalRescheduled($0.key, due: due, why: .gap) }
    }

    // MARK: The blindness guard

    /// Half of the members silent at once, at least two: the fault may be the manager's own.
    private func guardAgainstBlindness(
        _ evidence: Evidence, _ policy: Policy, at moment: Timestamp
    ) -> [Event]? {
        func since(_ heard: Timestamp) -> Timestamp { max(heard, evidence.gap?.to ?? heard) }
        let members = nodes.filter { isCounted($0.key, $0.value, at: moment) }
        let silent = members.filter {
            moment - since(lastHeard($0.key, $0.value, evidence)) > policy.lease
        }
        let isBlind = silent.count >= 2 && silent.count * 2 >= members.count
        guard let freeze else {
            return isBlind ? [.frozen(silent: silent.map(\.key))] : nil
        }
        if isBlind {
            return freeze.calmSince == nil ? nil : [.frozen(silent: silent.map(\.key))]
        }
        guard let calm = freeze.calmSince else { return [.calmed] }
        if moment - calm < policy.lease { return nil }
        return [.thawed] + restartedDeadlines(policy, .thaw, at: moment)
    }

    // MARK: The next moment

    /// When the clock alone may change who counts as alive or what is due.
    func livenessDeadlines(evidence: Evidence, _ consider: (Timestamp) -> Void) {
        guard let policy else { return }
        let tick = Duration.milliseconds(1)
        for (node, known) in nodes {
            let start = silentFrom(lastSign(node, known, evidence), evidence)
            switch known.liveness {
            case .up: consider(start + policy.lease * Policy.suspectLeases + tick)
            case .suspect: consider(start + policy.lease * Policy.downLeases + tick)
            case .unknown, .down: break
            }
            if let removal = known.removal { consider(removal.due) }
            if let hold = known.hold { consider(hold.until) }
            if let calm = known.flaps.calm(after: at) { consider(calm) }
            if known.conflict != nil { consider(known.started + policy.lease + tick) }
        }
        if let pause { consider(pause.until) }
        if let calm = freeze?.calmSince { consider(calm + policy.lease) }
    }
}

extension Event {
    /// Whether the event says that a node is no longer heard.
    fileprivate var isSilence: Bool {
        switch self {
        case .nodeSuspected, .nodeDown: true
        default: false
        }
    }
}
