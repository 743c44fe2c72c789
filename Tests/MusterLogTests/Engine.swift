import Foundation
import MusterCore
import MusterKafka
import MusterLog
import MusterSQLite
import MusterTesting
import Testing

/// An engine that the contract suite runs on.
enum Engine: String, CaseIterable, CustomTestStringConvertible, Sendable {
    case memory
    case sqlite
    case faultyWithoutFaults
    /// librdkafka's built-in broker: it appends and reads, and knows neither administration nor
    /// groups nor append times.
    case mock
    /// A real Apache Kafka, named by MUSTER_TEST_KAFKA (host:port).
    case kafka

    /// Where a Kafka for tests is; nil where there is none.
    static let servers = ProcessInfo.processInfo.environment["MUSTER_TEST_KAFKA"]

    /// Those that can run here.
    static let all = allCases.filter { $0 != .mock && ($0 != .kafka || servers != nil) }
    /// Those that append and read, whatever else they can.
    static let plain = all + [.mock]
    /// Those whose clock and upkeep a test can move.
    static let moved = allCases.filter { $0 != .kafka && $0 != .mock }

    var testDescription: String { rawValue }

    /// Runs a test on a fresh log with all topics, and clears it away.
    func withLog(
        partitions: Int32 = 2, _ body: (LogUnderTest) async throws -> Void
    ) async throws {
        let log = try LogUnderTest(self)
        do {
            let handle = try await log.open()
            if self == .mock {
                await log.createMockTopics(partitions)
            } else {
                try await handle.createTopics(TopicSettings.standard(partitions: partitions))
            }
            try await body(log)
        } catch {
            try await log.clear()
            throw error
        }
        try await log.clear()
    }
}

/// One log that several handles open, each as a process of its own would.
actor LogUnderTest {
    let clock = ManualClock()
    private let engine: Engine
    private let store: MemoryStore
    private let directory: URL
    private let mock: MockBrokers?
    private let prefix = "t-\(UUID().uuidString.prefix(13))"
    private var handles: [any EventLog] = []

    init(_ engine: Engine) throws {
        self.engine = engine
        mock = engine == .mock ? try MockBrokers(1) : nil
        store = MemoryStore { [clock] in clock.now }
        directory = FileManager.default.temporaryDirectory
            .appending(path: "muster-log-\(UUID().uuidString)")
        if engine == .sqlite {
            try FileManager.default.createDirectory(
                at: directory, withIntermediateDirectories: true)
        }
    }

    /// The handle that was opened first.
    var handle: any EventLog { handles[0] }

    func open() async throws -> any EventLog {
        let handle: any EventLog
        switch engine {
        case .memory: handle = MemoryLog(store)
        case .kafka:
            var options = try KafkaOptions(
                url: "kafka://\(Engine.servers ?? "")/\(prefix)")
            options.sessionTimeout = .milliseconds(1_500)
            handle = try await KafkaLog.open(options)
        case .mock:
            handle = try await KafkaLog.open(
                KafkaOptions(url: "kafka://\(mock?.servers ?? "")/\(prefix)"))
        case .faultyWithoutFaults:
            handle = FaultyLog(MemoryLog(store), faults: .none, seed: 1)
        case .sqlite:
            var options = SQLiteLog.Options()
            options.clock = { [clock] in clock.now }
            options.lease = .milliseconds(600)
            handle = try await SQLiteLog.open(
                path: directory.appending(path: "muster.db").path(), options: options)
        }
        handles.append(handle)
        return handle
    }

    func createMockTopics(_ partitions: Int32) {
        for topic in Topic.allCases { mock?.create("\(prefix).\(topic.name)", partitions) }
    }

    /// Retention and compaction, now.
    func maintain() async throws {
        switch engine {
        case .memory, .faultyWithoutFaults: store.maintain()
        case .sqlite:
            let log = try #require(handle as? SQLiteLog)
            try await log.maintain()
        case .kafka, .mock: break
        }
    }

    func clear() async throws {
        for handle in handles { await handle.close() }
        if engine == .sqlite { try FileManager.default.removeItem(at: directory) }
    }
}

/// What tests say often.
extension EventLog {
    /// Reads from an offset until there are so many records; fewer when nothing comes for 10 s.
    func read(_ count: Int, of partition: TopicPartition, from offset: Offset = .zero)
        async throws -> [LogRecord]
    {
        let reader = try await makeReader()
        reader.assign(partition, from: offset)
        let records = try await reader.collect(count)
        await reader.close()
        return records
    }
}

extension LogReader {
    func collect(_ count: Int, max: Int = 1000) async throws -> [LogRecord] {
        var records: [LogRecord] = []
        while records.count < count {
            let batches = try await next(max: max, waitingUpTo: .seconds(10))
            if batches.isEmpty { break }
            for batch in batches { records += batch.indices.map { batch.record(at: $0) } }
        }
        return records
    }
}

let journal = TopicPartition(.journal, 0)
let members = TopicPartition(.members, 1)

func record(_ value: String, key: String? = "k", in partition: TopicPartition = journal)
    -> NewRecord
{
    NewRecord(partition, key: key.map { Array($0.utf8) }, value: Array(value.utf8))
}

func text(_ record: LogRecord) -> String? {
    record.value.map { String(decoding: $0, as: UTF8.self) }
}
