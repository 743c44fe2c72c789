package import MusterAgent
package import MusterCore
internal import MusterWire

// What is seen of a node beside it, and what the fleet's own agents say of it: who it is, that it
// lives, and what it sees of its groups.

extension Fleet {
    /// What an executor sees of its node; nil when its process does not answer.
    ///
    /// - Parameter identity: by which the disk is known to its agent.
    package mutating func look(at identity: NodeIdentity) -> NodeObservation? {
        guard let known = nodes[identity.node], known.isUp else { return nil }
        if known.identity != identity { nodes.update(known.id) { $0.identity = identity } }
        return NodeObservation(blank: known.isBlank, list: list(known), groups: reports(known))
    }

    /// The complete list of a node's groups.
    private func list(_ known: SimulatedNode) -> [NodeGroup] {
        groups.map { group, model in
            NodeGroup(
                group: group, capabilities: model.capabilities,
                applied: known.servers[group]?.log.map { LogIndex($0) },
                last: known.servers[group]?.log.map { LogIndex($0) })
        }
    }

    private func reports(_ known: SimulatedNode) -> [GroupReport] {
        known.servers.compactMap { group, server in
            groups[group]?.report(of: known.id, server, running(group), at: now)
        }
    }

    mutating func announce(_ node: NodeID) {
        guard let known = nodes[node] else { return }
        say(
            .fact(
                .nodeUp(
                    NodeUp(
                        identity: known.identity, boot: known.boot, role: known.role,
                        blank: known.isBlank, engine: nil, address: "\(node).example:4000",
                        zone: "", groupsVersion: known.groupsVersion, groups: list(known)))))
    }

    mutating func beat(_ node: NodeID) {
        guard let known = nodes[node] else { return }
        let copies = known.copies.map { group, copy in
            CopyProgress(group: group, bytes: copy.bytes, bytesTotal: copy.bytesTotal)
        }
        say(.heartbeat(Heartbeat(identity: known.identity, boot: known.boot, copies: copies)))
        let due = now + settings.heartbeatInterval
        nodes.update(node) { $0.heartbeatDue = due }
    }

    /// Says what the node's servers see: as a fact where leader, term or configuration are news, as
    /// soft evidence otherwise.
    mutating func observe(_ node: NodeID) {
        guard let known = nodes[node] else { return }
        let due = now + settings.observationInterval
        nodes.update(node) { $0.observationDue = due }
        var isNews = false
        let entries = reports(known)
        for entry in entries {
            let told = SimulatedNode.Told(
                leader: entry.leader, term: entry.term.value,
                members: entry.view?.members.map(\.member) ?? [],
                isRunning: entry.state != .stopped)
            if known.told[entry.group] != told {
                isNews = true
                nodes.update(node) { $0.told[entry.group] = told }
            }
        }
        if entries.isEmpty { return }
        let report = GroupsReport(observer: known.identity, groups: entries)
        say(isNews ? .fact(.groupObserved(report)) : .report(report))
    }
}
