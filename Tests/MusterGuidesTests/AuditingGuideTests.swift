import Foundation
import MusterCore
import MusterLog
import MusterSQLite
import MusterWire
import Testing

/// The commands and the script of docs/guides/auditing.md, run as they stand there.
@Suite(.timeLimit(.minutes(2)))
struct AuditingGuideTests {
    private static let partition = TopicPartition(.journal, 0)
    private static let names = ["orders", #"or"de\rs é"#].map(ClusterID.init(unchecked:))

    private func guide() throws -> String {
        let root = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        return try String(
            contentsOf: root.appending(path: "docs/guides/auditing.md"), encoding: .utf8)
    }

    /// The first block of that language.
    private func block(_ language: String, in text: String) throws -> String {
        let start = try #require(text.range(of: "```\(language)\n"))
        let rest = text[start.upperBound...]
        return String(rest[..<(try #require(rest.range(of: "```\n")).lowerBound)])
    }

    /// Runs a shell command in the folder; its output, and whether it ended with 0.
    private func run(_ command: String, in folder: URL) throws -> (output: String, isFine: Bool) {
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = ["-c", command]
        process.currentDirectoryURL = folder
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let data = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return (String(decoding: data, as: UTF8.self), process.terminationStatus == 0)
    }

    /// A log with two chains of five records, void ones and rubbish between them; answers the
    /// heads.
    private func makeLog(at file: URL) async throws -> [Head] {
        let log = try await SQLiteLog.open(path: file.path())
        try await log.createTopics(TopicSettings.standard(partitions: 1))
        func append(_ value: [UInt8]?) async throws {
            _ = try await log.append(NewRecord(Self.partition, key: nil, value: value))
        }
        let header = JournalHeader(log: Identifier(high: 7, low: 9), partitions: 1).bytes
        try await append(header)
        let start = Head(sequence: MusterCore.Sequence(0), hash: SHA256.hash(of: header))
        var heads = Self.names.map { _ in start }
        for round in 1...5 {
            for (index, name) in Self.names.enumerated() {
                let old = JournalEnvelope(extending: heads[index], of: name)
                let value = JournalRecord(old, decision(Int64(round))).bytes
                try await append(value)
                heads[index] = Head(sequence: old.sequence, hash: SHA256.hash(of: value))
                // Another manager's record for the same place comes too late.
                try await append(JournalRecord(old, decision(-1)).bytes)
            }
            try await append(Array("rubbish".utf8))
            try await append(header)
            try await append(nil)
        }
        await log.close()
        return heads
    }

    private func decision(_ at: Int64) -> Decision {
        Decision(
            at: Timestamp(milliseconds: 1_700_000_000_000 + at), cause: .timer(.liveness),
            considered: [], evidence: nil, principal: nil, correlation: "",
            manager: ManagerIdentity(id: Identifier(high: 1, low: 2), version: "0.1.0"),
            events: [.nodeReturned(NodeID(unchecked: "n3"))])
    }

    @Test func `the script of the guide checks an export, and finds what was changed`()
        async throws
    {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "muster-guide-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }  // a left-over harms nobody
        let text = try guide()
        let script = try block("python", in: text)
        #expect(script.split(separator: "\n").count <= 15)
        try Data(script.utf8).write(to: folder.appending(path: "chain.py"))
        let export = try block("sh", in: text)
        let check = "python3 chain.py < journal-0.txt"
        #expect(text.contains("```sh\n\(check)\n```"))

        let heads = try await makeLog(at: folder.appending(path: "muster.db"))
        #expect(try run(export, in: folder).isFine)
        let whole = try run(check, in: folder)
        #expect(whole.isFine)
        #expect(
            whole.output == """
                'or"de\\\\rs \\xe9' 5 \(heads[1].hash) of 5
                'orders' 5 \(heads[0].hash) of 5

                """)

        // One character of the third decision of the first cluster is changed, far from the prefix.
        let change = """
            UPDATE records SET value = replace(value, '"version":"0.1.0"', '"version":"0.1.1"')
            WHERE value LIKE '{"cluster":"orders","seq":"3"%' AND value LIKE '%1700000000003%'
            """
        try Data(change.utf8).write(to: folder.appending(path: "change.sql"))
        #expect(try run("sqlite3 muster.db < change.sql", in: folder).isFine)
        #expect(try run(export, in: folder).isFine)
        let changed = try run(check, in: folder)
        #expect(!changed.isFine)
        #expect(changed.output.contains("'orders' 3 "))
        #expect(changed.output.contains("\(heads[1].hash) of 5"))

        // A record is removed.
        let removal =
            "DELETE FROM records WHERE value LIKE '%seq\":\"4\"%' AND value LIKE '%1700000000004%'"
        try Data(removal.utf8).write(to: folder.appending(path: "change.sql"))
        #expect(try run("sqlite3 muster.db < change.sql", in: folder).isFine)
        #expect(try run(export, in: folder).isFine)
        let removed = try run(check, in: folder)
        #expect(!removed.isFine)
        #expect(removed.output.contains(" of 5"))
        #expect(!removed.output.contains("\(heads[1].hash)"))

        // Without a header there is no chain.
        let headless = try run("grep -v journal journal-0.txt | python3 chain.py", in: folder)
        #expect(!headless.isFine)
    }

    @Test func `the queries of the guide answer`() async throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "muster-guide-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }  // a left-over harms nobody
        _ = try await makeLog(at: folder.appending(path: "muster.db"))
        let text = try guide()
        let inside = try #require(text.range(of: "## Look inside"))
        let query = try block("sh", in: String(text[inside.upperBound...]))
        #expect(try run(try block("sh", in: text), in: folder).isFine)
        let lines = query.replacing("nodeRemoved", with: "nodeReturned")
            .replacing("journal-0.txt", with: "<(grep decision journal-0.txt)")
        let answer = try run("bash -c '\(lines.replacing("'", with: "'\\''"))'", in: folder)
        #expect(answer.isFine)
        let found = answer.output.split(separator: "\n")
        #expect(found.contains(#"5|1700000000005|{"type":"nodeReturned","node":"n3"}"#))
        #expect(found.last == #"{"type":"nodeReturned","node":"n3"}"#)
    }
}
