import MusterCommandLine
import MusterCore
import MusterEngines
import MusterLog
import MusterRuntime

// What the topics are, and what Muster makes of it.

extension TopicCommands {
    static let describe = MusterCommandLine.Command(
        "describe", "print the settings of the topics that matter to Muster",
        examples: [.init("topics describe", "replicas, retention, limits")],
        exitCodes: [.notPermitted],
        shape: .object([
            .init("library", .text, "what keeps the log, and its version"),
            .init("brokers", .array(.text), "the brokers, host:port (id)"),
            .init(
                "topics",
                .array(
                    .object([
                        .init("topic", .text, "the topic"),
                        .init("name", .text, "its name in the log"),
                        .init("partitions", .number, "how many it has"),
                        .init(
                            "replication", .number, "how many brokers keep each record",
                            isOptional: true),
                    ])), "the topics"),
            .init(
                "settings",
                .array(
                    .object([
                        .init("topic", .text, "the topic"),
                        .init("setting", .text, "the setting's name"),
                        .init("value", .text, "its value"),
                    ])), "their settings, in the log's own words"),
        ]),
        layout: ResultLayout(
            [
                .facts([.init("kept by", "library"), .init("brokers", "brokers")]),
                .table(
                    title: nil, rows: "topics",
                    columns: [
                        .init("TOPIC", "topic"), .init("NAME", "name"),
                        .init("PARTITIONS", "partitions"), .init("REPLICAS", "replication"),
                    ], empty: "no topics"),
                .table(
                    title: "settings", rows: "settings",
                    columns: [
                        .init("TOPIC", "topic"), .init("SETTING", "setting"),
                        .init("VALUE", "value"),
                    ], empty: ""),
            ], rows: "topics", name: "topic")
    ) { call in
        try await call.withLog(for: .read) { log in
            let report = try await log.inspect()
            let settings = report.topics.flatMap { topic in
                topic.settings.map { setting -> ResultValue in
                    .object([
                        "topic": .text(topic.topic.name), "setting": .text(setting.name),
                        "value": .text(setting.value),
                    ])
                }
            }
            try call.show(
                .object([
                    "library": .text(log.library), "brokers": .texts(report.brokers),
                    "topics": .array(report.topics.map(row)), "settings": .array(settings),
                ]))
        }
        return .ok
    }

    private static func row(_ topic: LogReport.Detail) -> ResultValue {
        .object([
            "topic": .text(topic.topic.name), "name": .text(topic.name),
            "partitions": .number(Int64(topic.partitions)),
            "replication": topic.replication.map { .number(Int64($0)) },
        ])
    }

    static let check = MusterCommandLine.Command(
        "check", "say what is wrong with the topics, and what it costs",
        discussion: """
            A manager does not start on a topic with a blocking finding, makes one that is missing, and \
            works on the others with a warning. Ends with exit code 3 when a finding is blocking or \
            a topic missing.
            """,
        examples: [.init("topics check", "before the first manager, and after every change")],
        exitCodes: [.unhealthy, .notPermitted],
        shape: .object([
            .init(
                "findings",
                .array(
                    .object([
                        .init("topic", .text, "the topic"),
                        .init(
                            "severity", .word(LogReport.Severity.allCases.map(\.rawValue)),
                            "how bad it is"),
                        .init("found", .text, "what is there"),
                        .init("wanted", .text, "what should be there"),
                        .init("cost", .text, "what it costs as it is"),
                    ])), "what is not as it should be")
        ]),
        layout: .table(
            "findings", name: "topic", empty: "all topics are as they should be",
            [
                .init("TOPIC", "topic"),
                .init(
                    "SEVERITY", "severity",
                    tones: ["blocking": .bad, "missing": .bad, "advice": .warning]),
                .init("FOUND", "found"), .init("WANTED", "wanted"), .init("COST", "cost"),
            ])
    ) { call in
        try await call.withLog(for: .read) { log in
            let findings = try await log.inspect().findings
            let rows = findings.map { finding -> ResultValue in
                .object([
                    "topic": .text(finding.topic.name),
                    "severity": .text(finding.severity.rawValue),
                    "found": .text(finding.found), "wanted": .text(finding.wanted),
                    "cost": .text(finding.cost),
                ])
            }
            try call.show(.object(["findings": .array(rows)]))
            return findings.allSatisfy { $0.severity == .advice } ? .ok : .unhealthy
        }
    }
}
