import CLibrdkafka
import MusterCore
import MusterLog
import MusterRuntime
import Synchronization

/// Appends: an idempotent producer with all acknowledgements, and the thread that hears its
/// reports.
///
/// A producer that has met a fatal error is replaced by a new one. What was in flight then failed,
/// and may have landed all the same, or land later: only reading tells.
final class KafkaProducer: Sendable {
    private let options: KafkaOptions
    private let state: Mutex<State>
    private let replaced: @Sendable () -> Void
    private let ended = Latch()

    struct Submission: Sendable {
        let record: NewRecord
        let completion: @Sendable (Result<Appended, LogError>) -> Void
    }

    private struct State {
        var live: Live?
        /// Behind what librdkafka has taken, in order: its queue was full.
        var waiting: [Submission] = []
        /// To be completed on the thread.
        var refused: [(Submission, LogError)] = []
        var isClosing = false
        /// Nobody completes what is submitted now.
        var hasEnded = false
    }

    /// A producer and its topics.
    private final class Live: Sendable {
        let client: KafkaClient
        let topics: KafkaTopicHandles

        init(_ options: KafkaOptions) throws(LogError) {
            let limit = NewRecord.bytesMax + (64 << 10)
            client = try KafkaClient(
                .producer, options,
                [
                    ("enable.idempotence", "true"), ("acks", "all"), ("linger.ms", "0"),
                    ("message.max.bytes", "\(limit)"), ("message.timeout.ms", "30000"),
                    ("queue.buffering.max.messages", "500000"),
                    ("queue.buffering.max.kbytes", "262144"), ("compression.type", "lz4"),
                    ("topic.metadata.propagation.max.ms", "5000"),
                ])
            // Known topics are asked for at once: the first append is not late.
            topics = KafkaTopicHandles(client)
        }
    }

    /// What a message's `opaque` points at; owned by librdkafka until its delivery report.
    private final class Pending {
        let submission: Submission
        let client: KafkaClient

        init(_ submission: Submission, _ client: KafkaClient) {
            self.submission = submission
            self.client = client
        }
    }

    /// - Parameter replaced: called after a producer was replaced.
    init(_ options: KafkaOptions, replaced: @escaping @Sendable () -> Void) throws(LogError) {
        self.options = options
        self.replaced = replaced
        state = Mutex(State(live: try Live(options)))
        EngineThread.start { [self] in run() }
    }

    func submit(
        _ record: NewRecord, completion: @escaping @Sendable (Result<Appended, LogError>) -> Void
    ) {
        let submission = Submission(record: record, completion: completion)
        let isEnded = state.withLock { state in
            if state.hasEnded { return true }
            if state.isClosing {
                state.refused.append((submission, .closed(log: options.url)))
            } else if record.bytes > NewRecord.bytesMax {
                let error = LogError.tooLarge(
                    log: options.url, bytes: record.bytes, limit: NewRecord.bytesMax)
                state.refused.append((submission, error))
            } else if state.live == nil || !state.waiting.isEmpty {
                state.waiting.append(submission)
            } else if !produce(submission, &state) {
                state.waiting.append(submission)
            }
            return false
        }
        if isEnded {
            let error = LogError.closed(log: options.url)
            EngineThread.start { completion(.failure(error)) }
        }
    }

    /// Completes what was taken, at most for the time-out, and ends.
    func close() async {
        state.withLock { $0.isClosing = true }
        await ended.wait()
    }

    // MARK: Producing

    /// - Returns: false when librdkafka has no room now.
    private func produce(_ submission: Submission, _ state: inout State) -> Bool {
        guard let live = state.live, let topic = live.topics[submission.record.partition.topic]
        else { return false }
        let record = submission.record
        let headers = KafkaHeaders.make(record.headers)
        // Owner: librdkafka, until its report on the message; ours again when it does not take it.
        let pending = Unmanaged.passRetained(Pending(submission, live.client))
        let code = KafkaHeaders.withBytes(record.key) { key, keySize in
            KafkaHeaders.withBytes(record.value) { value, valueSize in
                muster_produce(
                    live.client.handle, topic, record.partition.partition, key, keySize, value,
                    valueSize, headers, pending.toOpaque())
            }
        }
        if code == RD_KAFKA_RESP_ERR_NO_ERROR { return true }
        pending.release()
        if let headers { rd_kafka_headers_destroy(headers) }
        if code == RD_KAFKA_RESP_ERR__QUEUE_FULL || code == RD_KAFKA_RESP_ERR__FATAL {
            return false
        }
        state.refused.append((submission, live.client.error(code, of: record.partition)))
        return true
    }

    /// librdkafka's word on one message; called on the thread that polls.
    static let delivered:
        @convention(c) (
            OpaquePointer?, UnsafePointer<rd_kafka_message_t>?, UnsafeMutableRawPointer?
        ) -> Void = { _, message, _ in
            guard let message, let opaque = message.pointee._private else { return }
            let pending = Unmanaged<Pending>.fromOpaque(opaque).takeRetainedValue()
            let partition = pending.submission.record.partition
            if message.pointee.err != RD_KAFKA_RESP_ERR_NO_ERROR {
                let error = pending.client.error(message.pointee.err, of: partition)
                pending.submission.completion(.failure(error))
                return
            }
            var type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
            let time = rd_kafka_message_timestamp(message, &type)
            let appended = Appended(
                offset: Offset(UInt64(max(0, message.pointee.offset))),
                appended: Timestamp(milliseconds: time))
            pending.submission.completion(.success(appended))
        }

    // MARK: The thread

    private func run() {
        var closingSince: ContinuousClock.Instant?
        while true {
            guard let live = state.withLock({ $0.live }) else { break }
            rd_kafka_poll(live.client.handle, 20)
            completeRefused()
            var words = [CChar](repeating: 0, count: 512)
            if rd_kafka_fatal_error(live.client.handle, &words, words.count)
                != RD_KAFKA_RESP_ERR_NO_ERROR
            {
                replace(live)
                continue
            }
            let isClosing = state.withLock { state in
                while let next = state.waiting.first, produce(next, &state) {
                    state.waiting.removeFirst()
                }
                return state.isClosing && state.waiting.isEmpty
            }
            if !isClosing { continue }
            let since = closingSince ?? .now
            closingSince = since
            if rd_kafka_outq_len(live.client.handle) == 0 || .now - since > options.timeout {
                break
            }
        }
        end()
    }

    private func completeRefused() {
        let refused = state.withLock { state in
            let refused = state.refused
            state.refused = []
            return refused
        }
        for (submission, error) in refused { submission.completion(.failure(error)) }
    }

    /// Fails what is in flight, and goes on with a new producer.
    private func replace(_ old: Live) {
        empty(old)
        let waiting: [Submission] = state.withLock { state in
            let waiting = state.waiting
            state.waiting = []
            // A new client needs nothing from outside, so this fails only where the first did.
            state.live = try? Live(options)
            return waiting
        }
        let error = LogError.unavailable(
            log: options.url, reason: "its producer met a fatal error and was replaced")
        for submission in waiting { submission.completion(.failure(error)) }
        replaced()
    }

    private func empty(_ live: Live) {
        rd_kafka_purge(live.client.handle, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT)
        for _ in 0..<100 where rd_kafka_outq_len(live.client.handle) > 0 {
            rd_kafka_poll(live.client.handle, 20)
        }
    }

    private func end() {
        if let live = state.withLock({ $0.live }) { empty(live) }
        let left = state.withLock { state in
            state.hasEnded = true
            state.live = nil
            let left = state.waiting
            state.waiting = []
            return left
        }
        completeRefused()
        for submission in left { submission.completion(.failure(.closed(log: options.url))) }
        ended.open()
    }
}
