import MusterSimulation
import Testing

/// The shipped loops in a simulated world.
@Suite struct WorldTests {
    @Test func `a world without faults converges`() async {
        for seed in UInt64(1)...10 {
            let outcome = await Simulation.run(seed, isCalm: true)
            #expect(outcome.failure == nil, "seed \(seed)")
            #expect(outcome.decisions > 4, "seed \(seed)")
        }
    }

    @Test func `what comes out does not depend on the number of jobs`() async {
        let one = await Simulation.run(seeds: 1, 12, jobs: 1)
        let two = await Simulation.run(seeds: 1, 12, jobs: 2)
        #expect(one.steps == two.steps)
        #expect(one.decisions == two.decisions)
        #expect(one.coverage.pairs == two.coverage.pairs)
        #expect(one.coverage.pairs.count > 50)
    }

    @Test func `every kind of fault meets whatever may be going on`() async {
        let found = await Simulation.run(seeds: 1, 120, jobs: 2).coverage
        // What 120 schedules reach; scripts/test asks for rarer ones, of ten thousand.
        let common: [WorldSituation] = [.quiet, .joining]
        for fault in WorldFault.Kind.allCases {
            for situation in common {
                #expect(found.count(fault, situation) > 0, "\(fault) × \(situation)")
            }
        }
    }

    @Test func `operators change the policy, and what they said late does not stay`() async {
        for seed in [UInt64(1111), 8879] {
            let outcome = await Simulation.run(seed)
            #expect(!outcome.options.policyChanges.isEmpty, "seed \(seed)")
            #expect(outcome.failure == nil, "seed \(seed)")
        }
    }

    @Test func `a log that is away for minutes holds nobody back for ever`() async {
        for seed in [UInt64(3092), 8598] {
            let outcome = await Simulation.run(seed)
            #expect(outcome.options.outage.map { $0.length > .seconds(60) } ?? false)
            #expect(outcome.simulated > .seconds(120), "seed \(seed)")
            #expect(outcome.failure == nil, "seed \(seed)")
        }
    }

    @Test func `faults that are left out leave the others as they were`() async {
        let all = await Simulation.run(5)
        let none = await Simulation.run(5, only: [])
        #expect(!all.numbers.isEmpty && none.numbers.isEmpty)
        let first = await Simulation.run(5, only: [all.numbers[0]])
        #expect(first.story == [all.story[0]])
    }
}

extension Simulation {
    fileprivate static func run(seeds first: UInt64, _ count: Int, jobs: Int) async -> Summary {
        await Simulation(seed: first, schedules: count, jobs: jobs).run()
    }
}
