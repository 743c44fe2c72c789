internal import MusterCore
internal import MusterLog

/// Folds one cluster's journal and goes on reading it. Used by one task at a time.
final class ClusterFollower {
    private let id: ClusterID
    private let pool: ReaderPool
    private let reader: any LogReader
    private let partition: TopicPartition
    private var journal: JournalReader

    /// One accepted decision of the cluster.
    struct Step {
        let sequence: MusterCore.Sequence
        let decision: Decision
    }

    /// Reads up to the end that the journal has now.
    init(_ id: ClusterID, _ log: any EventLog, _ pool: ReaderPool) async throws {
        self.id = id
        self.pool = pool
        guard let count = try await log.partitionCounts()[.journal] else {
            throw ProjectionError.empty(log: log.url)
        }
        let number = Partitioner.partition(of: id, count: UInt32(count))
        var loader = ProjectionLoader()
        loader.onlyPartition = number
        journal = try await loader.load(log).reader
        partition = TopicPartition(.journal, number)
        reader = try await pool.take()
        reader.assign(partition, from: journal.positions[number] ?? .zero)
        try check()
    }

    deinit {
        reader.unassign(partition)
        pool.put(reader)
    }

    /// The cluster as it was read so far; nil when the log holds nothing of it.
    var state: ClusterState? {
        journal.state(of: id).flatMap { $0.head.sequence.value > 0 ? $0 : nil }
    }

    /// The decisions that came since; empty when the time has passed without one, and when the log
    /// does not answer just now.
    func next(waitingUpTo limit: Duration) async throws -> [Step] {
        var steps: [Step] = []
        do {
            for batch in try await reader.next(max: 1024, waitingUpTo: limit) {
                for index in batch.indices { try take(batch.record(at: index), &steps) }
            }
        } catch let error as LogError where error.isTransient {
            try await Task.sleep(for: min(limit, .milliseconds(200)))
        }
        try Task.checkCancellation()
        try check()
        return steps
    }

    private func take(_ record: LogRecord, _ steps: inout [Step]) throws {
        let number = record.position.partition.partition
        guard
            case .accepted(let accepted) = try journal.read(
                record.value, at: record.position.offset, of: number),
            journal.clusters[accepted.index].state.id == id
        else { return }
        steps.append(Step(sequence: accepted.sequence, decision: accepted.decision))
    }

    /// A decision that cannot be read is never skipped: what comes after it is unknown.
    private func check() throws(ClientError) {
        guard let index = journal.index(of: id),
            let reason = journal.clusters[index].stopped
        else { return }
        throw .unusable("the journal of \(id) cannot be read on by this version: \(reason)")
    }
}
