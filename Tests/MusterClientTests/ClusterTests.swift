import MusterClient
import Testing

@Suite struct ClusterTests {
    @Test(.timeLimit(.minutes(1)))
    func `a request is answered with its refusal, and a repeated id has no second effect`()
        async throws
    {
        try await ClientWorld.with { world in
            let orders = try await world.cluster()
            try await orders.withLease(of: world.node("n1")) { _ in
                _ = try await orders.membership { $0.node("n1") != nil }
                let request = Request(.remove("n9"), because: "test", as: "ann", id: "r1")
                let answer = try await orders.ask(request)
                guard case .rejected(let refusal) = answer.outcome else {
                    Issue.record("not refused: \(answer)")
                    return
                }
                #expect(refusal.code == "standalone")
                #expect(!refusal.sentence.isEmpty)
                #expect(answer.isFinal)
                #expect(answer.sequence != nil)
                let before = try await orders.membership().sequence
                let again = try await orders.ask(request)
                #expect(again.outcome == answer.outcome)
                #expect(try await orders.membership().sequence == before)
                #expect(try await world.requests() == 1)
            }
            await orders.close()
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `without a manager a request is unanswered, and is decided when one comes`() async throws {
        try await ClientWorld.with(manager: false) { world in
            let orders = try await world.cluster()
            let answer = try await orders.ask(
                .remove("n9"), because: "test", as: "ann", waitingUpTo: .milliseconds(300))
            #expect(answer.outcome == .unanswered)
            #expect(!answer.isFinal)
            #expect(try await orders.membership().sequence == 0)
            #expect(try await orders.membership().nodes.isEmpty)
            await orders.close()
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `an observer says of others whether they answer, and no node that beats falls by it`()
        async throws
    {
        try await ClientWorld.with { world in
            let orders = try await world.cluster()
            try await orders.withLease(of: world.node("n1")) { _ in
                _ = try await orders.membership { $0.node("n1")?.status == .up }
                try await orders.reportDown("n1", by: "watch", because: "refused")
                try await orders.reportUp("n1", by: "watch")
                // An opinion about a node that beats is evidence, and no more.
                #expect(try await orders.membership().node("n1")?.status == .up)
            }
            let said = try await world.events()
            #expect(said.contains("muster.nodeReportedDown.v1"))
            #expect(said.contains("muster.nodeReportedUp.v1"))
            await orders.close()
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `a sequence of memberships ends with its task`() async throws {
        try await ClientWorld.with { world in
            let orders = try await world.cluster()
            let reading = Task {
                var count = 0
                for try await _ in orders.memberships() {
                    count += 1
                    withUnsafeCurrentTask { $0?.cancel() }
                }
                return count
            }
            #expect(try await reading.value == 1)
            await orders.close()
            await #expect(throws: ClientError.self) { try await orders.membership() }
        }
    }

    @Test func `a log that does not exist is not made, and a bad name is refused`() async throws {
        try await ClientWorld.with(manager: false) { world in
            let absent = "sqlite:\(world.folder)/absent.db"
            for _ in 0..<2 {
                await #expect(throws: ClientError.self) { try await Cluster("orders", log: absent) }
            }
            let failure = await #expect(throws: ClientError.self) {
                try await Cluster("a/b", log: world.log)
            }
            #expect(failure?.description.contains("U+002F") == true)
        }
    }
}
