import MusterCommandLine
import MusterCore
import MusterLog
import MusterRuntime
import MusterWire

/// `publish`: facts by hand or from JSON lines.
enum PublishCommands {
    static let command = MusterCommandLine.Command(
        "publish", "say what happened, as nodes, agents and services do",
        commands: [PublishLines.command] + NodeFacts.all + GroupFacts.all + ReportFacts.all)

    /// A command that publishes one message.
    static func fact(
        _ name: String, _ summary: String, discussion: String = "",
        example: MusterCommandLine.Command.Example, options: [CommandOption],
        _ content: @escaping @Sendable (Invocation) throws -> InputMessage.Content
    ) -> MusterCommandLine.Command {
        MusterCommandLine.Command(
            name, summary, discussion: discussion, examples: [example],
            options: options + FactOptions.event, exitCodes: [.notPermitted], shape: shape,
            layout: ResultLayout(
                [
                    .facts([
                        .init("published", "type"), .init("cluster", "cluster"),
                        .init("topic", "topic"), .init("partition", "partition"),
                        .init("offset", "offset"), .init("id", "id"),
                        .init("appended", "appended", wide: true),
                    ])
                ], name: "id")
        ) { call in
            try await publish(call, try content(call))
        }
    }

    private static let shape: ResultShape = .object([
        .init("id", .text, "the event's id"),
        .init("type", .text, "the message's type"),
        .init("cluster", .text, "the cluster's name"),
        .init("topic", .text, "where it lies"),
        .init("partition", .number, "its partition"),
        .init("offset", .id, "its offset there"),
        .init("appended", .time, "its append time, by which everything is decided"),
    ])

    private static func publish(
        _ call: Invocation, _ content: InputMessage.Content
    ) async throws -> ExitCode {
        guard let cluster: ClusterID = try call.name(option: CommonOptions.cluster.name) else {
            throw CommandError.usage(
                "--cluster is missing",
                advice: "say which cluster the fact is about, with --cluster or MUSTER_CLUSTER")
        }
        let message = InputMessage(cluster, content)
        let id = call.text("event-id") ?? "cli-\(Identifier(high: .random(in: 0...(.max)), low: 0))"
        let record = message.outgoing(
            EventOrigin(
                id: id, source: call.text("source") ?? "/muster/cli",
                time: Timestamp(milliseconds: call.context.now()),
                correlation: call.text("correlation"), causation: call.text("causation")))
        try check(record)
        return try await call.withExistingLog { log in
            let publisher = try await Publisher(log)
            let partition = try await publisher.partition(record.topic, of: cluster)
            let place = try await log.append(
                NewRecord(
                    partition, key: record.key, headers: record.headers, value: record.value))
            try call.show(
                .object([
                    "id": .text(id), "type": .text(message.type.name), "cluster": .name(cluster),
                    "topic": .text(record.topic.name),
                    "partition": .number(Int64(partition.partition)), "offset": .id(place.offset),
                    "appended": .time(place.appended),
                ]))
            return .ok
        }
    }

    /// What was put together from options is read as a manager will read it.
    private static func check(_ record: OutgoingRecord) throws {
        do {
            _ = try InputReader().read(
                record.topic, key: record.key, headers: record.headers, value: record.value)
        } catch {
            throw CommandError.usage(
                "the message would not be understood: \(EscapedText(trusted: error.description))",
                advice: "nothing was published")
        }
    }
}
