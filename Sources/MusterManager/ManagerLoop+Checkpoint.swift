internal import MusterCore
internal import MusterLog
internal import MusterWire

// Where to resume. A checkpoint is true for ever: every input below it is covered by an accepted
// record, or decided nothing on an accepted state that was current when it was appended or later.

extension ManagerLoop {
    mutating func checkpointIfDue() {
        guard checkpointing == nil, !shares.isEmpty, !hasEnded else { return }
        let isFinal = isStopping && isQuiet
        let isDue = now >= checkpointDue || isFinal && !hasFinalCheckpoint
        guard isDue, let header = reader.header else { return }
        checkpointDue = now + settings.checkpointInterval
        var positions = SortedMap<Int32, SortedMap<TopicPartition, Offset>>()
        for (partition, share) in shares where !share.positions.isEmpty {
            var considered = share.positions
            for topic in considered.keys where topic.topic == .heartbeats {
                considered[topic] = nil
            }
            positions[partition] = considered
        }
        if positions.isEmpty { return }
        for worker in workers { lower(&positions, to: worker.queue) }
        checkpointing = Checkpointing(
            positions: positions, missing: Int(header.partitions), isFinal: isFinal)
        for partition in 0..<Int32(header.partitions) {
            let ask = token()
            asks[ask] = .checkpoint(
                partition: partition, read: reader.positions[partition] ?? .zero)
            effects.append(.askJournalEnd(ask: ask, partition: partition))
        }
    }

    /// Once the journal is read to the ends asked for, writes the positions, lowered to the oldest
    /// input that is still open: not considered again since a reset, or decided by or on a record
    /// in flight.
    mutating func finishCheckpointIfRead() {
        guard let current = checkpointing, current.missing == 0 else { return }
        for (partition, end) in current.ends
        where (reader.positions[partition] ?? .zero) < end {
            return
        }
        var positions = current.positions
        for worker in workers {
            lower(&positions, to: worker.queue)
            for (partition, offset) in worker.held {
                lower(&positions, to: Position(partition, offset))
            }
            if worker.waiting.isEmpty { continue }
            let flying = Set(worker.inFlight.map(\.token))
            let open = worker.waiting.filter {
                $0.own.map { flying.contains($0) } ?? false
                    || $0.basis.map { flying.contains($0) } ?? false
            }
            lower(&positions, to: open)
        }
        for position in quarantining { lower(&positions, to: position) }
        checkpointing = nil
        for (partition, found) in positions {
            forget(below: found)
            write(partition, found)
        }
        if current.isFinal { hasFinalCheckpoint = true }
    }

    private func lower(
        _ positions: inout SortedMap<Int32, SortedMap<TopicPartition, Offset>>,
        to open: [Worker.Waiting]
    ) {
        for entry in open { lower(&positions, to: entry.position) }
    }

    private func lower(
        _ positions: inout SortedMap<Int32, SortedMap<TopicPartition, Offset>>,
        to open: Position
    ) {
        positions.update(share(of: open.partition)) { found in
            found.update(open.partition) { $0 = min($0, open.offset) }
        }
    }

    /// What a checkpoint has passed is not waited for, but stays considered.
    private mutating func forget(below positions: SortedMap<TopicPartition, Offset>) {
        for index in workers.indices where !workers[index].waiting.isEmpty {
            var worker = Worker()
            swap(&worker, &workers[index])
            worker.waiting.removeAll { entry in
                let offset = entry.position.offset
                guard let position = positions[entry.position.partition], offset < position else {
                    return false
                }
                worker.settled.update(entry.position.partition, default: offset.next) {
                    $0 = max($0, offset.next)
                }
                return true
            }
            swap(&worker, &workers[index])
        }
    }

    private mutating func write(
        _ partition: Int32, _ positions: SortedMap<TopicPartition, Offset>
    ) {
        writeSnapshots(partition)
        let homes = workers.indices.filter {
            reader.clusters[$0].partition == partition && reader.clusters[$0].headOffset != nil
        }
        let inLog = homes.filter { workers[$0].snapshot?.isInLog ?? false }
        let floor =
            inLog.count == homes.count
            ? inLog.compactMap { workers[$0].snapshot?.journal }.min() : nil
        let checkpoint = Checkpoint(
            partition: partition, positions: positions, journalFloor: floor ?? .zero,
            foldVersion: Projection.foldVersion,
            clusters: floor == nil ? [] : homes.map { reader.clusters[$0].state.id }.sorted())
        if checkpoints[partition] != checkpoint {
            checkpoints[partition] = checkpoint
            publish(.record(newRecord(checkpoint.outgoing(), partition)))
        }
        if let last = reader.last[partition] {
            effects.append(
                .check(Position(TopicPartition(.journal, partition), last.offset), last.hash))
        }
    }

    // MARK: Snapshots

    private mutating func writeSnapshots(_ partition: Int32) {
        guard let position = reader.positions[partition] else { return }
        for index in workers.indices where reader.clusters[index].partition == partition {
            let cluster = reader.clusters[index]
            guard cluster.stopped == nil, cluster.headOffset != nil else { continue }
            if let mark = workers[index].snapshot {
                let went = position.value - min(position.value, mark.journal.value)
                let changed = mark.sequence != cluster.state.head.sequence
                let isFar = went >= settings.snapshotEvery * (changed ? 1 : 100)
                if !isFar && !(isStopping && changed) { continue }
            }
            let snapshot = Snapshot(
                journalOffset: position, headOffset: cluster.headOffset,
                foldVersion: Projection.foldVersion, state: cluster.state)
            guard let outgoing = snapshot.outgoing() else { continue }
            let mark = Worker.SnapshotMark(
                sequence: cluster.state.head.sequence, journal: position, isInLog: false)
            if workers[index].snapshot == nil { workers[index].snapshot = mark }
            publish(.snapshot(worker: index, mark, newRecord(outgoing, partition)))
        }
    }

    /// Other managers' checkpoints: where to resume when their partitions come to this one.
    mutating func readSnapshots(_ batch: RecordBatch) {
        for index in batch.indices {
            let view = batch[index]
            guard let key = view.key, key.starts(with: "p/".utf8), let value = view.value else {
                continue
            }
            // A checkpoint that cannot be read costs time, never truth: an older one serves.
            guard let checkpoint = try? Checkpoint(value, reader: json),
                shares[checkpoint.partition] == nil
            else { continue }
            checkpoints[checkpoint.partition] = checkpoint
        }
    }
}
