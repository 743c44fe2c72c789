import MusterAgent
import MusterCore
import MusterWire
import Testing

/// DOMAIN §5, rule by rule.
@Suite struct AgentCommandTests {
    @Test func `a command for this start is begun durably, carried out, and its end is said`() {
        var world = AgentWorld()
        world.begin()
        let command = world.command(7)
        world.give(.command(command))
        world.settle()
        #expect(world.carried.map(\.id) == [command.id])
        #expect(
            world.disk == [
                .began(
                    command.id, executor: world.identity, action: "removeMember",
                    notAfter: command.command.notAfter),
                .ended(command.id, .succeeded(detail: "done")), .reported(command.id),
            ])
        #expect(
            world.reports(command.id) == [
                .commandSucceeded(
                    CommandReport(command: command.id, executor: world.identity, detail: "done"))
            ])
    }

    @Test func `nothing is carried out before its beginning is durable`() {
        var world = AgentWorld()
        world.begin()
        world.give(.command(world.command(7)))
        // The note is the first effect; performed and not answered, nothing may follow.
        world.performUnanswered()
        world.settle()
        #expect(world.disk.count == 1)
        #expect(world.carried.isEmpty)
    }

    @Test func `a command for another start, store, node or cluster is left alone`() {
        var world = AgentWorld()
        world.begin()
        var old = world.identity
        old.start = Start(0)
        var other = world.identity
        other.node = NodeID(unchecked: "n3")
        var disk = world.identity
        disk.store = Identifier(high: 5, low: 5)
        world.give([
            .command(world.command(1, executor: old)), .command(world.command(2, executor: other)),
            .command(world.command(3, executor: disk)),
            .command(world.command(4, cluster: ClusterID(unchecked: "else"))),
        ])
        world.settle()
        #expect(world.carried.isEmpty)
        #expect((1...4).allSatisfy { world.reports(world.command($0).id).isEmpty })
    }

    @Test(arguments: [
        Command.Action.prepareNode,
        .syncGroup(source: NodeID(unchecked: "n2"), scope: .full),
        .startMember(index: nil, minTerm: nil, votedFor: nil), .stopMember,
    ])
    func `what is done to a node's own disk or server is rejected for another node or store`(
        _ action: Command.Action
    ) {
        for isDisk in [false, true] {
            var world = AgentWorld()
            world.begin()
            var subject = world.identity
            if isDisk {
                subject.store = Identifier(high: 5, low: 5)
            } else {
                subject.node = NodeID(unchecked: "n2")
            }
            let (wrong, right) = (world.command(7, action, of: subject), world.command(8, action))
            world.give(.command(wrong), .command(right))
            world.settle()
            #expect(world.carried.map(\.id) == [right.id])
            let sentence = "this node is n1 on the store \(AgentWorld.store)"
            #expect(
                world.reports(wrong.id) == [
                    .commandFailed(
                        CommandReport(
                            command: wrong.id, executor: wrong.command.executor, detail: sentence),
                        CommandFailure(code: .rejected, retryable: false, leaderHint: nil))
                ])
        }
    }

    @Test func `a disk that is said to be cleared and is not keeps its store, and says so`() {
        var world = AgentWorld()
        world.stillHolds = "/data still holds data"
        world.begin()
        let old = world.identity
        let command = world.command(7, .prepareNode)
        world.give(.command(command))
        world.settle()
        #expect(world.identity == old)
        #expect(world.failure(command.id)?.retryable == false)
        #expect("\(world.reports(command.id))".contains("/data still holds data"))
    }

    @Test func `a command that comes again is answered once`() {
        var world = AgentWorld()
        world.begin()
        let command = world.command(7)
        for _ in 0..<3 {
            world.give(.command(command), .command(command))
            world.settle()
        }
        #expect(world.carried.count == 1)
        #expect(world.reports(command.id).count == 1)
    }

    @Test func `a command read after its last moment is expired, by the broker's time`() {
        var world = AgentWorld()
        world.begin()
        let command = world.command(7, validFor: .seconds(5))
        // No record in between: the estimate goes on by itself.
        world.logTrouble = .transient("away")
        world.wait(.seconds(6))
        world.logTrouble = nil
        world.give(.command(command))
        world.settle()
        world.wait(.seconds(10))
        #expect(world.carried.isEmpty)
        #expect(world.failure(command.id)?.code == .expired)
        #expect(world.failure(command.id)?.retryable == true)
    }

    @Test func `an append that took long does not make a late command valid`() {
        // Sent at 0, stamped at 0, acknowledged at 8 s: the broker's clock may say 8 s by then.
        var clock = BrokerClock()
        clock.note(Timestamp(milliseconds: 100_000), sent: .zero)
        #expect(clock.latest(.seconds(8)) == Timestamp(milliseconds: 108_000))
        // An acknowledgement that comes late does not turn it back.
        clock.note(Timestamp(milliseconds: 107_000), sent: .seconds(7))
        clock.note(Timestamp(milliseconds: 105_000), sent: .seconds(5))
        #expect(clock.latest(.seconds(8)) == Timestamp(milliseconds: 108_000))
    }

    @Test func `a command that expired while its beginning was written is not carried out`() {
        var world = AgentWorld()
        world.begin()
        let command = world.command(7, validFor: .seconds(5))
        world.give(.command(command))
        world.now += .seconds(6)
        world.broker = world.broker + .seconds(6)
        world.settle()
        #expect(world.carried.isEmpty)
        #expect(world.failure(command.id)?.code == .expired)
    }

    @Test func `a full disk refuses new commands with the reason, and the agent lives on`() {
        var world = AgentWorld()
        world.begin()
        world.diskTrouble = "No space left on device"
        let command = world.command(7)
        world.give(.command(command))
        world.settle()
        #expect(world.carried.isEmpty)
        #expect(world.failure(command.id)?.retryable == true)
        #expect("\(world.reports(command.id))".contains("No space left on device"))
        #expect(world.remarks.contains { $0.level == .error })
        world.diskTrouble = nil
        let next = world.command(8)
        world.give(.command(next))
        world.settle()
        #expect(world.carried.map(\.id) == [next.id])
    }

    @Test func `an end that cannot be written down is said all the same`() {
        var world = AgentWorld()
        world.begin()
        world.outcome = nil
        let command = world.command(7)
        world.give(.command(command))
        world.settle()
        world.diskTrouble = "No space left on device"
        world.give(.finished(command.id, .succeeded(detail: "")))
        world.settle()
        #expect(world.reports(command.id).count == 1)
    }

    @Test func `how a command ended is said again until the log has it`() {
        var world = AgentWorld()
        world.begin()
        world.outcome = nil
        let command = world.command(7)
        world.give(.command(command))
        world.settle()
        world.logTrouble = .transient("no broker")
        world.give(.finished(command.id, .succeeded(detail: "")))
        world.settle()
        for _ in 0..<5 { world.wait(.seconds(1)) }
        #expect(world.reports(command.id).isEmpty)
        world.logTrouble = nil
        for _ in 0..<10 { world.wait(.seconds(1)) }
        #expect(world.reports(command.id).count == 1)
    }

    @Test func `what the executor says is passed on as it is`() {
        let outcomes: [CommandOutcome] = [
            .failed(.notLeader, retryable: true, hint: NodeID(unchecked: "n2"), "n2 leads"),
            .failed(.preconditionFailed, retryable: true, "term 8, required is 7"),
            .unknown(detail: "no answer"),
        ]
        for (number, outcome) in outcomes.enumerated() {
            var world = AgentWorld()
            world.begin()
            world.outcome = outcome
            let command = world.command(UInt64(number + 1))
            world.give(.command(command))
            world.settle()
            let report = CommandReport(
                command: command.id, executor: world.identity, detail: outcome.detail)
            switch outcome {
            case .failed(let failure, _):
                #expect(world.reports(command.id) == [.commandFailed(report, failure)])
            default: #expect(world.reports(command.id) == [.commandOutcomeUnknown(report)])
            }
        }
    }

    @Test func `the newcomer's address comes from the members view, for its own store only`() throws
    {
        var world = AgentWorld()
        world.begin()
        world.give(.member(try world.member("n2", store: Identifier(high: 0, low: 2), "peer:1")))
        world.give(.command(world.command(1, .addMember(as: .learner))))
        world.settle()
        #expect(world.carried.last?.address == "peer:1")
        world.give(.member(try world.member("n2", store: Identifier(high: 0, low: 3), "peer:2")))
        world.give(.command(world.command(2, .addMember(as: .learner))))
        world.settle()
        #expect(world.carried.last?.address == nil)
    }

    @Test
    func `a prepared node is up again with the new store, after its end was said for the old`() {
        var world = AgentWorld()
        world.begin()
        let old = world.identity
        let command = world.command(7, .prepareNode)
        world.give(.command(command))
        world.settle()
        world.wait(.seconds(3))
        #expect(world.identity.store != old.store && world.identity.start == Start(1))
        guard
            case .nodeUp(let up)? = world.facts.last(where: {
                if case .nodeUp = $0 { true } else { false }
            })
        else { return #expect(Bool(false), "not announced") }
        #expect(up.identity == world.identity)
        guard case .commandSucceeded(let report)? = world.reports(command.id).first else {
            return #expect(Bool(false), "\(world.facts)")
        }
        #expect(report.executor == old)
    }
}

extension AgentWorld {
    /// A record of the members view, as a manager publishes it.
    func member(
        _ node: String, store: StoreID, start: UInt64 = 1, _ address: String = "",
        membership: String = "member", sequence: UInt64 = 5
    ) throws -> MemberRecord {
        let json =
            #"{"cluster":"orders","node":"\#(node)","seq":"\#(sequence)","at":"1000","#
            + #""store":"\#(store)","start":"\#(start)","role":"voter","membership":"\#(membership)","liveness":"up","#
            + #""livenessSince":"1000","address":"\#(address)","groups":[]}"#
        return try JSONReader().read(Array(json.utf8), .input, MemberRecord.init(reading:))
    }
}
