import MusterCommandLine
import MusterCore
import MusterEngines
import MusterLog
import MusterRuntime
import MusterWire

/// `watch`: changes of the projection, as they come.
enum WatchCommand {
    static let command = MusterCommandLine.Command(
        "watch", "print changes of the membership as they come",
        discussion: """
            One line for each thing that is another than before: a node's membership, status, \
            groups or removal, a group's leader or members, a cluster's freeze. Runs until it is \
            stopped.
            """,
        examples: [
            .init("watch", "all clusters"), .init("watch -o jsonl --count 1", "the next change"),
        ],
        options: [
            CommonOptions.cluster,
            CommandOption(
                "count", "n", value: "COUNT", .number(1...Int64.max), "end after so many changes"),
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
        .init("kind", .word(StateAspects.Kind.brief.map(\.rawValue)), "what changed"),
        .init("name", .text, "its name"),
        .init("aspect", .text, "what of it"),
        .init("from", .text, "as it was; empty: it was not there"),
        .init("to", .text, "as it is; empty: it is gone"),
    ])

    private static let columns: [ResultLayout.Column] = [
        .init("TIME", "time", width: 24), .init("CLUSTER", "cluster", width: 8),
        .init("SEQ", "seq", wide: true, width: 5), .init("KIND", "kind", width: 5),
        .init("NAME", "name", width: 6), .init("WHAT", "aspect", width: 10),
        .init("FROM", "from", width: 10), .init("TO", "to"),
    ]

    private static func run(_ call: Invocation, _ log: any EventLog) async throws {
        let query = try await Query(call, log)
        query.sayFreshness()
        query.sayTroubles()
        let cluster: ClusterID? = try call.name(option: CommonOptions.cluster.name)
        let follower = try await JournalFollower(query.projection, log)
        let stream = ResultStream(call.output, columns, name: "name")
        var left = call.number("count") ?? .max
        while true {
            for entry in try await follower.next(waitingUpTo: .seconds(10))
            where cluster.map({ $0 == entry.cluster }) ?? true {
                for change in StateAspects.changes(from: entry.before, to: entry.after, of: .brief)
                {
                    try stream.send(row(change, entry))
                    left -= 1
                    if left == 0 { return await follower.close() }
                }
            }
        }
    }

    private static func row(_ change: StateAspects.Change, _ entry: JournalFollower.Entry)
        -> ResultValue
    {
        .object([
            "time": .text(Wording.moment(entry.decision.at)), "cluster": .name(entry.cluster),
            "seq": .id(entry.sequence), "kind": .text(change.aspect.kind.rawValue),
            "name": .text(change.aspect.name), "aspect": .text(change.aspect.aspect),
            "from": .text(change.from), "to": .text(change.to),
        ])
    }
}
