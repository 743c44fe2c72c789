import MusterAgent
import MusterCore

/// The parts in which machines are lost or removed.
extension EtcdStory {
    func returnInTime() async throws -> End {
        let node = try followers()[0]
        servers.lose(node.text)
        try await wait("the removal of \(node) is scheduled") { $0.nodes[node]?.removal != nil }
        let due = state?.nodes[node]?.removal?.due ?? .zero
        try await Task.sleep(for: Self.removalDelay / 4)
        say("the machine of \(node) returns")
        try servers.startServer(node.text)
        try servers.startAgent(node.text)
        try await wait("the removal of \(node) is cancelled") { state in
            state.nodes[node]?.liveness == .up && state.nodes[node]?.removal == nil
        }
        // The deadline of before passes, and nothing happens.
        try await Task.sleep(for: due + .seconds(2) - Self.now)
        guard voters.contains(node) else { throw Failure(description: "\(node) is gone") }
        try expectCommands([])
        return End(sentence: "\(node) is back, and its deadline passed without effect", look: node)
    }

    func lose() async throws -> End {
        let node = try followers()[0]
        servers.lose(node.text)
        try await untilRemoved([node])
        try expectCommands(["removeMember \(node.text)"])
        return End(
            sentence: "\(node) was down for \(try delay(of: node)) before it was removed",
            look: node)
    }

    func loseTwo() async throws -> End {
        let nodes = [try leader(), try followers()[0]]
        for node in nodes { servers.lose(node.text) }
        try await untilRemoved(nodes)
        guard Set(commands) == Set(nodes.map { "removeMember \($0.text)" }) else {
            throw Failure(description: "commanded were \(commands.joined(separator: ", "))")
        }
        let delays = try nodes.map { "\($0) was down for \(try delay(of: $0))" }
        return End(
            sentence: "both are removed, and \(voters.count) voters are left ("
                + delays.joined(separator: ", ") + " before)", look: nodes[0])
    }

    func removeLeader() async throws -> End {
        let node = try leader()
        try await ask(.remove(node: node))
        try await untilRemoved([node])
        try expectCommands(
            ["transferLeadership", "removeMember", "stopMember"].map { "\($0) \(node.text)" })
        try await until("the server of \(node) has stopped") {
            servers.server(node.text).id == nil
        }
        return End(sentence: "\(try leader()) leads, and \(node) is out and stopped", look: node)
    }

    func replace() async throws -> End {
        let node = try followers()[0]
        let before = state?.nodes[node]?.identity.store
        servers.lose(node.text)
        // A disk that is changed within a lease of the old one's last word would be a conflict.
        try await wait("\(node) is down") { $0.nodes[node]?.liveness == .down }
        try servers.takeDisk(node.text)
        try servers.begin(node.text)
        try await wait("\(node) votes on its new disk") { state in
            state.nodes[node]?.identity.store != before && state.sagas[node] == nil
                && state.membership(of: node) == .member
                && state.groups[Self.group]?.voters.contains(node) == true
        }
        try expectCommands(
            ["removeMember", "addMember", "startMember", "promoteMember"].map {
                "\($0) \(node.text)"
            })
        return End(sentence: "\(node) votes again, as a new member of etcd", look: node)
    }

    // MARK: What they share

    private func untilRemoved(_ nodes: [NodeID]) async throws {
        for node in nodes {
            try await wait("\(node) is removed", within: .seconds(120)) {
                $0.membership(of: node) == .removed
            }
            servers.giveUp(node.text)
        }
    }

    /// How long a node was down before its removal was commanded.
    ///
    /// - Throws: `Failure`, when that was less than the delay.
    private func delay(of node: NodeID) throws -> String {
        let down = events.first { moment in
            if case .nodeDown(node, _) = moment.event { true } else { false }
        }
        let out = events.first { moment in
            guard case .commandIssued(let command, _) = moment.event else { return false }
            return command.action == .removeMember && command.node == node
        }
        guard let down, let out, out.at - down.at >= Self.removalDelay else {
            throw Failure(description: "\(node) was removed before its deadline")
        }
        let tenths = (out.at - down.at).milliseconds / 100
        return "\(tenths / 10).\(tenths % 10) s"
    }
}
