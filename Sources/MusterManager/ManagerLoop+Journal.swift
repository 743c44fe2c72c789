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
        reader.finish(batch)
        finishCheckpointIfRead()
        startPublishing(partition)
    }

    private mutating func readJournal(
        _ view: RecordView, _ partition: Int32
    ) throws(JournalReader.Failure) {
        switch try reader.read(view.value, at: view.offset, of: partition) {
        case .header, .void(nil):
            break
        case .void(let index?):
            addWorkers()
            noteVoid(index, at: view.offset)
        case .stopped(let cluster, let error):
            addWorkers()
            stop(cluster, error)
        case .accepted(let accepted):
            addWorkers()
            if case .manager(.skipped(let sequence, _, _)) = accepted.decision.cause {
                return goOn(past: sequence, accepted)
            }
            confirm(accepted)
            publish(accepted, partition)
            if case .manager(.inputsLost(let place, _, _, _)) = accepted.decision.cause {
                giveUp(place)
            }
        }
    }

    /// Somebody gave up inputs: what this manager holds of that partition counts no more.
    private mutating func giveUp(_ place: TopicPartition) {
        effects.append(
            .restart(
                reason: "inputs of \(place.topic.name) \(place.partition) were given up by request")
        )
        hasEnded = true
    }

    private mutating func confirm(_ accepted: JournalReader.Accepted) {
        let index = accepted.index
        if let front = workers[index].inFlight.first, front.hash == accepted.hash {
            appends[front.token] = nil
            workers[index].inFlight.removeFirst()
            workers[index].failures = 0
            if workers[index].inFlight.isEmpty {
                workers[index].ahead = nil
                workers[index].isYielding = false
            }
        } else if !workers[index].inFlight.isEmpty || !workers[index].waiting.isEmpty {
            reset(index)
        }
        let next = reader.clusters[index].state.next
        workers[index].waiting.removeAll {
            $0.position.offset < next[$0.position.partition] ?? .zero
        }
        if case .nothing = workers[index].look { workers[index].look = .everything }
        touch(index)
    }

    /// A record of the cluster is void where it lies. Was it this manager's, whoever waits for it
    /// waits for nothing; was it another's, that one came too late and gets its turn once what is
    /// in flight has landed.
    private mutating func noteVoid(_ index: Int, at offset: Offset) {
        if workers[index].inFlight.contains(where: { $0.offset == offset }) {
            reset(index)
        } else if !workers[index].inFlight.isEmpty {
            workers[index].isYielding = true
        }
    }

    // MARK: Appends

    mutating func acknowledge(_ token: UInt64, _ place: Appended) {
        clock.note(place.appended, isLive: true, now: now)
        guard let index = appends[token],
            let at = workers[index].inFlight.firstIndex(where: { $0.token == token })
        else { return }
        workers[index].inFlight[at].offset = place.offset
        let partition = reader.clusters[index].partition
        // Read already, and not accepted then: it is void.
        if let position = reader.positions[partition], place.offset < position { reset(index) }
    }

    mutating func fail(_ token: UInt64, _ error: LogError) {
        guard let index = appends[token] else { return }
        let delay = Self.delay(afterFailures: workers[index].failures)
        workers[index].failures += 1
        workers[index].notBefore = now + delay
        say(.warning, "a decision was not appended: \(error)", reader.clusters[index].state.id)
        reset(index)
    }

    /// How long to wait before the next attempt.
    static func delay(afterFailures count: Int) -> Duration {
        .milliseconds(min(5000, 50 << min(count, 7)))
    }

    mutating func resetAllInFlight() {
        for index in workers.indices where !workers[index].inFlight.isEmpty { reset(index) }
    }

    // MARK: Reset

    /// Nothing in flight is waited for any more.
    private mutating func forgetInFlight(_ index: Int) {
        for entry in workers[index].inFlight {
            appends[entry.token] = nil
            reader.expectNoMore(entry.hash)
        }
    }

    /// Drops what is ahead. Everything that waits, also what decided nothing, is considered again,
    /// in order, before anything newer, once the journal was read to the end known now.
    mutating func reset(_ index: Int) {
        counts.resets += 1
        forgetInFlight(index)
        workers[index].inFlight = []
        workers[index].ahead = nil
        workers[index].isYielding = false
        workers[index].considered = workers[index].settled
        let again = workers[index].waiting
        workers[index].waiting = []
        workers[index].queue.insert(contentsOf: again, at: 0)
        counts.queued += again.count
        let ask = token()
        workers[index].reset = .asking(ask)
        asks[ask] = .reset(worker: index)
        effects.append(
            .askJournalEnd(ask: ask, partition: reader.clusters[index].partition))
        touch(index)
    }

    /// - Returns: whether the cluster may go on.
    mutating func finishReset(_ index: Int) -> Bool {
        let position = reader.positions[reader.clusters[index].partition] ?? .zero
        guard case .reading(let end) = workers[index].reset, position >= end else { return false }
        workers[index].reset = .none
        workers[index].look = .everything
        return true
    }

    mutating func answer(_ ask: UInt64, _ end: Offset) {
        switch asks.removeValue(forKey: ask) {
        case .reset(let index):
            guard case .asking(ask) = workers[index].reset else { return }
            workers[index].reset = .reading(to: end)
            touch(index)
        case .checkpoint(let partition, let read):
            checkpointing?.ends[partition] = end
            checkpointing?.missing -= 1
            if end < read {
                effects.append(
                    .restart(
                        reason: "journal partition \(partition) ends at \(end), below "
                            + "\(read), which was read: the log lost its tail"))
                hasEnded = true
                return
            }
            finishCheckpointIfRead()
        case nil:
            break
        }
    }

    // MARK: A cluster that stands still

    /// A cluster that stood still goes on behind its damaged record: its inputs lie further back
    /// than this manager reads.
    private mutating func goOn(
        past sequence: MusterCore.Sequence, _ accepted: JournalReader.Accepted
    ) {
        let cluster = reader.clusters[accepted.index].state.id
        effects.append(
            .restart(
                reason: "cluster \(cluster.text) goes on past its damaged decision \(sequence)"))
        hasEnded = true
    }

    /// Its inputs are left to other managers: no checkpoint passes them.
    private mutating func stop(_ cluster: ClusterID, _ error: DecisionError) {
        guard let index = reader.index(of: cluster) else { return }
        counts.queued -= workers[index].queue.count
        forgetInFlight(index)
        let before = workers[index]
        workers[index] = Worker()
        workers[index].held = before.held
        workers[index].snapshot = before.snapshot
        workers[index].isOnAgenda = before.isOnAgenda
        for entry in before.waiting + before.queue { workers[index].hold(entry.position) }
        say(.error, "the cluster stands still: its next decision \(error)", cluster)
    }
}
