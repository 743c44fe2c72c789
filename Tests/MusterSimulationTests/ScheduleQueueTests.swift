import MusterSimulation
import Testing

/// How schedules are given out and added up.
@Suite struct ScheduleQueueTests {
    @Test func `what ends out of order is added in order, and little of it waits`() async {
        let outcome = await Simulation.run(1, only: [])
        let queue = ScheduleQueue(count: 100, stopsAtFailure: false, ahead: 8)
        var open: [Int] = []
        var most = 0
        while true {
            switch queue.take() {
            case .schedule(let index): open.append(index)
            case .wait, .none:
                // The newest ends first.
                guard let index = open.popLast() else {
                    // The first failure is that of the lowest number, not of the first to end.
                    #expect(queue.summary.failures.map(\.seed) == (80..<100).map { UInt64($0) })
                    #expect(queue.summary.schedules == 100 && queue.summary.failed == 20)
                    #expect(most == 7 && queue.waiting == 0)
                    return
                }
                var one = outcome
                one.seed = UInt64(index)
                one.failure = index < 80 ? nil : "no"
                _ = queue.end(index, one)
                most = max(most, queue.waiting)
            }
        }
    }

    @Test func `nothing is given out once one has failed, and what is behind it is not added`()
        async
    {
        let outcome = await Simulation.run(1, only: [])
        let queue = ScheduleQueue(count: 100, stopsAtFailure: true, ahead: 8)
        for index in 0..<5 { #expect(queue.take() == .schedule(index)) }
        var failed = outcome
        failed.failure = "no"
        _ = queue.end(2, failed)
        #expect(queue.take() == .none)
        for index in [4, 1, 0, 3] { _ = queue.end(index, outcome) }
        #expect(queue.summary.schedules == 3 && queue.summary.failed == 1)
    }
}
