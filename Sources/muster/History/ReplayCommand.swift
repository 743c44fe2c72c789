import MusterCommandLine
import MusterCore
import MusterEngines
import MusterLog
import MusterRuntime
import MusterWire

/// `replay`: the projection built anew from the start of the journal.
enum ReplayCommand {
    static let command = MusterCommandLine.Command(
        "replay", "rebuild the projection from the start of the journal",
        discussion: """
            Reads every record, uses no snapshot and prints how fast that went, what was found \
            and a hash of the result: SHA-256 over each cluster's state as its snapshot would \
            hold it, clusters in the order of their names' bytes. Whoever replays the same \
            journal gets the same hash. Ends with exit code 3 when a cluster cannot be read to \
            its end.
            """,
        examples: [
            .init("replay", "rebuild everything"), .init("replay -o json", "for a program"),
        ],
        exitCodes: [.unhealthy, .notFound, .notPermitted], shape: shape,
        layout: ResultLayout(
            [
                .facts([
                    .init("records", "records"), .init("accepted", "accepted"),
                    .init("void", "void"), .init("time", "elapsed"),
                    .init("records a second", "rate"), .init("state hash", "hash"),
                ]),
                .table(
                    title: nil, rows: "clusters",
                    columns: [
                        .init("CLUSTER", "cluster"), .init("SEQ", "seq"),
                        .init("DECIDED", "at"), .init("NODES", "nodes"),
                        .init("GROUPS", "groups"), .init("STATE HASH", "stateHash"),
                        .init("HEAD", "head", wide: true), .init("TROUBLE", "trouble", wide: true),
                    ], empty: "no clusters"),
            ], rows: "clusters", name: "cluster")
    ) { call in
        try await call.withLog(for: .read) { log in
            let clock = ContinuousClock()
            let start = clock.now
            var loader = ProjectionLoader()
            loader.usesSnapshots = false
            let progress = Progress(call)
            loader.onProgress = { progress.update($0, $1) }
            let projection = try await loader.load(log)
            progress.end()
            let result = value(projection, elapsed: clock.now - start)
            try call.show(result)
            let troubles = JournalTrouble.all(in: projection)
            for trouble in troubles { call.output.note("warning: \(trouble.sentence)") }
            return troubles.isEmpty ? .ok : .unhealthy
        }
    }

    /// The total is known only once the first records were read.
    private final class Progress {
        private let call: Invocation
        private var bar: ProgressBar?

        init(_ call: Invocation) { self.call = call }

        func update(_ done: UInt64, _ total: UInt64) {
            if bar == nil {
                bar = ProgressBar("replaying", total: Int64(clamping: total), call.context)
            }
            bar?.update(Int64(clamping: done))
        }

        func end() { bar?.end() }
    }

    private static let shape: ResultShape = .object([
        .init("records", .number, "journal records read"),
        .init("accepted", .number, "those that extend their cluster's chain"),
        .init("void", .number, "those that do not: they have never happened"),
        .init("elapsed", .duration, "how long it took"),
        .init("rate", .number, "records a second"),
        .init("hash", .text, "SHA-256 over the states of all clusters"),
        .init(
            "clusters",
            .array(
                .object([
                    .init("cluster", .text, "the cluster's name"),
                    .init("seq", .id, "its newest decision"),
                    .init("at", .time, "when that was decided"),
                    .init("nodes", .number, "how many nodes are known"),
                    .init("groups", .number, "how many groups there are"),
                    .init("head", .text, "the hash of the newest decision's record"),
                    .init("stateHash", .text, "SHA-256 over its state"),
                    .init("trouble", .text, "why it ends too early", isOptional: true),
                ])), "the clusters, by name"),
    ])

    private static func value(_ projection: Projection, elapsed: Duration) -> ResultValue {
        let troubles = JournalTrouble.all(in: projection)
        var whole: [UInt8] = []
        var rows: [ResultValue] = []
        for state in projection.clusters {
            let bytes = Self.bytes(of: state)
            whole += bytes
            rows.append(
                .object([
                    "cluster": .name(state.id), "seq": .id(state.head.sequence),
                    "at": .time(state.at), "nodes": .number(state.nodes.count),
                    "groups": .number(state.groups.count), "head": .text("\(state.head.hash)"),
                    "stateHash": .text("\(SHA256.hash(of: bytes))"),
                    "trouble": troubles.first { $0.cluster == state.id }
                        .map { .text($0.sentence.text) },
                ]))
        }
        let milliseconds = max(1, elapsed.milliseconds)
        return .object([
            "records": .number(Int64(clamping: projection.recordCount)),
            "accepted": .number(Int64(clamping: projection.reader.acceptedCount)),
            "void": .number(Int64(clamping: projection.reader.voidCount)),
            "elapsed": .duration(elapsed),
            "rate": .number(Int64(clamping: projection.recordCount) * 1000 / milliseconds),
            "hash": .text("\(SHA256.hash(of: whole))"), "clusters": .array(rows),
        ])
    }

    /// A state as its snapshot would hold it.
    private static func bytes(of state: ClusterState) -> [UInt8] {
        var writer = JSONWriter(capacity: 16 << 10)
        state.write(to: &writer)
        return writer.bytes
    }
}
