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
        .init("events", .array(count), "what was decided, by event"),
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
            .init("pairs", "pairs"), .init("failed", "failed"),
        ]),
        .table(
            title: "faults", rows: "faults",
            columns: [.init("fault", "name"), .init("times", "count")], empty: "no faults"),
        .table(
            title: "events", rows: "events",
            columns: [.init("event", "name"), .init("times", "count")], empty: "no events"),
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
            columns: [
                .init("seed", "seed"), .init("why", "why"), .init("commit", "commit"),
                .init("again", "again"),
                .init("options", "options"),
            ],
            empty: "nothing failed"),
    ])

    private let summary: Simulation.Summary
    private let isCalm: Bool
    private let isRough: Bool
    private let elapsed: Duration
    private let commit: String

    init(
        _ summary: Simulation.Summary, isCalm: Bool, isRough: Bool, elapsed: Duration,
        commit: String
    ) {
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
            "failed": .number(Int64(summary.failures.count)),
            "failures": .array(summary.failures.prefix(20).map(failure)),
            "faults": Self.counts(summary.coverage.faults),
            "events": Self.counts(summary.coverage.events),
            "commands": Self.counts(summary.coverage.commands),
            "persons": Self.counts(summary.coverage.persons),
            "met": .array(met),
            "pairs": .number(Int64(summary.coverage.pairs.count)),
        ])
    }

    private func failure(_ outcome: Simulation.Outcome) -> ResultValue {
        var again = "muster simulate --seed \(outcome.seed)"
        if isCalm { again += " --calm" }
        if isRough { again += " --rough" }
        if let only = outcome.options.only {
            again += " --only " + (only.isEmpty ? "0" : only.map { "\($0)" }.joined(separator: ","))
        }
        return .object([
            "seed": .id(Int64(outcome.seed)),
            "why": .text(String((outcome.failure ?? "").prefix(600))),
            "faults": .array(outcome.story.prefix(40).map { .text($0) }),
            "options": .text("\(outcome.options)"),
            "commit": .text(commit),
            "again": .text(again + " --trace"),
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

    private static func milliseconds(_ duration: Duration) -> Int64 {
        let (seconds, attoseconds) = duration.components
        return seconds * 1000 + attoseconds / 1_000_000_000_000_000
    }
}
