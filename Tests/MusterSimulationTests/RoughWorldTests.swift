import MusterSimulation
import Testing

/// Schedules with long races and short deadlines.
@Suite struct RoughWorldTests {
    @Test func `rough schedules hold`() async {
        let simulation = Simulation(seed: 1, schedules: 30, jobs: 2, isRough: true)
        let summary = await simulation.run()
        for failure in summary.failures {
            Issue.record("\(failure.failure ?? ""): muster simulate --rough --seed \(failure.seed)")
        }
        #expect(summary.schedules == 30)
    }

    @Test func `a rough schedule that once failed holds`() async {
        let outcome = await Simulation.run(251, isRough: true)
        #expect(outcome.failure == nil)
    }

    @Test func `a rough schedule is its seed's, and another than the same seed without`() async {
        let one = await Simulation.run(3, isRough: true)
        let again = await Simulation.run(3, isRough: true)
        let smooth = await Simulation.run(3)
        #expect(one.steps == again.steps && one.decisions == again.decisions)
        #expect(one.steps != smooth.steps)
        #expect(smooth.options.rough.pace == 1 && smooth.options.rough.absences.isEmpty)
    }

    @Test func `rough schedules reach removals for silence, gaps, handovers, short logs`() async {
        let simulation = Simulation(seed: 1, schedules: 120, jobs: 2, isRough: true)
        let events = await simulation.run().coverage
        for name in ["nodeRemoved", "removalScheduled", "removalRescheduled", "frozen", "timeGap"] {
            #expect(events.events[name, default: 0] > 0, "\(name)")
        }
        #expect(events.commands["transferLeadership", default: 0] > 0)
        #expect(events.refusals["storeRegressed", default: 0] > 0)
    }
}
