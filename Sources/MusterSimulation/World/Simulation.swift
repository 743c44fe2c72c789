internal import MusterCore
internal import Synchronization

/// Runs many schedules, each of a seed of its own, in as many tasks as wanted; what comes out does
/// not depend on how many.
package struct Simulation: Sendable {
    package var seed: UInt64
    package var schedules: Int
    package var jobs: Int
    /// Whether nothing goes wrong.
    package var isCalm: Bool
    /// Whether races are long and deadlines short.
    package var isRough: Bool
    /// Whether nothing is looked at behind the first schedule that fails.
    package var stopsAtFailure = false
    /// The seeds that are run before the others, such as those that once failed.
    package var kept: [UInt64] = []

    package init(
        seed: UInt64, schedules: Int, jobs: Int, isCalm: Bool = false, isRough: Bool = false
    ) {
        self.isCalm = isCalm
        self.isRough = isRough
        self.seed = seed
        self.schedules = schedules
        self.jobs = jobs
    }

    /// How one schedule came out.
    package struct Outcome: Sendable {
        package var seed: UInt64
        package var steps: Int
        package var decisions: Int
        package var voids: Int
        package var simulated: Duration
        package var coverage: WorldCoverage
        /// What is wrong; nil when nothing is.
        package var failure: String?
        /// How the schedule was, and the faults that were made in it.
        package var options: ScheduleOptions
        package var story: [String]
    }

    /// What all of them came to.
    package struct Summary: Sendable {
        package var schedules = 0
        package var steps = 0
        package var decisions = 0
        package var voids = 0
        package var simulated: Duration = .zero
        package var coverage = WorldCoverage()
        /// The schedules that failed, by their seeds.
        package var failures: [Outcome] = []

        package init() {}

        /// Adds what one schedule came to.
        package mutating func add(_ outcome: Outcome) {
            schedules += 1
            steps += outcome.steps
            decisions += outcome.decisions
            voids += outcome.voids
            simulated += outcome.simulated
            coverage.add(outcome.coverage)
            if outcome.failure != nil { failures.append(outcome) }
        }
    }

    /// One schedule, from its seed alone.
    ///
    /// - Parameter only: the faults that are made, by number; nil: all.
    package static func run(
        _ seed: UInt64, isCalm: Bool = false, isRough: Bool = false, only: [Int]? = nil,
        trace: ((String) -> Void)? = nil
    ) async -> Outcome {
        var world = World(seed: seed) {
            if isRough { $0.makeRough(seed) }
            if isCalm { $0.makeCalm() }
            $0.only = only
        }
        if let trace { world = world.listening(trace) }
        var failure: String?
        do {
            try await world.run()
        } catch {
            failure = "\(error)"
        }
        return Outcome(
            seed: seed, steps: world.step, decisions: world.reference.count,
            voids: world.reference.voids, simulated: world.now - World.dawn,
            coverage: world.coverage, failure: failure, options: world.options,
            story: world.story)
    }

    /// The same schedule with as few faults as it fails with, left out one after another. What is
    /// found at the end may be another failure than the first.
    package static func reduce(_ outcome: Outcome, isRough: Bool = false) async -> Outcome {
        var best = outcome
        var left = best.numbers
        var size = max(1, left.count / 2)
        while !left.isEmpty {
            var index = 0
            while index < left.count {
                var fewer = left
                fewer.removeSubrange(index..<min(index + size, left.count))
                let next = await run(outcome.seed, isRough: isRough, only: fewer)
                if next.failure == nil {
                    index += size
                } else {
                    best = next
                    left = fewer.filter(next.numbers.contains)
                }
            }
            if size == 1 { break }
            size /= 2
        }
        return best
    }

    /// The schedules with the seeds of `first`, and with those from `seed` on.
    ///
    /// - Parameter progress: how many are done; from any thread.
    package func run(progress: @escaping @Sendable (Int) -> Void = { _ in }) async -> Summary {
        let counter = Counter()
        let stops = stopsAtFailure
        let (seed, schedules, kept) = (seed, schedules, kept)
        let (isCalm, isRough) = (isCalm, isRough)
        var parts: [[Outcome]] = []
        await withTaskGroup(of: [Outcome].self) { group in
            for _ in 0..<max(1, jobs) {
                group.addTask {
                    var mine: [Outcome] = []
                    while !Task.isCancelled {
                        let index = counter.begun()
                        guard index < kept.count + schedules, !stops || !counter.hasFailed
                        else { break }
                        let own =
                            index < kept.count
                            ? kept[index] : seed &+ UInt64(index - kept.count)
                        let outcome = await Self.run(own, isCalm: isCalm, isRough: isRough)
                        if outcome.failure != nil { counter.fail() }
                        mine.append(outcome)
                        progress(counter.ended())
                    }
                    return mine
                }
            }
            for await part in group { parts.append(part) }
        }
        var summary = Summary()
        for outcome in parts.joined().sorted(by: { $0.seed < $1.seed }) {
            // Those before it were all begun before it, so which is the first is always the same.
            if stops, !summary.failures.isEmpty { break }
            summary.add(outcome)
        }
        return summary
    }
}

extension Simulation.Outcome {
    /// The faults that were made, by number.
    package var numbers: [Int] {
        story.compactMap { line in Int(line.prefix { $0 != ":" }) }
    }
}

/// How many schedules were begun and ended, by all jobs.
private final class Counter: Sendable {
    private let counts = Mutex((begun: 0, ended: 0, failed: 0))

    var hasFailed: Bool { counts.withLock { $0.failed > 0 } }

    func fail() { counts.withLock { $0.failed += 1 } }

    /// The number of the next schedule, from 0.
    func begun() -> Int {
        counts.withLock {
            $0.begun += 1
            return $0.begun - 1
        }
    }

    func ended() -> Int {
        counts.withLock {
            $0.ended += 1
            return $0.ended
        }
    }
}
