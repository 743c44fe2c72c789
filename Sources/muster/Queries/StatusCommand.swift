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
            Lists the clusters, how fresh the answer is and everything that is not as it should \
            be. Ends with exit code 3 when there is anything of that kind, so that it serves as a \
            check in scripts.
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
            return problems.isEmpty ? .ok : .unhealthy
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
        .init("clusters", .array(ClusterView.shape), "the clusters, by name"),
        .init(
            "problems",
            .array(
                .object([
                    .init("cluster", .text, "where; none: the log", isOptional: true),
                    .init("sentence", .text, "what is not well"),
                ])), "what is not as it should be"),
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
                title: nil, rows: "clusters", columns: ClusterView.columns, empty: "no clusters"),
            .table(
                title: "problems", rows: "problems",
                columns: [.init("CLUSTER", "cluster"), .init("WHAT", "sentence")], empty: ""),
        ], rows: "clusters", name: "cluster")

    private static func value(
        _ query: Query, _ states: [ClusterState], _ backlog: Backlog, _ problems: [Problem]
    ) -> ResultValue {
        let now = query.call.context.now()
        return .object([
            "isWell": .flag(problems.isEmpty), "log": .text(query.log.url),
            "newest": query.newest.map { .time($0) },
            "age": query.newest.map { .duration(max(0, now - $0.milliseconds)) },
            "waiting": .number(Int64(clamping: backlog.count)),
            "waitingSince": backlog.oldest.map { .time($0) },
            "recordsRead": .number(Int64(clamping: query.projection.recordCount)),
            "clusters": .array(states.map { ClusterView.value($0) }),
            "problems": .array(
                problems.map { problem in
                    .object([
                        "cluster": problem.cluster.map { .name($0) },
                        "sentence": .text(problem.sentence),
                    ])
                }),
        ])
    }

    private static func problems(
        _ query: Query, _ states: [ClusterState], _ backlog: Backlog
    ) async throws -> [Problem] {
        var problems = backlog.problems(now: Timestamp(milliseconds: query.call.context.now()))
        for trouble in JournalTrouble.all(in: query.projection) {
            problems.append(Problem(cluster: trouble.cluster, sentence: trouble.sentence.text))
        }
        for state in states { problems += Problem.all(of: state) }
        return problems
    }
}

/// Something that is not as it should be.
struct Problem {
    let cluster: ClusterID?
    let sentence: String

    /// What the projection of a cluster shows to be wrong.
    static func all(of state: ClusterState) -> [Problem] {
        var sentences: [String] = []
        if let freeze = state.freeze {
            let names = freeze.silent.map(\.text).joined(separator: " ")
            sentences.append("removals are frozen: \(names) fell silent together")
        }
        for (id, node) in state.nodes { sentences += troubles(of: id, node, state) }
        for (id, group) in state.groups where group.configuration != nil && group.leader == nil {
            sentences.append("group \(id.text) has no known leader")
        }
        for (id, group) in state.groups where group.voters.count < state.floor(of: id) {
            sentences.append(
                "group \(id.text) has \(group.voters.count) voters, "
                    + "\(state.floor(of: id)) are wanted")
        }
        for (id, saga) in state.sagas {
            if case .stalled(let refusal, _) = saga.phase {
                sentences.append(
                    "the \(saga.kind.rawValue) of \(id.text) is stalled: "
                        + Wording.sentence(refusal))
            }
        }
        return sentences.map { Problem(cluster: state.id, sentence: $0) }
    }

    private static func troubles(
        of id: NodeID, _ node: NodeState, _ state: ClusterState
    ) -> [String] {
        var sentences: [String] = []
        if state.isMember(id), node.liveness == .down || node.liveness == .suspect {
            let since = Wording.moment(node.livenessSince)
            sentences.append("member \(id.text) is \(node.liveness.rawValue) since \(since)")
        }
        if let conflict = node.conflict {
            sentences.append("node \(id.text): \(Wording.sentence(conflict))")
        }
        if let blocked = node.removal?.blocked {
            sentences.append(
                "the removal of \(id.text) is held back: \(Wording.sentence(blocked))")
        }
        return sentences
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
