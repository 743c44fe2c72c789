import CLibrdkafka
import Dispatch
import Glibc
import MusterCore
import MusterLog

/// Questions to the brokers, each of which blocks: asked on a thread of the engine, or through
/// `ask`.
final class KafkaQuery: Sendable {
    let client: KafkaClient
    private let queue = DispatchQueue(label: "muster.kafka.query")

    init(_ options: KafkaOptions) throws(LogError) {
        client = try KafkaClient(
            .consumer, options,
            [("isolation.level", "read_uncommitted"), ("auto.offset.reset", "error")])
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

    /// The topics of this prefix and how many partitions each has.
    ///
    /// - Throws: `unavailable` when no broker answers in time.
    func topics() throws(LogError) -> [Topic: Int32] {
        try metadata { found in
            Dictionary(uniqueKeysWithValues: ours(found).map { ($0.0, $0.1.partition_cnt) })
        }
    }

    /// What the brokers say of themselves and of all topics; it is gone behind `body`.
    func metadata<Answer>(_ body: (rd_kafka_metadata) -> Answer) throws(LogError) -> Answer {
        var found: UnsafePointer<rd_kafka_metadata>?
        try client.ask { rd_kafka_metadata(client.handle, 1, nil, &found, $0) }
        guard let found else { throw client.error(RD_KAFKA_RESP_ERR__TIMED_OUT) }
        defer { rd_kafka_metadata_destroy(found) }
        return body(found.pointee)
    }

    /// The topics of this prefix.
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

    func range(of partition: TopicPartition) throws(LogError) -> Range<Offset> {
        var (low, high): (Int64, Int64) = (0, 0)
        try repeated(partition) {
            rd_kafka_query_watermark_offsets(
                client.handle, client.name(of: partition.topic), partition.partition, &low, &high,
                client.timeoutMilliseconds)
        }
        let start = Offset(UInt64(max(0, low)))
        return start..<max(start, Offset(UInt64(max(0, high))))
    }

    func offset(of partition: TopicPartition, since moment: Timestamp) throws(LogError) -> Offset? {
        let list = rd_kafka_topic_partition_list_new(1)
        defer { rd_kafka_topic_partition_list_destroy(list) }
        guard
            let entry = rd_kafka_topic_partition_list_add(
                list, client.name(of: partition.topic), partition.partition)
        else { return nil }
        try repeated(partition) {
            entry.pointee.offset = moment.milliseconds
            let code = rd_kafka_offsets_for_times(client.handle, list, client.timeoutMilliseconds)
            return code == RD_KAFKA_RESP_ERR_NO_ERROR ? entry.pointee.err : code
        }
        return entry.pointee.offset < 0 ? nil : Offset(UInt64(entry.pointee.offset))
    }

    /// Asks again, within the time-out, while the partition has no leader or another one than is
    /// known.
    private func repeated(
        _ partition: TopicPartition, _ question: () -> rd_kafka_resp_err_t
    ) throws(LogError) {
        let deadline = ContinuousClock.now + client.options.timeout
        while true {
            let code = question()
            client.poll()
            switch code {
            case RD_KAFKA_RESP_ERR_NO_ERROR:
                return
            case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
                RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE,
                RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH, RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH,
                RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR:
                if ContinuousClock.now >= deadline { throw client.error(code, of: partition) }
            default:
                throw client.error(code, of: partition)
            }
            // What is known is asked for anew; an error here is met again by the question.
            _ = try? topics()
            usleep(20_000)
        }
    }
}
