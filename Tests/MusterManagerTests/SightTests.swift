import MusterCore
import MusterLog
import MusterManager
import MusterTesting
import MusterWire
import Testing

/// A manager that may be the blind one: it says so to its clusters, and reads again what was said
/// while it stood still. Leases are of 200 ms, heartbeats come every 60 ms.
@Suite struct SightTests {
    /// Clusters of four nodes each, three where no more is said, which one manager owns and has
    /// heard for a while.
    private func world(_ clusters: [String] = ["a", "b", "c"]) async throws -> JournalWorld {
        var world = try JournalWorld(seed: 1, managers: 1, clusters: clusters)
        world.isCalm = true
        world.windowMax = 64
        try await world.begin(0)
        try world.tell(0, [.assigned([0, 1])])
        for fleet in world.fleets.indices {
            world.say(fleet, .request(WorldFleet.configuration("r")))
            for node in 0..<4 { world.start(fleet, 1, node: node) }
        }
        try world.rest(0)
        try beat(&world, rounds: 20)
        return world
    }

    /// Time passes, and whoever is not silent is heard; what was said is read at once or not at
    /// all.
    private func beat(
        _ world: inout JournalWorld, rounds: Int, silent: [Int] = [], isRead: Bool = true,
        isCalled: Bool = true
    ) throws {
        for _ in 0..<rounds {
            world.now = world.now + .milliseconds(60)
            for fleet in world.fleets.indices {
                for node in 0..<4 where !silent.contains(node) {
                    world.say(fleet, .heartbeat(WorldFleet.heartbeat(node, 1)))
                }
            }
            if isCalled { try world.tell(0, [.time]) }
            if isRead && isCalled { try world.rest(0) }
        }
    }

    private func state(_ world: JournalWorld, _ fleet: Int) throws -> ClusterState {
        try #require(world.managers[0]?.loop.reader.state(of: world.fleets[fleet].cluster))
    }

    @Test func `many of all nodes fall silent at once, and no cluster alone would show it`()
        async throws
    {
        var world = try await world()
        try beat(&world, rounds: 6, silent: [3, 2])
        for fleet in 0..<3 {
            let blind = try #require(try state(world, fleet).blind, "cluster \(fleet)")
            #expect(blind.why == Blindness(kind: .fleet, count: 6, of: 12))
        }
        try beat(&world, rounds: 3)
        #expect(try state(world, 0).blind != nil, "a whole lease has to be clear")
        try beat(&world, rounds: 8)
        for fleet in 0..<3 { #expect(try state(world, fleet).blind == nil) }
    }

    @Test func `few silent nodes are the nodes' own trouble`() async throws {
        var world = try await world()
        try beat(&world, rounds: 20, silent: [3])
        for fleet in 0..<3 {
            let state = try state(world, fleet)
            #expect(state.blind == nil)
            #expect(state.nodes.values.filter { $0.liveness == .down }.count == 1)
        }
    }

    @Test func `who reads late says so`() async throws {
        // Of so few nodes no number that is silent shows anything.
        var world = try await world(["a"])
        try beat(&world, rounds: 5, isRead: false)
        try world.rest(0)
        try beat(&world, rounds: 2)
        #expect(try state(world, 0).blind?.why.kind == .lag)
        try beat(&world, rounds: 10)
        #expect(try state(world, 0).blind == nil)
    }

    @Test func `after a standstill nothing is decided before what was said is read`() async throws {
        var world = try await world()
        let before = (0..<3).map { world.audit.count(of: world.fleets[$0].cluster) }
        try beat(&world, rounds: 60, isCalled: false)
        try world.tell(0, [.time])
        try world.rest(0)
        try beat(&world, rounds: 5)
        for fleet in 0..<3 {
            #expect(world.audit.count(of: world.fleets[fleet].cluster) == before[fleet])
        }
    }

    @Test func `a node that is forgotten is taken out of the members view`() async throws {
        var world = try await world()
        try beat(&world, rounds: 20, silent: [3])
        let node = WorldFleet.identity(3, 1).node
        let request = Request(
            id: RequestID(unchecked: "f"), principal: Principal(unchecked: "ann"), reason: "test",
            validFor: .seconds(60), onlyAt: nil, overrides: [], action: .forget(node: node))
        world.say(0, .request(request))
        try world.rest(0)
        #expect(try state(world, 0).nodes[node] == nil)
        let members = TopicPartition(.members, world.home(0).partition)
        let key = MemberRecord.key(world.fleets[0].cluster, node)
        let last = try #require(world.records[members]?.last { $0.key == key })
        #expect(last.value == nil)
    }
}
