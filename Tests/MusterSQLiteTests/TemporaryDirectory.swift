import Foundation
import MusterCore
import MusterLog
import MusterSQLite
import Testing

/// A directory of one test, removed at its end.
func withTemporaryDirectory(_ body: (URL) async throws -> Void) async throws {
    let directory = FileManager.default.temporaryDirectory
        .appending(path: "muster-sqlite-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }  // a left-over harms nobody
    try await body(directory)
}

/// What `sqlite3` answers; it is the tool that people have.
func sqlite3(_ file: URL, _ text: String) throws -> String {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["sqlite3", "-batch", file.path(), text]
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let data = try output.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0, "sqlite3 failed: \(text)")
    return String(decoding: data, as: UTF8.self)
}

let journal = TopicPartition(.journal, 0)
let events = TopicPartition(.events, 0)

func record(_ value: String, in partition: TopicPartition = journal) -> NewRecord {
    NewRecord(partition, key: Array("k".utf8), value: Array(value.utf8))
}

extension LogReader {
    /// So many records, or fewer when nothing comes for 10 s.
    func collect(_ count: Int) async throws -> [LogRecord] {
        var records: [LogRecord] = []
        while records.count < count {
            let batches = try await next(max: 10_000, waitingUpTo: .seconds(10))
            if batches.isEmpty { break }
            for batch in batches { records += batch.indices.map { batch.record(at: $0) } }
        }
        return records
    }
}

extension EventLog {
    /// Everything that is kept of a partition.
    func readAll(of partition: TopicPartition, from offset: Offset = .zero)
        async throws -> [LogRecord]
    {
        let end = try await range(of: partition).upperBound
        let reader = try await makeReader()
        reader.assign(partition, from: offset)
        var records: [LogRecord] = []
        while (records.last?.position.offset.next ?? offset) < end {
            let batches = try await reader.next(max: 10_000, waitingUpTo: .zero)
            if batches.isEmpty { break }
            for batch in batches { records += batch.indices.map { batch.record(at: $0) } }
        }
        await reader.close()
        return records
    }
}
