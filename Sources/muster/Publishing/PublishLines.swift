import MusterCommandLine
import MusterCore
import MusterLog
import MusterRuntime
import MusterWire

/// `publish lines`: CloudEvents in structured mode, one a line.
enum PublishLines {
    static let command = MusterCommandLine.Command(
        "lines", "publish CloudEvents, one JSON object a line",
        discussion: """
            Each line is a CloudEvent in structured mode, as described in the schemas. It is \
            checked by the reader that the manager has, before anything is appended: a file is \
            checked whole first, so that nothing of it is published when a line is wrong; what \
            comes by a pipe is published line by line, up to the first wrong one.

            Empty lines are passed over. An event of the type muster.groupObserved.v1 goes to \
            the topic events, or with --soft to heartbeats.
            """,
        examples: [
            .init("publish lines facts.jsonl", "all lines of a file"),
            .init("publish lines - --keep-going", "from a pipe, passing over wrong lines"),
        ],
        arguments: [
            CommandArgument("FILE", .file, "the file; - is standard input", count: .atMostOne)
        ],
        options: [
            CommandOption(
                flag: "soft", summary: "observations change nothing: to the topic heartbeats"),
            CommandOption(flag: "keep-going", summary: "pass over wrong lines, then fail"),
            CommandOption(flag: "check", summary: "only check the lines; publish nothing"),
        ],
        exitCodes: [.notPermitted], shape: shape,
        layout: ResultLayout([
            .facts([
                .init("published", "published"), .init("refused", "refused"),
                .init("newest", "topic"), .init("partition", "partition"),
                .init("offset", "offset"),
            ])
        ])
    ) { call in
        let file = try LineFile(call.argument("FILE") ?? "-")
        if call.flag("check") {
            let run = PublishLines.Run(call: call, file: file, publisher: nil)
            try await run.pass(checkOnly: true)
            return try run.end(nil)
        }
        return try await call.withExistingLog { log in
            let run = PublishLines.Run(
                call: call, file: file, publisher: try await Publisher(log))
            if file.isRepeatable, !call.flag("keep-going") {
                try await run.pass(checkOnly: true)
                file.rewind()
                run.startAgain()
            }
            try await run.pass(checkOnly: false)
            return try run.end(try await run.publisher?.drain())
        }
    }

    private static let shape: ResultShape = .object([
        .init("published", .number, "lines that were published"),
        .init("refused", .number, "lines that were wrong"),
        .init("topic", .text, "where the newest lies", isOptional: true),
        .init("partition", .number, "its partition", isOptional: true),
        .init("offset", .id, "its offset", isOptional: true),
    ])

    /// One run over the lines.
    private final class Run {
        let call: Invocation
        let file: LineFile
        let publisher: Publisher?
        private let inputs = InputReader()
        private let json = JSONReader()
        private var good = 0
        private var refused = 0
        private var bytes: Int64 = 0

        init(call: Invocation, file: LineFile, publisher: Publisher?) {
            self.call = call
            self.file = file
            self.publisher = publisher
        }

        func startAgain() {
            good = 0
            refused = 0
            bytes = 0
        }

        func pass(checkOnly: Bool) async throws {
            let progress = ProgressBar(
                checkOnly ? "checking" : "publishing", total: file.length, call.context)
            defer { progress.end() }
            try await file.read { line, number in
                bytes += Int64(line.count) + 1
                progress.update(bytes)
                if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { return }
                do {
                    let (topic, cluster) = try check(line)
                    if !checkOnly { try await publish(line, topic, cluster) }
                    good += 1
                } catch let error as UnreadableInput {
                    try await refuse(error, number, checkOnly: checkOnly)
                }
            }
        }

        private func check(_ line: [UInt8]) throws -> (Topic, ClusterID) {
            let topic = LineTopic.guess(line, json, soft: call.flag("soft"))
            let incoming = try inputs.read(
                topic, key: nil, headers: LineTopic.headers, value: line)
            let cluster = incoming.message.cluster
            // The key counts against the size as well.
            _ = try inputs.read(
                topic, key: Array(cluster.text.utf8), headers: LineTopic.headers, value: line)
            return (topic, cluster)
        }

        private func publish(_ line: [UInt8], _ topic: Topic, _ cluster: ClusterID) async throws {
            guard let publisher else { return }
            try await publisher.publish(
                NewRecord(
                    try await publisher.partition(topic, of: cluster),
                    key: Array(cluster.text.utf8),
                    headers: LineTopic.headers, value: line))
        }

        private func refuse(
            _ error: UnreadableInput, _ number: Int, checkOnly: Bool
        ) async throws {
            refused += 1
            let sentence: EscapedText =
                "\(file.name):\(number): \(EscapedText(trusted: error.description))"
            if call.flag("keep-going") || call.flag("check") {
                call.output.note(sentence)
                return
            }
            try await publisher?.drain()
            let before: EscapedText =
                checkOnly
                ? "nothing was published; correct the line, or pass over it with --keep-going"
                : "\(good) lines before it were published; correct it and go on from there"
            throw CommandError(.failed, sentence, advice: before)
        }

        func end(
            _ last: (partition: TopicPartition, place: Appended)?
        ) throws -> ExitCode {
            try call.show(
                .object([
                    "published": .number(publisher == nil ? 0 : good),
                    "refused": .number(refused),
                    "topic": last.map { .text($0.partition.topic.name) },
                    "partition": last.map { .number(Int64($0.partition.partition)) },
                    "offset": last.map { .id($0.place.offset) },
                ]))
            return refused == 0 ? .ok : .failed
        }
    }
}

/// Which topic a line belongs on, by the type that it names.
enum LineTopic {
    static let headers = [
        Header(
            name: Array("content-type".utf8), value: Array("application/cloudevents+json".utf8))
    ]

    /// The first topic of the type; `events` where the type cannot be told: the strict reader then
    /// says what is wrong.
    static func guess(_ line: [UInt8], _ json: JSONReader, soft: Bool) -> Topic {
        // The strict reader comes next and has the better sentence.
        let name = try? json.read(line, .input) { root throws(JSONReadError) -> String in
            var object = try root.object()
            return try object.required("type").string()
        }
        guard let type = name.flatMap({ MessageType(name: $0) }) else { return .events }
        if soft, type.topics.contains(.heartbeats) { return .heartbeats }
        let inputs = type.topics.filter { [.events, .heartbeats, .requests].contains($0) }
        return inputs.first ?? .events
    }
}
