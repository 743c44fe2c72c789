internal import CBareKafka
internal import MusterCore

/// The baselines of the figures on Kafka: plain C with librdkafka, on the same brokers.
struct BareKafka {
    /// The bootstrap servers, `host:port`.
    let brokers: String

    /// What a C run met.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Reads a topic's first partition to its end, hashing every value.
    ///
    /// - Returns: seconds, how many records there were, and what `mix` makes of their hashes.
    func read(_ topic: String) throws -> (seconds: Double, count: Int, mixed: UInt64) {
        var result = bare_kafka_result()
        bare_kafka_read(brokers, topic, 1, &result)
        try check(&result)
        return (result.seconds, Int(result.count), result.mixed)
    }

    /// What C makes of all hashes, one after another, so that none can be left out.
    static func mix(_ mixed: UInt64, _ hash: Hash) -> UInt64 {
        mixed &* 31 &+ hash.words.0.byteSwapped
    }

    /// What a decision takes: an event is read, a value appended to the journal and read back, and
    /// one appended to the commands and read by another client.
    ///
    /// - Returns: the microseconds of each round, in order of size.
    func relay(
        _ value: [UInt8], _ events: String, _ journal: String, _ commands: String, rounds: Int
    ) throws -> [Double] {
        var micros = [Double](repeating: 0, count: rounds)
        var result = bare_kafka_result()
        bare_kafka_relay(
            brokers, events, journal, commands, value, value.count, Int32(rounds), &micros,
            &result)
        try check(&result)
        return micros.sorted()
    }

    /// For each record of `events` so many records in `journal` and one in `commands`.
    ///
    /// - Returns: seconds, and how many records of the journal there were.
    func pipeline(
        _ value: [UInt8], _ events: String, _ journal: String, _ commands: String,
        decisions: Int, window: Int
    ) throws -> (seconds: Double, count: Int) {
        var result = bare_kafka_result()
        bare_kafka_pipeline(
            brokers, events, journal, commands, Int32(decisions), Int32(window), value,
            value.count, &result)
        try check(&result)
        return (result.seconds, Int(result.count))
    }

    private func check(_ result: inout bare_kafka_result) throws {
        let words = withUnsafeBytes(of: &result.error) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        if !words.isEmpty { throw Failure(description: "the C baseline: \(words)") }
    }
}
