import Glibc
import MusterAgent
import MusterCore

/// The parts in which machines are added.
extension EtcdStory {
    func form() async throws -> End {
        let names = try (0..<3).map { _ in try servers.next() }
        try servers.found(names)
        for name in names { try await untilItServes(name) }
        for name in names { try servers.startAgent(name) }
        try await wait("three voters") { state in
            state.groups[Self.group]?.voters.count == 3
                && names.allSatisfy { state.membership(of: NodeID(unchecked: $0)) == .member }
        }
        try await ask(.configure(Self.policy))
        try expectCommands([])
        return End(sentence: "three voters, and no command", look: NodeID(unchecked: names[0]))
    }

    func join() async throws -> End {
        let nodes = try await newcomers(2)
        for node in nodes { try await ask(.add(node: node, role: .voter, groups: .all, wipe: nil)) }
        for node in nodes { try await untilItVotes(node) }
        // etcd has room for one learner at a time.
        let each = ["addMember", "startMember", "promoteMember"]
        try expectCommands(nodes.flatMap { node in each.map { "\($0) \(node.text)" } })
        return End(sentence: "both vote, one behind the other", look: nodes[1])
    }

    /// Adds machines until there are so many voters.
    func grow(to count: Int) async throws {
        while voters.count < count {
            say("one more machine is added before the next part")
            let node = try await newcomers(1)[0]
            try await ask(.add(node: node, role: .voter, groups: .all, wipe: nil))
            try await untilItVotes(node)
        }
    }

    func killManager() async throws -> End {
        let node = try await newcomers(1)[0]
        let (here, go) = (
            servers.path("muster-here", of: node.text), servers.path("muster-go", of: node.text)
        )
        try servers.meet(
            node.text, "touch '\(here)'; while [ ! -e '\(go)' ]; do sleep 0.05; done")
        try await ask(.add(node: node, role: .voter, groups: .all, wipe: nil))
        try await until("the server of \(node) is being started") { access(here, F_OK) == 0 }
        say("\(node) is starting its server: the manager is killed now, and another one starts")
        servers.manager.signal(SIGKILL)
        try await until("the manager is gone") { servers.manager.id == nil }
        try servers.startManager()
        try servers.write("", to: go)
        try await untilItVotes(node)
        try expectJoined(node)
        return End(sentence: "\(node) votes: the second manager took over", look: node)
    }

    func killAgent() async throws -> End {
        let node = try await newcomers(1)[0]
        try servers.meet(node.text, "kill -9 \"$PPID\"")
        try await ask(.add(node: node, role: .voter, groups: .all, wipe: nil))
        try await until("the agent of \(node) is killed") { servers.agent(node.text).id == nil }
        say("the agent of \(node) was killed while it started the server, and is started again")
        try servers.startAgent(node.text)
        try await untilItVotes(node)
        try expectJoined(node)
        return End(sentence: "\(node) votes, and its agent began no command twice", look: node)
    }

    // MARK: What they share

    /// Starts the agents of so many new machines, and waits until they are up.
    private func newcomers(_ count: Int) async throws -> [NodeID] {
        let nodes = try (0..<count).map { _ in NodeID(unchecked: try servers.next()) }
        for node in nodes { try servers.begin(node.text) }
        for node in nodes {
            try await wait("\(node) is up") { $0.nodes[node]?.liveness == .up }
        }
        return nodes
    }

    private func untilItVotes(_ node: NodeID) async throws {
        try await wait("\(node) votes") { state in
            state.groups[Self.group]?.voters.contains(node) == true && state.sagas[node] == nil
        }
    }

    private func expectJoined(_ node: NodeID) throws {
        try expectCommands(
            ["addMember", "startMember", "promoteMember"].map { "\($0) \(node.text)" })
    }

    /// Waits until the server takes part: it answers what only a majority can say.
    func untilItServes(_ name: String) async throws {
        try await until("\(name) serves") {
            // Who does not yet is asked again.
            (try? await client.range(servers.client(name), from: "none/", upTo: "none0")) != nil
        }
    }
}
