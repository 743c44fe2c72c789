import MusterCommandLine
import MusterCore
import MusterEngines
import MusterLog
import MusterRuntime
import MusterWire

/// `log`: the journal, one line for each event.
enum LogCommand {
    static let command = MusterCommandLine.Command(
        "log", "print what was decided, one line for each event",
        discussion: """
            Reads the journal from its start, oldest first. With --follow it goes on with what \
            comes, until it is stopped; then, unless told otherwise, it begins with the last 10 \
            events.
            """,
        examples: [
            .init("log", "everything"), .init("log -f", "the end, and what comes"),
            .init("log --node n3 --since 1h", "what was decided about n3 in the last hour"),
            .init("log --from 41 -o jsonl", "from decision 41 on, for a program"),
        ],
        options: [
            CommonOptions.cluster,
            CommandOption(flag: "follow", "f", summary: "go on with what comes"),
            CommandOption(
                "from", value: "SEQ", .number(1...Int64.max), "from this decision on"),
            CommandOption("since", value: "TIME", .time, "from this time on"),
            CommandOption(
                "node", value: "NODE", .listed(by: ["nodes"]), "only what is about this node"),
            CommandOption(
                "lines", "n", value: "COUNT", .number(0...Int64.max), "only the last events"),
        ],
        exitCodes: [.notFound, .notPermitted, .interrupted, .terminated], shape: shape
    ) { call in
        try await call.withLog(for: .read) { try await run(call, $0) }
        return .ok
    }

    private static let shape: ResultShape = .object([
        .init("time", .text, "when it was decided (RFC 3339)"),
        .init("cluster", .text, "the cluster's name"),
        .init("seq", .id, "the decision"),
        .init("event", .text, "what happened"),
        .init("node", .text, "the node that it is about", isOptional: true),
        .init("group", .text, "the group that it is about", isOptional: true),
        .init("sentence", .text, "the same, for people"),
        .init("cause", .text, "what was answered by it"),
        .init("principal", .text, "who asked", isOptional: true),
        .init("correlation", .text, "what it belongs to", isOptional: true),
        .init("partition", .number, "the journal partition"),
        .init("offset", .id, "of the decision's record"),
        .init("hash", .text, "of the decision's record"),
    ])

    private static let columns: [ResultLayout.Column] = [
        .init("TIME", "time", width: 24), .init("SEQ", "seq", width: 5),
        .init("CLUSTER", "cluster", width: 8), .init("EVENT", "event", width: 20),
        .init("WHAT", "sentence"), .init("CAUSE", "cause", wide: true),
        .init("CORRELATION", "correlation", wide: true),
        .init("PARTITION", "partition", wide: true), .init("OFFSET", "offset", wide: true),
    ]

    private static func run(_ call: Invocation, _ log: any EventLog) async throws {
        let filter = try Filter(call)
        let inputs = InputReader()
        let history = try await History(call, log) { entry, _ in filter.admits(entry) }
        var rows: [ResultValue] = []
        for entry in history.entries { rows += Self.rows(entry, filter, inputs) }
        let isPart = call.text("from") != nil || call.text("since") != nil
        let lines = call.number("lines") ?? (call.flag("follow") && !isPart ? 10 : nil)
        if let lines { rows = Array(rows.suffix(Int(clamping: lines))) }
        let stream = ResultStream(call.output, columns, name: "seq")
        history.query.sayTroubles()
        for row in rows { try stream.send(row) }
        guard call.flag("follow") else { return }
        let follower = try await JournalFollower(history.projection, log, withEvents: true)
        while true {
            for entry in try await follower.next(waitingUpTo: .seconds(10)) {
                let entry = HistoryEntry(entry)
                guard filter.admits(entry) else { continue }
                for row in Self.rows(entry, filter, inputs) { try stream.send(row) }
            }
        }
    }

    private static func rows(
        _ entry: HistoryEntry, _ filter: Filter, _ inputs: InputReader
    ) -> [ResultValue] {
        let cause = CauseView(entry.decision, inputs)
        if entry.decision.events.isEmpty, filter.node == nil, let word = cause.managerWord {
            // What a person did to the journal itself decides nothing, and belongs to its history.
            return [row(entry, cause, word, cause.sentence, (nil, nil))]
        }
        return entry.decision.events.filter { filter.admits($0, cause) }.map { event in
            row(entry, cause, "\(event.typeName)", Wording.sentence(event), event.subject)
        }
    }

    private static func row(
        _ entry: HistoryEntry, _ cause: CauseView, _ event: String, _ sentence: String,
        _ subject: (node: NodeID?, group: GroupID?)
    ) -> ResultValue {
        let correlation = entry.decision.correlation
        return .object([
            "time": .text(Wording.moment(entry.decision.at)),
            "cluster": .name(entry.cluster), "seq": .id(entry.sequence),
            "event": .text(event), "node": subject.node.map { .name($0) },
            "group": subject.group.map { .name($0) },
            "sentence": .text(sentence), "cause": .text(cause.sentence),
            "principal": entry.decision.principal.map { .name($0) },
            "correlation": correlation.isEmpty ? nil : .text(correlation),
            "partition": .number(Int64(entry.position.partition.partition)),
            "offset": .id(entry.position.offset), "hash": .text("\(entry.hash)"),
        ])
    }

    /// Which decisions and events are wanted.
    private struct Filter {
        let cluster: ClusterID?
        let from: UInt64
        let since: Timestamp
        let node: NodeID?

        init(_ call: Invocation) throws {
            cluster = try call.name(option: CommonOptions.cluster.name)
            from = UInt64(clamping: call.number("from") ?? 0)
            since = call.time("since").map { Timestamp(milliseconds: $0) } ?? .zero
            node = try call.name(option: "node")
        }

        func admits(_ entry: HistoryEntry) -> Bool {
            (cluster.map { $0 == entry.cluster } ?? true) && entry.sequence.value >= from
                && entry.decision.at >= since
        }

        /// A request's answer is about the node that the request is about.
        func admits(_ event: Event, _ cause: CauseView) -> Bool {
            guard let node else { return true }
            if let subject = event.subject.node { return subject == node }
            return event.subject.group == nil && cause.kind == .request && cause.node == node
        }
    }
}
