import MusterCore
import MusterSimulation
import MusterTesting
import Testing

@Suite struct FleetAndCoreTests {
    /// The engines of two kinds, and one between them.
    static let engines = [
        Capabilities(seed: .external, learnersMax: 2),
        Capabilities(seed: .raft, learnersMax: 2),
        Capabilities(startsAfterAdd: true, seed: .raft, addNeedsAllVoters: true),
    ]
    private let names = FleetRun.names

    @Test(arguments: engines)
    func `nodes join under load until all of them vote`(engine: Capabilities) {
        let run = FleetRun(engine)
        run.fleet.settings.writes = 2000
        #expect(run.form(3), "\(run.events.suffix(20))")
        run.fleet.start(names[3])
        #expect(run.run(.seconds(60)) { $0.vote(4) && $0.state.sagas.isEmpty })
        #expect(run.state.membership(of: names[3]) == .member)
        #expect(run.violations.isEmpty)
    }

    @Test(arguments: engines)
    func `a voter that died is removed after the delay and not before`(engine: Capabilities) {
        let run = FleetRun(engine)
        #expect(run.form(4))
        run.fleet.stop(names[3], announced: false)
        let died = run.fleet.now
        #expect(run.run(.seconds(30)) { !$0.isInside(self.names[3]) })
        #expect(run.fleet.now - died >= .seconds(3))
        #expect(run.run(.seconds(10)) { $0.state.membership(of: self.names[3]) == .removed })
        #expect(run.vote(3))
        #expect(run.violations.isEmpty)
    }

    @Test(arguments: engines)
    func `a leader that an operator removes gives up the leadership first, and stays out`(
        engine: Capabilities
    ) throws {
        let run = FleetRun(engine)
        #expect(run.form(4))
        let leader = try #require(run.fleet.groups[FleetRun.groups[0]]?.leader)
        run.ask(.remove(node: leader))
        #expect(run.run(.seconds(60)) { $0.state.membership(of: leader) == .removed })
        #expect(!run.isInside(leader))
        #expect(run.fleet.nodes[leader]?.servers.allSatisfy { !$0.value.isRunning } == true)
        run.fleet.stop(leader, announced: false)
        run.fleet.start(leader)
        run.run(.seconds(10))
        #expect(!run.isInside(leader))
        #expect(run.violations.isEmpty)
    }

    @Test(arguments: engines)
    func `a joiner that restarts in the middle joins all the same`(engine: Capabilities) {
        let run = FleetRun(engine)
        #expect(run.form(3))
        run.fleet.grow(to: 20_000_000)
        run.fleet.start(names[3])
        run.run(.milliseconds(400))
        run.fleet.stop(names[3], announced: false)
        run.run(.milliseconds(400))
        run.fleet.start(names[3])
        #expect(run.run(.seconds(120)) { $0.vote(4) }, "\(run.events.suffix(20))")
        #expect(run.violations.isEmpty)
    }

    @Test(arguments: engines)
    func `a leader that restarts while it changes members leaves nothing in doubt`(
        engine: Capabilities
    ) {
        let run = FleetRun(engine)
        #expect(run.form(3))
        run.fleet.start(names[3])
        for _ in 0..<6 {
            let leader = run.fleet.groups[FleetRun.groups[0]]?.leader ?? names[0]
            run.fleet.stop(leader, announced: false)
            run.run(.milliseconds(100))
            run.fleet.start(leader)
            run.run(.milliseconds(900))
        }
        #expect(run.run(.seconds(120)) { $0.vote(4) && $0.state.sagas.isEmpty })
        #expect(run.violations.isEmpty)
    }

    @Test(arguments: 0..<9 as Range<UInt64>)
    func `nodes that come and go by chance cost no entry and no majority`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let run = FleetRun(Self.engines[Int(seed % 3)], seed: seed)
        #expect(run.form(3))
        for _ in 0..<400 {
            run.surprise(&random)
            run.run(.milliseconds(60))
        }
        for node in names where run.fleet.nodes[node]?.isUp == false { run.start(node) }
        // Who came and went too often is not promoted for half an hour at most.
        let isCalm = run.run(.seconds(2400)) { $0.isCalm }
        #expect(isCalm, "\(run.state.sagas)")
        #expect(run.violations.isEmpty)
    }

    @Test(arguments: 0..<6 as Range<UInt64>)
    func `disks that are lost by chance are never taken for the voters they were`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let run = FleetRun(Self.engines[Int(seed % 3)], seed: seed)
        #expect(run.form(3))
        for _ in 0..<300 {
            run.surprise(&random)
            let node = names[Int(random.next() % 5)]
            if random.happens(perMille: 50), run.fleet.nodes[node]?.isUp == false {
                run.fleet.wipe(node)
            }
            run.run(.milliseconds(60))
        }
        #expect(run.violations.isEmpty)
    }
}
