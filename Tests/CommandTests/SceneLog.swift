import Foundation
import MusterCore
import MusterEngines
import MusterLog
import Testing

/// Where a scene's log lies.
enum SceneLog: String, CaseIterable, CustomTestStringConvertible, Sendable {
    /// A file in the scene's folder.
    case file
    /// A real Apache Kafka, named by MUSTER_TEST_KAFKA (host:port), under a prefix of its own.
    case kafka

    private static let servers = ProcessInfo.processInfo.environment["MUSTER_TEST_KAFKA"]

    /// Those that can run here.
    static let all = allCases.filter { $0 == .file || servers != nil }

    var testDescription: String { rawValue }

    /// What names a new log of this kind to the program; empty: its own default, a file.
    func variables() -> [String: String] {
        guard self == .kafka, let servers = Self.servers else { return [:] }
        let prefix = "t-\(UUID().uuidString.lowercased().prefix(13))"
        return [
            "MUSTER_LOG": "kafka://\(servers)/\(prefix)",
            "MUSTER_KAFKA_SESSION_TIMEOUT_MS": "1500",
        ]
    }
}

extension Scene {
    /// The URL of the scene's log.
    var url: String {
        muster.environment["MUSTER_LOG"] ?? "sqlite:" + folder.appending(path: "muster.db").path()
    }

    func withLog<Result>(_ body: (any EventLog) async throws -> Result) async throws -> Result {
        let log = try await LogEngines.open(url, for: .write)
        do {
            let result = try await body(log)
            await log.close()
            return result
        } catch {
            await log.close()
            throw error
        }
    }

    /// All records of a topic that lie there now, partition by partition.
    func records(_ topic: Topic) async throws -> [LogRecord] {
        try await withLog { try await Self.records(topic, of: $0) }
    }

    private static func records(_ topic: Topic, of log: any EventLog) async throws -> [LogRecord] {
        var records: [LogRecord] = []
        for number in 0..<(try await log.partitionCounts()[topic] ?? 0) {
            let partition = TopicPartition(topic, number)
            let end = try await log.range(of: partition).upperBound
            let reader = try await log.makeReader()
            reader.assign(partition, from: .zero)
            var next = Offset.zero
            while next < end {
                let batches = try await reader.next(max: 1000, waitingUpTo: .seconds(20))
                try #require(!batches.isEmpty, "\(partition) ends at \(next), not at \(end)")
                for batch in batches {
                    records += batch.indices.map { batch.record(at: $0) }
                    next = batch.next
                }
            }
            await reader.close()
        }
        return records
    }

    /// Puts a value among the events, as another program might that makes mistakes: with the key
    /// and the headers of the first event, and behind the others of its partition.
    func appendEvent(_ value: [UInt8]) async throws {
        try await withLog { log in
            let first = try #require(try await Self.records(.events, of: log).first)
            let record = NewRecord(
                first.position.partition, key: first.key, headers: first.headers, value: value)
            _ = try await log.append(record)
        }
    }

    /// A log whose journal is this one's but for one change of its records, and has nothing else:
    /// nobody can change what lies on a Kafka.
    ///
    /// - Parameter change: a record's offset in its partition, and its value; nil leaves it out.
    func withCopiedJournal(
        _ change: (UInt64, String) -> String?, _ body: (Scene) async throws -> Void
    ) async throws {
        let journal = try await records(.journal)
        var copy = Scene(muster: muster)
        copy.muster.environment.merge(SceneLog.kafka.variables()) { $1 }
        try await copy.withLog { log in
            try await log.createTopics(TopicSettings.standard(partitions: 2))
            for record in journal {
                let value = String(decoding: record.value ?? [], as: UTF8.self)
                guard let changed = change(record.position.offset.value, value) else { continue }
                _ = try await log.append(
                    NewRecord(
                        record.position.partition, key: record.key, headers: record.headers,
                        value: Array(changed.utf8)))
            }
        }
        try await body(copy)
    }
}
