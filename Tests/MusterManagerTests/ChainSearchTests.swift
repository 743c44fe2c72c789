import MusterCore
import MusterLog
import MusterManager
import MusterTesting
import Testing

/// Decisions found by their numbers are those that a whole reading finds.
@Suite struct ChainSearchTests {
    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `a search finds what a whole reading finds, between races and other clusters`(
        seed: UInt64
    ) async throws {
        var world = try JournalWorld(seed: seed, managers: 2, clusters: ["a", "b", "c"])
        for index in 0..<2 {
            try await world.begin(index)
            try world.tell(index, [.assigned([0, 1])])
        }
        for _ in 0..<400 { try await world.go() }
        try await world.heal(keeping: nil)
        let log = try await world.engine()
        let reader = try await ProjectionLoader().load(log).reader
        for cluster in reader.clusters where cluster.state.head.sequence.value > 0 {
            let id = cluster.state.id
            let decisions = try #require(world.audit.chains[id]?.decisions)
            let offset = try #require(cluster.headOffset)
            let search = ChainSearch(
                log, TopicPartition(.journal, cluster.partition), cluster: id,
                head: cluster.state.head, at: offset)
            let all = (1...decisions.count).map { MusterCore.Sequence(UInt64($0)) }
            let found = try #require(try await search.find(all))
            #expect(found.map(\.sequence) == all)
            #expect(found.map(\.position.offset) == world.audit.chains[id]?.offsets)
            #expect(found.map(\.decision.events) == decisions.map(\.events))
            let one = try await search.find([MusterCore.Sequence(1)])
            #expect(one?.first?.decision.events == decisions.first?.events)
            #expect(try await search.find([cluster.state.head.sequence.next]) == nil)
        }
    }
}
