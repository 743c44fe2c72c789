internal import MusterCore
internal import MusterLog
internal import MusterWire

// Publishing follows reading: the owner of a journal partition publishes commands and views for
// every accepted record, its own or another's, at least once. Ids are a pure function of the
// record.

extension ManagerLoop {
    /// What is being published. What fails is tried again; a view then as it is by that time, so
    /// that an older one does not replace a newer one.
    enum Publication: Sendable {
        case record(NewRecord)
        case view(worker: Int, NodeID, correlation: String)
        /// The end of a node's views.
        case forgotten(worker: Int, NodeID)
        /// No checkpoint passes the input before its record is in the log.
        case quarantine(Position, NewRecord)
        /// Not tried again: a later checkpoint writes a newer one.
        case snapshot(worker: Int, Worker.SnapshotMark, NewRecord)
    }

    func newRecord(_ record: OutgoingRecord, _ partition: Int32) -> NewRecord {
        NewRecord(
            TopicPartition(record.topic, partition), key: record.key, headers: record.headers,
            value: record.value)
    }

    mutating func publish(_ publication: Publication) {
        let record: NewRecord
        switch publication {
        case .record(let new), .quarantine(_, let new), .snapshot(_, _, let new):
            record = new
        case .view(let index, let node, let correlation):
            let cluster = reader.clusters[index]
            guard let view = MemberRecord(cluster.state, node) else { return }
            record = newRecord(view.outgoing(correlation: correlation), cluster.partition)
        case .forgotten(let index, let node):
            let cluster = reader.clusters[index]
            // One that has come again has a view again.
            if cluster.state.nodes[node] != nil { return }
            record = newRecord(
                MemberRecord.outgoing(forgotten: node, of: cluster.state.id), cluster.partition)
        }
        let token = token()
        publications[token] = publication
        counts.published += 1
        effects.append(.publish(token: token, record))
    }

    /// Publishes what follows from an accepted decision.
    mutating func publish(_ accepted: JournalReader.Accepted, _ partition: Int32) {
        guard shares[partition]?.publishes ?? false else { return }
        let state = reader.clusters[accepted.index].state
        let correlation = accepted.decision.correlation
        for (id, command) in accepted.decision.commands(
            at: accepted.sequence, hash: accepted.hash)
        {
            let record = CommandRecord(
                cluster: state.id, id: id, command: command, correlation: correlation)
            publish(.record(newRecord(record.outgoing(), partition)))
        }
        var nodes: [NodeID] = []
        for event in accepted.decision.events {
            if case .nodeForgotten(let node) = event {
                publish(.forgotten(worker: accepted.index, node))
                continue
            }
            let (node, group) = event.subject
            if let node, !nodes.contains(node) { nodes.append(node) }
            guard let group, node == nil else { continue }
            let members = state.groups[group]?.configuration?.members.map(\.node) ?? []
            for member in members where !nodes.contains(member) { nodes.append(member) }
            if case .driftDetected(_, _, let vanished, _) = event { nodes += vanished }
        }
        for node in nodes {
            publish(.view(worker: accepted.index, node, correlation: correlation))
        }
    }

    /// At a start as owner, once the journal was read to the end known then: whatever the folded
    /// state calls outstanding, every view, and the end of those of forgotten nodes.
    mutating func startPublishing(_ partition: Int32) {
        guard let share = shares[partition], !share.publishes, let end = share.journalEnd,
            (reader.positions[partition] ?? .zero) >= end
        else { return }
        shares.update(partition) { $0.publishes = true }
        addWorkers()
        for index in workers.indices where reader.clusters[index].partition == partition {
            let state = reader.clusters[index].state
            for (id, command) in state.outstandingCommands {
                let record = CommandRecord(
                    cluster: state.id, id: id, command: command,
                    correlation: state.sagas[command.node]?.correlation ?? "")
                publish(.record(newRecord(record.outgoing(), partition)))
            }
            for node in state.nodes.keys {
                publish(.view(worker: index, node, correlation: ""))
            }
            for node in state.forgotten { publish(.forgotten(worker: index, node)) }
        }
        lookAroundIfLive(partition)
    }

    // MARK: What became of it

    mutating func acknowledgePublished(_ token: UInt64) {
        guard let publication = publications.removeValue(forKey: token) else { return }
        publishFailures = 0
        guard case .snapshot(let worker, var mark, _) = publication else { return }
        mark.isInLog = true
        workers[worker].snapshot = mark
    }

    mutating func failPublishing(_ token: UInt64, _ error: LogError) {
        guard let publication = publications.removeValue(forKey: token) else { return }
        if case .snapshot(let worker, _, _) = publication {
            if workers[worker].snapshot.map({ !$0.isInLog }) ?? false {
                workers[worker].snapshot = nil
            }
            say(.warning, "a snapshot was not written: \(error)")
            return
        }
        // Whatever else it is, it may pass: a topic comes back, a right is given.
        if case .tooLarge = error {
            say(.error, "a record could not be published and was left out: \(error)")
            return
        }
        if unpublished.isEmpty {
            publishAgain = now + Self.delay(afterFailures: publishFailures)
            say(.warning, "publishing failed and will be tried again: \(error)")
        }
        publishFailures += 1
        unpublished.append(publication)
    }

    mutating func publishAgainIfDue() {
        guard !unpublished.isEmpty, now >= publishAgain else { return }
        let again = unpublished
        unpublished = []
        for publication in again {
            // Whoever has the partition now publishes its views.
            if case .view(let worker, _, _) = publication,
                shares[reader.clusters[worker].partition] == nil
            {
                continue
            }
            if case .forgotten(let worker, _) = publication,
                shares[reader.clusters[worker].partition] == nil
            {
                continue
            }
            publish(publication)
        }
    }

    /// The inputs in quarantine whose record is not in the log.
    var quarantining: [Position] {
        var positions: [Position] = []
        for publication in publications.values {
            if case .quarantine(let position, _) = publication { positions.append(position) }
        }
        for publication in unpublished {
            if case .quarantine(let position, _) = publication { positions.append(position) }
        }
        return positions
    }
}
