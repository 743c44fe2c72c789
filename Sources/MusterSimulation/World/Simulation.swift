internal import MusterCore

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
    /// What is wanted of each schedule beside the promises.
    package var demand: (@Sendable (WorldCoverage) -> World.Demand?)?
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

    /// What all of them came to. It does not grow with how many there were.
    package struct Summary: Sendable {
        package var schedules = 0
        package var steps = 0
        package var decisions = 0
        package var voids = 0
        package var simulated: Duration = .zero
        package var coverage = WorldCoverage()
        /// How many failed.
        package var failed = 0
        /// The first schedules that failed, in the order in which they were begun.
        package var failures: [Outcome] = []

        /// So many of those that fail are kept.
        package static let failuresMax = 20

        package init() {}

        /// Adds what one schedule came to.
        package mutating func add(_ outcome: Outcome) {
            schedules += 1
            steps += outcome.steps
            decisions += outcome.decisions
            voids += outcome.voids
            simulated += outcome.simulated
            coverage.add(outcome.coverage)
            guard outcome.failure != nil else { return }
            failed += 1
            if failures.count < Self.failuresMax { failures.append(outcome) }
        }
    }

    /// What a schedule is listened to by, and held to, beside its promises.
    package struct Ear {
        /// Hears each step.
        package var trace: ((String) -> Void)?
        /// Hears the story, a line of the notation at a time.
        package var story: ((String) -> Void)?
        package var demand: (@Sendable (WorldCoverage) -> World.Demand?)?

        package init(
            trace: ((String) -> Void)? = nil, story: ((String) -> Void)? = nil,
            demand: (@Sendable (WorldCoverage) -> World.Demand?)? = nil
        ) {
            self.trace = trace
            self.story = story
            self.demand = demand
        }
    }

    /// One schedule, from its seed alone.
    ///
    /// - Parameter only: the faults that are made, by number; nil: all.
    package static func run(
        _ seed: UInt64, isCalm: Bool = false, isRough: Bool = false, only: [Int]? = nil,
        ear: Ear = Ear()
    ) async -> Outcome {
        var world = World(seed: seed) {
            if isRough { $0.makeRough(seed) }
            if isCalm { $0.makeCalm() }
            $0.only = only
        }.listening(trace: ear.trace, narrator: ear.story, demand: ear.demand)
        var failure: String?
        do {
            try await world.run()
        } catch {
            failure = "\(error)"
        }
        return Outcome(
            seed: seed, steps: world.step, decisions: world.reference.count,
            voids: world.reference.voids, simulated: world.now - World.dawn,
            coverage: world.reached, failure: failure, options: world.options,
            story: world.story)
    }

    /// The story of a schedule as it came out: faults, decisions and what was carried out, in the
    /// notation of scripts, and at the end what is wrong.
    package static func tell(
        _ outcome: Outcome, isCalm: Bool = false, isRough: Bool = false,
        demand: (@Sendable (WorldCoverage) -> World.Demand?)? = nil
    ) async -> [String] {
        var lines: [String] = []
        let again = await run(
            outcome.seed, isCalm: isCalm, isRough: isRough, only: outcome.options.only,
            ear: Ear(story: { lines.append($0) }, demand: demand))
        if let failure = again.failure { lines.append("BROKEN: \(failure)") }
        return lines
    }

    /// The same schedule with as few faults as it fails with, left out one after another. What is
    /// found at the end may be another failure than the first.
    package static func reduce(
        _ outcome: Outcome, isRough: Bool = false,
        demand: (@Sendable (WorldCoverage) -> World.Demand?)? = nil
    ) async -> Outcome {
        var best = outcome
        var left = best.numbers
        var size = max(1, left.count / 2)
        while !left.isEmpty {
            var index = 0
            while index < left.count {
                var fewer = left
                fewer.removeSubrange(index..<min(index + size, left.count))
                let next = await run(
                    outcome.seed, isRough: isRough, only: fewer, ear: Ear(demand: demand))
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

    /// The schedules with the seeds of `kept`, and with those from `seed` on. Each is added to the
    /// summary in its turn, as soon as all before it have ended: what is held is the summary, and
    /// the few that have overtaken others.
    ///
    /// - Parameter progress: how many are done; from any thread.
    package func run(progress: @escaping @Sendable (Int) -> Void = { _ in }) async -> Summary {
        let queue = ScheduleQueue(
            count: kept.count + schedules, stopsAtFailure: stopsAtFailure,
            ahead: 256 * max(1, jobs))
        let (seed, kept) = (seed, kept)
        let (isCalm, isRough, demand) = (isCalm, isRough, demand)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<max(1, jobs) {
                group.addTask {
                    while !Task.isCancelled {
                        switch queue.take() {
                        case .none: return
                        case .wait: await Task.yield()
                        case .schedule(let index):
                            let own =
                                index < kept.count
                                ? kept[index] : seed &+ UInt64(index - kept.count)
                            let outcome = await Self.run(
                                own, isCalm: isCalm, isRough: isRough, ear: Ear(demand: demand))
                            progress(queue.end(index, outcome))
                        }
                    }
                }
            }
        }
        return queue.summary
    }
}

extension Simulation.Outcome {
    /// The faults that were made, by number.
    package var numbers: [Int] {
        story.compactMap { line in Int(line.prefix { $0 != ":" }) }
    }
}
