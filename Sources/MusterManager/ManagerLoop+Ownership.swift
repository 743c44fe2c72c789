internal import MusterCore
internal import MusterLog
internal import MusterWire

// Which partitions this manager works on. It only has to be mostly right: it saves work, it does
// not carry safety. Every manager folds all of the journal, so a takeover is "assigned, catch up,
// publish, go".

extension ManagerLoop {
    /// Whose share an input partition is: the journal partition of its number, and where there are
    /// more input partitions they are dealt out in turn.
    func share(of input: TopicPartition) -> Int32 { input.partition % shareCount }

    private var shareCount: Int32 { Int32(clamping: reader.header?.partitions ?? .max) }

    mutating func assign(_ partitions: Set<Int32>) {
        for partition in shares.keys where !partitions.contains(partition) {
            release(partition)
            say(.info, "leaves partition \(partition) to another manager")
        }
        if isStopping { return }
        for partition in partitions.sorted() where shares[partition] == nil {
            let ask = token()
            shares[partition] = Share(
                ask: ask, resume: checkpoints[partition]?.positions, passed: passed(partition))
            effects.append(
                .begin(
                    ask: ask, partition: partition, since: oldestDeadline(partition),
                    lookBack: longestLease(partition) * (Policy.downLeases + 1)))
            say(.info, "works on partition \(partition)")
        }
    }

    /// Works on the partition no more, and forgets what was heard there.
    mutating func release(_ partition: Int32) {
        for topic in shares[partition]?.positions.keys ?? [] {
            effects.append(.stopReading(topic))
        }
        shares[partition] = nil
        lost[partition] = nil
        checkpointing?.positions[partition] = nil
        let all = shareCount
        for index in workers.indices {
            let count = workers[index].queue.count
            workers[index].queue.removeAll { $0.position.partition.partition % all == partition }
            counts.queued -= count - workers[index].queue.count
            workers[index].waiting.removeAll { $0.position.partition.partition % all == partition }
            for topic in workers[index].held.keys where share(of: topic) == partition {
                workers[index].held[topic] = nil
            }
            // What is no longer waited for is called considered only where a checkpoint passed it:
            // nobody here would consider it again on a state that makes something of it.
            for topic in workers[index].considered.keys where share(of: topic) == partition {
                workers[index].considered[topic] = workers[index].settled[topic]
            }
            if reader.clusters[index].partition == partition {
                workers[index].evidence = Evidence()
                workers[index].due = nil
                workers[index].look = .nothing
            }
        }
    }

    /// From when on heartbeats matter: the beginning of the oldest running deadline.
    private func oldestDeadline(_ partition: Int32) -> Timestamp? {
        var oldest: Timestamp?
        for cluster in reader.clusters where cluster.partition == partition {
            let lease = cluster.state.policy?.lease ?? Policy().lease
            for node in cluster.state.nodes.values {
                guard let removal = node.removal else { continue }
                let since = removal.since - lease * (Policy.downLeases + 1)
                oldest = min(oldest ?? since, since)
            }
        }
        return oldest
    }

    /// Per topic of the partition how far any cluster's inputs were decided.
    private func passed(_ partition: Int32) -> SortedMap<TopicPartition, Offset> {
        var passed = SortedMap<TopicPartition, Offset>()
        for cluster in reader.clusters {
            for (place, next) in cluster.state.next where share(of: place) == partition {
                passed[place] = max(passed[place] ?? .zero, next)
            }
        }
        return passed
    }

    private func longestLease(_ partition: Int32) -> Duration {
        reader.clusters.filter { $0.partition == partition }
            .compactMap { $0.state.policy?.lease }.max() ?? Policy().lease
    }

    mutating func begin(_ beginning: Beginning) {
        let partition = beginning.partition
        guard var share = shares[partition], share.ask == beginning.ask, !isStopping else { return }
        share.journalEnd = beginning.journalEnd
        let gone = beginning.kept.compactMap { inputsGone($0.0, $0.1, share) }
        defer { haltIfLost() }
        if !gone.isEmpty {
            lost[partition] = gone
            return
        }
        for (topic, kept) in beginning.kept {
            let from = start(topic, kept, share, beginning)
            share.positions[topic] = from
            if from < kept.upperBound { share.backlog[topic] = kept.upperBound }
            if topic.topic != .heartbeats { settle(topic, below: from) }
            if !isHolding || topic.topic == .heartbeats {
                effects.append(.read(topic, from: from))
            }
        }
        shares[partition] = share
        startPublishing(partition)
    }

    /// What lies below was considered for every cluster, by whom does not matter: this manager's
    /// decisions may say so.
    private mutating func settle(_ topic: TopicPartition, below offset: Offset) {
        resumed[topic] = offset
        for index in workers.indices {
            let settled = max(workers[index].settled[topic] ?? .zero, offset)
            workers[index].settled[topic] = settled
            if workers[index].considered[topic] ?? .zero < settled {
                workers[index].considered[topic] = settled
            }
        }
    }

    private func start(
        _ topic: TopicPartition, _ kept: Range<Offset>, _ share: Share, _ beginning: Beginning
    ) -> Offset {
        if topic.topic == .heartbeats {
            return max(kept.lowerBound, beginning.heartbeats[topic] ?? .zero)
        }
        return share.resume?[topic] ?? kept.lowerBound
    }

    /// Inputs that are gone and were not considered, which only a person can answer.
    private func inputsGone(
        _ topic: TopicPartition, _ kept: Range<Offset>, _ share: Share
    ) -> LostInputs? {
        if topic.topic == .heartbeats { return nil }
        return LostInputs(
            topic, kept, passed: share.passed[topic], resume: share.resume?[topic])
    }

    /// Ends once every partition that it works on has said what it lacks: then all of it is named.
    private mutating func haltIfLost() {
        guard !lost.isEmpty,
            shares.allSatisfy({ $0.value.journalEnd != nil || lost[$0.key] != nil })
        else { return }
        let all = lost.values.flatMap { $0 }
        let sentences = all.map(\.sentence).joined(separator: "; ")
        let names = all.map(\.name).joined(separator: ",")
        effects.append(
            .halt(
                reason: sentences
                    + "; restore the topic, or give them up: muster rebase --lost \(names)"))
        hasEnded = true
    }

    /// The log no longer has what was to be read next.
    mutating func rescue(_ position: Position, _ kept: Range<Offset>) {
        let topic = position.partition
        if topic.topic == .heartbeats || topic.topic == .snapshots {
            let from = position.offset < kept.lowerBound ? kept.lowerBound : kept.upperBound
            if topic.topic == .heartbeats {
                let isRead = shares.update(share(of: topic)) { share in
                    guard share.positions[topic] == position.offset else { return false }
                    share.positions[topic] = from
                    return true
                }
                guard isRead ?? false else { return }
            }
            effects.append(.read(topic, from: from))
        } else if topic.topic == .journal {
            effects.append(
                .restart(
                    reason: "journal partition \(topic.partition) no longer has offset "
                        + "\(position.offset); it holds \(kept.lowerBound) to \(kept.upperBound)"))
            hasEnded = true
        } else if shares[share(of: topic)]?.positions[topic] == position.offset,
            let lost = LostInputs(topic, kept, passed: nil, resume: position.offset)
        {
            self.lost[share(of: topic)] = [lost]
            haltIfLost()
        }
    }

    // MARK: Reading less

    /// When too many inputs wait to be considered no more are read until half of them are.
    mutating func holdOrGoOnReading() {
        let isTooMuch = counts.queued > settings.queueMax
        if isStopping || (isHolding ? counts.queued > settings.queueMax / 2 : !isTooMuch) { return }
        isHolding.toggle()
        for (_, share) in shares {
            for (topic, position) in share.positions where topic.topic != .heartbeats {
                effects.append(isHolding ? .stopReading(topic) : .read(topic, from: position))
            }
        }
    }

    // MARK: The end

    /// No more inputs are read, and the clock decides nothing.
    mutating func stop() {
        if isStopping { return }
        isStopping = true
        for (_, share) in shares {
            for topic in share.positions.keys { effects.append(.stopReading(topic)) }
        }
    }

    /// Whether nothing is in flight and nothing waits to be considered.
    var isQuiet: Bool {
        workers.allSatisfy { $0.inFlight.isEmpty && $0.queue.isEmpty && !$0.isResetting }
    }

    /// At a stop: everything in flight is read back, and the last checkpoint is written.
    mutating func endIfDone() {
        let isWritten = shares.isEmpty || hasFinalCheckpoint || !hasPositions
        guard isQuiet, isWritten, publications.isEmpty, unpublished.isEmpty else { return }
        hasEnded = true
        effects.append(.ended)
    }

    private var hasPositions: Bool { shares.contains { !$0.value.positions.isEmpty } }
}
