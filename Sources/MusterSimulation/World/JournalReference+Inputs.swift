internal import MusterCore
internal import MusterLog
internal import MusterWire

// What becomes of inputs: none is skipped, none acts late, no checkpoint passes one that matters,
// and no snapshot changes what is accepted. Named as in docs/spec.

extension JournalReference {
    // MARK: NoInputSkipped

    /// What became of every input: decided, nothing on a state current then, or in quarantine.
    ///
    /// - Parameter isQuiet: whether nobody is about to decide anything.
    func skipped(isQuiet: Bool) -> Breach? {
        for place in book.places {
            var from = 0
            for (offset, entry) in book[place].enumerated() {
                let position = Position(place, Offset(UInt64(offset)))
                if let breach = skipped(entry, position, &from),
                    isQuiet || breach.promise != .everyInputIsDecided
                {
                    return breach
                }
            }
        }
        return nil
    }

    private func skipped(
        _ entry: InputBook.Entry, _ position: Position, _ from: inout Int
    ) -> Breach? {
        guard entry.isReadable else {
            return quarantined.contains(position)
                ? nil : Breach(.unreadableIsKept, "\(position) is not in quarantine")
        }
        guard let content = entry.content else { return nil }
        let cause = decisions.firstIndex {
            if case .input(position, _, _) = $0.cause { true } else { false }
        }
        if let cause {
            if cause < from {
                return Breach(.inputsInOrder, "\(position) is decided before an earlier input")
            }
            from = cause
            return nil
        }
        if entry.restsOnEvidence { return nil }
        let covered = states.firstIndex { position.offset < $0.next[position.partition] ?? .zero }
        let last = covered.map { $0 - 1 } ?? states.count - 1
        let first = max(from, min(entry.head, last))
        let promise = covered == nil ? Promise.everyInputIsDecided : .noInputSkipped
        guard first <= last else { return Breach(promise, "\(position): \(content)") }
        for place in first...last where saysNothing(entry, position, on: states[place]) {
            from = place
            return nil
        }
        return Breach(promise, "\(position): \(content)")
    }

    /// Whether it decides nothing there. A node on another disk says nothing new where it is in
    /// conflict already and the one before was heard: that alone is asked with such evidence.
    private func saysNothing(
        _ entry: InputBook.Entry, _ position: Position, on state: ClusterState
    ) -> Bool {
        guard let content = entry.content else { return true }
        let question = Input(
            cluster: cluster, source: .record(position, appended: entry.appended),
            content: content, correlation: entry.correlation)
        var state = state
        state.next = SortedMap()
        let moment = max(state.at, entry.appended)
        if state.decide(question, evidence: Evidence(), at: moment).isEmpty { return true }
        guard case .fact(.nodeUp(let up)) = content,
            let known = state.nodes[up.identity.node], known.conflict != nil
        else { return false }
        var heard = Evidence()
        heard.nodes[up.identity.node] = NodeEvidence(
            identity: known.identity, boot: known.boot,
            heard: Evidence.Heard(position: position, appended: moment), copies: [])
        return state.decide(question, evidence: heard, at: moment).isEmpty
    }

    // MARK: NoStaleInput

    /// Notes how far its author had read when it made a decision, where the clock was the cause.
    mutating func noteWhatIsKnown(_ read: SortedMap<TopicPartition, Offset>, _ value: [UInt8]) {
        // What cannot be read is no decision.
        guard let decision = try? reader.decision(of: value, withEvent: false),
            case .timer = decision.cause
        else { return }
        knew[SHA256.hash(of: value)] = read
    }

    /// A decision says how far its author had considered, and what was considered never acts later.
    mutating func judgeWhatWasKnown(_ decision: Decision, _ hash: Hash) {
        if case .input(let position, _, _) = decision.cause,
            position.offset < known[position.partition] ?? .zero
        {
            fail(.noStaleInput, "\(position) was considered before, and acts now")
        }
        guard let read = knew[hash] else { return }
        var said = state.next
        for position in decision.considered { said[position.partition] = position.offset }
        for (place, end) in read {
            let all = book[place].prefix(Int(end.value))
            guard let last = all.lastIndex(where: { $0.content != nil }) else { continue }
            let passed = Offset(UInt64(last)).next
            known.update(place, default: passed) { $0 = max($0, passed) }
            if said[place] ?? .zero < passed {
                fail(.noStaleInput, "it does not say that \(place) was considered to \(passed)")
            }
        }
    }

    // MARK: CheckpointsAreTrue, SnapshotsAgree

    mutating func noteSnapshot(_ record: LogRecord, in log: SimulatedLog) {
        guard let key = record.key, let value = record.value else { return }
        let json = JSONReader()
        do {
            if key.starts(with: "p/".utf8) {
                judge(try Checkpoint(value, reader: json))
            } else {
                try judge(Snapshot(value, reader: json), in: log)
            }
        } catch {
            fail(.snapshotsAgree, "what lies in the topic cannot be used: \(error)")
        }
    }

    /// Whatever it has passed is decided, or said nothing on a state that was not older than it.
    private mutating func judge(_ checkpoint: Checkpoint) {
        for (place, end) in checkpoint.positions where InputBook.topics.contains(place.topic) {
            let from = settled[place] ?? .zero
            guard from < end else { continue }
            for offset in from.value..<end.value {
                let position = Position(place, Offset(offset))
                guard let entry = book[position] else { continue }
                if !entry.isReadable, !quarantined.contains(position) {
                    return fail(.checkpointsAreTrue, "it passes \(position), which is not kept")
                }
                if entry.restsOnEvidence || position.offset < state.next[place] ?? .zero {
                    continue
                }
                let isSilent = (entry.head..<states.count).contains {
                    saysNothing(entry, position, on: states[$0])
                }
                if !isSilent { return fail(.checkpointsAreTrue, "it passes \(position)") }
            }
            settled[place] = end
        }
    }

    /// A reader that begins with it holds the chain as it was there, also when it has to begin to
    /// read further back, for another cluster's sake.
    private mutating func judge(_ snapshot: Snapshot, in log: SimulatedLog) throws {
        let end = snapshot.journalOffset
        guard snapshot.state.id == cluster, let headOffset = snapshot.headOffset else { return }
        let place = TopicPartition(.journal, home)
        let all = log.records(of: place)
        var reader = JournalReader()
        try reader.take(header: all[0].value ?? [], of: home)
        reader.take(snapshot.state, headOffset: headOffset, from: end)
        for offset in voidOffsets where offset < end {
            _ = try reader.read(all[Int(offset.value)].value, at: offset, of: home)
        }
        let count = offsets.prefix { $0 < end }.count
        if reader.state(of: cluster) != states[count] {
            fail(.snapshotsAgree, "a reader that begins with it at \(end) holds another chain")
        }
    }

    // MARK: RemovalsHaveReasons

    /// What a decision removes has its reasons in the log.
    mutating func judgeRemovals(_ decision: Decision, in log: SimulatedLog) {
        let isRemoval = decision.events.contains {
            switch $0 {
            case .commandIssued(let command, _): command.action == .removeMember
            case .nodeRemoved: true
            default: false
            }
        }
        guard isRemoval else { return }
        let reasons = RemovalReasons(journal: self, log: log, decision: decision)
        for breach in reasons.broken + reasons.blind { fail(breach.promise, breach.text) }
    }

    // MARK: GapsRestartDeadlines

    /// Who is silent when a gap ends has the whole delay before it again.
    mutating func judgeGap(_ decision: Decision, _ next: ClusterState) {
        for event in decision.events {
            guard case .timeGap(_, let end, _) = event, let policy = next.policy else { continue }
            for (node, known) in next.nodes {
                guard let removal = known.removal, removal.since < end else { continue }
                if removal.due < decision.at + policy.removalDelay {
                    fail(.gapsRestartDeadlines, "the deadline of \(node) goes on after a gap")
                }
            }
        }
    }
}
