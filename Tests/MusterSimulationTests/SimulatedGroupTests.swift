import MusterCore
import MusterSimulation
import MusterTesting
import Testing

@Suite struct SimulatedGroupTests {
    @Test(arguments: 0..<60 as Range<UInt64>)
    func `chance finds no lost entry, no second leader in a term and no double change`(
        seed: UInt64
    ) {
        var random = SeededGenerator(seed: seed)
        let world = GroupWorld(voters: 3)
        world.writes = 100 + random.next() % 5000
        world.catchUp = 200 + random.next() % 5000
        world.group.entriesKept = 50 + random.next() % 2000
        for _ in 0..<2000 {
            let index = Int(random.next() % 6)
            switch random.next() % 200 {
            case 0..<4: world.away.insert(GroupWorld.name(index))
            case 4..<10: world.away.remove(GroupWorld.name(index))
            case 10: world.restart(index)
            case 11..<15: _ = world.put(index, .learner)
            case 15..<20: _ = world.put(index, .voter)
            case 20..<22 where world.voters.count > 1: _ = world.put(index, nil)
            case 22:
                _ = world.group.transfer(to: GroupWorld.name(index), world.running)
            default: break
            }
            world.step()
        }
        #expect(world.violations.isEmpty)
        world.away = []
        world.writes = 100
        world.catchUp = 100_000
        let commit = world.group.commit
        world.run(.seconds(10))
        #expect(world.group.commit > commit)
        #expect(world.group.leader != nil)
        #expect(world.changes >= 4)
        #expect(world.leaders.count >= 2)
    }

    @Test func `a majority that lost its disks loses what was committed, and the model says so`() {
        let world = GroupWorld(voters: 3)
        world.run(.seconds(1))
        let leader = world.group.leader
        for index in 0..<3 where GroupWorld.name(index) != leader { world.lose(index) }
        if let leader { world.away.insert(leader) }
        world.run(.seconds(1))
        #expect(world.group.losses == 1)
        #expect(world.violations.contains("a committed entry was lost"))
    }

    @Test func `without a majority nothing is committed and nobody is elected`() {
        let world = GroupWorld(voters: 3)
        let (leader, term) = (world.group.leader, world.group.term)
        world.away = Set(world.voters.filter { $0 != leader })
        let commit = world.group.commit
        world.run(.seconds(1))
        #expect(world.group.commit == commit)
        #expect(world.group.term == term)
        world.away = Set(world.voters.prefix(2))
        for index in 0..<3 { world.restart(index) }
        world.run(.seconds(1))
        #expect(world.group.term == term)
        world.away = []
        world.run(.seconds(1))
        #expect(world.group.commit > commit)
        #expect(world.group.term > term)
    }

    @Test func `a tail that was never committed is cut off when its writer returns`() throws {
        let world = GroupWorld(voters: 3)
        let old = try #require(world.group.leader)
        world.writes = 50_000
        world.catchUp = 1000
        world.run(.seconds(1))
        let tail = try #require(world.disks[old]?.last)
        #expect(tail > world.group.commit + 10_000)
        world.away.insert(old)
        world.writes = 100
        world.run(.seconds(1))
        #expect(world.group.leader != old)
        world.away.remove(old)
        world.run(.seconds(1))
        #expect(try #require(world.disks[old]?.last) < tail)
        #expect(world.violations.isEmpty)
    }

    @Test func `a leader whose process restarts leads no more in that term`() {
        let world = GroupWorld(voters: 3)
        let term = world.group.term
        for index in 0..<3 where GroupWorld.name(index) == world.group.leader {
            world.restart(index)
        }
        #expect(world.group.leader == nil)
        world.run(.seconds(1))
        #expect(world.group.leader != nil)
        #expect(world.group.term == term + 1)
    }

    @Test func `a second change waits until the first is committed`() {
        let world = GroupWorld(voters: 1)
        world.writes = 0
        #expect(world.put(1, .learner))
        world.run(.milliseconds(100))
        world.away.insert(GroupWorld.name(1))
        world.writes = 50_000
        world.run(.seconds(1))
        world.writes = 0
        world.away.remove(GroupWorld.name(1))
        world.catchUp = 10_000
        #expect(world.put(1, .voter))
        world.step()
        #expect(world.group.pending != nil)
        #expect(world.voters.count == 1)
        #expect(!world.put(2, .learner))
        world.run(.seconds(10))
        #expect(world.group.pending == nil)
        #expect(world.voters.count == 2)
        #expect(world.put(2, .learner))
    }

    @Test func `a new leader changes nothing before an entry of its own term is committed`() throws
    {
        let world = GroupWorld(voters: 3)
        let leader = try #require(world.group.leader)
        let index = try #require((0..<3).first { GroupWorld.name($0) == leader })
        // It is far ahead of the others, wins again for that, and nothing new is committed yet.
        world.writes = 50_000
        world.catchUp = 100
        world.run(.seconds(1))
        world.writes = 0
        let term = world.group.term
        world.restart(index)
        world.run(.milliseconds(300))
        #expect(world.group.leader == leader && world.group.term == term + 1)
        #expect(!world.group.isChangePermitted)
        #expect(!world.put(3, .learner))
        world.catchUp = 10_000_000
        world.run(.seconds(1))
        #expect(world.group.isChangePermitted)
        #expect(world.put(3, .learner))
    }

    @Test func `a leader that is taken out steps down and another one is elected`() throws {
        let world = GroupWorld(voters: 3)
        let old = try #require(world.group.leader)
        let index = try #require((0..<3).first { GroupWorld.name($0) == old })
        #expect(world.put(index, nil))
        world.run(.seconds(1))
        #expect(!world.voters.contains(old))
        #expect(world.group.leader != nil)
        #expect(world.group.leader != old)
        #expect(world.violations.isEmpty)
    }

    @Test(arguments: Capabilities.Seed.allCases)
    func `what the log no longer holds comes as a snapshot, or not at all`(
        seed: Capabilities.Seed
    ) throws {
        let world = GroupWorld(voters: 1, seed: seed)
        world.group.entriesKept = 100
        world.writes = 10_000
        world.run(.seconds(1))
        world.writes = 0
        #expect(world.group.firstIndex > 1)
        #expect(world.put(1, .learner))
        world.run(.milliseconds(500))
        #expect(world.disks[GroupWorld.name(1)]?.last == 0)
        world.run(.seconds(2))
        let last = try #require(world.disks[GroupWorld.name(1)]?.last)
        switch seed {
        case .raft: #expect(last == world.group.commit)
        case .external: #expect(last == 0)
        }
    }

    @Test func `to a member that starts only when it was added the group brings the data`() {
        let world = GroupWorld(voters: 1, seed: .external, startsAfterAdd: true)
        world.group.entriesKept = 100
        world.writes = 10_000
        world.run(.seconds(1))
        world.writes = 0
        #expect(world.group.firstIndex > 1)
        #expect(world.put(1, .learner))
        world.run(.seconds(3))
        #expect(world.disks[GroupWorld.name(1)]?.last == world.group.commit)
    }

    @Test func `a server on another store than the configuration names counts for nothing`() {
        let world = GroupWorld(voters: 3)
        world.away = Set(world.voters.filter { $0 != world.group.leader }.suffix(1))
        for index in 0..<3 where GroupWorld.name(index) != world.group.leader {
            world.disks.update(GroupWorld.name(index)) { $0.store = GroupWorld.store(9) }
        }
        #expect(world.group.liveVoters(world.running) == 1)
        let commit = world.group.commit
        world.run(.seconds(1))
        #expect(world.group.commit == commit)
    }
}
