import MusterCore
import MusterLog
import MusterManager
import MusterTesting
import MusterWire
import Testing

/// Single rules of the protocol, each in a world where only that happens.
@Suite struct ManagerLoopTests {
    private static let events = TopicPartition(.events, 0)

    /// A world with one manager that owns everything and is at rest.
    private func world(
        window: Int = 4, queue: Int = 20_000, clusters: [String]? = nil
    ) async throws -> JournalWorld {
        var world = try JournalWorld(seed: 1, managers: 2, clusters: clusters)
        world.isCalm = true
        (world.windowMax, world.queueMax) = (window, queue)
        try await world.begin(0)
        try world.tell(0, [.assigned([0, 1])])
        try world.rest(0)
        return world
    }

    @Test func `one lost append costs each decision behind it one more append`() async throws {
        var world = try await world(window: 64)
        for start in 1...65 { world.start(0, start) }
        try world.read(0, world.home(0), upTo: 100)
        #expect(world.managers[0]?.outgoing.count == 64)
        guard let (lost, _) = world.managers[0]?.outgoing.removeFirst() else { return }
        let error = LogError.unavailable(log: "w", reason: "lost")
        world.managers[0]?.answers.append(lost.failed(error))
        try world.rest(0)
        #expect(world.audit.acceptedCount == 65)
        #expect(world.audit.journaled == 63 + 65)
        try await world.examine(0)
    }

    @Test func `a decision after a reset still says what was considered before a checkpoint`()
        async throws
    {
        var world = try await world()
        world.say(0, .fact(.nodeStopping(WorldFleet.identity(0, 1))))
        try world.rest(0)
        world.now = world.now + .milliseconds(300)
        try world.tell(0, [.time])
        try world.rest(0)
        let home = world.home(0)
        #expect(try world.checkpoint(home.partition)?.positions[home] == world.end(of: home))
        world.say(0, .request(WorldFleet.configuration("r")))
        try world.read(0, TopicPartition(.requests, home.partition), upTo: 1)
        try world.tell(0, [.producerReplaced])
        world.managers[0]?.outgoing = []
        try world.rest(0)
        let state = world.managers[0]?.loop.reader.state(of: world.fleets[0].cluster)
        #expect(state?.head.sequence == Sequence(1))
        #expect(state?.next[home] == world.end(of: home))
    }

    @Test func `a cluster with a decision of a newer version stands still and keeps its inputs`()
        async throws
    {
        var world = try await world()
        let (old, other) = (world.fleets[0].cluster, world.fleets[2].cluster)
        try #require(world.home(0) == world.home(2))
        world.start(0, 1)
        try world.rest(0)
        let state = try #require(world.managers[0]?.loop.reader.state(of: old))
        let prefix = JournalEnvelope(extending: state.head, of: old).prefix
        world.audit.unfollowed = [old]
        let place = TopicPartition(.journal, world.home(0).partition)
        let value = prefix + Array(#"{"format":"99","what":"ever"}}"#.utf8)
        _ = world.append(NewRecord(place, key: nil, value: value))
        try world.rest(0)
        let held = world.end(of: world.home(0))
        for start in 2...4 {
            world.start(0, start)
            world.start(2, start)
        }
        world.now = world.now + .milliseconds(300)
        try world.rest(0)
        world.now = world.now + .milliseconds(300)
        try world.tell(0, [.time])
        try world.rest(0)
        #expect(world.managers[0]?.loop.reader.state(of: old)?.head == state.head)
        #expect(world.audit.count(of: other) == 3)
        #expect(try world.checkpoint(place.partition)?.positions[world.home(0)] == held)
    }

    @Test func `no more inputs are read while too many wait`() async throws {
        var world = try await world(window: 1, queue: 10)
        for start in 1...50 { world.start(0, start) }
        let home = world.home(0)
        try world.read(0, home, upTo: 30)
        #expect(world.managers[0]?.reads[home] == nil)
        try world.rest(0)
        #expect(world.audit.acceptedCount == 50)
        #expect(world.managers[0]?.reads[home] == world.end(of: home))
    }

    @Test func `a manager ends in order while inputs keep coming`() async throws {
        var world = try await world()
        for start in 1...20 { world.start(0, start) }
        try world.read(0, world.home(0), upTo: 20)
        try world.tell(0, [.stop])
        for start in 21...40 { world.start(0, start) }
        try world.rest(0)
        #expect(world.managers[0]?.hasEnded == true)
        #expect(world.audit.acceptedCount == 20)
        let checkpoint = try world.checkpoint(world.home(0).partition)
        #expect(checkpoint?.positions[world.home(0)] == Offset(20))
        try await world.begin(1)
        try world.tell(1, [.assigned([0, 1])])
        try world.rest(1)
        #expect(world.audit.acceptedCount == 40)
        try await world.examine(1)
    }

    @Test func `nothing is decided by the clock before everything that lay there is read`()
        async throws
    {
        var world = try await world()
        world.say(0, .request(WorldFleet.configuration("r")))
        world.start(0, 1)
        try world.rest(0)
        let before = world.audit.count(of: world.fleets[0].cluster)
        world.managers[0] = nil
        for _ in 0..<40 {
            world.now = world.now + .milliseconds(100)
            world.say(0, .heartbeat(WorldFleet.heartbeat(0, 1)))
        }
        try await world.begin(1)
        try world.tell(1, [.assigned([0, 1])])
        world.lookUp(1, 0)
        world.lookUp(1, 0)
        try world.tell(1, world.managers[1]?.answers ?? [])
        world.managers[1]?.answers = []
        let heartbeats = TopicPartition(.heartbeats, world.home(0).partition)
        for place in [world.home(0), TopicPartition(.requests, heartbeats.partition)] {
            try world.read(1, place, upTo: 100)
        }
        for _ in 0..<40 {
            try world.read(1, heartbeats, upTo: 1)
            try world.tell(1, [.time])
        }
        try world.rest(1)
        #expect(world.audit.count(of: world.fleets[0].cluster) == before)
        world.now = world.now + .milliseconds(300)
        try world.tell(1, [.time])
        try world.rest(1)
        #expect(world.audit.count(of: world.fleets[0].cluster) == before + 1)
    }

    @Test func `who takes over asks for the heartbeats from before the oldest deadline began`()
        async throws
    {
        var world = try await world()
        let voters = (0..<4).map { WorldFleet.identity($0, 1) }
        world.say(0, .request(WorldFleet.configuration("r")))
        for node in 0..<4 { world.start(0, 1, node: node) }
        for _ in 0..<20 {
            world.now = world.now + .milliseconds(60)
            for node in 0..<3 { world.say(0, .heartbeat(WorldFleet.heartbeat(node, 1))) }
            world.say(0, .fact(.groupObserved(WorldFleet.report(voters, silent: 3))))
            try world.tell(0, [.time])
            try world.rest(0)
        }
        let state = world.managers[0]?.loop.reader.state(of: world.fleets[0].cluster)
        let removal = try #require(state?.nodes[voters[3].node]?.removal)
        let lease = try #require(state?.policy?.lease)
        try await world.begin(1)
        try world.tell(1, [.assigned([0, 1])])
        let since = world.managers[1]?.since[world.home(0).partition]
        #expect(try #require(since) <= removal.since - lease * Policy.downLeases)
    }

    @Test func `while the log's clock is behind what was decided no timer fires, and inputs count`()
        async throws
    {
        var world = try await world()
        let voters = (0..<4).map { WorldFleet.identity($0, 1) }
        func beat(rounds: Int, silent: Int? = nil) throws {
            for _ in 0..<rounds {
                world.now = world.now + .milliseconds(60)
                for node in 0..<4 where node != silent {
                    world.say(0, .heartbeat(WorldFleet.heartbeat(node, 1)))
                }
                world.say(0, .fact(.groupObserved(WorldFleet.report(voters, silent: silent))))
                try world.tell(0, [.time])
                try world.rest(0)
            }
        }
        func state() throws -> ClusterState {
            try #require(world.managers[0]?.loop.reader.state(of: world.fleets[0].cluster))
        }
        world.say(0, .request(WorldFleet.configuration("r")))
        for node in 0..<4 { world.start(0, 1, node: node) }
        try beat(rounds: 10)
        // A lease is 200 ms long. The clock goes back a minute, and one is silent for 30 leases.
        world.say(0, .fact(.nodeStopping(WorldFleet.identity(0, 1))))
        try world.rest(0)
        let before = try state()
        world.clockOffset = .seconds(-60)
        try beat(rounds: 100, silent: 3)
        #expect(try state().head == before.head)
        // What somebody says is decided all the same, and no time goes back by it.
        world.say(0, .fact(.nodeStopping(WorldFleet.identity(1, 1))))
        try world.rest(0)
        #expect(try state().head.sequence == before.head.sequence.next)
        #expect(try state().at == before.at)
        world.clockOffset = .zero
        try beat(rounds: 6, silent: 3)
        #expect(try state().nodes[voters[3].node]?.liveness == .suspect)
        #expect(try voters[..<3].allSatisfy { try state().nodes[$0.node]?.liveness == .up })
    }

    @Test func `a command that its author did not publish is published by whoever takes over`()
        async throws
    {
        var world = try await world()
        let voters = (0..<3).map { WorldFleet.identity($0, 1) }
        world.say(0, .request(WorldFleet.configuration("r")))
        for node in 0..<3 { world.start(0, 1, node: node) }
        for _ in 0..<2 { world.say(0, .fact(.groupObserved(WorldFleet.report(voters)))) }
        world.start(0, 1, node: 3)
        try world.rest(0)
        let commands = TopicPartition(.commands, world.home(0).partition)
        let published = (world.records[commands] ?? []).map(\.value)
        try #require(!published.isEmpty, "nothing was commanded")
        // As if its author had died before that.
        world.managers[0] = nil
        world.records[commands] = []
        try await world.begin(1)
        try world.tell(1, [.assigned([0, 1])])
        try world.rest(1)
        #expect((world.records[commands] ?? []).map(\.value) == published)
    }

    @Test func `what a partition that was given away left undecided is not called considered`()
        async throws
    {
        var world = try await world()
        let home = world.home(0)
        let other = TopicPartition(.events, 1 - home.partition)
        try await world.begin(1)
        try world.tell(1, [.assigned([0, 1])])
        try world.rest(1)
        // The other manager decides that the node is up; this one has not read that when it finds
        // nothing in the node's leaving.
        world.start(0, 1)
        try world.rest(1)
        world.say(0, .fact(.nodeStopping(WorldFleet.identity(0, 1))), in: other)
        try world.read(0, other, upTo: 1)
        try world.tell(0, [.assigned([home.partition])])
        try world.read(0, TopicPartition(.journal, home.partition), upTo: 100)
        world.say(0, .request(WorldFleet.configuration("r")))
        try world.rest(0)
        #expect(world.audit.count(of: world.fleets[0].cluster) == 2)
        try world.rest(1)
        #expect(world.audit.count(of: world.fleets[0].cluster) == 3)
        try await world.examine(1)
    }

    // MARK: The log is watched

    @Test func `a topic of inputs that was made anew stops the manager with a sentence`()
        async throws
    {
        var world = try await world()
        for start in 1...3 { world.start(0, start) }
        try world.rest(0)
        world.managers[0] = nil
        world.records[world.home(0)] = []
        try await world.begin(1)
        let error = #expect(throws: JournalWorld.Violation.self) {
            try world.tell(1, [.assigned([0, 1])])
            try world.rest(1)
        }
        #expect(error?.sentence.contains("made anew or lost records") == true)
        let name = "muster rebase --lost events/\(world.home(0).partition):0"
        #expect(error?.sentence.contains(name) == true)
    }

    @Test func `every partition that lost inputs is named at once`() async throws {
        let clusters = ["a", "b", "c", "d", "e", "f", "g", "h"]
        var world = try await world(clusters: clusters)
        let homes = clusters.indices.map { world.home($0) }
        let other = try #require(homes.firstIndex { $0 != homes[0] })
        for start in 1...3 {
            world.start(0, start)
            world.start(other, start)
        }
        try world.rest(0)
        world.managers[0] = nil
        for home in homes { world.records[home] = [] }
        try await world.begin(1)
        let error = #expect(throws: JournalWorld.Violation.self) {
            try world.tell(1, [.assigned([0, 1])])
            try world.rest(1)
        }
        #expect(error?.sentence.contains("--lost events/0:0,events/1:0") == true)
    }

    // MARK: Views

    @Test func `a node that was forgotten while no manager lived has no view any more`()
        async throws
    {
        var world = try await world()
        world.start(0, 1)
        try world.rest(0)
        let (home, cluster) = (world.home(0), world.fleets[0].cluster)
        let state = try #require(world.managers[0]?.loop.reader.state(of: cluster))
        let node = try #require(state.nodes.keys.first)
        let views = TopicPartition(.members, home.partition)
        let key = MemberRecord.key(cluster, node)
        func view() -> LogRecord? { world.records[views]?.last { $0.key == key } }
        #expect(view()?.value != nil)
        // Accepted, and whoever wrote it dies before it publishes what follows.
        world.managers[0] = nil
        world.audit.unfollowed = [cluster]
        let decision = Decision(
            at: state.at, cause: .timer(.liveness), considered: [], evidence: nil, principal: nil,
            correlation: "",
            manager: ManagerIdentity(id: Identifier(high: 9, low: 9), version: "t"),
            events: [.nodeForgotten(node)])
        let record = JournalRecord(JournalEnvelope(extending: state.head, of: cluster), decision)
        let journal = TopicPartition(.journal, home.partition)
        _ = world.append(NewRecord(journal, key: nil, value: record.bytes))
        try await world.begin(1)
        try world.tell(1, [.assigned([0, 1])])
        try world.rest(1)
        let last = try #require(view())
        #expect(last.value == nil)
    }

    @Test func `inputs that a person gave up in the journal are not waited for any more`()
        async throws
    {
        var world = try await world()
        for start in 1...3 { world.start(0, start) }
        try world.rest(0)
        let home = world.home(0)
        let cluster = world.fleets[0].cluster
        let state = try #require(world.managers[0]?.loop.reader.state(of: cluster))
        #expect(state.next[home] == Offset(3))
        // The topic was made anew, and a person says so.
        var after = state
        let given = Decision(
            at: state.at,
            cause: .manager(.inputsLost(home, from: Offset(3), next: .zero, reason: "made anew")),
            considered: [], evidence: nil, principal: nil, correlation: "",
            manager: ManagerIdentity(id: Identifier(high: 9, low: 9), version: "t"), events: [])
        let record = JournalRecord(JournalEnvelope(extending: state.head, of: cluster), given)
        after.evolve(given, hash: SHA256.hash(of: record.bytes))
        #expect(after.next[home] == .zero)
        // Behind a gap nothing that was considered is considered again.
        var behind = state
        for next in [Offset(2), Offset(9)] {
            let gap = Decision.ManagerCause.inputsLost(home, from: .zero, next: next, reason: "")
            var decision = given
            decision.cause = .manager(gap)
            behind.evolve(decision, hash: SHA256.hash(of: record.bytes))
        }
        #expect(behind.next[home] == Offset(9))
        // Whoever still counts as before begins anew when it reads that.
        let journal = TopicPartition(.journal, home.partition)
        let outgoing = record.outgoing(
            value: record.bytes, hash: SHA256.hash(of: record.bytes), cause: nil)
        let end = world.end(of: journal)
        world.records[journal]?.append(
            LogRecord(
                position: Position(journal, end), appended: world.now,
                key: outgoing.key, headers: outgoing.headers, value: outgoing.value))
        let error = #expect(throws: JournalWorld.Violation.self) { try world.rest(0) }
        #expect(error?.sentence.contains("given up by request") == true)
    }

    @Test func `inputs that retention cut before they were considered stop the manager`()
        async throws
    {
        var world = try await world()
        world.start(0, 1)
        let home = world.home(0)
        let beginning = Offset(1)..<Offset(1)
        try await world.begin(1)
        try world.tell(1, [.assigned([0, 1])])
        let error = #expect(throws: JournalWorld.Violation.self) {
            try world.tell(
                1, [.outOfRange(Position(home, .zero), kept: beginning)])
            try world.rest(1)
            try world.tell(1, [.outOfRange(Position(home, Offset(1)), kept: Offset(5)..<Offset(6))])
        }
        #expect(error?.sentence.contains("inputs from 1 on were deleted") == true)
        #expect(error?.sentence.contains("muster rebase --lost events/\(home.partition):5") == true)
    }

    @Test func `a journal that lost its tail is read anew`() async throws {
        var world = try await world()
        world.start(0, 1)
        try world.rest(0)
        let journal = TopicPartition(.journal, world.home(0).partition)
        world.records[journal]?.removeLast()
        world.now = world.now + .milliseconds(300)
        let error = #expect(throws: JournalWorld.Violation.self) {
            try world.tell(0, [.time])
            try world.rest(0)
        }
        #expect(error?.sentence.contains("lost its tail") == true)
    }

    @Test func `another record in place of the last one read is noticed, also of a void one`()
        async throws
    {
        var world = try await world()
        world.start(0, 1)
        try world.rest(0)
        let journal = TopicPartition(.journal, world.home(0).partition)
        _ = world.append(NewRecord(journal, key: nil, value: Array("void".utf8)))
        try world.rest(0)
        world.records[journal]?.removeLast()
        _ = world.append(NewRecord(journal, key: nil, value: Array("other".utf8)))
        world.now = world.now + .milliseconds(300)
        let error = #expect(throws: JournalWorld.Violation.self) {
            try world.tell(0, [.time])
            try world.rest(0)
        }
        #expect(error?.sentence.contains("a check finds another record") == true)
    }
}

extension JournalWorld {
    /// The events of a fleet's cluster lie here.
    func home(_ fleet: Int) -> TopicPartition {
        TopicPartition(
            .events, Partitioner.partition(of: fleets[fleet].cluster, count: Self.partitions))
    }

    /// Appends an input where it belongs, or in another partition.
    mutating func say(
        _ fleet: Int, _ content: InputMessage.Content, in wrong: TopicPartition? = nil
    ) {
        let cluster = fleets[fleet].cluster
        step += 1
        let record = InputMessage(cluster, content).outgoing(
            EventOrigin(id: "e\(step)", source: "/world"))
        let place = wrong ?? TopicPartition(record.topic, home(fleet).partition)
        inputs[Position(place, end(of: place))] = WorldInput(
            cluster: cluster, content: content, correlation: "e\(step)", appended: clock,
            head: audit.count(of: cluster))
        _ = append(
            NewRecord(place, key: record.key, headers: record.headers, value: record.value))
    }

    /// A node of a fleet, its first one, starts for so many times.
    mutating func start(_ fleet: Int, _ start: Int, node: Int = 0) {
        let identity = WorldFleet.identity(node, UInt64(start))
        say(
            fleet,
            .fact(
                .nodeUp(
                    NodeUp(
                        identity: identity, boot: WorldFleet.boot(identity), role: .voter,
                        blank: false, engine: nil, address: "", zone: "", groupsVersion: 1,
                        groups: []))))
    }

    /// The newest checkpoint of a partition.
    func checkpoint(_ partition: Int32) throws -> Checkpoint? {
        let key = Checkpoint.key(of: partition)
        let all = records[TopicPartition(.snapshots, partition)] ?? []
        let value = all.last { $0.key == key }?.value
        return try value.map { try Checkpoint($0, reader: JSONReader()) }
    }
}
