import MusterCommandLine
import MusterCore
import MusterLog
import MusterRuntime
import MusterWire
import Synchronization

/// Appends many inputs, each in its cluster's partition, without waiting for one after the other.
final class Publisher: Sendable {
    private let log: any EventLog
    private let partitions: [Topic: UInt32]
    private let state = Mutex(State())

    /// How many appends may be under way.
    private static let inFlightMax = 2048

    private struct State {
        var inFlight = 0
        var failure: LogError?
        var last: (TopicPartition, Appended)?
        var waiting: CheckedContinuation<Void, Never>?
    }

    /// - Throws: what the log throws, `topicMissing` among it.
    init(_ log: any EventLog) async throws {
        self.log = log
        var partitions: [Topic: UInt32] = [:]
        let counts = try await log.partitionCounts()
        for (topic, count) in counts {
            // Where there are more input partitions than journal partitions, those of the
            // journal's numbers are right.
            partitions[topic] = UInt32(counts[.journal].map { min($0, count) } ?? count)
        }
        self.partitions = partitions
    }

    /// Where a record of that topic and cluster belongs.
    ///
    /// - Throws: `topicMissing`, or `permission` where the topic may only not be seen.
    func partition(_ topic: Topic, of cluster: ClusterID) async throws(LogError) -> TopicPartition {
        guard let count = partitions[topic] else {
            let first = TopicPartition(topic, 0)
            _ = try await log.range(of: first)
            throw .topicMissing(log: log.url, first)
        }
        return TopicPartition(topic, Partitioner.partition(of: cluster, count: count))
    }

    /// Appends a record; waits only when too many are under way.
    ///
    /// - Throws: the first failure of any append before.
    func publish(_ record: NewRecord) async throws {
        let isFull = try state.withLock { state in
            if let failure = state.failure { throw failure }
            state.inFlight += 1
            return state.inFlight >= Self.inFlightMax
        }
        let partition = record.partition
        log.submit(record) { [self] result in completed(partition, result) }
        if isFull { try await drain() }
    }

    /// Waits until all that was published is in the log.
    ///
    /// - Returns: the newest record's place; nil when nothing was published.
    @discardableResult
    func drain() async throws -> (partition: TopicPartition, place: Appended)? {
        await withCheckedContinuation { waiting in
            let isDone = state.withLock { state in
                if state.inFlight == 0 { return true }
                state.waiting = waiting
                return false
            }
            if isDone { waiting.resume() }
        }
        return try state.withLock { state in
            if let failure = state.failure { throw failure }
            return state.last.map { ($0.0, $0.1) }
        }
    }

    private func completed(
        _ partition: TopicPartition, _ result: Result<Appended, LogError>
    ) {
        let waiting = state.withLock { state -> CheckedContinuation<Void, Never>? in
            state.inFlight -= 1
            switch result {
            case .success(let place): state.last = (partition, place)
            case .failure(let error): state.failure = state.failure ?? error
            }
            guard state.inFlight == 0 else { return nil }
            defer { state.waiting = nil }
            return state.waiting
        }
        waiting?.resume()
    }
}
