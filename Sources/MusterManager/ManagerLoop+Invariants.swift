package import MusterCore
package import MusterLog

// What must hold in a manager after every input. Tests and the simulator ask; nothing else does.

extension ManagerLoop {
    /// What is wrong with the manager's own books, as sentences; empty when nothing is.
    package var violations: [String] {
        var found: [String] = []
        for index in workers.indices {
            let name = reader.clusters[index].state.id.text
            for text in wrong(in: workers[index], reader.clusters[index]) {
                found.append("\(name): \(text)")
            }
        }
        let queued = workers.reduce(0) { $0 + $1.queue.count }
        if queued != counts.queued {
            found.append("\(queued) are queued, counted \(counts.queued)")
        }
        let flying = workers.reduce(0) { $0 + $1.inFlight.count }
        if flying != appends.count { found.append("\(flying) fly, \(appends.count) are known") }
        return found
    }

    private func wrong(in worker: Worker, _ cluster: JournalReader.Cluster) -> [String] {
        var found: [String] = []
        let head = (worker.ahead ?? cluster.state).head
        let sequence = cluster.state.head.sequence.value + UInt64(worker.inFlight.count)
        if head.sequence.value != sequence {
            found.append("ahead is at \(head.sequence), with what flies it would be \(sequence)")
        }
        if let last = worker.inFlight.last, last.hash != head.hash {
            found.append("ahead does not end with what was appended last")
        }
        if let front = worker.inFlight.first, front.previous != cluster.state.head.hash {
            found.append("what is in flight does not extend what was read back")
        }
        for (partition, offset) in worker.considered {
            let waits = worker.waiting.last { $0.position.partition == partition }
            let known = max(
                worker.settled[partition] ?? .zero, cluster.state.next[partition] ?? .zero,
                waits?.position.offset.next ?? .zero)
            if offset > known { found.append("\(offset) is called considered, and is not kept") }
        }
        if worker.isResetting && !worker.inFlight.isEmpty { found.append("appends in a reset") }
        if worker.isResetting && !worker.waiting.isEmpty { found.append("waits in a reset") }
        for entry in worker.waiting {
            let position = entry.position
            if position.offset < cluster.state.next[position.partition] ?? .zero {
                found.append("waits for \(position.offset), which is covered")
            }
            if position.offset >= worker.considered[position.partition] ?? .zero {
                found.append("waits for \(position.offset), which it did not consider")
            }
        }
        for (partition, offset) in worker.settled
        where offset > worker.considered[partition] ?? .zero {
            found.append("\(offset) is settled and was not considered")
        }
        return found + disorder(in: worker.waiting + worker.queue)
    }

    /// Inputs of one partition are considered in their order.
    private func disorder(in entries: [Worker.Waiting]) -> [String] {
        var last: [TopicPartition: Offset] = [:]
        var found: [String] = []
        for entry in entries {
            let position = entry.position
            if let before = last[position.partition], before >= position.offset {
                found.append("\(position.offset) waits behind \(before)")
            }
            last[position.partition] = position.offset
        }
        return found
    }

    /// The clusters with something in flight, queued or taken back, as sentences.
    package var flying: [String] {
        var found: [String] = []
        for index in workers.indices {
            let worker = workers[index]
            if worker.inFlight.isEmpty && worker.queue.isEmpty && !worker.isResetting { continue }
            let offsets = worker.inFlight.map { $0.offset.map { "\($0)" } ?? "?" }
            found.append(
                "\(reader.clusters[index].state.id): flying to \(offsets), \(worker.queue.count) "
                    + "queued, reset \(worker.reset), yielding \(worker.isYielding), not before "
                    + "\(worker.notBefore)")
        }
        return found
    }

    /// What the loop still has to do, as sentences; empty when it has nothing in flight, nothing to
    /// consider and nothing to publish.
    package var unrest: [String] {
        var found = flying
        if unlooked > 0 { found.append("\(unlooked) clusters were not looked at") }
        if !publications.isEmpty { found.append("publishing \(publications.count)") }
        if !unpublished.isEmpty { found.append("\(unpublished.count) to be published") }
        if let checkpointing {
            found.append("a checkpoint to \(checkpointing.ends), missing \(checkpointing.missing)")
        }
        if !found.isEmpty { found.append("it is \(now), the journal is at \(reader.positions)") }
        return found
    }

    /// The decisions of a cluster that were appended and not read back, oldest first.
    package func flyingHashes(of cluster: ClusterID) -> [Hash] {
        reader.index(of: cluster).map { workers[$0].inFlight.map(\.hash) } ?? []
    }

    /// Whether it publishes what is accepted in a journal partition.
    package func publishes(_ partition: Int32) -> Bool { shares[partition]?.publishes ?? false }

    /// The records of which it does not know yet that the log has them, views and snapshots left
    /// out.
    package var publishing: [NewRecord] {
        (publications.values + unpublished).compactMap { publication in
            if case .record(let record) = publication { record } else { nil }
        }
    }

    /// The state that decisions are made on; nil when nothing of the cluster was read.
    package func stateAhead(of cluster: ClusterID) -> ClusterState? {
        reader.index(of: cluster).map { ahead($0) }
    }
}
