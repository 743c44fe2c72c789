internal import MusterCore
internal import MusterWire

// What an agent says of its node: who it is, that it lives, and what it sees of its groups.

extension Fleet {
    mutating func announce(_ node: NodeID) {
        guard let known = nodes[node] else { return }
        let capabilities = groups.values.first?.capabilities ?? Capabilities()
        let list = groups.keys.map { group in
            NodeGroup(
                group: group, capabilities: groups[group]?.capabilities ?? capabilities,
                applied: known.servers[group]?.log.map { LogIndex($0) },
                last: known.servers[group]?.log.map { LogIndex($0) })
        }
        say(
            .fact(
                .nodeUp(
                    NodeUp(
                        identity: known.identity, boot: known.boot, role: known.role,
                        blank: known.isBlank, engine: nil, address: "\(node).example:4000",
                        zone: "", groupsVersion: known.groupsVersion, groups: list))))
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
        var entries: [GroupReport] = []
        for (group, server) in known.servers {
            guard let model = groups[group] else { continue }
            let entry = model.report(of: known.id, server, running(group), at: now)
            entries.append(entry)
            let told = SimulatedNode.Told(
                leader: entry.leader, term: model.term,
                members: entry.view?.members.map(\.member) ?? [], isRunning: server.isRunning)
            if known.told[group] != told {
                isNews = true
                nodes.update(node) { $0.told[group] = told }
            }
        }
        if entries.isEmpty { return }
        let report = GroupsReport(observer: known.identity, groups: entries)
        say(isNews ? .fact(.groupObserved(report)) : .report(report))
    }
}
