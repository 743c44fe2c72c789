import MusterClient
import Testing

/// What becomes of what is asked for, from being accepted to its end.
@Suite(.timeLimit(.minutes(2)))
struct AskingTests {
    private static let learner = GroupReport("g1", .learner, term: 7, leader: "n1", applied: 12)

    /// Asks until it is taken: a manager that has just begun refuses what it has not seen enough
    /// of.
    private func ask(_ wish: Wish, of orders: Cluster) async throws -> (Request, Answer) {
        while true {
            let request = Request(wish, because: "test", as: "ann")
            var answer: Answer
            repeat {
                answer = try await orders.ask(request, waitingUpTo: .milliseconds(200))
            } while answer.outcome == .unanswered
            guard case .rejected = answer.outcome else { return (request, answer) }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    @Test func `what is under way is accepted, and completed when it is done`() async throws {
        let leader = LeadingNode()
        try await ClientWorld.with { world in
            try await world.configure()
            let orders = try await world.cluster()
            try await leader.whileItRuns(in: world) {
                try await orders.withLease(of: world.node("n2"), groups: [Self.learner]) { _ in
                    let (request, answer) = try await ask(.remove("n2"), of: orders)
                    #expect(answer.outcome == .accepted && !answer.isFinal)
                    #expect(leader.names == ["n1", "n2"])
                    leader.letItEnd()
                    let end = try await orders.ask(request)
                    #expect(end.outcome == .completed && end.isFinal)
                    #expect(leader.names == ["n1"])
                    #expect(try await orders.membership().group("g1")?.learners == [])
                    // Asked once, whatever was repeated.
                    let count = try await world.requests()
                    let again = try await orders.ask(request)
                    #expect(again.outcome == .completed)
                    #expect(try await world.requests() == count)
                }
            }
            await orders.close()
        }
    }

    @Test func `what was accepted and cannot be carried out has failed, with the reason`()
        async throws
    {
        let leader = LeadingNode(refuses: true)
        try await ClientWorld.with { world in
            try await world.configure()
            let orders = try await world.cluster()
            try await leader.whileItRuns(in: world) {
                try await orders.withLease(of: world.node("n2"), groups: [Self.learner]) { _ in
                    let (request, _) = try await ask(.remove("n2"), of: orders)
                    let end = try await orders.ask(request)
                    guard case .failed(let refusal) = end.outcome else {
                        Issue.record("not failed: \(end)")
                        return
                    }
                    #expect(refusal.code == "commandRejected" && end.isFinal)
                    #expect(refusal.sentence.contains("removeMember"))
                    #expect(leader.names == ["n1", "n2"])
                }
            }
            await orders.close()
        }
    }

    @Test func `a service that holds its lease itself says that it carries no commands out`()
        async throws
    {
        try await ClientWorld.with { world in
            try await world.configure()
            let orders = try await world.cluster()
            let leads = GroupReport(
                "g1", .leader, term: 7, leader: "n1", applied: 12,
                view: .init(
                    isConfirmed: true, isChangePermitted: true, configurationIndex: 3,
                    configurationTerm: 7, committed: 12,
                    members: [
                        .init("n1", match: 12, contactAge: .zero),
                        .init("n2", isVoter: false, match: 12, contactAge: .zero),
                    ]))
            try await orders.withLease(of: world.node("n1"), groups: [leads]) { _ in
                try await orders.withLease(of: world.node("n2"), groups: [Self.learner]) { _ in
                    let (request, _) = try await ask(.remove("n2"), of: orders)
                    let end = try await orders.ask(request)
                    guard case .failed(let refusal) = end.outcome else {
                        Issue.record("not failed: \(end)")
                        return
                    }
                    #expect(refusal.code == "commandRejected")
                    let said = try await world.values(of: "muster.commandFailed.v1")
                    #expect(said.contains { $0.contains(#""code":"unsupported""#) })
                    #expect(said.allSatisfy { $0.contains("carries no commands out") })
                }
            }
            await orders.close()
        }
    }

    @Test func `a node that leaves at the end of its lease is waited for until it is out`()
        async throws
    {
        let leader = LeadingNode()
        leader.letItEnd()
        try await ClientWorld.with { world in
            try await world.configure()
            let orders = try await world.cluster()
            try await leader.whileItRuns(in: world) {
                var node = world.node("n2")
                node.leavesAtEnd = true
                try await orders.withLease(of: node, groups: [Self.learner]) { _ in
                    _ = try await orders.membership {
                        $0.group("g1")?.learners == ["n2"] && $0.node("n2")?.status == .up
                    }
                }
                #expect(leader.names == ["n1"])
                #expect(try await orders.membership().group("g1")?.learners == [])
                #expect(try await world.events().contains("muster.nodeLeaving.v1"))
            }
            await orders.close()
        }
    }
}
