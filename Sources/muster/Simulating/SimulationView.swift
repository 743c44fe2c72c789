import MusterCommandLine
import MusterSimulation

/// What a run of the simulator has to show.
struct SimulationView {
    static let shape: ResultShape = .object([
        .init("schedules", .number, "how many were run"),
        .init("steps", .number, "what happened in them, one by one"),
        .init("decisions", .number, "decisions accepted"),
        .init("voids", .number, "decisions that lost a race"),
        .init("simulated", .duration, "the time that passed in all of them"),
        .init("elapsed", .duration, "the time that it took"),
        .init("failed", .number, "how many schedules failed"),
        .init(
            "failures", .array(failure), "the first of them, by seed; all have a line to run again"
        ),
        .init("faults", .array(count), "what went wrong, by kind"),
        .init("events", .array(reach), "what was decided, by every kind of event"),
        .init("refusals", .array(reach), "what was not done and why, by every code"),
        .init("branches", .array(count), "of decide, as far as an event tells, with its reason"),
        .init("snapshots", .number, "how often a log was cut off and a member got a snapshot"),
        .init("stories", .array(.text), "what failed, each with its story"),
        .init("commands", .array(count), "what was carried out, by action"),
        .init("persons", .array(count), "why a person was needed in the end, by reason"),
        .init("met", .array(met), "each kind of fault, by what went on when it was made"),
        .init("pairs", .number, "how many pairs of a fault and an event decided during it came up"),
    ])

    private static let failure: ResultShape = .object([
        .init("seed", .id, "the schedule's seed"),
        .init("why", .text, "the rule that does not hold, and when"),
        .init("faults", .array(.text), "the faults that were made, with their numbers"),
        .init("options", .text, "how the schedule was, as its seed has it"),
        .init("story", .array(.text), "what happened, in the scripts' notation"),
        .init("commit", .text, "what the program is of: seeds mean the same only to that"),
        .init("again", .text, "the line that runs it again"),
    ])

    private static let met: ResultShape = .object(
        [ResultShape.Field("fault", .text, "the kind of fault")]
            + WorldSituation.allCases.map { situation in
                ResultShape.Field(
                    situation.rawValue, .number, "how often it was made while that went on")
            })

    private static let count: ResultShape = .object([
        .init("name", .text, "what is counted"),
        .init("count", .number, "how often"),
    ])

    private static let reach: ResultShape = .object([
        .init("name", .text, "what is counted"),
        .init("count", .number, "how often"),
        .init("outside", .text, "why no schedule reaches it; empty where some may"),
    ])

    private static let situations: [ResultLayout.Column] =
        [ResultLayout.Column("fault", "fault")]
        + WorldSituation.allCases.map { situation in
            ResultLayout.Column(situation.rawValue, ResultPath([situation.rawValue]))
        }

    static let layout = ResultLayout([
        .facts([
            .init("schedules", "schedules"), .init("steps", "steps"),
            .init("decisions", "decisions"), .init("voids", "voids"),
            .init("simulated", "simulated"), .init("elapsed", "elapsed"),
            .init("pairs", "pairs"), .init("snapshots", "snapshots"), .init("failed", "failed"),
        ]),
        .table(
            title: "faults", rows: "faults",
            columns: [.init("fault", "name"), .init("times", "count")], empty: "no faults"),
        .table(
            title: "events", rows: "events",
            columns: reachColumns("event"), empty: "no events"),
        .table(
            title: "refusals", rows: "refusals", columns: reachColumns("refusal"),
            empty: "no refusals"),
        .table(
            title: "branches of decide, as events tell them", rows: "branches",
            columns: [.init("branch", "name"), .init("times", "count")], empty: "none"),
        .table(
            title: "commands", rows: "commands",
            columns: [.init("command", "name"), .init("times", "count")], empty: "no commands"),
        .table(
            title: "what waits for a person", rows: "persons",
            columns: [.init("reason", "name"), .init("schedules", "count")], empty: "nothing"),
        .table(
            title: "faults by what went on", rows: "met",
            columns: situations,
            empty: "nothing"),
        .table(
            title: "failures", rows: "failures",
            columns: [.init("seed", "seed"), .init("why", "why")], empty: "nothing failed"),
        .lines("stories"),
    ])

    private static func reachColumns(_ title: String) -> [ResultLayout.Column] {
        [.init(title, "name"), .init("times", "count"), .init("why not", "outside")]
    }

    private let summary: Simulation.Summary
    private let isCalm: Bool
    private let isRough: Bool
    private let elapsed: Duration
    private let commit: String
    /// By the seed of a schedule that failed, its story.
    private let stories: [UInt64: [String]]

    init(
        _ summary: Simulation.Summary, isCalm: Bool, isRough: Bool, elapsed: Duration,
        commit: String, stories: [UInt64: [String]]
    ) {
        self.stories = stories
        self.commit = commit
        self.summary = summary
        self.isCalm = isCalm
        self.isRough = isRough
        self.elapsed = elapsed
    }

    var value: ResultValue {
        .object([
            "schedules": .number(Int64(summary.schedules)),
            "steps": .number(Int64(summary.steps)),
            "decisions": .number(Int64(summary.decisions)),
            "voids": .number(Int64(summary.voids)),
            "simulated": .duration(Self.milliseconds(summary.simulated)),
            "elapsed": .duration(Self.milliseconds(elapsed)),
            "failed": .number(Int64(summary.failed)),
            "failures": .array(summary.failures.map(failure)),
            "stories": .array(summary.failures.flatMap(told).map { .text($0) }),
            "faults": Self.counts(summary.coverage.faults),
            "events": Self.counts(
                summary.coverage.events, of: WorldReach.events, WorldReach.eventsOutside),
            "refusals": Self.counts(
                summary.coverage.refusals, of: WorldReach.refusals, WorldReach.refusalsOutside),
            "branches": Self.counts(
                summary.coverage.branches.merging(summary.coverage.said) { $0 + $1 }),
            "snapshots": .number(Int64(summary.coverage.snapshots)),
            "commands": Self.counts(summary.coverage.commands),
            "persons": Self.counts(summary.coverage.persons),
            "met": .array(met),
            "pairs": .number(Int64(summary.coverage.pairs.count)),
        ])
    }

    /// The line that runs the schedule again, with the faults that are left of it.
    private func again(_ outcome: Simulation.Outcome) -> String {
        var again = "muster simulate --seed \(outcome.seed)"
        if isCalm { again += " --calm" }
        if isRough { again += " --rough" }
        if let only = outcome.options.only {
            again += " --only " + (only.isEmpty ? "0" : only.map { "\($0)" }.joined(separator: ","))
        }
        return again + " --trace"
    }

    /// A failure for people: which schedule, of what program, how to run it again, its story.
    private func told(_ outcome: Simulation.Outcome) -> [String] {
        [
            "", "seed \(outcome.seed): \(outcome.failure ?? "")",
            "  again: \(again(outcome))",
            "  commit: \(commit)",
            "  options: \(outcome.options.told)",
        ] + Self.shortened(stories[outcome.seed] ?? []).map { "  " + $0 }
    }

    /// The end of a story is what it comes to; its beginning is like that of others.
    private static func shortened(_ story: [String]) -> [String] {
        let most = 80
        if story.count <= most { return story }
        let faults = story.dropLast(most).filter { $0.contains(" fault ") }
        return faults + ["(\(story.count - most - faults.count) lines before)"]
            + story.suffix(most)
    }

    private func failure(_ outcome: Simulation.Outcome) -> ResultValue {
        .object([
            "seed": .id(Int64(outcome.seed)),
            "why": .text(String((outcome.failure ?? "").prefix(600))),
            "faults": .array(outcome.story.prefix(40).map { .text($0) }),
            "options": .text(outcome.options.told),
            "story": .array((stories[outcome.seed] ?? []).map { .text($0) }),
            "commit": .text(commit),
            "again": .text(again(outcome)),
        ])
    }

    private var met: [ResultValue] {
        WorldFault.Kind.allCases.map { fault in
            let counts = WorldSituation.allCases.map { situation in
                ResultValue.Member(
                    name: situation.rawValue,
                    value: .number(Int64(summary.coverage.count(fault, situation))))
            }
            let name = ResultValue.Member(name: "fault", value: .text(fault.rawValue))
            return ResultValue.object([name] + counts)
        }
    }

    private static func counts(_ all: [String: Int]) -> ResultValue {
        let rows: [ResultValue] = all.sorted { $0.key < $1.key }.map { name, count in
            .object(["name": .text(name), "count": .number(Int64(count))])
        }
        return .array(rows)
    }

    private static func counts(
        _ all: [String: Int], of names: [String], _ outside: [String: String]
    ) -> ResultValue {
        .array(
            names.sorted().map { name in
                .object([
                    "name": .text(name), "count": .number(Int64(all[name] ?? 0)),
                    "outside": .text(outside[name] ?? ""),
                ])
            })
    }

    private static func milliseconds(_ duration: Duration) -> Int64 {
        let (seconds, attoseconds) = duration.components
        return seconds * 1000 + attoseconds / 1_000_000_000_000_000
    }
}
