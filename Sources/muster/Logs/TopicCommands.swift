import MusterCommandLine
import MusterCore
import MusterEngines
import MusterLog
import MusterManager
import MusterRuntime

/// `topics list`, `topics describe`, `topics check` and `topics create`.
enum TopicCommands {
    static let command = MusterCommandLine.Command(
        "topics", "list, describe, check and create the topics of a log",
        commands: [list, describe, check, create])

    private static let shape: ResultShape = .object([
        .init(
            "topics",
            .array(
                .object([
                    .init("topic", .text, "the topic's name"),
                    .init("partitions", .number, "how many it has"),
                    .init("cleanup", .word(["delete", "compact"]), "what the log drops by itself"),
                    .init(
                        "retention", .duration, "how long records are kept; none: for ever",
                        isOptional: true),
                    .init("records", .id, "how many offsets are kept in all partitions"),
                ])), "the topics")
    ])

    private static let layout = ResultLayout.table(
        "topics", name: "topic", empty: "no topics",
        [
            .init("TOPIC", "topic"), .init("PARTITIONS", "partitions"),
            .init("CLEANUP", "cleanup"), .init("KEPT", "retention"),
            .init("RECORDS", "records"),
        ])

    private static let list = MusterCommandLine.Command(
        "list", "list the topics that exist", examples: [.init("topics list", "all topics")],
        exitCodes: [.notPermitted], shape: shape, layout: layout
    ) { call in
        try await call.withLog(for: .read) { try await show(call, $0) }
        return .ok
    }

    private static let create = MusterCommandLine.Command(
        "create", "create the topics and begin the journal, where they do not exist",
        discussion: """
            What exists is not changed. The number of partitions can never be changed later. A \
            manager does the same when it starts.
            """,
        examples: [.init("topics create --partitions 16", "before the first manager")],
        options: [
            CommonOptions.partitions, CommonOptions.replication,
        ],
        exitCodes: [.conflict, .notPermitted], shape: shape, layout: layout
    ) { call in
        let partitions = Int32(clamping: call.number("partitions") ?? 4)
        let replication = try call.replication()
        try await call.withLog(for: .write) { log in
            let known = try await log.describeTopics()
            if let journal = known.first(where: { $0.topic == .journal }),
                journal.partitions != partitions,
                call.configuration["partitions"].origin != .builtIn
            {
                throw CommandError(
                    .conflict,
                    "the log \(log.url) has \(journal.partitions) partitions, not \(partitions)",
                    advice: "the number never changes; leave --partitions out, or begin another log"
                )
            }
            let founder = JournalFounder(
                log: log, partitions: partitions, replication: replication)
            try await founder.found()
            try await show(call, log)
        }
        return .ok
    }

    private static func show(_ call: Invocation, _ log: any EventLog) async throws {
        var rows: [ResultValue] = []
        for settings in try await log.describeTopics() {
            var records: UInt64 = 0
            for partition in 0..<settings.partitions {
                let range = try await log.range(of: TopicPartition(settings.topic, partition))
                records += range.upperBound.value - range.lowerBound.value
            }
            rows.append(row(settings, records))
        }
        try call.show(.object(["topics": .array(rows)]))
    }

    private static func row(_ settings: TopicSettings, _ records: UInt64) -> ResultValue {
        var cleanup = "compact"
        var retention: Duration?
        if case .delete(let length) = settings.cleanup {
            cleanup = "delete"
            retention = length
        }
        return .object([
            "topic": .text(settings.topic.name),
            "partitions": .number(Int64(settings.partitions)), "cleanup": .text(cleanup),
            "retention": retention.map { .duration($0) },
            "records": .id(Int64(clamping: records)),
        ])
    }
}
