import Glibc
package import MusterCore
package import MusterLog
import Synchronization

/// The log on Apache Kafka, through librdkafka.
package final class KafkaLog: EventLog {
    package let url: String
    package let producerReplacements: AsyncStream<Void>

    private let options: KafkaOptions
    private let query: KafkaQuery
    private let producer: KafkaProducer
    private let replacements: AsyncStream<Void>.Continuation
    private let state = Mutex(State())

    private struct State {
        var isClosed = false
        var readers: [KafkaReader] = []
        var memberships: [(KafkaMembership, AsyncStream<Set<Int32>>.Continuation)] = []

        /// Lets go of those that have ended.
        mutating func tidy() {
            readers.removeAll { $0.hasEnded }
            memberships.removeAll { $0.0.hasEnded }
        }
    }

    private init(
        _ options: KafkaOptions, _ query: KafkaQuery, _ producer: KafkaProducer,
        _ replacements: (stream: AsyncStream<Void>, continuation: AsyncStream<Void>.Continuation)
    ) {
        self.options = options
        url = options.url
        self.query = query
        self.producer = producer
        producerReplacements = replacements.stream
        self.replacements = replacements.continuation
    }

    /// Connects to the brokers of a URL.
    ///
    /// - Parameters:
    ///   - properties: nil takes what the environment gives.
    ///   - mustExist: whether it is an error that none of the topics exists, as for those who only
    ///     read.
    /// - Throws: as `open(_:)` with options, and `badURL`.
    package static func open(
        _ url: String, properties: [(name: String, value: String)]? = nil, mustExist: Bool = false
    ) async throws(LogError) -> KafkaLog {
        var options = try KafkaOptions(url: url)
        if let properties {
            for (name, value) in properties { try options.set(name, value) }
        } else {
            try options.takeProperties(from: environment())
        }
        return try await open(options, mustExist: mustExist)
    }

    /// Connects, and asks the brokers once, so that what cannot work is said now.
    ///
    /// - Throws: `unavailable` when no broker answers within the time-out; `permission`;
    ///   `badProperty` for one that librdkafka does not take; `missing` when it must exist and does
    ///   not.
    package static func open(
        _ options: KafkaOptions, mustExist: Bool = false
    ) async throws(LogError) -> KafkaLog {
        let query = try KafkaQuery(options)
        let counts = try await query.ask { () throws(LogError) in
            let counts = try query.partitionCounts()
            if counts.isEmpty, mustExist { try query.failForNothing() }
            return counts
        }
        let replacements = AsyncStream.makeStream(
            of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let continuation = replacements.continuation
        let producer = KafkaProducer(options, known: Set(counts.keys)) { continuation.yield() }
        if !mustExist { producer.start() }
        return KafkaLog(options, query, producer, replacements)
    }

    package func submit(
        _ record: NewRecord,
        completion: @escaping @Sendable (Result<Appended, LogError>) -> Void
    ) {
        producer.submit(record, completion: completion)
    }

    package func makeReader() async throws(LogError) -> any LogReader {
        try check()
        let reader = try KafkaReader(options, query: query)
        let isClosed = state.withLock { state in
            state.tidy()
            state.readers.append(reader)
            return state.isClosed
        }
        if isClosed { await reader.close() }
        return reader
    }

    package func readOne(_ position: Position) async throws(LogError) -> LogRecord? {
        try check()
        return try await query.ask { [query] () throws(LogError) in try query.readOne(position) }
    }

    package func range(of partition: TopicPartition) async throws(LogError) -> Range<Offset> {
        try check()
        return try await query.ask { [query] () throws(LogError) in try query.range(of: partition) }
    }

    package func offset(of partition: TopicPartition, since moment: Timestamp)
        async throws(LogError) -> Offset?
    {
        try check()
        return try await query.ask { [query] () throws(LogError) in
            try query.offset(of: partition, since: moment)
        }
    }

    package var library: String { KafkaClient.library }

    package func createTopics(_ topics: [TopicSettings]) async throws(LogError) {
        try check()
        try await query.ask { [query] () throws(LogError) in
            try KafkaTopics(query: query).create(topics)
        }
    }

    /// Asks the brokers for everything about the topics that matters.
    package func inspect() async throws(LogError) -> LogReport {
        try check()
        return try await query.ask { [query] () throws(LogError) in
            try KafkaTopics(query: query).inspect()
        }
    }

    /// Asks the brokers which topics exist, and no more.
    package func partitionCounts() async throws(LogError) -> [Topic: Int32] {
        try check()
        return try await query.ask { [query] () throws(LogError) in try query.partitionCounts() }
    }

    package func describeTopics() async throws(LogError) -> [TopicSettings] {
        try check()
        return try await query.ask { [query] () throws(LogError) in
            try KafkaTopics(query: query).describe()
        }
    }

    package func assignments(group: String, member: String) -> AsyncStream<Set<Int32>> {
        let (stream, continuation) = AsyncStream.makeStream(of: Set<Int32>.self)
        let membership = KafkaMembership()
        let isClosed = state.withLock { state in
            if state.isClosed { return true }
            state.tidy()
            state.memberships.append((membership, continuation))
            return false
        }
        if isClosed {
            continuation.finish()
            return stream
        }
        continuation.onTermination = { _ in membership.leave() }
        do throws(LogError) {
            try membership.start(options, group: group) { continuation.yield($0) }
        } catch {
            // Properties were taken before, so this is a client that cannot be made: nothing is
            // owned.
            membership.abandon()
            continuation.finish()
        }
        return stream
    }

    package func close() async {
        let (readers, memberships) = state.withLock { state in
            state.isClosed = true
            let all = (state.readers, state.memberships)
            (state.readers, state.memberships) = ([], [])
            return all
        }
        for (_, stream) in memberships { stream.finish() }
        for (membership, _) in memberships { await membership.end() }
        await producer.close()
        for reader in readers { await reader.close() }
        await query.end()
        replacements.finish()
    }

    private func check() throws(LogError) {
        if state.withLock({ $0.isClosed }) { throw .closed(log: url) }
    }

    private static func environment() -> [String: String] {
        var result: [String: String] = [:]
        var place = environ
        while let entry = place.pointee {
            let text = String(cString: entry)
            if let mark = text.firstIndex(of: "=") {
                result[String(text[..<mark])] = String(text[text.index(after: mark)...])
            }
            place += 1
        }
        return result
    }
}
