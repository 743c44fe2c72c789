import MusterAgent
import MusterCore
import MusterWire
import Testing

/// What an agent says of its node, and when.
@Suite struct AgentPublishingTests {
    private func report(_ term: UInt64, applied: UInt64 = 1) -> GroupReport {
        GroupReport(
            group: AgentWorld.group, state: .follower, term: Term(term),
            leader: NodeID(unchecked: "n2"), applied: LogIndex(applied), view: nil)
    }

    private func seen(_ report: GroupReport) -> NodeObservation {
        NodeObservation(
            blank: false,
            list: [
                NodeGroup(group: AgentWorld.group, capabilities: Capabilities(), applied: nil)
            ], groups: [report])
    }

    private func hard(_ world: AgentWorld) -> Int {
        world.facts.count { if case .groupObserved = $0 { true } else { false } }
    }

    private func soft(_ world: AgentWorld) -> Int {
        world.log.count { if case .report = $0.content { true } else { false } }
    }

    @Test func `the node is announced first, and everything else comes behind`() {
        var world = AgentWorld()
        world.observation = seen(report(3))
        world.give(.time)
        world.settle()
        guard case .nodeUp(let up)? = world.facts.first else {
            return #expect(Bool(false), "\(world.log)")
        }
        #expect(up.identity == world.identity && up.boot == world.loop.boot && !up.blank)
        #expect(up.groups.map(\.group) == [AgentWorld.group])
        guard case .fact(.nodeUp)? = world.log.first?.content else {
            return #expect(Bool(false), "\(world.log)")
        }
    }

    @Test func `an announcement that fails is tried again before anything else is said`() {
        var world = AgentWorld()
        world.logTrouble = .transient("no broker")
        world.begin()
        #expect(world.log.isEmpty)
        world.logTrouble = nil
        for _ in 0..<10 { world.wait(.seconds(1)) }
        guard case .fact(.nodeUp)? = world.log.first?.content else {
            return #expect(Bool(false), "\(world.log)")
        }
        #expect(world.heartbeats > 0)
    }

    @Test func `what waits for the announcement wakes nobody until that is acknowledged`() {
        var world = AgentWorld()
        world.now = .seconds(1)
        let fact = Fact.groupDeleted(world.identity, group: AgentWorld.group)
        world.give(.said(fact))
        // The node is being looked at, and nothing else can be done.
        #expect(world.loop.wakeUp == nil)
        world.settle(steps: 1)
        // The announcement is under way.
        #expect(world.loop.wakeUp.map { $0 > world.now } == true)
        world.settle()
        #expect(world.facts.last == fact)
    }

    @Test func `an announcement that waited says where the log ends when it goes`() {
        func seen(last: UInt64) -> NodeObservation {
            let group = NodeGroup(
                group: AgentWorld.group, capabilities: Capabilities(), applied: nil,
                last: LogIndex(last))
            return NodeObservation(blank: false, list: [group], groups: [])
        }
        var world = AgentWorld()
        world.observation = seen(last: 725)
        world.logTrouble = .transient("no broker")
        world.begin()
        for _ in 0..<20 { world.wait(.seconds(1)) }
        world.observation = seen(last: 1000)
        world.logTrouble = nil
        for _ in 0..<10 { world.wait(.seconds(1)) }
        let said = world.facts.compactMap { fact in
            if case .nodeUp(let up) = fact { up.groups.first?.last } else { nil }
        }
        #expect(said == [LogIndex(1000)])
        #expect(world.heartbeats > 0)
    }

    @Test func `of two announcements under way that fail neither goes as it was`() {
        func seen(_ names: [String], last: UInt64) -> NodeObservation {
            let groups = names.map {
                NodeGroup(
                    group: GroupID(unchecked: $0), capabilities: Capabilities(), applied: nil,
                    last: LogIndex(last))
            }
            return NodeObservation(blank: false, list: groups, groups: [])
        }
        var world = AgentWorld()
        world.observation = seen(["g1"], last: 725)
        world.give(.time)
        world.settle(steps: 1)
        // The first one is under way; another group has come, and is announced behind it.
        world.give(.observed(seen(["g1", "g2"], last: 725)))
        world.logTrouble = .transient("no broker")
        world.settle()
        world.observation = seen(["g1", "g2"], last: 1000)
        world.logTrouble = nil
        for _ in 0..<10 { world.wait(.seconds(1)) }
        let said = world.facts.compactMap { fact in
            if case .nodeUp(let up) = fact { up.groups.map(\.last) } else { nil }
        }
        #expect(said == [[LogIndex(1000), LogIndex(1000)]])
    }

    @Test func `it beats once in an interval`() {
        var world = AgentWorld { $0.heartbeatInterval = .seconds(3) }
        world.begin()
        for _ in 0..<30 { world.wait(.seconds(1)) }
        #expect((10...12).contains(world.heartbeats), "\(world.heartbeats)")
    }

    @Test func `a look is a fact when leader, term or members are news, and soft evidence else`() {
        var world = AgentWorld()
        world.observation = seen(report(3))
        world.begin()
        for _ in 0..<3 { world.wait(.seconds(2)) }
        #expect(hard(world) == 1)
        #expect(soft(world) >= 2)
        world.observation = seen(report(3, applied: 99))
        world.wait(.seconds(2))
        #expect(hard(world) == 1)
        world.observation = seen(report(4))
        world.wait(.seconds(2))
        #expect(hard(world) == 2)
    }

    @Test func `news that the log has not acknowledged is told again as a fact`() {
        var world = AgentWorld()
        world.begin()
        world.observation = seen(report(3))
        world.logTrouble = .transient("no broker")
        world.wait(.seconds(2))
        #expect(hard(world) == 0)
        world.logTrouble = nil
        for _ in 0..<5 { world.wait(.seconds(2)) }
        #expect(hard(world) == 1)
    }

    @Test func `another list of groups is announced with a higher version`() {
        var world = AgentWorld()
        world.begin()
        world.observation = seen(report(3))
        world.wait(.seconds(2))
        let ups = world.facts.compactMap { fact -> NodeUp? in
            if case .nodeUp(let up) = fact { up } else { nil }
        }
        #expect(ups.map(\.groupsVersion) == [1, 2])
        #expect(ups.last?.groups.map(\.group) == [AgentWorld.group])
    }

    @Test func `a copy's progress goes with the heartbeats, its end is a fact`() {
        var world = AgentWorld { $0.heartbeatInterval = .seconds(1) }
        world.begin()
        world.outcome = nil
        let command = world.command(
            7, .syncGroup(source: NodeID(unchecked: "n2"), scope: .full))
        world.give(.command(command))
        world.settle()
        let half = CopyProgress(group: AgentWorld.group, bytes: 50, bytesTotal: 100)
        world.give(.progress(command.id, half))
        world.wait(.seconds(1))
        guard
            case .heartbeat(let beat)? = world.log.last(where: {
                if case .heartbeat = $0.content { true } else { false }
            })?.content
        else { return #expect(Bool(false)) }
        #expect(beat.copies == [half])
        world.give(.finished(command.id, .succeeded(detail: "", index: LogIndex(88))))
        world.wait(.seconds(1))
        #expect(
            world.facts.contains(
                .synced(world.identity, group: AgentWorld.group, index: LogIndex(88)))
        )
        guard
            case .heartbeat(let last)? = world.log.last(where: {
                if case .heartbeat = $0.content { true } else { false }
            })?.content
        else { return #expect(Bool(false)) }
        #expect(last.copies.isEmpty)
    }

    @Test func `a log that is away for long costs no memory, and heartbeats go on behind it`() {
        var world = AgentWorld()
        world.begin()
        world.logTrouble = .transient("no broker")
        for _ in 0..<2000 { world.wait(.seconds(3)) }
        #expect(world.remarks.count < 10, "\(world.remarks.count)")
        world.logTrouble = nil
        let before = world.heartbeats
        for _ in 0..<5 { world.wait(.seconds(3)) }
        #expect(world.heartbeats > before)
    }

    @Test func `a newer process of the node wins, and the older says so and stops`() throws {
        var world = AgentWorld()
        world.begin()
        world.give(.member(try world.member("n1", store: AgentWorld.store, start: 1)))
        #expect(world.halted == nil)
        world.give(.member(try world.member("n1", store: AgentWorld.store, start: 2, sequence: 6)))
        world.settle()
        #expect(world.halted?.contains("newer process") == true)
    }

    @Test func `a node that is known on another disk meanwhile is warned of, once for each`()
        throws
    {
        var world = AgentWorld()
        world.begin()
        func others() -> [String] {
            world.remarks.filter { $0.level == .warning }.map(\.text).filter {
                $0.contains("n1 is known on the store")
            }
        }
        for (number, store, wanted) in [(6, 2, 1), (7, 2, 1), (8, 3, 2), (9, 2, 2)]
            as [(UInt64, UInt64, Int)]
        {
            let other = Identifier(high: 0, low: store)
            var record = try world.member("n1", store: other, sequence: number)
            // What holds since before the announcement tells of the disk that was there before.
            let before = others().count
            world.give(.member(record))
            world.settle()
            #expect(others().count == before)
            record.at = world.broker
            world.give(.member(record))
            world.settle()
            #expect(others().count == wanted)
        }
        #expect(others().first?.contains("\(Identifier(high: 0, low: 2)) meanwhile") == true)
        #expect(world.halted == nil)
    }

    @Test func `another cluster's server stops the agent`() {
        var world = AgentWorld()
        world.begin()
        world.give(.foreign(reason: "etcd is of the cluster 7"))
        world.settle()
        #expect(world.halted == "etcd is of the cluster 7")
    }

    @Test func `a stop is said, and what is under way is waited for`() {
        var world = AgentWorld()
        world.begin()
        world.outcome = nil
        let command = world.command(7)
        world.give(.command(command))
        world.settle()
        world.give(.stop(leave: false, reason: ""))
        world.settle()
        #expect(!world.hasEnded)
        #expect(world.facts.contains(.nodeStopping(world.identity)))
        let late = world.command(8)
        world.give(.command(late))
        world.settle()
        #expect(world.carried.count == 1 && world.failure(late.id)?.retryable == true)
        world.give(.finished(command.id, .succeeded(detail: "")))
        world.settle()
        #expect(world.hasEnded && world.reports(command.id).count == 1)
    }

    @Test func `a stop does not wait for ever`() {
        var world = AgentWorld()
        world.begin()
        world.outcome = nil
        world.give(.command(world.command(7)))
        world.settle()
        world.give(.stop(leave: false, reason: ""))
        world.settle()
        world.wait(.seconds(11))
        #expect(world.hasEnded)
    }

    @Test func `a node that leaves stays up until it is taken out`() throws {
        var world = AgentWorld()
        world.begin()
        world.give(.stop(leave: true, reason: "retired"))
        world.settle()
        #expect(world.facts.contains(.nodeLeaving(world.identity, reason: "retired")))
        let before = world.heartbeats
        for _ in 0..<4 { world.wait(.seconds(3)) }
        #expect(!world.hasEnded && world.heartbeats > before)
        world.give(
            .member(
                try world.member("n1", store: AgentWorld.store, membership: "removed", sequence: 9))
        )
        world.settle()
        #expect(world.hasEnded)
    }

    @Test func `a node that is told to stop once more as soon as it is out goes all the same`()
        throws
    {
        var world = AgentWorld()
        world.begin()
        world.give(.stop(leave: true, reason: "retired"))
        world.settle()
        let states = [("removing", UInt64(8)), ("removed", 9), ("removing", 10)]
        let records = try states.map { state, sequence in
            AgentInput.member(
                try world.member(
                    "n1", store: AgentWorld.store, membership: state, sequence: sequence))
        }
        world.give(Array(records.prefix(1)))
        world.settle()
        #expect(!world.hasEnded)
        world.give(Array(records.dropFirst()))
        world.settle()
        #expect(world.hasEnded)
    }
}
