import CLibrdkafka
import MusterCore
import MusterLog
import MusterRuntime

/// The consumers of one reader: one that reads inputs as they are committed, and one that reads
/// what managers write as it lies. Used by the reader's thread alone.
final class KafkaConsumers: @unchecked Sendable {
    private let options: KafkaOptions
    private let bell: WakePipe
    private let query: KafkaQuery
    private let fetchWait: Int
    private var committed: Consumer?
    private var plain: Consumer?
    private var positions: [TopicPartition: Offset] = [:]
    /// Found and not told yet: until it is assigned anew, a partition is told once.
    private var failures: [(TopicPartition, LogError)] = []
    private var doubts: [TopicPartition: KafkaDoubt] = [:]
    private var turn = 0
    /// How many partitions each topic has, as far as the brokers were asked.
    private var known: [Topic: Int32] = [:]

    private static let drainMax = 4096

    /// - Parameter fetchWait: how many milliseconds a broker may hold a request that finds nothing;
    ///   a partition that is assigned meanwhile waits for it.
    init(_ options: KafkaOptions, bell: WakePipe, query: KafkaQuery, fetchWait: Int = 50) {
        self.options = options
        self.bell = bell
        self.query = query
        self.fetchWait = fetchWait
    }

    /// A consumer with one queue for all its partitions.
    private final class Consumer {
        let client: KafkaClient
        let queue: OpaquePointer
        let topics: KafkaTopicHandles
        var reading: Set<TopicPartition> = []
        /// What was taken of each partition since its fetching was last seen to.
        var taken: [TopicPartition: (records: Int, bytes: Int)] = [:]

        /// How much of one partition is fetched ahead.
        static let aheadRecords = 100_000
        static let aheadBytes = 32 << 20

        init(_ options: KafkaOptions, isolation: String, fetchWait: Int) throws(LogError) {
            let limit = NewRecord.bytesMax + (1 << 20)
            client = try KafkaClient(
                .consumer, options,
                [
                    ("isolation.level", isolation), ("auto.offset.reset", "error"),
                    ("enable.partition.eof", "true"), ("fetch.wait.max.ms", "\(fetchWait)"),
                    ("fetch.error.backoff.ms", "100"),
                    ("queued.min.messages", "\(Self.aheadRecords)"),
                    ("queued.max.messages.kbytes", "\(Self.aheadBytes >> 10)"),
                    ("fetch.message.max.bytes", "4194304"),
                    ("fetch.max.bytes", "\(max(limit, 32 << 20))"),
                    ("receive.message.max.bytes", "100000000"),
                ])
            queue = rd_kafka_queue_new(client.handle)
            topics = KafkaTopicHandles(client)
        }

        /// Rings whenever the queue is no longer empty.
        func ring(_ bell: WakePipe) {
            var byte: UInt8 = 1
            rd_kafka_queue_io_event_enable(queue, bell.rope, &byte, 1)
        }

        /// Notes that records of a partition were taken, and sees to its being fetched on.
        ///
        /// Once so much of it lies ahead, librdkafka stops fetching, and looks again only when the
        /// broker's thread has something to do, or a second later. So it is given something to
        /// do, while half of that is still there: the smallest question.
        func noteTaken(_ records: Int, _ bytes: Int, of partition: TopicPartition) {
            var sum = taken[partition] ?? (0, 0)
            sum.records += records
            sum.bytes += bytes
            if sum.records > Self.aheadRecords / 2 || sum.bytes > Self.aheadBytes / 2 {
                sum = (0, 0)
                let list = rd_kafka_topic_partition_list_new(1)
                let entry = rd_kafka_topic_partition_list_add(
                    list, client.name(of: partition.topic), partition.partition)
                entry?.pointee.offset = Int64(RD_KAFKA_OFFSET_END)
                // Only its being asked counts; without an answer fetching goes on a second later.
                _ = rd_kafka_offsets_for_times(client.handle, list, 100)
                rd_kafka_topic_partition_list_destroy(list)
            }
            taken[partition] = sum
        }

        deinit {
            for partition in reading {
                rd_kafka_consume_stop(topics[partition.topic], partition.partition)
            }
            rd_kafka_queue_destroy(queue)
        }
    }

    // MARK: Positions

    func assign(_ partition: TopicPartition, from offset: Offset) {
        unassign(partition)
        start(partition, from: offset)
    }

    private func start(_ partition: TopicPartition, from offset: Offset) {
        do throws(LogError) {
            try check(partition)
            let consumer = try consumer(for: partition.topic)
            guard let topic = consumer.topics[partition.topic] else {
                throw .topicMissing(log: options.url, partition)
            }
            let code = rd_kafka_consume_start_queue(
                topic, partition.partition, Int64(clamping: offset.value), consumer.queue)
            if code != 0 { throw consumer.client.error(rd_kafka_last_error(), of: partition) }
            consumer.reading.insert(partition)
            positions[partition] = offset
        } catch {
            noteFailure(error, partition, at: offset)
        }
    }

    private func noteFailure(_ error: LogError, _ partition: TopicPartition, at offset: Offset) {
        guard case .topicMissing = error else {
            failures.append((partition, error))
            return
        }
        var doubt = doubt(.absent, of: partition, at: offset)
        if !doubt.isTold, doubt.isOld {
            doubt.isTold = true
            failures.append((partition, error))
        }
        doubt.again = .now + (doubt.isTold ? .seconds(1) : .milliseconds(100))
        doubts[partition] = doubt
    }

    /// The doubt of that kind that there is already, or a new one.
    private func doubt(
        _ kind: KafkaDoubt.Kind, of partition: TopicPartition, at offset: Offset
    ) -> KafkaDoubt {
        guard var known = doubts[partition], known.kind == kind else {
            return KafkaDoubt(kind, from: offset)
        }
        known.from = offset
        return known
    }

    /// When a partition is to be looked at again.
    var nextLook: ContinuousClock.Instant? { doubts.values.lazy.compactMap(\.again).min() }

    private func lookAgain() {
        let now = ContinuousClock.now
        for (partition, doubt) in doubts {
            guard let again = doubt.again, again <= now else { continue }
            doubts[partition]?.again = nil
            switch doubt.kind {
            case .absent: restart(partition, from: doubt.from)
            case .outOfRange: judge(doubt, of: partition)
            }
        }
    }

    private func restart(_ partition: TopicPartition, from offset: Offset) {
        stop(partition)
        start(partition, from: offset)
    }

    /// A position that cannot be read is told with what is kept; one that lies within is read from
    /// again, and one behind the end waits for it.
    private func judge(_ doubt: KafkaDoubt, of partition: TopicPartition) {
        do throws(LogError) {
            let kept = try query.range(of: partition)
            switch doubt.verdict(kept: kept, isOld: doubt.isOld) {
            case .pass: restart(partition, from: doubt.from)
            case .wait: doubts[partition]?.again = .now + .milliseconds(100)
            case .stands:
                doubts[partition] = nil
                let position = Position(partition, doubt.from)
                failures.append((partition, .offsetOutOfRange(position, kept: kept)))
            }
        } catch {
            if error.isTransient {
                doubts[partition]?.again = .now + .seconds(1)
            } else {
                doubts[partition] = nil
                noteFailure(error, partition, at: doubt.from)
            }
        }
    }

    /// librdkafka says nothing of a partition that a known topic does not have.
    private func check(_ partition: TopicPartition) throws(LogError) {
        if partition.partition < known[partition.topic] ?? 0 { return }
        do throws(LogError) {
            known = try query.partitionCounts()
        } catch {
            // Without a broker nothing is known, and reading begins when there is one again.
            if error.isTransient { return }
            throw error
        }
        guard partition.partition < known[partition.topic] ?? 0 else {
            throw .topicMissing(log: options.url, partition)
        }
    }

    func unassign(_ partition: TopicPartition) {
        failures.removeAll { $0.0 == partition }
        doubts[partition] = nil
        stop(partition)
    }

    private func stop(_ partition: TopicPartition) {
        for consumer in [committed, plain].compactMap({ $0 })
        where consumer.reading.remove(partition) != nil {
            rd_kafka_consume_stop(consumer.topics[partition.topic], partition.partition)
        }
        positions[partition] = nil
    }

    func close() {
        committed = nil
        plain = nil
    }

    private func consumer(for topic: Topic) throws(LogError) -> Consumer {
        switch topic {
        case .events, .requests, .heartbeats:
            if let committed { return committed }
            let new = try Consumer(options, isolation: "read_committed", fetchWait: fetchWait)
            new.ring(bell)
            committed = new
            return new
        case .journal, .commands, .members, .snapshots, .quarantine:
            if let plain { return plain }
            let new = try Consumer(options, isolation: "read_uncommitted", fetchWait: fetchWait)
            new.ring(bell)
            plain = new
            return new
        }
    }

    // MARK: Reading

    /// What lies ready, at most so many records.
    ///
    /// - Throws: what a partition met, once nothing else is ready.
    func drain(max: Int) throws(LogError) -> [RecordBatch] {
        var batches: [RecordBatch] = []
        var left = max
        turn += 1
        if !doubts.isEmpty { lookAgain() }
        let consumers = [committed, plain].compactMap { $0 }
        for index in consumers.indices {
            let consumer = consumers[(index + turn) % consumers.count]
            consumer.client.poll()
            while left > 0 {
                let count = drain(consumer, max: min(left, Self.drainMax), into: &batches)
                if count == 0 { break }
                left -= count
            }
        }
        if batches.isEmpty, !failures.isEmpty {
            throw failures.removeFirst().1
        }
        return batches
    }

    /// - Returns: how many messages there were, whatever they said.
    private func drain(_ consumer: Consumer, max: Int, into batches: inout [RecordBatch]) -> Int {
        typealias Message = UnsafeMutablePointer<rd_kafka_message_t>
        return withUnsafeTemporaryAllocation(of: Message?.self, capacity: max) { found in
            let count = rd_kafka_consume_batch_queue(consumer.queue, 0, found.baseAddress, max)
            if count <= 0 { return 0 }
            let messages = KafkaMessages((0..<count).compactMap { found[$0] }, consumer.client)
            var start = 0
            while start < messages.pointers.count {
                let first = messages.pointers[start].pointee
                guard let topic = consumer.topics.topic(at: first.rkt) else {
                    start += 1
                    continue
                }
                let partition = TopicPartition(topic, first.partition)
                if first.err != RD_KAFKA_RESP_ERR_NO_ERROR {
                    note(first, partition, consumer.client, into: &batches)
                    start += 1
                    continue
                }
                var end = start + 1
                while end < messages.pointers.count,
                    messages.pointers[end].pointee.rkt == first.rkt,
                    messages.pointers[end].pointee.partition == first.partition,
                    messages.pointers[end].pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR
                {
                    end += 1
                }
                if let batch = batch(messages, start..<end, of: partition) {
                    batches.append(batch)
                    consumer.noteTaken(batch.count, batch.bytes, of: partition)
                }
                start = end
            }
            return count
        }
    }

    private func batch(_ messages: KafkaMessages, _ range: Range<Int>, of partition: TopicPartition)
        -> RecordBatch?
    {
        guard let position = positions[partition] else { return nil }
        var views: [RecordView] = []
        views.reserveCapacity(range.count)
        var bytes = 0
        var next = position
        for index in range {
            let message = messages.pointers[index]
            let offset = Offset(UInt64(message.pointee.offset))
            // librdkafka may give what lies before the position, from the middle of a batch.
            if offset < next { continue }
            next = Offset(offset.value + 1)
            let value = message.pointee.payload.map {
                UnsafeRawBufferPointer(start: $0, count: message.pointee.len)
            }
            let key = message.pointee.key.map {
                UnsafeRawBufferPointer(start: $0, count: message.pointee.key_len)
            }
            bytes += message.pointee.len + message.pointee.key_len
            var type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
            let time = rd_kafka_message_timestamp(message, &type)
            views.append(
                RecordView(
                    offset: offset, appended: Timestamp(milliseconds: time), key: key, value: value,
                    headerBytes: UnsafeRawBufferPointer(
                        start: message, count: MemoryLayout<rd_kafka_message_t>.size)))
        }
        if views.isEmpty { return nil }
        positions[partition] = next
        if !doubts.isEmpty { doubts[partition] = nil }
        return RecordBatch(
            partition: partition, next: next, views: views, bytes: bytes, owner: messages,
            decodeHeaders: { messages.headers(at: $0) },
            walkHeaders: { messages.walk($0, $1) })
    }

    /// What the consumer says of a partition in place of a record.
    private func note(
        _ message: rd_kafka_message_t, _ partition: TopicPartition, _ client: KafkaClient,
        into batches: inout [RecordBatch]
    ) {
        guard let position = positions[partition] else { return }
        switch message.err {
        case RD_KAFKA_RESP_ERR__PARTITION_EOF:
            // Behind the last record may lie what is none: marks of transactions, and what they
            // aborted.
            let end = Offset(UInt64(max(0, message.offset)))
            doubts[partition] = nil
            guard end > position else { return }
            positions[partition] = end
            batches.append(
                RecordBatch(
                    partition: partition, next: end, views: [], bytes: 0, owner: client,
                    decodeHeaders: { _ in [] }))
        case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET, RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
            var doubt = doubt(.outOfRange, of: partition, at: position)
            doubt.again = .now + (doubts[partition] == nil ? .zero : .milliseconds(100))
            doubts[partition] = doubt
        case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION,
            RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
            noteFailure(client.error(message.err, of: partition), partition, at: position)
        default:
            // It goes on by itself when the broker is there again.
            break
        }
    }
}
