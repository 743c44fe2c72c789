import Glibc
import MusterAgent
import MusterCore

/// The parts in which Muster leaves things as they are.
extension EtcdStory {
    func restart() async throws -> End {
        let nodes = voters
        for node in nodes {
            let before = state?.nodes[node]?.identity.start
            let (agent, server) = (servers.agent(node.text), servers.server(node.text))
            agent.signal(SIGTERM)
            try await until("the agent of \(node) has stopped") { agent.id == nil }
            server.signal(SIGTERM)
            try await until("the server of \(node) has stopped") { server.id == nil }
            try servers.startServer(node.text)
            try await untilItServes(node.text)
            try servers.startAgent(node.text)
            try await wait("\(node) is back") { state in
                state.nodes[node]?.liveness == .up && state.nodes[node]?.identity.start != before
            }
        }
        try await Task.sleep(for: Self.removalDelay)
        guard voters == nodes else { throw Failure(description: "the voters changed") }
        try expectCommands([])
        return End(
            sentence: "\(nodes.count) have restarted, and nothing was commanded", look: nodes[0])
    }

    func drift() async throws -> End {
        let victim = try followers()[0]
        let left = voters.filter { $0 != victim }
        let member = try await member { $0.name == victim.text }
        say("somebody runs: etcdctl member remove \(member ?? "")")
        try await control(["member", "remove", member ?? ""]) {
            try await self.member { $0.name == victim.text } == nil
        }
        try await wait("\(victim) is no member") { $0.membership(of: victim) == .removed }
        let stranger = servers.peer(try servers.next())
        say("somebody runs: etcdctl member add stranger --peer-urls=\(stranger)")
        try await control(["member", "add", "stranger", "--peer-urls=\(stranger)"]) {
            try await self.member { $0.peers == [stranger] } != nil
        }
        try await wait("the stranger counts") {
            $0.groups[Self.group]?.voters.count == left.count + 1
        }
        // Long enough for a removal, and for a repair, if either were wanted.
        try await Task.sleep(for: Self.removalDelay + .seconds(2))
        // Who was taken out must not go on serving: that is all that is asked.
        try expectCommands(["stopMember \(victim.text)"])
        servers.giveUp(victim.text)
        let told = events.filter { moment in
            if case .driftDetected = moment.event { true } else { false }
        }
        guard told.count == 2 else {
            throw Failure(description: "\(told.count) of two changes by others were told")
        }
        say("somebody takes the stranger out again")
        let id = try await self.member { $0.peers == [stranger] }
        try await control(["member", "remove", id ?? ""]) {
            try await self.member { $0.peers == [stranger] } == nil
        }
        try await wait("only the others are left") { $0.groups[Self.group]?.voters == left }
        return End(
            sentence: "each change was told and adopted, \(victim) was stopped, nobody added again",
            look: victim)
    }

    func silence() async throws -> End {
        let nodes = voters
        // An embedded log is a file: whoever is stopped can neither write nor read it. Agents of
        // nodes that were removed are heard too.
        let stopped = [servers.manager] + EtcdServers.names.map(servers.agent)
        for process in stopped { process.signal(SIGSTOP) }
        say("for \(Self.ages.components.seconds) s nobody can reach the log")
        try await Task.sleep(for: Self.ages)
        for process in stopped { process.signal(SIGCONT) }
        say("the log is back")
        // A manager decides again.
        try await ask(.configure(Self.policy))
        try await Task.sleep(for: Self.removalDelay + .seconds(2))
        guard voters == nodes else { throw Failure(description: "the voters changed") }
        try expectCommands([])
        return End(sentence: "nobody was removed, and nothing was commanded", look: nodes[0])
    }

    // MARK: Somebody else

    /// The id of a member in etcd's own list, as its tools write it; nil: there is none.
    private func member(_ isIt: @Sendable (EtcdMember) -> Bool) async throws -> String? {
        let leader = servers.client(try leader().text)
        return try await client.memberList(leader).first(where: isIt)?.hex
    }

    /// Runs etcdctl until it was done: etcd refuses changes for some seconds after a leader is new
    /// or a voter was away.
    private func control(
        _ words: [String], isDone: @Sendable () async throws -> Bool
    ) async throws {
        try await until("etcdctl \(words.joined(separator: " "))") {
            let process = try servers.control(words)
            try await until("etcdctl has ended") { process.id == nil }
            if try await isDone() { return true }
            try await Task.sleep(for: .seconds(1))
            return false
        }
    }
}
