internal import MusterCore
internal import MusterLog
internal import Synchronization

/// One agent's way to the log, which can be cut. What is submitted meanwhile is lost; that it was,
/// its sender hears when the line is whole again.
final class AgentLine: EventLog {
    private typealias Completion = @Sendable (Result<Appended, LogError>) -> Void

    private let log: any EventLog
    private let state = Mutex(State())

    private struct State: Sendable {
        var isCut = false
        var lost: [Completion] = []
    }

    init(_ log: any EventLog) { self.log = log }

    /// From now on nothing comes through.
    func cut() { state.withLock { $0.isCut = true } }

    /// From now on everything does.
    func mend() {
        let lost = state.withLock { state in
            state.isCut = false
            defer { state.lost = [] }
            return state.lost
        }
        for completion in lost {
            completion(.failure(.unavailable(log: url, reason: "the line was cut")))
        }
    }

    var url: String { log.url }
    var library: String { log.library }
    var producerReplacements: AsyncStream<Void> { log.producerReplacements }

    func submit(
        _ record: NewRecord, completion: @escaping @Sendable (Result<Appended, LogError>) -> Void
    ) {
        let isLost = state.withLock { state in
            if state.isCut { state.lost.append(completion) }
            return state.isCut
        }
        if !isLost { log.submit(record, completion: completion) }
    }

    func makeReader() async throws(LogError) -> any LogReader { try await log.makeReader() }

    func readOne(_ position: Position) async throws(LogError) -> LogRecord? {
        try await log.readOne(position)
    }

    func range(of partition: TopicPartition) async throws(LogError) -> Range<Offset> {
        try await log.range(of: partition)
    }

    func offset(of partition: TopicPartition, since moment: Timestamp)
        async throws(LogError) -> Offset?
    {
        try await log.offset(of: partition, since: moment)
    }

    func createTopics(_ topics: [TopicSettings]) async throws(LogError) {
        try await log.createTopics(topics)
    }

    func inspect() async throws(LogError) -> LogReport { try await log.inspect() }

    func partitionCounts() async throws(LogError) -> [Topic: Int32] {
        try await log.partitionCounts()
    }

    func describeTopics() async throws(LogError) -> [TopicSettings] {
        try await log.describeTopics()
    }

    func assignments(group: String, member: String) -> AsyncStream<Set<Int32>> {
        log.assignments(group: group, member: member)
    }

    /// The log is somebody else's.
    func close() async {}
}
