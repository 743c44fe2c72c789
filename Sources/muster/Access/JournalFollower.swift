import MusterCore
import MusterLog
import MusterWire

/// Goes on reading the journal from where a projection ends.
final class JournalFollower {
    /// One accepted decision, with the states around it.
    struct Entry {
        let cluster: ClusterID
        let sequence: MusterCore.Sequence
        let hash: Hash
        let decision: Decision
        let position: Position
        let appended: Timestamp
        let before: ClusterState?
        let after: ClusterState
    }

    private var journal: JournalReader
    private let reader: any LogReader

    /// - Parameter withEvents: whether `cause.event` is kept in the decisions.
    init(
        _ projection: Projection, _ log: any EventLog, withEvents: Bool = false
    ) async throws {
        journal = projection.reader
        journal.withEvents = withEvents
        reader = try await log.makeReader()
        for (partition, offset) in journal.positions.sorted(by: { $0.key < $1.key }) {
            reader.assign(TopicPartition(.journal, partition), from: offset)
        }
    }

    /// The clusters as they were read so far, in the order of their names.
    var states: [ClusterState] { journal.sorted.map(\.state) }

    /// Where a cluster's decisions lie; nil where it has none yet.
    func partition(of cluster: ClusterID) -> Int32? { journal.partition(of: cluster) }

    /// The decisions that came since; empty when the time has passed without one.
    func next(waitingUpTo limit: Duration) async throws -> [Entry] {
        var entries: [Entry] = []
        for batch in try await reader.next(max: 1024, waitingUpTo: limit) {
            for index in batch.indices { try take(batch.record(at: index), &entries) }
        }
        return entries
    }

    func close() async { await reader.close() }

    private func take(_ record: LogRecord, _ entries: inout [Entry]) throws {
        let envelope = record.value.flatMap { JournalEnvelope(of: $0) }
        let before = envelope.flatMap { journal.state(of: $0.cluster) }
        let partition = record.position.partition.partition
        guard
            case .accepted(let accepted) = try journal.read(
                record.value, at: record.position.offset, of: partition)
        else { return }
        let after = journal.clusters[accepted.index].state
        entries.append(
            Entry(
                cluster: after.id, sequence: accepted.sequence, hash: accepted.hash,
                decision: accepted.decision, position: record.position,
                appended: record.appended, before: before, after: after))
    }
}
