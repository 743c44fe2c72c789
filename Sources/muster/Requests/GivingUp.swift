import MusterCommandLine
import MusterCore
import MusterLog
import MusterManager
import MusterRuntime
import MusterWire

/// `rebase --lost`: gives up inputs that are gone from the log, and managers go on.
///
/// What it says is held against the log again: only what a manager would stop at is given up.
/// First each cluster concerned gets a record, then the checkpoint is moved; cut off in between,
/// the command is given once more.
struct GivingUp {
    let call: Invocation
    let log: any EventLog
    let isDry: Bool

    static let shape: ResultShape = .object([
        .init("cluster", .text, "the cluster's name"),
        .init("seq", .id, "the decision that says so"),
        .init("offset", .id, "its offset in the journal", isOptional: true),
    ])

    init(_ call: Invocation, _ log: any EventLog, isDry: Bool) {
        self.call = call
        self.log = log
        self.isDry = isDry
    }

    /// - Parameter names: what a manager named: `TOPIC/PARTITION:NEXT`, several apart by commas.
    func run(_ names: String) async throws -> ExitCode {
        var all: [(lost: LostInputs, decisions: [ResultValue])] = []
        for name in names.split(separator: ",", omittingEmptySubsequences: false) {
            all.append(try await giveUp(String(name), after: all.map(\.lost)))
        }
        try call.show(value(all))
        return .ok
    }

    /// - Parameter before: what this run has given up by now, or would have.
    private func giveUp(
        _ name: String, after before: [LostInputs]
    ) async throws -> (LostInputs, [ResultValue]) {
        let projection = try await ProjectionLoader().load(log)
        let kept = try await kept()
        let lost = try find(name, LostInputs.all(in: projection, kept))
        let partitions = Int32(clamping: projection.reader.header?.partitions ?? 1)
        let share = lost.place.partition % partitions
        let concerned = projection.reader.sorted.filter { lost.concern($0, share: share) }
        if let stopped = concerned.first(where: { $0.stopped != nil }) {
            throw CommandError(
                .conflict,
                "cluster \"\(stopped.state.id.text)\" stands still and cannot say it",
                advice: "`muster status` says why; let it go on first")
        }
        var decisions: [ResultValue] = []
        for cluster in concerned {
            let count =
                isDry
                ? before.count { $0.concern(cluster, share: $0.place.partition % partitions) } : 0
            decisions.append(
                try await tell(cluster, lost, newest: projection.newest, after: count))
        }
        if !isDry { try await move(projection.checkpoints, lost, share) }
        return (lost, decisions)
    }

    private func kept() async throws -> SortedMap<TopicPartition, Range<Offset>> {
        var kept = SortedMap<TopicPartition, Range<Offset>>()
        let counts = try await log.partitionCounts()
        for topic in [Topic.events, .requests] {
            for partition in 0..<(counts[topic] ?? 0) {
                let place = TopicPartition(topic, partition)
                kept[place] = try await log.range(of: place)
            }
        }
        return kept
    }

    private func find(_ name: String, _ all: [LostInputs]) throws -> LostInputs {
        let parts = name.split(separator: ":", omittingEmptySubsequences: false)
        let place = parts[0].split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, place.count == 2, UInt64(parts[1]) != nil, Int32(place[1]) != nil,
            let topic = Topic(name: String(place[0])), topic == .events || topic == .requests
        else {
            throw CommandError.usage(
                "--lost needs TOPIC/PARTITION:NEXT, like events/0:812, not \"\(name)\"",
                advice: "a manager's last line names it")
        }
        if let found = all.first(where: { $0.name == name }) { return found }
        let names = all.map(\.name).joined(separator: ", ")
        throw CommandError(
            .conflict,
            all.isEmpty
                ? "no inputs are lost: managers can read on where they were"
                : "what is lost is \(EscapedText(trusted: names)), not \"\(name)\"",
            advice: "look at what happened to the topic before anything is given up")
    }

    private func tell(
        _ cluster: JournalReader.Cluster, _ lost: LostInputs, newest: Timestamp?, after count: Int
    ) async throws -> ResultValue {
        let state = cluster.state
        var place: Position?
        if !isDry {
            let decision = try RebaseCommand.decision(
                call,
                .inputsLost(
                    lost.place, from: lost.from, next: lost.next,
                    reason: call.text("reason") ?? ""),
                at: max(state.at, newest ?? state.at))
            place = try await RebaseCommand.append(decision, state.head, cluster, log)
        }
        return .object([
            "cluster": .name(state.id),
            "seq": .id(MusterCore.Sequence(state.head.sequence.next.value + UInt64(count))),
            "offset": place.map { .id($0.offset) },
        ])
    }

    /// Lets the next manager begin where the topic does.
    private func move(
        _ checkpoints: [Checkpoint], _ lost: LostInputs, _ share: Int32
    ) async throws {
        guard var checkpoint = checkpoints.first(where: { $0.partition == share }) else { return }
        checkpoint.positions[lost.place] = lost.next
        let outgoing = checkpoint.outgoing()
        _ = try await log.append(
            NewRecord(
                TopicPartition(.snapshots, share), key: outgoing.key, headers: outgoing.headers,
                value: outgoing.value))
    }

    private func value(
        _ all: [(lost: LostInputs, decisions: [ResultValue])]
    ) -> ResultValue {
        func name(_ lost: LostInputs) -> String {
            "\(lost.place.topic.name)/\(lost.place.partition)"
        }
        let sentences = all.map { lost, _ in
            isDry
                ? "inputs of \(name(lost)) from \(lost.from) on would be given up, and reading would "
                    + "go on at \(lost.next)"
                : "inputs of \(name(lost)) from \(lost.from) on are given up; managers read on at "
                    + "\(lost.next)"
        }
        let lost = all.map { lost, _ in "\(name(lost)):\(lost.from)-\(lost.next)" }
        return .object([
            "sentence": .text(
                sentences.joined(separator: "; ") + (isDry ? "; nothing was appended" : "")),
            "lost": .text(lost.joined(separator: ",")),
            "decisions": .array(all.flatMap(\.decisions)),
        ])
    }
}
