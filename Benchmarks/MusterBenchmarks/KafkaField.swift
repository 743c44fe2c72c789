internal import Foundation
internal import MusterCore
internal import MusterKafka
internal import MusterLog
internal import Synchronization

/// A log on a Kafka under a prefix of its own, with one partition per topic.
struct KafkaField {
    let brokers: String
    let prefix: String
    let log: any EventLog

    /// What did not happen in time.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    init(brokers: String, _ name: String) async throws {
        self.brokers = brokers
        let number = UInt32.random(in: 0 ... .max)
        prefix = "bench-\(name)-\(String(number, radix: 16))"
        log = try await KafkaLog.open("kafka://\(brokers)/\(prefix)")
        try await log.createTopics(TopicSettings.standard(partitions: 1))
    }

    var url: String { log.url }

    func name(_ topic: Topic) -> String { "\(prefix).\(topic.name)" }

    /// Appends all of them and waits for the last acknowledgement.
    func append(_ count: Int, _ record: (Int) -> NewRecord) async throws {
        try await appendAll(count) { [record($0)] }
    }

    /// Appends all of them, and waits for the last acknowledgement of the last one's partition.
    func appendAll(_ count: Int, _ records: (Int) -> [NewRecord]) async throws {
        let failure = Mutex<LogError?>(nil)
        for index in 0..<count {
            var group = records(index)
            let last =
                index % 16_384 == 16_383 || index == count - 1 ? group.popLast() : nil
            for record in group {
                log.submit(record) { result in
                    if case .failure(let error) = result { failure.withLock { $0 = error } }
                }
            }
            if let last { _ = try await log.append(last) }
            if let error = failure.withLock({ $0 }) { throw error }
        }
    }

    /// The offset behind the last record of a topic.
    func end(_ topic: Topic) async throws -> Offset {
        try await log.range(of: TopicPartition(topic, 0)).upperBound
    }

    /// Follows a topic.
    func follow(_ topic: Topic, from offset: Offset) async throws -> Follower {
        let reader = try await log.makeReader()
        reader.assign(TopicPartition(topic, 0), from: offset)
        return Follower(reader: reader, next: offset)
    }

    /// A reader of one topic that counts.
    struct Follower {
        let reader: any LogReader
        /// Behind the last record that was read.
        var next: Offset
        /// The append times of the first and the last record that were read.
        var first: Timestamp?
        var last: Timestamp?

        /// Reads until the topic has so many records more.
        ///
        /// - Throws: `Failure` when that takes longer than `limit`.
        mutating func take(_ count: Int, within limit: Duration = .seconds(20)) async throws {
            let end = Offset(next.value + UInt64(count))
            let deadline = ContinuousClock.now + limit
            while next < end {
                guard ContinuousClock.now < deadline else {
                    throw Failure(
                        description: "only \(count - Int(end.value - next.value)) of \(count) "
                            + "records came within \(limit)")
                }
                for batch in try await reader.next(max: 4096, waitingUpTo: .seconds(1)) {
                    withExtendedLifetime(batch) {
                        for index in batch.indices {
                            first = first ?? batch[index].appended
                            last = batch[index].appended
                        }
                    }
                    next = batch.next
                }
            }
        }

        /// Reads until a record with that key comes.
        ///
        /// - Returns: when it was appended.
        mutating func find(
            _ key: [UInt8], within limit: Duration = .seconds(30)
        ) async throws -> Timestamp {
            let deadline = ContinuousClock.now + limit
            while ContinuousClock.now < deadline {
                var found: Timestamp?
                for batch in try await reader.next(max: 1, waitingUpTo: .seconds(1)) {
                    if let record = batch.indices.first.map({ batch.record(at: $0) }),
                        record.key == key
                    {
                        found = record.appended
                    }
                    next = batch.next
                }
                if let found { return found }
            }
            throw Failure(description: "nothing was decided within \(limit)")
        }

        func close() async { await reader.close() }
    }
}
