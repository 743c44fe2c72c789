internal import MusterCore
internal import MusterWire

// Snapshots (DESIGN, "snapshots are per cluster"): each says "as of journal offset J". A reader
// starts the journal at the lowest J, not above the checkpoint's floor, at the start without one,
// and ignores of each cluster what lies below its own J.

extension ProjectionLoader {
    func readSnapshots(
        _ log: any EventLog, _ partitions: Int32, _ projection: inout Projection
    ) async throws {
        var found = Found()
        for partition in 0..<partitions where onlyPartition.map({ $0 == partition }) ?? true {
            try await read(TopicPartition(.snapshots, partition), log, into: &found)
        }
        projection.checkpoints = found.checkpoints.values
        var byPartition = SortedMap<Int32, [Snapshot]>()
        for snapshot in found.snapshots.values {
            guard let home = projection.reader.partition(of: snapshot.state.id),
                try await isOfThisJournal(snapshot, home, log)
            else { continue }
            byPartition.update(home, default: []) { $0.append(snapshot) }
        }
        for (partition, snapshots) in byPartition {
            use(snapshots, found.checkpoints[partition], partition, &projection)
        }
    }

    /// What lies in the snapshots topic, the newest of each key; damaged ones and those of another
    /// fold are left out.
    struct Found {
        var snapshots = SortedMap<ClusterID, Snapshot>()
        var checkpoints = SortedMap<Int32, Checkpoint>()
    }

    private func read(
        _ partition: TopicPartition, _ log: any EventLog, into found: inout Found
    ) async throws {
        let range = try await log.range(of: partition)
        if range.isEmpty { return }
        let reader = try await log.makeReader()
        reader.assign(partition, from: range.lowerBound)
        let json = JSONReader()
        var position = range.lowerBound
        while position < range.upperBound {
            let batches = try await reader.next(max: 1024, waitingUpTo: .seconds(1))
            if batches.isEmpty { break }
            for batch in batches {
                withExtendedLifetime(batch) {
                    for index in batch.indices { Self.take(batch[index], json, &found) }
                }
                position = batch.next
            }
        }
        await reader.close()
    }

    private static func take(_ view: RecordView, _ json: JSONReader, _ found: inout Found) {
        guard let key = view.key, let value = view.value else { return }
        if key.starts(with: "p/".utf8) {
            // A checkpoint that cannot be read costs time, never truth: an older one serves.
            guard let checkpoint = try? Checkpoint(value, reader: json),
                checkpoint.foldVersion == Projection.foldVersion
            else { return }
            found.checkpoints[checkpoint.partition] = checkpoint
        } else {
            // The same holds for a snapshot: its cluster is folded from the journal.
            guard let snapshot = try? Snapshot(value, reader: json),
                snapshot.foldVersion == Projection.foldVersion,
                snapshot.state.checkInvariants().isEmpty
            else { return }
            let id = snapshot.state.id
            let old = found.snapshots[id]
            if old.map({ $0.journalOffset <= snapshot.journalOffset }) ?? true {
                found.snapshots[id] = snapshot
            }
        }
    }

    /// Whether the record at the head's offset is the one that the snapshot was made from.
    private func isOfThisJournal(
        _ snapshot: Snapshot, _ partition: Int32, _ log: any EventLog
    ) async throws -> Bool {
        guard let offset = snapshot.headOffset else { return false }
        let position = Position(TopicPartition(.journal, partition), offset)
        guard let value = try await log.readOne(position)?.value else { return false }
        return SHA256.hash(of: value) == snapshot.state.head.hash
    }

    private func use(
        _ snapshots: [Snapshot], _ checkpoint: Checkpoint?, _ partition: Int32,
        _ projection: inout Projection
    ) {
        guard let checkpoint else { return }
        let names = snapshots.map(\.state.id)
        let isComplete = checkpoint.clusters.allSatisfy { names.contains($0) }
        guard isComplete, let lowest = snapshots.map(\.journalOffset).min() else { return }
        for snapshot in snapshots {
            guard let head = snapshot.headOffset else { continue }
            projection.reader.take(
                snapshot.state, headOffset: head, from: snapshot.journalOffset)
            projection.snapshotCount += 1
        }
        projection.reader.skip(to: min(lowest, checkpoint.journalFloor), of: partition)
    }
}
