import MusterSimulation
import Testing

/// What schedules reach, and what is said to be out of their reach.
@Suite struct ReachTests {
    private func coverage() async -> WorldCoverage {
        var found = await Simulation(seed: 1, schedules: 150, jobs: 2).run().coverage
        found.add(await Simulation(seed: 1, schedules: 60, jobs: 2, isRough: true).run().coverage)
        return found
    }

    @Test func `what is said to be out of reach is named, has a reason, and does not come up`()
        async
    {
        let outside = [
            (WorldReach.events, WorldReach.eventsOutside, await coverage().events),
            (WorldReach.refusals, WorldReach.refusalsOutside, await coverage().refusals),
        ]
        for (all, reasons, found) in outside {
            for (name, reason) in reasons {
                #expect(all.contains(name) && reason.count > 20, "\(name)")
                #expect(found[name] == nil, "\(name) is reached")
            }
            #expect(found.keys.allSatisfy(all.contains))
        }
    }

    @Test func `a few schedules reach most events, many refusals and many branches`() async {
        let found = await coverage()
        #expect(found.events.count >= 50 && found.refusals.count >= 40)
        #expect(found.branches.count >= 95 && found.said.count >= 90)
        #expect(found.branches["nodeRemoved replaced"] ?? 0 > 0)
        #expect(found.said["removalBlocked floor"] ?? 0 > 0)
        #expect(found.snapshots > 0)
    }
}
