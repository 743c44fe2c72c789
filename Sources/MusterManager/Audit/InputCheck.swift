internal import MusterCore
internal import MusterLog

/// Checks that no input is skipped: whatever lies in the input topics has a record, or decided
/// nothing on an accepted state that was current when it was appended, or later, and before the
/// record that covers it; the inputs of one partition in order.
///
/// A value that is told of inputs and decisions in the order of their append times and holds only
/// what is not settled.
struct InputCheck {
    /// An input that no decision covers yet.
    private struct Pending {
        let position: Position
        let appended: Timestamp
        let cluster: ClusterID
        /// Nil once it is known to decide nothing on some state that counts. A decision may still
        /// answer it: it was considered later then.
        var input: Input?
        /// The input's bytes; once it is known to decide nothing, their hash.
        var event: Event

        enum Event {
            case bytes([UInt8])
            case hash(Hash)
        }

        var isSilent: Bool { input == nil }
    }

    /// A decision whose input was not seen yet.
    private struct Awaited {
        let appended: Timestamp
        let event: [UInt8]
        let cluster: ClusterID
        let sequence: MusterCore.Sequence
    }

    /// What lies in the input topics, by partition.
    let kept: SortedMap<TopicPartition, Range<Offset>>
    /// Up to where every input was considered, by some manager's word.
    let passed: SortedMap<TopicPartition, Offset>
    private(set) var counts = InputCounts()
    private(set) var findings: [AuditFinding] = []
    private var queues: [ClusterID: SortedMap<TopicPartition, [Pending]>] = [:]
    private var awaited: [Position: Awaited] = [:]
    /// Topics that were made anew: which decision of a cluster said so. What was found in them of
    /// decisions before is about other inputs.
    private var renumbered: [ClusterID: SortedMap<TopicPartition, MusterCore.Sequence>] = [:]
    /// Inputs that a decision before they were offered covers, and when they were appended.
    private var passedOver: [Position: Timestamp] = [:]

    init(
        kept: SortedMap<TopicPartition, Range<Offset>>, passed: SortedMap<TopicPartition, Offset>
    ) {
        self.kept = kept
        self.passed = passed
        for (partition, range) in kept where partition.topic != .heartbeats {
            counts.gone += range.lowerBound.value
        }
    }

    /// An input of a cluster that lies in its topic.
    ///
    /// - Parameter isPassed: whether a decision that was folded already covers it.
    mutating func offer(
        _ input: Input, event: [UInt8], at position: Position, appended: Timestamp,
        isPassed: Bool
    ) {
        counts.seen += 1
        if let decision = awaited.removeValue(forKey: position) {
            counts.decided += 1
            compare(
                .bytes(event), appended, input.cluster, position, with: decision.event,
                decision.appended, decision.cluster, decision.sequence)
            if decision.event != event && decision.appended != appended {
                passedOver[position] = appended
            }
            return
        }
        if isPassed {
            // The clocks of two brokers differ: the state that it met is past.
            counts.unproved += 1
            passedOver[position] = appended
            return
        }
        queues[input.cluster, default: SortedMap()].update(position.partition, default: []) {
            $0.append(
                Pending(
                    position: position, appended: appended, cluster: input.cluster, input: input,
                    event: .bytes(event)))
        }
    }

    /// A record of an input topic that is no input.
    mutating func offerUnreadable() {
        counts.seen += 1
        counts.unreadable += 1
    }

    /// The next decision of a cluster is about to be folded.
    ///
    /// - Parameter moment: when its record was appended.
    mutating func settle(
        before decision: Decision, on state: ClusterState, at moment: Timestamp
    ) {
        var cause: Position?
        switch decision.cause {
        case .input(let position, let appended, let event):
            cause = position
            remember(position, appended, event, state)
        case .manager(.unreadable(let position, _)): cause = position
        case .manager(.inputsLost(let place, let from, let next, _)) where next < from:
            renumbered[state.id, default: SortedMap()][place] = state.head.sequence.next
        case .timer, .manager(.skipped), .manager(.inputsLost): break
        }
        guard let queue = queues[state.id] else { return }
        var covered = SortedMap<TopicPartition, Offset>()
        for position in decision.considered { covered[position.partition] = position.offset }
        if let cause {
            covered.update(cause.partition, default: cause.offset.next) {
                $0 = max($0, cause.offset.next)
            }
        }
        for (partition, pending) in queue {
            let rest = settle(
                pending, before: decision, on: state, at: moment, cause: cause,
                covered: covered[partition] ?? .zero)
            queues[state.id]?[partition] = rest.isEmpty ? nil : rest
        }
    }

    /// Takes from the front what the decision covers, and notes what decides nothing by now.
    private mutating func settle(
        _ pending: [Pending], before decision: Decision, on state: ClusterState,
        at moment: Timestamp, cause: Position?, covered: Offset
    ) -> [Pending] {
        var rest = pending
        var index = 0
        while index < rest.count, rest[index].position.offset < covered {
            let front = rest[index]
            index += 1
            if front.position == cause {
                counts.decided += 1
                awaited[front.position] = nil
                if case .input(_, let appended, let event) = decision.cause {
                    compare(
                        front.event, front.appended, front.cluster, front.position, with: event,
                        appended, state.id, state.head.sequence.next)
                }
            } else if front.isSilent {
                counts.silent += 1
            } else {
                settleCovered(front, state, decision)
            }
        }
        rest.removeFirst(index)
        for index in rest.indices where !rest[index].isSilent {
            guard rest[index].appended <= moment, let input = rest[index].input,
                !input.content.restsOnEvidence,
                answer(to: input, rest[index], on: state).isEmpty
            else { break }
            if case .bytes(let bytes) = rest[index].event {
                rest[index].event = .hash(SHA256.hash(of: bytes))
            }
            rest[index].input = nil
        }
        return rest
    }

    private mutating func settleCovered(
        _ pending: Pending, _ state: ClusterState, _ decision: Decision
    ) {
        guard let input = pending.input else { return }
        if input.content.restsOnEvidence {
            counts.unproved += 1
        } else if answer(to: input, pending, on: state).isEmpty {
            counts.silent += 1
        } else {
            skip(pending, state, decision)
        }
    }

    private func answer(
        to input: Input, _ pending: Pending, on state: ClusterState
    ) -> [Event] {
        var state = state
        state.next[pending.position.partition] = nil
        return state.decide(input, evidence: Evidence(), at: max(state.at, pending.appended))
    }

    private mutating func skip(_ pending: Pending, _ state: ClusterState, _ decision: Decision) {
        counts.skipped += 1
        var finding = AuditFinding(
            .inputSkipped, pending.position, state.id, state.head.sequence.next,
            "decision \(state.head.sequence.next) passes this input, which has no record and would "
                + "have decided something")
        if let input = pending.input { finding.decided = answer(to: input, pending, on: state) }
        finding.manager = decision.manager
        findings.append(finding)
    }

    /// Remembers a decision's input until it is seen, where it can be.
    private mutating func remember(
        _ position: Position, _ appended: Timestamp, _ event: [UInt8], _ state: ClusterState
    ) {
        guard let range = kept[position.partition], range.contains(position.offset) else { return }
        awaited[position] = Awaited(
            appended: appended, event: event, cluster: state.id,
            sequence: state.head.sequence.next)
    }

    private mutating func compare(
        _ event: Pending.Event, _ appended: Timestamp, _ cluster: ClusterID, _ position: Position,
        with recorded: [UInt8], _ recordedTime: Timestamp, _ decider: ClusterID,
        _ sequence: MusterCore.Sequence
    ) {
        let isSame =
            switch event {
            case .bytes(let bytes): bytes == recorded
            case .hash(let hash): hash == SHA256.hash(of: recorded)
            }
        if isSame && appended == recordedTime && cluster == decider { return }
        var text = "decision \(sequence) holds this input in other words"
        if cluster != decider {
            text = "decision \(sequence) answers an input of cluster \(cluster)"
        } else if isSame {
            text =
                "decision \(sequence) says that its input was appended at \(recordedTime), "
                + "the log says at \(appended)"
        } else if case .bytes(let bytes) = event {
            text += ": " + Self.difference(recorded, bytes)
        }
        findings.append(AuditFinding(.inputDiffers, position, decider, sequence, text))
    }

    /// What stands where two texts part.
    private static func difference(_ recorded: [UInt8], _ kept: [UInt8]) -> String {
        let place = zip(recorded, kept).prefix { $0 == $1 }.count
        func part(_ bytes: [UInt8]) -> String {
            String(
                decoding: bytes[max(0, place - 16)..<min(bytes.count, place + 32)], as: UTF8.self)
        }
        return "recorded \"…\(part(recorded))…\", in the topic \"…\(part(kept))…\""
    }

    /// Everything was read.
    ///
    /// - Parameter state: the folded state of a cluster, or that of one without decisions.
    mutating func finish(_ state: (ClusterID) -> ClusterState?) {
        for cluster in queues.keys.sorted() {
            guard let state = state(cluster), let queue = queues[cluster] else { continue }
            for (_, pending) in queue {
                for open in pending { leave(open, state) }
            }
        }
        queues = [:]
        let found = findings
        findings = found.filter { finding in
            guard let cluster = finding.cluster, let place = finding.position?.partition else {
                return true
            }
            return !isOfOtherNumbers(place, cluster, finding.sequence)
        }
        for (position, decision) in awaited.sorted(by: { $0.key < $1.key }) {
            if isOfOtherNumbers(position.partition, decision.cluster, decision.sequence) {
                continue
            }
            if renumbered[decision.cluster]?[position.partition] != nil,
                passedOver[position] == decision.appended
            {
                continue
            }
            findings.append(
                AuditFinding(
                    .inputMissing, position, decision.cluster, decision.sequence,
                    "decision \(decision.sequence) answers this input, and it is not there"))
        }
        awaited = [:]
    }

    /// Whether the decision was made before the topic was made anew: its numbers mean other inputs.
    private func isOfOtherNumbers(
        _ place: TopicPartition, _ cluster: ClusterID, _ sequence: MusterCore.Sequence?
    ) -> Bool {
        guard let sequence, let since = renumbered[cluster]?[place] else { return false }
        return sequence <= since
    }

    private mutating func leave(_ pending: Pending, _ state: ClusterState) {
        guard let input = pending.input, !input.content.restsOnEvidence,
            !answer(to: input, pending, on: state).isEmpty
        else {
            let isUnproved = pending.input?.content.restsOnEvidence ?? false
            if isUnproved { counts.unproved += 1 } else { counts.silent += 1 }
            return
        }
        guard let passed = passed[pending.position.partition], pending.position.offset < passed
        else {
            counts.pending += 1
            return
        }
        counts.skipped += 1
        var finding = AuditFinding(
            .inputSkipped, pending.position, state.id, nil,
            "a checkpoint passes this input, which has no record and would decide something")
        if let input = pending.input { finding.decided = answer(to: input, pending, on: state) }
        findings.append(finding)
    }
}

/// What became of the inputs that still lie in their topics.
package struct InputCounts: Hashable, Sendable {
    /// Records of input topics that were read.
    package var seen: UInt64 = 0
    /// Those with a decision of their own.
    package var decided: UInt64 = 0
    /// Those that decided nothing on a state that was current then, or later.
    package var silent: UInt64 = 0
    /// Those of which nobody can say it: they rest on what was heard, or the clocks differ.
    package var unproved: UInt64 = 0
    /// Those that could not be read: they lie in quarantine.
    package var unreadable: UInt64 = 0
    /// Those that no manager has considered yet.
    package var pending: UInt64 = 0
    /// Those that should have a record.
    package var skipped: UInt64 = 0
    /// Those that retention has cut: nothing can be said of them.
    package var gone: UInt64 = 0
}
