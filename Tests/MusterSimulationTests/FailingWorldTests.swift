import MusterSimulation
import Testing

/// What becomes of a schedule that fails: here whichever meets a crash of a node, which nobody
/// promises to be spared.
@Suite struct FailingWorldTests {
    private static let noCrash: @Sendable (WorldCoverage) -> World.Demand? = { coverage in
        coverage.faults["nodeCrash", default: 0] == 0
            ? nil : World.Demand(promise: .everythingConverges, sentence: "a node crashed")
    }

    private func summary(_ schedules: Int, jobs: Int, isFirst: Bool = false) async
        -> Simulation.Summary
    {
        var simulation = Simulation(seed: 1, schedules: schedules, jobs: jobs)
        simulation.demand = Self.noCrash
        simulation.stopsAtFailure = isFirst
        return await simulation.run()
    }

    @Test func `a schedule that fails is reduced to the one fault that it fails by`() async throws {
        let found = await summary(40, jobs: 2)
        let failure = try #require(found.failures.first { $0.numbers.count > 1 })
        let least = await Simulation.reduce(failure, demand: Self.noCrash)
        #expect(least.numbers.count == 1 && least.story[0].contains("nodeCrash"))
        let again = await Simulation.run(
            least.seed, only: least.options.only, ear: .init(demand: Self.noCrash))
        #expect(again.failure == least.failure && again.steps == least.steps)
        let none = await Simulation.run(least.seed, only: [], ear: .init(demand: Self.noCrash))
        #expect(none.failure == nil)
    }

    @Test func `its story is told in the notation of scripts, to what is broken`() async throws {
        let found = await summary(40, jobs: 2)
        let failure = try #require(found.failures.first { $0.decisions > 20 })
        let story = await Simulation.tell(failure, demand: Self.noCrash)
        let last = try #require(story.last)
        #expect(last.hasPrefix("BROKEN: EverythingConverges: a node crashed (step "))
        for line in story.dropLast() {
            #expect(line.firstMatch(of: /^\+[0-9]+\.[0-9]{3}s [a-zA-Z]/) != nil, "\(line)")
        }
        #expect(story.contains { $0.hasSuffix("policyConfigured") })
        #expect(story.contains { $0.contains(" nodeStarted n1 start=1") })
        #expect(
            story.contains { $0.firstMatch(of: #/ fault [0-9]+: nodeCrash of n[1-5], /#) != nil })
        let whole = await Simulation.tell(await Simulation.run(failure.seed))
        #expect(whole.count > story.count && !whole.contains { $0.hasPrefix("BROKEN") })
    }

    @Test func `those that fail are the same for any number of jobs, in their order`() async {
        let one = await summary(80, jobs: 1)
        let two = await summary(80, jobs: 2)
        #expect(one.failed > 5 && one.failed == two.failed && one.failures.count == one.failed)
        #expect(one.failures.map(\.seed) == two.failures.map(\.seed))
        #expect(one.failures.map(\.seed) == one.failures.map(\.seed).sorted())
    }

    @Test func `the first that fails is the same for any number of jobs`() async {
        let one = await summary(40, jobs: 1, isFirst: true)
        let three = await summary(40, jobs: 3, isFirst: true)
        #expect(one.failures.count == 1 && one.failures.map(\.seed) == three.failures.map(\.seed))
        #expect(one.steps == three.steps && one.schedules == three.schedules)
    }
}
