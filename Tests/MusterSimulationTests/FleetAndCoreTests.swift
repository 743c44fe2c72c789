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
        let engine = Self.engines[Int(seed % 3)]
        let run = FleetRun(engine, seed: seed)
        #expect(run.form(3))
        for _ in 0..<400 {
            let node = names[Int(random.next() % 5)]
            switch random.next() % 60 {
            case 0, 1: run.fleet.stop(node, announced: random.happens(perMille: 500))
            case 2, 3, 4: if run.fleet.nodes[node]?.isUp == false { run.fleet.start(node) }
            case 5: run.ask(.remove(node: node))
            case 6: run.ask(.add(node: node, role: .voter, groups: .all, wipe: nil))
            case 7: run.ask(.cancel(node: node))
            default: break
            }
            run.run(.milliseconds(60))
        }
        #expect(run.violations.isEmpty)
        for node in names where run.fleet.nodes[node]?.isUp == false { run.fleet.start(node) }
        let isCalm = run.run(.seconds(180)) { run in
            run.state.sagas.isEmpty
                && FleetRun.groups.allSatisfy { group in
                    let real = run.fleet.groups[group]?.members.keys ?? []
                    let known = run.state.groups[group]?.configuration?.members ?? []
                    return run.fleet.groups[group]?.leader != nil
                        && real == known.map(\.node)
                }
        }
        #expect(isCalm, "\(run.state.sagas)")
        #expect(run.violations.isEmpty)
    }
}
