internal import MusterCore
package import MusterWire

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
        for (_, snapshot) in found.snapshots.sorted(by: { $0.key < $1.key }) {
            guard let home = projection.reader.partition(of: snapshot.state.id) else { continue }
            byPartition.update(home, default: []) { $0.append(snapshot) }
        }
        for (partition, snapshots) in byPartition {
            let heads = snapshots.compactMap(\.headOffset)
            let place = TopicPartition(.journal, partition)
            let hashes = try await hashes(at: heads, of: place, log)
            // The record at the head's offset is the one that the snapshot was made from.
            let own = snapshots.filter { snapshot in
                snapshot.headOffset.map { hashes[$0] == snapshot.state.head.hash } ?? false
            }
            use(own, found.checkpoints[partition], partition, &projection)
        }
    }

    /// The newest checkpoint of each partition that has one, in order.
    package func checkpoints(of log: any EventLog) async throws -> [Checkpoint] {
        var found = Found()
        for partition in 0..<(try await log.partitionCounts()[.snapshots] ?? 0) {
            try await read(TopicPartition(.snapshots, partition), log, into: &found)
        }
        return found.checkpoints.values
    }

    /// What lies in the snapshots topic, the newest of each key; damaged ones and those of another
    /// fold are left out.
    struct Found {
        /// There may be many, in no order: sorted once they are all known.
        var snapshots: [ClusterID: Snapshot] = [:]
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

    /// How many records are read over rather than leapt over.
    private static let leapMin: UInt64 = 4096

    /// The hashes of the records at those offsets, as far as there are any: read in one pass, which
    /// leaps where they lie far apart.
    private func hashes(
        at offsets: [Offset], of place: TopicPartition, _ log: any EventLog
    ) async throws -> [Offset: Hash] {
        let range = try await log.range(of: place)
        var wanted = offsets.filter { range.contains($0) }.sorted()[...]
        var found: [Offset: Hash] = [:]
        if wanted.count == 1, let offset = wanted.first {
            let value = try await log.readOne(Position(place, offset))?.value
            return value.map { [offset: SHA256.hash(of: $0)] } ?? [:]
        }
        guard var position = wanted.first else { return [:] }
        let reader = try await log.makeReader()
        reader.assign(place, from: position)
        do {
            while let next = wanted.first {
                if next.value > position.value + Self.leapMin {
                    reader.assign(place, from: next)
                    position = next
                }
                let batches = try await reader.next(max: 4096, waitingUpTo: .seconds(5))
                // Nothing comes where there are records: what is missing is of no use.
                if batches.isEmpty { break }
                for batch in batches {
                    withExtendedLifetime(batch) {
                        for index in batch.indices where wanted.first != nil {
                            let view = batch[index]
                            wanted = wanted.drop { $0 < view.offset }
                            guard wanted.first == view.offset else { continue }
                            found[view.offset] = view.value.map { SHA256.hash(of: $0) }
                        }
                    }
                    position = max(position, batch.next)
                    wanted = wanted.drop { $0 < position }
                }
            }
        } catch {
            await reader.close()
            throw error
        }
        await reader.close()
        return found
    }

    private func use(
        _ snapshots: [Snapshot], _ checkpoint: Checkpoint?, _ partition: Int32,
        _ projection: inout Projection
    ) {
        guard let checkpoint else { return }
        let names = Set(snapshots.map(\.state.id))
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
