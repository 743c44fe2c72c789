import MusterCommandLine
import MusterCore
import MusterManager

/// What a back-test came to, as a result.
struct BacktestView {
    let recording: Backtest.Recording
    let report: BacktestReport
    let policy: Policy
    let otherPolicy: Policy
    let to: Timestamp
    /// Inputs, signs of life that were kept, and those that follow from the journal.
    let counts: (inputs: UInt64, heard: UInt64, made: UInt64)
    let inputsFrom: Timestamp?
    let heardFrom: Timestamp?
    let wrongWithin: Duration

    private typealias Verdict = BacktestReport.Verdict
    private typealias Judgement = BacktestReport.Judgement

    // MARK: The result

    private static let verdict: ResultShape = .word(Verdict.allCases.map(\.rawValue))
    private static let judgement: ResultShape = .word(Judgement.allCases.map(\.rawValue))

    private static func times(_ more: [ResultShape.Field]) -> [ResultShape.Field] {
        [
            .init("verdict", verdict, "how the other policy compares"),
            .init("journal", .time, "when it was decided in truth", isOptional: true),
            .init(
                "recorded", .time, "when the recorded policy decides it, folded again",
                isOptional: true),
            .init("other", .time, "when the other policy decides it", isOptional: true),
        ] + more
    }

    static let shape: ResultShape = .object([
        .init("cluster", .text, "the cluster's name"),
        .init("from", .time, "the beginning"),
        .init("to", .time, "the end"),
        .init("inputs", .number, "facts and requests that were folded"),
        .init("heard", .number, "signs of life and reports that were still kept"),
        .init("assumed", .number, "those that follow from what the journal says"),
        .init("differences", .number, "removals, promotions and freezes that differ"),
        .init("firstDifference", .time, "when the two first part", isOptional: true),
        .init("notes", .array(.text), "what this back-test cannot know"),
        .init(
            "policy",
            .array(
                .object([
                    .init("member", .text, "what of the policy"),
                    .init("recorded", .text, "as it was at the beginning"),
                    .init("other", .text, "as it was tested"),
                ])), "where the policies differ"),
        .init(
            "removals",
            .array(
                .object(
                    [
                        .init("node", .text, "who is removed for its silence"),
                        .init("store", .text, "its store"),
                    ]
                        + times([
                            .init(
                                "recordedWas", judgement, "whether that was right",
                                isOptional: true),
                            .init(
                                "otherWas", judgement, "whether that was right",
                                isOptional: true),
                            .init(
                                "heardAgain", .time, "when the node was heard again",
                                isOptional: true),
                        ]))), "removals for silence, oldest first"),
        .init(
            "promotions",
            .array(
                .object(
                    [
                        .init("node", .text, "who is promoted"),
                        .init("group", .text, "where"),
                    ] + times([]))), "promotions, oldest first"),
        .init(
            "freezes",
            .array(
                .object(
                    [.init("silent", .array(.text), "who was silent")]
                        + times([
                            .init(
                                "recordedEnd", .time, "when that freeze ended",
                                isOptional: true),
                            .init(
                                "otherEnd", .time, "when that freeze ended", isOptional: true),
                        ]))), "times in which removals were held back, oldest first"),
        .init(
            "spares",
            .array(
                .object([
                    .init("group", .text, "the group's name"),
                    .init(
                        "recorded", .number, "the fewest further failures it would have stood",
                        isOptional: true),
                    .init("recordedAt", .time, "when that was", isOptional: true),
                    .init("other", .number, "the same under the other policy", isOptional: true),
                    .init("otherAt", .time, "when that was", isOptional: true),
                ])), "the lowest spare of each group, by name"),
    ])

    static let layout = ResultLayout(
        [
            .facts([
                .init("cluster", "cluster"), .init("from", "from"), .init("to", "to"),
                .init("inputs folded", "inputs"), .init("signs of life kept", "heard"),
                .init("signs of life assumed", "assumed"), .init("differences", "differences"),
                .init("first difference", "firstDifference"),
            ]),
            .lines("notes"),
            .table(
                title: "policy", rows: "policy",
                columns: [
                    .init("MEMBER", "member"), .init("RECORDED", "recorded"),
                    .init("OTHER", "other"),
                ], empty: "the policies are the same"),
            .table(
                title: "removals", rows: "removals",
                columns: [
                    .init("NODE", "node"), .init("RECORDED", "recorded"),
                    .init("WAS", "recordedWas", tones: judgementTones),
                    .init("OTHER", "other"), .init("WAS", "otherWas", tones: judgementTones),
                    .init("HEARD AGAIN", "heardAgain"), .init("VERDICT", "verdict"),
                    .init("JOURNAL", "journal", wide: true), .init("STORE", "store", wide: true),
                ], empty: "no removals for silence"),
            .table(
                title: "promotions", rows: "promotions",
                columns: [
                    .init("NODE", "node"), .init("GROUP", "group"),
                    .init("RECORDED", "recorded"), .init("OTHER", "other"),
                    .init("VERDICT", "verdict"), .init("JOURNAL", "journal", wide: true),
                ], empty: "no promotions"),
            .table(
                title: "freezes", rows: "freezes",
                columns: [
                    .init("SILENT", "silent"), .init("RECORDED", "recorded"),
                    .init("UNTIL", "recordedEnd"), .init("OTHER", "other"),
                    .init("UNTIL", "otherEnd"), .init("VERDICT", "verdict"),
                    .init("JOURNAL", "journal", wide: true),
                ], empty: "no freezes"),
            .table(
                title: "lowest spare", rows: "spares",
                columns: [
                    .init("GROUP", "group"), .init("RECORDED", "recorded"),
                    .init("AT", "recordedAt"), .init("OTHER", "other"), .init("AT", "otherAt"),
                ], empty: "no group was seen"),
        ], rows: "removals", name: "node")

    private static let judgementTones: [String: Tone] = ["wrong": .bad, "right": .good]

    var value: ResultValue {
        .object([
            "cluster": .name(recording.state.id), "from": .time(recording.from), "to": .time(to),
            "inputs": .number(Int64(clamping: counts.inputs)),
            "heard": .number(Int64(clamping: counts.heard)),
            "assumed": .number(Int64(clamping: counts.made)),
            "differences": .number(differences),
            "firstDifference": report.firstDifference.map { .time($0) },
            "notes": .texts(notes), "policy": .array(policyRows),
            "removals": .array(report.removals.map { removal($0) }),
            "promotions": .array(
                report.promotions.map { promotion in
                    let one = promotion.recorded ?? promotion.other ?? promotion.journal
                    return .object([
                        "node": one.map { .name($0.node) }, "group": one.map { .name($0.group) },
                        "verdict": .text(promotion.verdict.rawValue),
                        "journal": promotion.journal.map { .time($0.began) },
                        "recorded": promotion.recorded.map { .time($0.began) },
                        "other": promotion.other.map { .time($0.began) },
                    ])
                }),
            "freezes": .array(report.freezes.map { freeze($0) }), "spares": .array(spares),
        ])
    }

    private var differences: Int {
        report.removals.count { $0.comparison.verdict != .same }
            + report.promotions.count { $0.verdict != .same }
            + report.freezes.count { $0.verdict != .same }
    }

    private func removal(_ removal: BacktestReport.Removal) -> ResultValue {
        let comparison = removal.comparison
        let one = comparison.recorded ?? comparison.other ?? comparison.journal
        return .object([
            "node": one.map { .name($0.node) }, "store": one.map { .text("\($0.store)") },
            "verdict": .text(comparison.verdict.rawValue),
            "journal": comparison.journal.map { .time($0.began) },
            "recorded": comparison.recorded.map { .time($0.began) },
            "other": comparison.other.map { .time($0.began) },
            "recordedWas": removal.recordedJudgement.map { .text($0.rawValue) },
            "otherWas": removal.otherJudgement.map { .text($0.rawValue) },
            "heardAgain": removal.heardAgain.map { .time($0) },
        ])
    }

    private func freeze(
        _ comparison: BacktestReport.Comparison<PolicyOutcome.Freeze>
    ) -> ResultValue {
        let one = comparison.recorded ?? comparison.other ?? comparison.journal
        return .object([
            "silent": .names(one?.silent ?? []), "verdict": .text(comparison.verdict.rawValue),
            "journal": comparison.journal.map { .time($0.began) },
            "recorded": comparison.recorded.map { .time($0.began) },
            "recordedEnd": comparison.recorded?.ended.map { .time($0) },
            "other": comparison.other.map { .time($0.began) },
            "otherEnd": comparison.other?.ended.map { .time($0) },
        ])
    }

    private var spares: [ResultValue] {
        let groups = Set(report.recordedSpares.keys + report.otherSpares.keys).sorted()
        return groups.map { group in
            let (recorded, other) = (report.recordedSpares[group], report.otherSpares[group])
            return .object([
                "group": .name(group), "recorded": recorded.map { .number($0.spare) },
                "recordedAt": recorded.map { .time($0.at) },
                "other": other.map { .number($0.spare) }, "otherAt": other.map { .time($0.at) },
            ])
        }
    }

    private var policyRows: [ResultValue] {
        zip(PolicyMembers.all(of: policy), PolicyMembers.all(of: otherPolicy)).compactMap {
            recorded, other in
            recorded.value == other.value
                ? nil
                : .object([
                    "member": .text(recorded.name), "recorded": .text(recorded.value),
                    "other": .text(other.value),
                ])
        }
    }

    /// What this cannot know.
    private var notes: [String] {
        var notes: [String] = []
        if let heardFrom, counts.made > 0 {
            notes.append(
                "Heartbeats are kept from \(Wording.moment(heardFrom)) on. Before, who was heard "
                    + "follows from the journal; what leaders saw is assumed: a silent node was out "
                    + "of their reach unless a decision says otherwise.")
        }
        if let inputsFrom {
            notes.append(
                "Inputs are kept from \(Wording.moment(inputsFrom)) on. Before, only those with a "
                    + "decision of their own are known.")
        }
        if let first = report.firstDifference {
            notes.append(
                "The policies part at \(Wording.moment(first)). What stands behind that is what the "
                    + "other policy decides on the world as it went, not what would have followed.")
        }
        if !report.unlikeJournal.isEmpty {
            notes.append(
                "The recorded policy, folded again, differs from the journal about the removal of "
                    + report.unlikeJournal.map(\.text).joined(separator: " ")
                    + ": what was recorded is not enough to decide it again.")
        }
        let isOpen = report.removals.contains {
            $0.recordedJudgement == .unknown || $0.otherJudgement == .unknown
        }
        if isOpen {
            notes.append(
                "Where a removal is called unknown the recording ends less than "
                    + "\(Wording.length(wrongWithin)) behind it.")
        }
        return notes
    }
}

/// A policy's members by name, as text.
enum PolicyMembers {
    /// In the order in which a policy has them.
    static func all(of policy: Policy) -> [(name: String, value: String)] {
        Mirror(reflecting: policy).children.map { child in
            (child.label ?? "", text(child.value))
        }
    }

    private static func text(_ value: Any) -> String {
        switch value {
        case let length as Duration: Wording.length(length)
        case let nodes as [NodeID]:
            nodes.isEmpty ? "nobody" : nodes.map(\.text).joined(separator: " ")
        default: "\(value)"
        }
    }
}
