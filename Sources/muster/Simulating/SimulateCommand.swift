import MusterCommandLine
import MusterRuntime
import MusterSimulation

/// `simulate`: does what Muster promises hold, whatever goes wrong and when?
enum SimulateCommand {
    static let command = MusterCommandLine.Command(
        "simulate", "run Muster in a world that a seed makes, with everything going wrong",
        discussion: """
            Runs the manager's and the agent's loops as they are shipped, on one thread and a clock \
            of their own, over a simulated log and a model of Raft groups. What goes wrong, and \
            when, follows from the seed alone: managers and nodes crash, pause and lose sight of \
            each other, appends are lost, doubled and late, disks are lost, operators are at work. \
            After every step it is checked that nothing happened that must not; then the faults \
            stop, and everything must converge.

            Schedule K of N has the seed SEED + K; the seeds of --kept are run before them, such as \
            those that once failed. The result does not depend on --jobs. Ends with \
            exit code 1 when a schedule fails. The first three that fail are run again with fewer and \
            fewer faults, and the line that runs the rest is printed, with the story of what \
            happened in the notation of scripts; seeds mean the same only to the same commit, \
            which the program does not know by itself: --commit names it.
            """,
        examples: [
            .init("simulate --seed 1 --schedules 1000 --jobs 2", "a thousand schedules"),
            .init("simulate --seed 17 --trace", "one, told step by step"),
        ],
        options: [
            CommandOption(
                "seed", value: "NUMBER", .number(0...Int64.max), "the first schedule's seed",
                default: "1"),
            CommandOption(
                "schedules", value: "NUMBER", .number(1...1_000_000_000), "how many to run",
                default: "1"),
            CommandOption(
                "kept", value: "NUMBERS", .numbers(0...Int64.max),
                "the seeds to run before those: 3,7"),
            CommandOption(
                "jobs", value: "NUMBER", .number(1...256), "how many at once", default: "1"),
            CommandOption(
                "only", value: "NUMBERS", .numbers(0...1_000_000_000),
                "let only these faults happen, by their numbers: 3,7; with 0 none"),
            CommandOption(
                "commit", value: "TEXT", .text,
                "the commit that this program is of, to be said with what fails",
                default: "unknown"),
            CommandOption(flag: "calm", summary: "let nothing go wrong"),
            CommandOption(
                flag: "rough",
                summary: "make races longer and deadlines shorter, each seed in its way"),
            CommandOption(
                flag: "first",
                summary: "stop at the first schedule that fails, and leave it as it is"),
            CommandOption(flag: "trace", summary: "tell what happens, step by step"),
        ],
        exitCodes: [.interrupted, .terminated], shape: SimulationView.shape,
        layout: SimulationView.layout
    ) { call in
        let seed = UInt64(call.number("seed") ?? 1)
        let count = Int(call.number("schedules") ?? 1)
        let jobs = Int(call.number("jobs") ?? 1)
        let clock = ContinuousClock()
        let start = clock.now
        let only = call.numbers("only")?.map { Int($0) }
        var summary = Simulation.Summary()
        if call.flag("trace") || only != nil {
            for index in 0..<count {
                summary.add(
                    await Simulation.run(
                        seed &+ UInt64(index), isCalm: call.flag("calm"),
                        isRough: call.flag("rough"), only: only,
                        ear: .init(
                            trace: call.flag("trace") ? { call.output.note("\($0)") } : nil)))
            }
        } else {
            let every = max(1000, count / 100)
            var simulation = Simulation(
                seed: seed, schedules: count, jobs: jobs, isCalm: call.flag("calm"),
                isRough: call.flag("rough"))
            simulation.stopsAtFailure = call.flag("first")
            simulation.kept = call.numbers("kept")?.map { UInt64($0) } ?? []
            summary = await simulation.run { done in
                if done % every == 0 { call.output.note("\(done) of \(count) schedules") }
            }
        }
        if only == nil, !call.flag("calm"), !call.flag("trace"), !call.flag("first") {
            for index in summary.failures.indices.prefix(3) {
                summary.failures[index] = await Simulation.reduce(
                    summary.failures[index], isRough: call.flag("rough"))
            }
        }
        var stories: [UInt64: [String]] = [:]
        if !call.flag("first") {
            for outcome in summary.failures.prefix(3) {
                stories[outcome.seed] = await Simulation.tell(
                    outcome, isCalm: call.flag("calm"), isRough: call.flag("rough"))
            }
        }
        let view = SimulationView(
            summary, isCalm: call.flag("calm"), isRough: call.flag("rough"),
            elapsed: clock.now - start, commit: call.text("commit") ?? "unknown",
            stories: stories)
        try call.show(view.value)
        return summary.failures.isEmpty ? .ok : .failed
    }
}
