import CLibrdkafka
import Glibc
import MusterCore
import MusterLog
import MusterRuntime
import Synchronization

/// Appends: an idempotent producer with all acknowledgements, and the thread that hears its
/// reports.
///
/// There is none before the first append: who only reads needs no right to write. A producer that
/// has met a fatal error is replaced by a new one. What was in flight then failed, and may have
/// landed all the same, or land later: only reading tells.
final class KafkaProducer: Sendable {
    private let options: KafkaOptions
    private let known: Set<Topic>
    private let state = Mutex(State())
    private let replaced: @Sendable () -> Void
    private let ended = Latch()

    struct Submission: Sendable {
        let record: NewRecord
        let completion: @Sendable (Result<Appended, LogError>) -> Void
    }

    private struct State {
        var live: Live?
        var isStarted = false
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

        init(_ options: KafkaOptions, _ known: Set<Topic>) throws(LogError) {
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
            topics = KafkaTopicHandles(client, knowing: known)
        }

        /// Why it can no longer be used; nil while it can.
        var failure: LogError? {
            var words = [CChar](repeating: 0, count: 512)
            let code = rd_kafka_fatal_error(client.handle, &words, words.count)
            if code == RD_KAFKA_RESP_ERR_NO_ERROR { return nil }
            let url = client.options.url
            if case .permission = client.error(code) {
                return .permission(log: url, reason: KafkaClient.text(words))
            }
            return .unavailable(
                log: url, reason: "its producer was replaced: \(KafkaClient.text(words))")
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

    /// - Parameters:
    ///   - known: the topics that exist, so that the first append to each is not late.
    ///   - replaced: called after a producer was replaced.
    init(
        _ options: KafkaOptions, known: Set<Topic>, replaced: @escaping @Sendable () -> Void
    ) {
        self.options = options
        self.known = known
        self.replaced = replaced
    }

    /// Makes the producer now, so that the first append does not wait for it.
    func start() {
        let isFirst = state.withLock { state in
            if state.isStarted || state.isClosing { return false }
            state.isStarted = true
            return true
        }
        if isFirst { EngineThread.start { [self] in run() } }
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
        start()
        if isEnded {
            let error = LogError.closed(log: options.url)
            EngineThread.start { completion(.failure(error)) }
        }
    }

    /// Completes what was taken, at most for the time-out, and ends.
    func close() async {
        let isStarted = state.withLock { state in
            state.isClosing = true
            if !state.isStarted { state.hasEnded = true }
            return state.isStarted
        }
        if isStarted { await ended.wait() }
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
        var failures = 0
        while let live = make() {
            let made = ContinuousClock.now
            guard let failure = serve(live) else { break }
            empty(live)
            refuse(with: failure)
            if state.withLock({ $0.isClosing }) { break }
            replaced()
            // One that never worked is not tried again and again without a pause.
            failures = ContinuousClock.now - made < .seconds(1) ? failures + 1 : 0
            pause(Self.pauses[min(failures, Self.pauses.count - 1)])
        }
        end()
    }

    private static let pauses: [Duration] = [
        .zero, .zero, .milliseconds(100), .milliseconds(500), .seconds(2), .seconds(5),
    ]

    private func pause(_ length: Duration) {
        let end = ContinuousClock.now + length
        while ContinuousClock.now < end, !state.withLock({ $0.isClosing }) { usleep(20_000) }
    }

    private func make() -> Live? {
        do throws(LogError) {
            let live = try Live(options, known)
            state.withLock { $0.live = live }
            return live
        } catch {
            refuse(with: error)
            return nil
        }
    }

    /// Works until the end, or until the producer can no longer be used: then why.
    private func serve(_ live: Live) -> LogError? {
        var closingSince: ContinuousClock.Instant?
        while true {
            rd_kafka_poll(live.client.handle, 20)
            completeRefused()
            if let failure = live.failure { return failure }
            let isClosing = state.withLock { state in
                let taken = state.waiting.firstIndex { !produce($0, &state) }
                state.waiting.removeFirst(taken ?? state.waiting.count)
                return state.isClosing && state.waiting.isEmpty
            }
            if !isClosing { continue }
            let since = closingSince ?? .now
            closingSince = since
            if rd_kafka_outq_len(live.client.handle) == 0 || .now - since > options.timeout {
                return nil
            }
        }
    }

    private func completeRefused() {
        let refused = state.withLock { state in
            let refused = state.refused
            state.refused = []
            return refused
        }
        for (submission, error) in refused { submission.completion(.failure(error)) }
    }

    /// Fails what the producer did not take; it is gone.
    private func refuse(with failure: LogError) {
        let waiting = state.withLock { state in
            let waiting = state.waiting
            state.waiting = []
            state.live = nil
            return waiting
        }
        for submission in waiting { submission.completion(.failure(failure)) }
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
