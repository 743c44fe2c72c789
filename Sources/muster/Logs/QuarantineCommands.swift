import MusterCommandLine
import MusterCore
import MusterEngines
import MusterLog
import MusterRuntime
import MusterWire

/// `quarantine list` and `quarantine show`: what could not be understood.
enum QuarantineCommands {
    static let command = MusterCommandLine.Command(
        "quarantine", "look at inputs that could not be understood", commands: [list, show])

    private static let fields: [ResultShape.Field] = [
        .init("id", .text, "where the input came: TOPIC/PARTITION/OFFSET"),
        .init("quarantined", .time, "when it was put here"),
        .init("reason", .text, "what is wrong with it"),
        .init("pointer", .text, "where in its value, as a JSON Pointer", isOptional: true),
        .init(
            "byteOffset", .number, "where, in bytes of a value that is no JSON", isOptional: true),
        .init("length", .number, "bytes of key, headers and value"),
        .init("sha256", .text, "of the value's bytes"),
    ]

    private static let list = MusterCommandLine.Command(
        "list", "list inputs that could not be understood",
        examples: [
            .init("quarantine list --since 1h", "those of the last hour"),
            .init("quarantine list -o name", "their ids"),
        ],
        options: [
            CommandOption("since", value: "TIME", .time, "only those put here since then")
        ],
        exitCodes: [.notPermitted],
        shape: .object([.init("records", .array(.object(fields)), "oldest first")]),
        layout: .table(
            "records", name: "id", empty: "nothing is in quarantine",
            [
                .init("INPUT", "id"), .init("SINCE", "quarantined"), .init("BYTES", "length"),
                .init("AT", "pointer"), .init("BYTE", "byteOffset"), .init("REASON", "reason"),
                .init("SHA-256", "sha256", wide: true),
            ])
    ) { call in
        try await call.withLog(for: .read) { log in
            let since = call.time("since").map { Timestamp(milliseconds: $0) } ?? .zero
            let found = try await records(log).filter { $0.appended >= since }
            try call.show(.object(["records": .array(found.map { .object(members($0)) })]))
        }
        return .ok
    }

    private static let show = MusterCommandLine.Command(
        "show", "show an input that could not be understood, with its bytes",
        examples: [.init("quarantine show events/0/17", "the record at that place")],
        arguments: [
            CommandArgument(
                "INPUT", .listed(by: ["quarantine", "list"]), "its id: TOPIC/PARTITION/OFFSET")
        ],
        exitCodes: [.notFound, .notPermitted],
        shape: .object(
            fields + [
                .init("key", .text, "as text; bytes that are none replaced", isOptional: true),
                .init(
                    "headers",
                    .array(
                        .object([
                            .init("name", .text, "the header's name"),
                            .init("value", .text, "its value as text", isOptional: true),
                        ])), "its headers"),
                .init("text", .text, "the value, where it is text", isOptional: true),
                .init("base64", .text, "the value's bytes", isOptional: true),
            ]),
        layout: ResultLayout(
            [
                .facts([
                    .init("input", "id"), .init("reason", "reason"), .init("at", "pointer"),
                    .init("byte", "byteOffset"), .init("quarantined", "quarantined"),
                    .init("bytes", "length"), .init("sha-256", "sha256"), .init("key", "key"),
                ]),
                .table(
                    title: nil, rows: "headers",
                    columns: [.init("HEADER", "name"), .init("VALUE", "value")], empty: ""),
                .facts([
                    .init("value", "text"), .init("base64", "base64", wide: true),
                ]),
            ], name: "id")
    ) { call in
        let id = call.argument("INPUT") ?? ""
        try await call.withLog(for: .read) { log in
            guard let found = try await records(log).last(where: { name($0.record) == id }) else {
                throw CommandError(
                    .notFound, "nothing in quarantine has the id \"\(id)\"",
                    advice: "`muster quarantine list` shows what is there")
            }
            try call.show(page(found))
        }
        return .ok
    }

    // MARK: Reading

    private typealias Found = (record: QuarantineRecord, appended: Timestamp)

    private static func records(_ log: any EventLog) async throws -> [Found] {
        var found: [Found] = []
        let json = JSONReader()
        for partition in 0..<(try await log.partitionCounts()[.quarantine] ?? 0) {
            let place = TopicPartition(.quarantine, partition)
            let range = try await log.range(of: place)
            let span = PartitionSpan(
                log: log, partition: place, from: range.lowerBound, to: range.upperBound)
            try await span.read { record in
                // What somebody else wrote there is none of ours and is left out.
                guard let value = record.value,
                    let read = try? json.read(
                        value, .input,
                        { root throws(JSONReadError) in
                            try QuarantineRecord(reading: root)
                        })
                else { return }
                found.append((read, record.appended))
            }
        }
        return found.sorted { $0.appended < $1.appended }
    }

    private static func name(_ record: QuarantineRecord) -> String {
        let place = record.position.partition
        return "\(place.topic.name)/\(place.partition)/\(record.position.offset)"
    }

    private static func members(_ found: Found) -> [ResultValue.Member] {
        let value: ResultValue = .object([
            "id": .text(name(found.record)), "quarantined": .time(found.appended),
            "reason": .text(found.record.reason),
            "pointer": found.record.pointer.map { .text($0) },
            "byteOffset": found.record.byteOffset.map { .number($0) },
            "length": .number(found.record.length), "sha256": .text("\(found.record.sha256)"),
        ])
        if case .object(let members) = value { return members }
        return []
    }

    private static func page(_ found: Found) -> ResultValue {
        let record = found.record
        let headers = record.headers.map { header -> ResultValue in
            .object([
                "name": .text(text(header.name)), "value": header.value.map { .text(text($0)) },
            ])
        }
        let rest: ResultValue = .object([
            "key": record.key.map { .text(text($0)) }, "headers": .array(headers),
            "text": record.value.flatMap { String(validating: $0, as: UTF8.self) }.map {
                .text($0)
            },
            "base64": record.value.map { .text(Base64.text(of: $0)) },
        ])
        guard case .object(let more) = rest else { return rest }
        return .object(members(found) + more)
    }

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}
