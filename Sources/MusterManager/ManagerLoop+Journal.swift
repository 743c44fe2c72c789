internal import MusterCore
internal import MusterLog
internal import MusterWire

// Reading the journal back: what was accepted has happened, and nothing else has.

extension ManagerLoop {
    mutating func readJournal(_ batch: RecordBatch) {
        let partition = batch.partition.partition
        for index in batch.indices {
            let view = batch[index]
            if let position = reader.positions[partition], view.offset < position { continue }
            let isLive = shares[partition]?.journalEnd.map { view.offset >= $0 } ?? false
            clock.note(view.appended, isLive: isLive, now: now)
            do {
                try readJournal(view, partition)
            } catch {
                effects.append(.halt(reason: "\(error)"))
                hasEnded = true
                return
            }
        }
        reader.skip(to: batch.next, of: partition)
        notePassed(partition)
        finishCheckpointIfRead()
        startPublishing(partition)
    }

    private mutating func readJournal(
        _ view: RecordView, _ partition: Int32
    ) throws(JournalReader.Failure) {
        switch try reader.read(view.value, at: view.offset, of: partition) {
        case .header, .void:
            break
        case .stopped(let cluster, let error):
            stop(cluster, error)
        case .accepted(let accepted):
            while workers.count < reader.clusters.count { workers.append(Worker()) }
            confirm(accepted)
            publish(accepted, partition)
        }
    }

    private mutating func confirm(_ accepted: JournalReader.Accepted) {
        let index = accepted.index
        if let front = workers[index].inFlight.first, front.hash == accepted.hash {
            appends[front.token] = nil
            workers[index].inFlight.removeFirst()
            workers[index].failures = 0
            if workers[index].inFlight.isEmpty { workers[index].ahead = nil }
        } else {
            reset(index)
        }
        let next = reader.clusters[index].state.next
        workers[index].waiting.removeAll {
            $0.position.offset < next[$0.position.partition] ?? .zero
        }
        switch workers[index].look {
        case .nothing where shares[reader.clusters[index].partition] != nil:
            workers[index].look = .everything
        default: break
        }
    }

    /// A record acknowledged below what was read, and not accepted, is void: whoever waits for it waits
    /// for nothing.
    private mutating func notePassed(_ partition: Int32) {
        guard let position = reader.positions[partition] else { return }
        for index in workers.indices where reader.clusters[index].partition == partition {
            let isVoid = workers[index].inFlight.contains {
                $0.offset.map { $0 < position } ?? false
            }
            if isVoid { reset(index) }
        }
    }

    mutating func acknowledge(_ token: UInt64, _ place: Appended) {
        clock.note(place.appended, isLive: true, now: now)
        guard let index = appends[token],
            let at = workers[index].inFlight.firstIndex(where: { $0.token == token })
        else { return }
        workers[index].inFlight[at].offset = place.offset
        let partition = reader.clusters[index].partition
        if let position = reader.positions[partition], place.offset < position { reset(index) }
    }

    mutating func fail(_ token: UInt64, _ error: LogError) {
        guard let index = appends[token],
            workers[index].inFlight.contains(where: { $0.token == token })
        else { return }
        let worker = workers[index]
        let delay = Duration.milliseconds(min(5000, 50 << min(worker.failures, 7)))
        workers[index].failures += 1
        workers[index].notBefore = now + delay
        say(.warning, "a decision was not appended: \(error)", reader.clusters[index].state.id)
        reset(index)
    }

    mutating func resetAllInFlight() {
        for index in workers.indices where !workers[index].inFlight.isEmpty { reset(index) }
    }

    // MARK: Reset

    /// Drops what is ahead. Everything that waits, also what decided nothing, is considered again, in
    /// order, before anything newer, once the journal was read to the end known now.
    mutating func reset(_ index: Int) {
        counts.resets += 1
        for entry in workers[index].inFlight { appends[entry.token] = nil }
        workers[index].inFlight = []
        workers[index].ahead = nil
        workers[index].considered = SortedMap()
        let again = workers[index].waiting
        workers[index].waiting = []
        workers[index].queue.insert(contentsOf: again, at: 0)
        counts.queued += again.count
        workers[index].reset = .asking
        let ask = token()
        asks[ask] = .reset(worker: index)
        effects.append(
            .askJournalEnd(ask: ask, partition: reader.clusters[index].partition))
    }

    /// - Returns: whether the cluster may go on.
    func isRead(_ index: Int, to end: Offset) -> Bool {
        (reader.positions[reader.clusters[index].partition] ?? .zero) >= end
    }

    mutating func finishReset(_ index: Int) -> Bool {
        guard case .reading(let end) = workers[index].reset, isRead(index, to: end) else {
            return false
        }
        workers[index].reset = .none
        workers[index].look = .everything
        return true
    }

    mutating func answer(_ ask: UInt64, _ end: Offset) {
        switch asks.removeValue(forKey: ask) {
        case .reset(let index):
            guard case .asking = workers[index].reset, !hasNewerReset(than: ask, index) else {
                return
            }
            workers[index].reset = .reading(to: end)
        case .checkpoint(let partition):
            checkpointing?.ends[partition] = end
            checkpointing?.missing -= 1
            if let position = reader.positions[partition], end < position {
                effects.append(
                    .restart(
                        reason: "journal partition \(partition) ends at \(end), below "
                            + "\(position), which was read: the log lost its tail"))
                hasEnded = true
                return
            }
            finishCheckpointIfRead()
        case nil:
            break
        }
    }

    private func hasNewerReset(than ask: UInt64, _ index: Int) -> Bool {
        asks.contains { entry in
            guard case .reset(let worker) = entry.value else { return false }
            return worker == index && entry.key > ask
        }
    }

    private mutating func stop(_ cluster: ClusterID, _ error: DecisionError) {
        guard let index = reader.index(of: cluster) else { return }
        while workers.count < reader.clusters.count { workers.append(Worker()) }
        counts.queued -= workers[index].queue.count
        for entry in workers[index].inFlight { appends[entry.token] = nil }
        let snapshot = workers[index].snapshot
        workers[index] = Worker()
        workers[index].snapshot = snapshot
        workers[index].saidStopped = true
        say(.error, "the cluster stands still: its next decision \(error)", cluster)
    }
}
