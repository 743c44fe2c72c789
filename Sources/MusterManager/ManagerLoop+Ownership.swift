internal import MusterCore
internal import MusterLog
internal import MusterWire

// Which partitions this manager works on. It only has to be mostly right: it saves work, it does not carry
// safety. Every manager folds all of the journal, so a takeover is "assigned, catch up, publish, go".

extension ManagerLoop {
    private static let inputTopics: [Topic] = [.events, .requests, .heartbeats]

    mutating func assign(_ partitions: Set<Int32>) {
        for partition in shares.keys where !partitions.contains(partition) { release(partition) }
        for partition in partitions.sorted() where shares[partition] == nil {
            shares[partition] = Share()
            effects.append(
                .begin(
                    partition: partition, since: oldestDeadline(partition),
                    lookBack: longestLease(partition) * 2))
            say(.info, "works on partition \(partition)")
        }
    }

    private mutating func release(_ partition: Int32) {
        for topic in Self.inputTopics {
            effects.append(.stopReading(TopicPartition(topic, partition)))
        }
        shares[partition] = nil
        checkpointing?.positions[partition] = nil
        for index in workers.indices {
            let count = workers[index].queue.count
            workers[index].queue.removeAll { $0.position.partition.partition == partition }
            counts.queued -= count - workers[index].queue.count
            workers[index].waiting.removeAll { $0.position.partition.partition == partition }
            if reader.clusters[index].partition == partition {
                workers[index].evidence = Evidence()
                workers[index].due = nil
                workers[index].look = .nothing
            }
        }
        say(.info, "leaves partition \(partition) to another manager")
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

    private func longestLease(_ partition: Int32) -> Duration {
        reader.clusters.filter { $0.partition == partition }
            .compactMap { $0.state.policy?.lease }.max() ?? Policy().lease
    }

    mutating func begin(_ beginning: Beginning) {
        let partition = beginning.partition
        guard shares[partition] != nil else { return }
        let resume = checkpoints[partition]?.positions
        var share = Share()
        share.journalEnd = beginning.journalEnd
        for (topic, kept) in beginning.kept {
            guard let from = start(topic, kept, resume, beginning) else { return }
            share.positions[topic] = from
            if from < kept.upperBound { share.backlog[topic] = kept.upperBound }
            effects.append(.read(topic, from: from))
        }
        shares[partition] = share
        startPublishing(partition)
    }

    /// - Returns: nil when inputs were lost, which only a person can answer.
    private mutating func start(
        _ topic: TopicPartition, _ kept: Range<Offset>,
        _ resume: SortedMap<TopicPartition, Offset>?, _ beginning: Beginning
    ) -> Offset? {
        if topic.topic == .heartbeats { return max(kept.lowerBound, beginning.heartbeats) }
        guard let from = resume?[topic] else { return kept.lowerBound }
        if from < kept.lowerBound {
            return lose(
                "\(topic.topic.name) \(topic.partition): inputs \(from) to \(kept.lowerBound) were "
                    + "deleted before any manager considered them")
        }
        if from > kept.upperBound {
            return lose(
                "\(topic.topic.name) \(topic.partition) ends at \(kept.upperBound), but inputs up "
                    + "to \(from) were considered: the topic was made anew or lost records")
        }
        return from
    }

    private mutating func lose(_ text: String) -> Offset? {
        effects.append(
            .halt(
                reason: text + "; restore the topic, or begin a new log and adopt the clusters"))
        hasEnded = true
        return nil
    }

    /// The log no longer has what was to be read next.
    mutating func rescue(_ position: Position, _ kept: Range<Offset>) {
        let topic = position.partition
        if topic.topic == .heartbeats || topic.topic == .snapshots {
            let from = position.offset < kept.lowerBound ? kept.lowerBound : kept.upperBound
            shares.update(topic.partition) { $0.positions[topic] = from }
            effects.append(.read(topic, from: from))
        } else if topic.topic == .journal {
            effects.append(
                .restart(
                    reason: "journal partition \(topic.partition) no longer has offset "
                        + "\(position.offset); it holds \(kept.lowerBound) to \(kept.upperBound)"))
            hasEnded = true
        } else {
            _ = lose(
                "\(topic.topic.name) \(topic.partition) no longer has offset \(position.offset); it "
                    + "holds \(kept.lowerBound) to \(kept.upperBound)")
        }
    }

    /// At a stop: everything in flight is read back, and the last checkpoint is written.
    mutating func endIfDone() {
        let isQuiet = workers.allSatisfy { $0.inFlight.isEmpty && $0.queue.isEmpty }
        let isWritten = shares.isEmpty || hasFinalCheckpoint || !hasPositions
        guard isQuiet, isWritten, snapshotting.isEmpty, quarantining.isEmpty else { return }
        hasEnded = true
        effects.append(.ended)
    }

    private var hasPositions: Bool { shares.contains { !$0.value.positions.isEmpty } }
}
