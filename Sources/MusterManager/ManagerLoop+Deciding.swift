internal import MusterCore
internal import MusterLog
internal import MusterWire

// Deciding on the state ahead of what was read back, and appending without waiting.

extension ManagerLoop {
    /// How many wake-ups of one cluster are answered before others get their turn.
    private static let wakeUpsMax = 128

    /// Does for one cluster whatever can be done now.
    mutating func workOn(_ index: Int) {
        guard reader.clusters[index].stopped == nil else { return }
        if workers[index].notBefore > now { return }
        if workers[index].isResetting && !finishReset(index) { return }
        considerQueue(index)
        lookAround(index)
    }

    /// Whether only something from outside, or the clock, can give this cluster something to do.
    func isIdle(_ index: Int) -> Bool {
        if reader.clusters[index].stopped != nil { return true }
        guard workers[index].queue.isEmpty, !workers[index].isResetting,
            case .nothing = workers[index].look
        else { return false }
        return true
    }

    private func hasRoom(_ index: Int) -> Bool {
        !workers[index].isYielding && workers[index].inFlight.count < settings.windowMax
    }

    // MARK: Inputs

    private mutating func considerQueue(_ index: Int) {
        var taken = 0
        while taken < workers[index].queue.count, hasRoom(index) {
            let item = workers[index].queue[taken]
            taken += 1
            consider(item, index)
        }
        if taken > 0 {
            workers[index].queue.removeFirst(taken)
            counts.queued -= taken
        }
    }

    /// Considers one input: what it decides is appended; that it was considered is remembered until
    /// an accepted record or a checkpoint covers it, also when it decided nothing.
    private mutating func consider(_ item: Worker.Waiting, _ index: Int) {
        let passed = reader.clusters[index].state.next[item.position.partition]
        if let passed, item.position.offset < passed { return }
        counts.considered += 1
        listen(to: item, index)
        let state = ahead(index)
        let at = max(item.appended, state.at)
        var entry = item
        entry.basis = workers[index].inFlight.last?.token
        entry.own = nil
        let evidence = state.extract(for: item.input, from: workers[index].evidence)
        let events =
            refusals(item.input, state)
            ?? state.decide(item.input, evidence: evidence ?? Evidence(), at: at)
        let next = item.position.offset.next
        workers[index].considered.update(item.position.partition, default: next) {
            $0 = max($0, next)
        }
        if !events.isEmpty {
            let cause = Decision.Cause.input(
                item.position, appended: item.appended, event: item.event)
            entry.own = append(
                events, cause: cause, at: at, evidence: evidence, input: item.input, index)
        }
        workers[index].waiting.append(entry)
    }

    /// What this manager refuses by its own settings; nil when it has no objection.
    private func refusals(_ input: Input, _ state: ClusterState) -> [Event]? {
        settings.allowsShortRemovalDelay ? nil : Self.shortDelayRefusal(of: input, state)
    }

    /// What a manager without the flag for short removal delays answers to a request for one; nil
    /// to anything else.
    static func shortDelayRefusal(of input: Input, _ state: ClusterState) -> [Event]? {
        guard case .request(let request) = input.content,
            case .configure(let patch) = request.action, let delay = patch.removalDelay,
            delay < Policy.removalDelayMin,
            !state.requests.contains(where: { $0.id == request.id })
        else { return nil }
        let text =
            "removalDelay \(delay.milliseconds) ms is under the minimum of "
            + "\(Policy.removalDelayMin.milliseconds) ms; only a manager started with "
            + "--allow-short-removal-delay accepts that"
        return [.requestRejected(request.id, Refusal(.invalidPolicy, text: text), proofs: [])]
    }

    /// Facts that are signs of life, and reports, are heard as well: only of the cluster's own
    /// partition, where whoever owns it hears all of them.
    private mutating func listen(to item: Worker.Waiting, _ index: Int) {
        guard case .fact(let fact) = item.input.content,
            reader.clusters[index].partition == share(of: item.position.partition)
        else { return }
        let heard = Evidence.Heard(position: item.position, appended: item.appended)
        let lease = reader.clusters[index].state.policy?.lease ?? Policy().lease
        switch fact {
        case .nodeUp(let up):
            // Heard after it is decided upon: the decision looks at who was heard before.
            workers[index].later.append((up, heard))
        case .groupObserved(let report):
            guard ahead(index).listens(to: report.observer) else { break }
            workers[index].evidence.hear(report, heard, lease: lease)
        default:
            break
        }
        workers[index].look = .everything
    }

    // MARK: Wake-ups

    private mutating func lookAround(_ index: Int) {
        for (up, heard) in workers[index].later {
            let lease = reader.clusters[index].state.policy?.lease ?? Policy().lease
            let isCurrent = ahead(index).nodes[up.identity.node]?.identity == up.identity
            workers[index].evidence.hear(up, heard, lease: lease, isCurrent: isCurrent)
        }
        workers[index].later = []
        guard isLive(index), !isStopping, workers[index].queue.isEmpty,
            let time = clock.time(now)
        else {
            // Whoever becomes live looks at everything.
            if !isLive(index) || isStopping { workers[index].look = .nothing }
            return
        }
        if let due = workers[index].due, due <= time { workers[index].look = .everything }
        if case .nothing = workers[index].look { return }
        let lease = ahead(index).policy?.lease ?? Policy().lease
        if time < ahead(index).at - lease { return }
        var answered = 0
        repeat {
            let round = wake(index, time, upTo: Self.wakeUpsMax - answered)
            if round == 0 {
                workers[index].look = .nothing
                break
            }
            answered += round
            workers[index].look = .everything
        } while answered < Self.wakeUpsMax && hasRoom(index)
        workers[index].due = ahead(index).nextDeadline(
            evidence: workers[index].evidence, after: time)
        if let due = workers[index].due { dueFirst = min(dueFirst ?? due, due) }
    }

    /// Wakes each subject once.
    ///
    /// - Returns: how many had something to say.
    private mutating func wake(_ index: Int, _ time: Timestamp, upTo limit: Int) -> Int {
        var subjects: [Subject] = []
        switch workers[index].look {
        case .nothing: return 0
        case .everything: subjects = ahead(index).subjects(heardOf: nil)
        case .groups(let groups):
            for group in groups {
                for subject in ahead(index).subjects(heardOf: group)
                where !subjects.contains(subject) {
                    subjects.append(subject)
                }
            }
        }
        if let subject = sightSubject(index) { subjects.insert(subject, at: 0) }
        var answered = 0
        for subject in subjects where answered < limit && hasRoom(index) {
            let state = ahead(index)
            let at = max(time, state.at)
            let input = Input(cluster: state.id, source: .manager, content: .wake(subject))
            let evidence = state.extract(for: input, from: workers[index].evidence)
            let events = state.decide(input, evidence: evidence ?? Evidence(), at: at)
            if events.isEmpty { continue }
            let token = append(
                events, cause: .timer(subject), at: at, evidence: evidence, input: input, index)
            if token != nil { answered += 1 }
        }
        return answered
    }

    // MARK: Appending

    /// Makes a decision of events, folds it ahead and sends it to the journal.
    ///
    /// - Returns: its token; nil when it could not be written and its input is in quarantine.
    private mutating func append(
        _ events: [Event], cause: Decision.Cause, at: Timestamp, evidence: Evidence?,
        input: Input, _ index: Int
    ) -> UInt64? {
        let state = ahead(index)
        let origin = state.origin(of: input)
        let decision = Decision(
            at: at, cause: cause, considered: consideredBeyond(state, index), evidence: evidence,
            principal: origin.principal, correlation: origin.correlation,
            manager: settings.identity, events: events)
        do {
            return try send(decision, on: state, index)
        } catch {
            say(.error, "a decision was left out: \(error)", state.id)
            guard case .input(let position, let appended, _) = cause else { return nil }
            return appendUnreadable(position, appended, decision, error, on: state, index)
        }
    }

    /// Why a decision must not be appended.
    private enum Unwritable: Error, CustomStringConvertible {
        case tooLarge(Int)
        case unreadable(DecisionError)

        var description: String {
            switch self {
            case .tooLarge(let bytes):
                "it has \(bytes) bytes, at most \(JournalRecord.bytesMax) can be written"
            case .unreadable(let error): "its record \(error)"
            }
        }
    }

    /// Per input partition how far this cluster's inputs were considered, where the state knows
    /// less.
    private func consideredBeyond(_ state: ClusterState, _ index: Int) -> [Position] {
        workers[index].considered.compactMap { partition, offset in
            let passed = state.next[partition] ?? .zero
            return offset > passed ? Position(partition, offset) : nil
        }
    }

    /// Writes the record, reads it as every reader will, and appends it.
    private mutating func send(
        _ decision: Decision, on state: ClusterState, _ index: Int
    ) throws(Unwritable) -> UInt64 {
        let record = JournalRecord(
            JournalEnvelope(extending: state.head, of: state.id), decision)
        let bytes = record.bytes
        if bytes.count > JournalRecord.bytesMax { throw .tooLarge(bytes.count) }
        let known: Decision
        do {
            known = try records.decision(of: bytes)
        } catch {
            throw .unreadable(error)
        }
        let hash = SHA256.hash(of: bytes)
        var next = state
        next.evolve(known, hash: hash)
        reader.expect(known, hash: hash)
        workers[index].ahead = next
        let token = token()
        workers[index].inFlight.append(
            Worker.InFlight(token: token, hash: hash, previous: state.head.hash, offset: nil))
        appends[token] = index
        counts.decided += 1
        let outgoing = record.outgoing(value: bytes, hash: hash, cause: nil)
        effects.append(
            .append(
                token: token,
                NewRecord(
                    TopicPartition(.journal, reader.clusters[index].partition),
                    key: outgoing.key, headers: outgoing.headers, value: outgoing.value)))
        return token
    }

    /// The input goes to quarantine, and a small record takes its place: the cluster goes on.
    private mutating func appendUnreadable(
        _ position: Position, _ appended: Timestamp, _ failed: Decision, _ error: Unwritable,
        on state: ClusterState, _ index: Int
    ) -> UInt64? {
        counts.quarantined += 1
        let reason = UnreadableInput(
            reason: .tooLarge,
            sentence: "what would be decided from it cannot be written: \(error)")
        var event: [UInt8] = []
        if case .input(_, _, let bytes) = failed.cause { event = bytes }
        let record = QuarantineRecord(
            reason, at: position, key: nil, headers: [], value: event,
            sha256: SHA256.hash(of: event))
        publish(.quarantine(position, newRecord(record.outgoing(), share(of: position.partition))))
        var small = failed
        small.cause = .manager(.unreadable(position, appended: appended))
        small.events = []
        small.evidence = nil
        // A record without events has nothing that could not be written.
        return try? send(small, on: state, index)
    }
}
