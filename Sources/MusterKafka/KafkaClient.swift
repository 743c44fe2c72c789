import CLibrdkafka
import Glibc
import MusterCore
import MusterLog
import Synchronization

/// One of librdkafka's handles.
///
/// Owner of the handle: this object, which destroys it with its last reference. Thread:
/// librdkafka's own calls may come from any; what is not thread-safe (batch reading, assignment) is
/// its user's affair.
final class KafkaClient: @unchecked Sendable {
    let handle: OpaquePointer
    let options: KafkaOptions
    private let listener: Listener

    /// Called with the handle, whether partitions are given (else taken), and which.
    typealias Rebalance =
        @Sendable (OpaquePointer, Bool, UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?)
        -> Void

    /// What librdkafka's callbacks tell; the handle's `opaque` points at it.
    private final class Listener: Sendable {
        private let state = Mutex(KafkaTrouble())
        let onRebalance: Rebalance?

        init(onRebalance: Rebalance?) { self.onRebalance = onRebalance }

        var trouble: KafkaTrouble { state.withLock { $0 } }
        func note(_ code: Int32, _ text: String) { state.withLock { $0.note(code, text) } }
        func clear() { state.withLock { $0.clear() } }
    }

    enum Kind {
        case producer
        case consumer
    }

    /// - Parameters:
    ///   - settings: what this client needs, over the defaults and under the user's properties.
    ///   - onRebalance: called while a member of a group polls.
    /// - Throws: `badProperty` for one that librdkafka does not take.
    init(
        _ kind: Kind, _ options: KafkaOptions, _ settings: [(String, String)],
        onRebalance: Rebalance? = nil
    ) throws(LogError) {
        self.options = options
        listener = Listener(onRebalance: onRebalance)
        guard let conf = rd_kafka_conf_new() else {
            throw .unavailable(log: options.url, reason: "there is no memory for a client")
        }
        let user = options.properties.map { ($0.name, $0.value) }
        let all = KafkaClient.defaults(options) + settings + user
        for (name, value) in all {
            if let problem = KafkaClient.set(conf, name, value) {
                rd_kafka_conf_destroy(conf)
                // librdkafka's words may quote the value.
                let isSecret = KafkaOptions.secrets.contains(name)
                throw .badProperty(
                    name, reason: isSecret ? "librdkafka does not take its value" : problem)
            }
        }
        // Owner: this object, which outlives the handle.
        rd_kafka_conf_set_opaque(conf, Unmanaged.passUnretained(listener).toOpaque())
        rd_kafka_conf_set_log_cb(conf) { _, _, _, _ in }
        rd_kafka_conf_set_error_cb(conf) { _, code, reason, opaque in
            guard let opaque, let reason else { return }
            let listener = Unmanaged<Listener>.fromOpaque(opaque).takeUnretainedValue()
            listener.note(code, String(cString: reason))
        }
        if kind == .producer { rd_kafka_conf_set_dr_msg_cb(conf, KafkaProducer.delivered) }
        if onRebalance != nil {
            rd_kafka_conf_set_rebalance_cb(conf) { client, code, partitions, opaque in
                guard let opaque, let client else { return }
                let listener = Unmanaged<Listener>.fromOpaque(opaque).takeUnretainedValue()
                let isAssigned = code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS
                listener.onRebalance?(client, isAssigned, partitions)
            }
        }
        var words = [CChar](repeating: 0, count: 512)
        let type = kind == .producer ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER
        guard let handle = rd_kafka_new(type, conf, &words, words.count) else {
            rd_kafka_conf_destroy(conf)
            throw .badProperty(nil, reason: KafkaClient.text(words))
        }
        self.handle = handle
    }

    deinit {
        rd_kafka_destroy(handle)
        withExtendedLifetime(listener) {}
    }

    private static func defaults(_ options: KafkaOptions) -> [(String, String)] {
        [
            ("bootstrap.servers", options.servers), ("client.id", "muster"),
            ("socket.nagle.disable", "true"), ("reconnect.backoff.max.ms", "1000"),
            ("topic.metadata.refresh.fast.interval.ms", "100"), ("log.connection.close", "false"),
            ("allow.auto.create.topics", "false"),
        ]
    }

    private static func set(_ conf: OpaquePointer, _ name: String, _ value: String) -> String? {
        var words = [CChar](repeating: 0, count: 512)
        let code = rd_kafka_conf_set(conf, name, value, &words, words.count)
        return code == RD_KAFKA_CONF_OK ? nil : text(words)
    }

    static var library: String {
        "librdkafka \(rd_kafka_version_str().map { String(cString: $0) } ?? "")"
    }

    static func text(_ words: [CChar]) -> String {
        String(decoding: words.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    static func name(of code: rd_kafka_resp_err_t) -> String {
        rd_kafka_err2str(code).map { String(cString: $0) } ?? "error \(code.rawValue)"
    }

    func name(of topic: Topic) -> String { "\(options.prefix).\(topic.name)" }

    /// Serves callbacks; for clients that nobody polls otherwise.
    func poll() { rd_kafka_poll(handle, 0) }

    var timeoutMilliseconds: Int32 { Int32(clamping: options.timeout.milliseconds) }

    /// The error as the seam has it.
    func error(_ code: rd_kafka_resp_err_t, of partition: TopicPartition? = nil) -> LogError {
        let url = options.url
        let place = partition ?? TopicPartition(.journal, 0)
        switch code {
        case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
            return .tooLarge(log: url, bytes: NewRecord.bytesMax + 1, limit: NewRecord.bytesMax)
        case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION,
            RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
            return .topicMissing(log: url, place)
        case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
            RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED,
            RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR__AUTHENTICATION,
            RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
            return .permission(log: url, reason: because(code))
        default:
            return .unavailable(log: url, reason: because(code))
        }
    }

    private func because(_ code: rd_kafka_resp_err_t) -> String {
        let trouble = listener.trouble
        switch code {
        case RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR__TIMED_OUT,
            RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN,
            RD_KAFKA_RESP_ERR__AUTHENTICATION:
            if !trouble.reason.isEmpty { return trouble.reason }
            return "no answer within \(options.timeout)"
        default:
            return KafkaClient.name(of: code)
        }
    }

    // MARK: Waiting for an answer

    /// Asks, in turns within the time-out, so that what can never be answered is known before its
    /// end: refused credentials at once, and that no broker can be reached after more tries to
    /// connect.
    ///
    /// - Parameter question: told how many milliseconds it may take.
    func ask(_ question: (Int32) -> rd_kafka_resp_err_t) throws(LogError) {
        let start = ContinuousClock.now
        // Each turn has more time than the one before: a broker may be slow.
        var turn: Int32 = 250
        while true {
            let left = (options.timeout - (ContinuousClock.now - start)).milliseconds
            let code = question(min(turn, Int32(clamping: max(left, 1))))
            turn *= 2
            poll()
            if code == RD_KAFKA_RESP_ERR_NO_ERROR { return listener.clear() }
            let isLate =
                code == RD_KAFKA_RESP_ERR__TIMED_OUT || code == RD_KAFKA_RESP_ERR__TRANSPORT
            let trouble = listener.trouble
            if trouble.isRefused { throw error(RD_KAFKA_RESP_ERR__AUTHENTICATION) }
            let took = ContinuousClock.now - start
            let isHopeless = trouble.isAlone && took > .milliseconds(1_500)
            if !isLate || isHopeless || took >= options.timeout { throw error(code) }
        }
    }
}
