import CLibrdkafka
import Dispatch
import Glibc
import MusterCore
import MusterLog
import MusterRuntime
import Synchronization

/// Questions to the brokers, each of which blocks: asked on a thread of the engine, or through
/// `ask`.
final class KafkaQuery: Sendable {
    let client: KafkaClient
    private let topics: KafkaTopicHandles
    private let queue = DispatchQueue(label: "muster.kafka.query")
    private let options: KafkaOptions
    private let bell = WakePipe()
    /// Made for the first record that is read; used on the queue alone.
    private let consumers = Mutex<KafkaConsumers?>(nil)

    init(_ options: KafkaOptions) throws(LogError) {
        self.options = options
        client = try KafkaClient(
            .consumer, options,
            [
                ("isolation.level", "read_uncommitted"), ("auto.offset.reset", "error"),
                // Why a connection ended is all that is known of a broker that speaks otherwise.
                ("log.connection.close", "true"),
            ])
        topics = KafkaTopicHandles(client, knowing: Topic.allCases)
    }

    /// Runs a question on a thread of its own.
    func ask<Answer: Sendable>(
        _ question: @escaping @Sendable () throws(LogError) -> Answer
    ) async throws(LogError) -> Answer {
        let result: Result<Answer, LogError> = await withCheckedContinuation { waiting in
            queue.async {
                do throws(LogError) {
                    waiting.resume(returning: .success(try question()))
                } catch {
                    waiting.resume(returning: .failure(error))
                }
            }
        }
        return try result.get()
    }

    /// How many partitions each topic of this prefix has that exists and may be seen.
    ///
    /// - Throws: `unavailable` when no broker answers in time.
    func partitionCounts() throws(LogError) -> [Topic: Int32] {
        try metadata { found in
            Dictionary(uniqueKeysWithValues: ours(found).map { ($0.0, $0.1.partition_cnt) })
        }
    }

    /// The brokers say of a partition whose topic may not be seen that it does not exist.
    private func failIfForbidden(_ topic: Topic) throws(LogError) {
        let name = client.name(of: topic)
        let isForbidden = try metadata { found in
            (0..<Int(found.topic_cnt)).contains {
                String(cString: found.topics[$0].topic) == name
                    && found.topics[$0].err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED
            }
        }
        if isForbidden {
            throw .permission(
                log: client.options.url, reason: "the topic \(name) may not be seen by this user")
        }
    }

    /// Says why no topic of this prefix is seen.
    ///
    /// - Throws: `permission` when they may not be seen, `missing` when they are not there.
    func failForNothing() throws(LogError) {
        let isForbidden = try metadata { found in
            (0..<Int(found.topic_cnt)).contains {
                found.topics[$0].err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED
            }
        }
        let start = "\(client.options.prefix)."
        if isForbidden {
            throw .permission(
                log: client.options.url,
                reason: "the topics that begin with \"\(start)\" may not be seen by this user")
        }
        throw .missing(
            log: client.options.url,
            reason: "the brokers have no topic of Muster that begins with \"\(start)\"; a manager, "
                + "or `muster topics create`, makes them")
    }

    /// What the brokers say of themselves and of the eight topics; it is gone behind `body`.
    func metadata<Answer>(_ body: (rd_kafka_metadata) -> Answer) throws(LogError) -> Answer {
        var found: UnsafePointer<rd_kafka_metadata>?
        try client.ask { rd_kafka_metadata(client.handle, 0, nil, &found, $0) }
        guard let found else { throw client.error(RD_KAFKA_RESP_ERR__TIMED_OUT) }
        defer { rd_kafka_metadata_destroy(found) }
        return body(found.pointee)
    }

    /// The topics that exist and may be seen.
    func ours(_ found: rd_kafka_metadata) -> [(Topic, rd_kafka_metadata_topic_t)] {
        let start = client.options.prefix + "."
        return (0..<Int(found.topic_cnt)).compactMap { index in
            let entry = found.topics[index]
            let name = String(cString: entry.topic)
            guard name.hasPrefix(start), entry.partition_cnt > 0,
                entry.err == RD_KAFKA_RESP_ERR_NO_ERROR,
                let topic = Topic(name: String(name.dropFirst(start.count)))
            else { return nil }
            return (topic, entry)
        }
    }

    /// The record at that position; nil where there is none.
    func readOne(_ position: Position) throws(LogError) -> LogRecord? {
        guard try range(of: position.partition).contains(position.offset) else { return nil }
        let consumers = consumers.withLock { made in
            let found = made ?? KafkaConsumers(options, bell: bell, query: self, fetchWait: 5)
            made = found
            return found
        }
        defer { consumers.unassign(position.partition) }
        consumers.assign(position.partition, from: position.offset)
        let deadline = ContinuousClock.now + options.timeout
        while ContinuousClock.now < deadline {
            for batch in try consumers.drain(max: 1) where batch.partition == position.partition {
                guard batch.count > 0, batch[0].offset == position.offset else { return nil }
                return batch.record(at: 0)
            }
            bell.wait(atMost: deadline - .now)
        }
        throw .unavailable(
            log: options.url, reason: "the record at \(position) was not read in time")
    }

    /// Lets go of what reads; for the log's end.
    func end() async {
        await withCheckedContinuation { waiting in
            queue.async { [self] in
                consumers.withLock { $0 = nil }
                waiting.resume()
            }
        }
    }

    func range(of partition: TopicPartition) throws(LogError) -> Range<Offset> {
        let low = try offset(of: partition, at: Int64(RD_KAFKA_OFFSET_BEGINNING))
        let high = try offset(of: partition, at: Int64(RD_KAFKA_OFFSET_END))
        let start = Offset(UInt64(max(0, low)))
        return start..<max(start, Offset(UInt64(max(0, high))))
    }

    func offset(of partition: TopicPartition, since moment: Timestamp) throws(LogError) -> Offset? {
        // What is negative stands for the ends.
        let found = try offset(of: partition, at: max(0, moment.milliseconds))
        return found < 0 ? nil : Offset(UInt64(found))
    }

    /// The offset that the brokers give for a time, or for one of the ends. (What librdkafka has
    /// for both ends at once keeps to no time limit.)
    private func offset(of partition: TopicPartition, at time: Int64) throws(LogError) -> Int64 {
        let list = rd_kafka_topic_partition_list_new(1)
        defer { rd_kafka_topic_partition_list_destroy(list) }
        guard
            let entry = rd_kafka_topic_partition_list_add(
                list, client.name(of: partition.topic), partition.partition)
        else { return -1 }
        try repeated(partition) { milliseconds in
            entry.pointee.offset = time
            let code = rd_kafka_offsets_for_times(client.handle, list, milliseconds)
            return code == RD_KAFKA_RESP_ERR_NO_ERROR ? entry.pointee.err : code
        }
        return entry.pointee.offset
    }

    /// Asks again, within the time-out, while the partition has no leader or another one than is
    /// known.
    private func repeated(
        _ partition: TopicPartition, _ question: (Int32) -> rd_kafka_resp_err_t
    ) throws(LogError) {
        let deadline = ContinuousClock.now + client.options.timeout
        while true {
            let left = (deadline - ContinuousClock.now).milliseconds
            let code = question(Int32(clamping: max(1, left)))
            client.poll()
            switch code {
            case RD_KAFKA_RESP_ERR_NO_ERROR:
                return
            case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
                RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE,
                RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH, RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH,
                RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR:
                if ContinuousClock.now >= deadline { throw client.error(code, of: partition) }
            case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART where isKnown(partition):
                // A broker that has just started does not know yet what it leads.
                if ContinuousClock.now >= deadline { throw client.error(code, of: partition) }
            default:
                let error = client.error(code, of: partition)
                if case .topicMissing = error { try failIfForbidden(partition.topic) }
                throw error
            }
            // What is known is asked for anew; an error here is met again by the question.
            _ = try? partitionCounts()
            usleep(20_000)
        }
    }

    /// Whether the brokers list the partition, or nobody answers: that says nothing against it.
    private func isKnown(_ partition: TopicPartition) -> Bool {
        // An error here is met again by the question, which has a time limit.
        guard let counts = try? partitionCounts() else { return true }
        return partition.partition < counts[partition.topic] ?? 0
    }
}
