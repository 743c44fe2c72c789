import CLibrdkafka

/// What a client last heard of its connections, for messages: librdkafka repeats it for ever, so it
/// is not logged.
struct KafkaTrouble: Sendable {
    /// In librdkafka's words, without what only its developers need; empty when there was none.
    private(set) var reason = ""
    /// Whether no broker can be reached, as far as is known.
    private(set) var isAlone = false
    /// Whether the brokers refused the user's credentials.
    private(set) var isRefused = false

    mutating func note(_ code: Int32, _ text: String) {
        switch rd_kafka_resp_err_t(rawValue: code) {
        case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
            // Says nothing of the cause, which was told before.
            isAlone = true
            return
        case RD_KAFKA_RESP_ERR__AUTHENTICATION:
            isRefused = true
        default:
            break
        }
        reason = Self.plain(text)
    }

    /// The brokers have answered.
    mutating func clear() { self = KafkaTrouble() }

    /// "Connect failed: Connection refused (after 0ms in state CONNECT)" without its end, and
    /// without the name of librdkafka's thread before it.
    private static func plain(_ text: String) -> String {
        var rest = text[...]
        if let end = rest.firstRange(of: " (after ") { rest = rest[..<end.lowerBound] }
        if let start = rest.firstRange(of: "/bootstrap: ") { rest = rest[start.upperBound...] }
        for family in ["ipv4#", "ipv6#"] {
            guard let place = rest.firstRange(of: family) else { continue }
            rest = rest[..<place.lowerBound] + rest[place.upperBound...]
        }
        return String(rest)
    }
}
