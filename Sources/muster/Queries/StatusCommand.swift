import MusterCommandLine
import MusterCore
import MusterLog
import MusterRuntime
import MusterWire

/// `status`: whether all is well, in one look.
enum StatusCommand {
    static let command = Command(
        "status", "say whether all is well",
        discussion: """
            Lists the clusters, how fresh the answer is, everything that is not as it should be, \
            and what is worth knowing although it is well. Ends with exit code 3 when anything is \
            not as it should be, so that it serves as a check in scripts.

            A cluster's health is lost (a group has no majority), frozen (half of the members are \
            silent, or the manager may be blind: nobody is removed), troubled (something else is \
            not well), degraded (a group has fewer voters than it had) or well.
            """,
        examples: [
            .init("status", "one look at everything"),
            .init("status --cluster orders -o json", "for a script"),
        ],
        options: [CommonOptions.cluster], exitCodes: [.unhealthy, .notFound],
        shape: shape, layout: layout
    ) { call in
        try await Query.run(call) { query in
            let states = try query.clusters()
            let backlog = try await Backlog.measure(query)
            let problems = try await problems(query, states, backlog)
            try call.show(value(query, states, backlog, problems))
            return problems.allSatisfy { $0.weight == .notice } ? .ok : .unhealthy
        }
    }

    private static let shape: ResultShape = .object([
        .init("isWell", .flag, "whether there is no problem"),
        .init("log", .text, "the log"),
        .init("newest", .time, "when the newest journal record was written", isOptional: true),
        .init("age", .duration, "how long ago that was", isOptional: true),
        .init("waiting", .number, "inputs that no manager has passed yet"),
        .init("waitingSince", .time, "when the oldest of them was written", isOptional: true),
        .init("recordsRead", .number, "journal records read for this answer"),
        .init("clusters", .array(ClusterHealth.shape), "the clusters, by name"),
        .init("problems", .array(problemShape), "what is not as it should be"),
        .init("notices", .array(problemShape), "what is well, and worth knowing"),
    ])

    private static let problemShape: ResultShape = .object([
        .init("cluster", .text, "where; none: the log", isOptional: true),
        .init("sentence", .text, "what it is"),
    ])

    private static let layout = ResultLayout(
        [
            .facts([
                .init("well", "isWell", tones: ["yes": .good, "no": .bad]), .init("log", "log"),
                .init("as of", "newest"), .init("inputs waiting", "waiting"),
                .init("waiting since", "waitingSince"),
                .init("records read", "recordsRead", wide: true),
            ]),
            .table(
                title: nil, rows: "clusters", columns: ClusterHealth.columns, empty: "no clusters"),
            .table(
                title: "problems", rows: "problems",
                columns: [.init("CLUSTER", "cluster"), .init("WHAT", "sentence")], empty: ""),
            .table(
                title: "worth knowing", rows: "notices",
                columns: [.init("CLUSTER", "cluster"), .init("WHAT", "sentence")], empty: ""),
        ], rows: "clusters", name: "cluster")

    private static func value(
        _ query: Query, _ states: [ClusterState], _ backlog: Backlog, _ problems: [Problem]
    ) -> ResultValue {
        let now = query.call.context.now()
        return .object([
            "isWell": .flag(problems.allSatisfy { $0.weight == .notice }),
            "log": .text(query.log.url),
            "newest": query.newest.map { .time($0) },
            "age": query.newest.map { .duration(max(0, now - $0.milliseconds)) },
            "waiting": .number(Int64(clamping: backlog.count)),
            "waitingSince": backlog.oldest.map { .time($0) },
            "recordsRead": .number(Int64(clamping: query.projection.recordCount)),
            "clusters": .array(
                states.map { state in
                    ClusterHealth.value(state, problems.filter { $0.cluster == state.id })
                }),
            "problems": list(problems.filter { $0.weight == .trouble }),
            "notices": list(problems.filter { $0.weight == .notice }),
        ])
    }

    private static func list(_ problems: [Problem]) -> ResultValue {
        .array(
            problems.map { problem in
                .object([
                    "cluster": problem.cluster.map { .name($0) },
                    "sentence": .text(problem.sentence),
                ])
            })
    }

    private static func problems(
        _ query: Query, _ states: [ClusterState], _ backlog: Backlog
    ) async throws -> [Problem] {
        var problems = backlog.problems(now: Timestamp(milliseconds: query.call.context.now()))
        for trouble in JournalTrouble.all(in: query.projection) {
            problems.append(Problem(cluster: trouble.cluster, sentence: trouble.sentence.text))
        }
        for state in states {
            let evidence = try await query.evidence(of: state)
            problems += Problem.all(of: state, evidence, now: query.now)
            if let behind = try await ClockTrouble.problem(query, state) {
                problems.append(behind)
            }
        }
        return problems
    }
}

/// The facts and requests that no manager has passed yet, by the newest checkpoints. Heartbeats are
/// in none: they are read again at every takeover.
struct Backlog {
    var count: UInt64 = 0
    /// When the oldest of them was appended.
    var oldest: Timestamp?

    /// A manager writes a checkpoint every few seconds; what is older than this was left lying.
    private static let limit: Duration = .seconds(20)

    static func measure(_ query: Query) async throws -> Backlog {
        var backlog = Backlog()
        let counts = try await query.log.partitionCounts()
        for topic in [Topic.events, .requests] {
            for number in 0..<(counts[topic] ?? 0) {
                let partition = TopicPartition(topic, number)
                let range = try await query.log.range(of: partition)
                var next = range.lowerBound
                for checkpoint in query.projection.checkpoints {
                    next = max(next, checkpoint.positions[partition] ?? .zero)
                }
                guard next < range.upperBound else { continue }
                backlog.count += range.upperBound.value - next.value
                if let record = try await query.log.readOne(Position(partition, next)) {
                    backlog.oldest = min(backlog.oldest ?? record.appended, record.appended)
                }
            }
        }
        return backlog
    }

    func problems(now: Timestamp) -> [Problem] {
        guard let oldest, now - oldest > Self.limit else { return [] }
        return [
            Problem(
                cluster: nil,
                sentence: "\(count) inputs wait, the oldest since \(Wording.moment(oldest)): is a "
                    + "manager running? start one with `muster manager`")
        ]
    }
}
