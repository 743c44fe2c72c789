internal import MusterCore
internal import MusterLog
internal import MusterWire

// Publishing follows reading: the owner of a journal partition publishes commands and views for every accepted
// record, its own or another's, at least once. Ids are a pure function of the record.

extension ManagerLoop {
    mutating func publish(_ record: OutgoingRecord, partition: Int32, token: UInt64?) {
        counts.published += 1
        effects.append(
            .publish(
                NewRecord(
                    TopicPartition(record.topic, partition), key: record.key,
                    headers: record.headers, value: record.value), token: token))
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
            publish(record.outgoing(), partition: partition, token: nil)
        }
        var nodes: [NodeID] = []
        for event in accepted.decision.events {
            let (node, group) = event.subject
            if let node, !nodes.contains(node) { nodes.append(node) }
            guard let group, node == nil else { continue }
            let members = state.groups[group]?.configuration?.members.map(\.node) ?? []
            for member in members where !nodes.contains(member) { nodes.append(member) }
            if case .driftDetected(_, _, let vanished, _) = event { nodes += vanished }
        }
        for node in nodes { publishView(of: node, state, correlation, partition) }
    }

    private mutating func publishView(
        of node: NodeID, _ state: ClusterState, _ correlation: String, _ partition: Int32
    ) {
        guard let record = MemberRecord(state, node) else { return }
        publish(record.outgoing(correlation: correlation), partition: partition, token: nil)
    }

    /// At a start as owner, once the journal was read to the end known then: whatever the folded state
    /// calls outstanding, and every view.
    mutating func startPublishing(_ partition: Int32) {
        guard let share = shares[partition], !share.publishes, let end = share.journalEnd,
            (reader.positions[partition] ?? .zero) >= end
        else { return }
        shares.update(partition) { $0.publishes = true }
        for cluster in reader.clusters where cluster.partition == partition {
            for (id, command) in cluster.state.outstandingCommands {
                let saga = cluster.state.sagas[command.node]
                let record = CommandRecord(
                    cluster: cluster.state.id, id: id, command: command,
                    correlation: saga?.correlation ?? "")
                publish(record.outgoing(), partition: partition, token: nil)
            }
            for node in cluster.state.nodes.keys {
                publishView(of: node, cluster.state, "", partition)
            }
        }
        lookAroundWhenLive(partition)
    }
}
