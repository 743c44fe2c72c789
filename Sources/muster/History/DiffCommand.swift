import MusterCommandLine
import MusterCore
import MusterEngines
import MusterLog
import MusterRuntime

/// `diff`: what is another between two points of a history.
enum DiffCommand {
    static let command = MusterCommandLine.Command(
        "diff", "show what changed between two points of a cluster's history",
        discussion: """
            Each of A and B is a decision's number, a time (then the last decision whose record \
            was appended by then counts), an offset of the journal partition (offset:120), or a \
            head as verify prints it (SEQ:HASH), which must then be there. A may lie behind B: \
            then it shows the way back.
            """,
        examples: [
            .init("diff 41 57", "between two decisions"),
            .init("diff 1h now", "in the last hour"),
            .init("diff 2026-03-01 2026-03-02 -o json", "on one day, for a program"),
        ],
        arguments: [
            CommandArgument("A", .text, Moment.summary),
            CommandArgument("B", .text, "the same"),
        ],
        options: [CommonOptions.cluster], exitCodes: [.altered, .notFound, .notPermitted],
        shape: shape,
        layout: ResultLayout(
            [
                .facts([
                    .init("cluster", "cluster"), .init("from decision", "from.seq"),
                    .init("appended", "from.appended"), .init("to decision", "to.seq"),
                    .init("appended", "to.appended"), .init("decisions between", "decisions"),
                    .init("from hash", "from.hash", wide: true),
                    .init("to hash", "to.hash", wide: true),
                ]),
                .table(
                    title: nil, rows: "changes",
                    columns: [
                        .init("KIND", "kind"), .init("NAME", "name"), .init("WHAT", "aspect"),
                        .init("FROM", "from"), .init("TO", "to"),
                    ], empty: "nothing changed"),
            ], rows: "changes", name: "name")
    ) { call in
        let texts = ["A", "B"].map { call.argument($0) ?? "" }
        let moments = try texts.map { text throws(CommandError) in
            (text: text, moment: try Moment(text, call))
        }
        return try await call.withLog(for: .read) { log in
            let found = try await PastState.find(moments, call, log)
            try call.show(value(found[0], found[1]))
            return .ok
        }
    }

    private static let point: ResultShape = .object([
        .init("seq", .id, "the decision"),
        .init("at", .time, "when it was decided"),
        .init("appended", .time, "when its record was appended"),
        .init("offset", .id, "where its record lies"),
        .init("hash", .text, "the hash of its record"),
    ])

    private static let shape: ResultShape = .object([
        .init("cluster", .text, "the cluster's name"),
        .init("from", point, "the first point"),
        .init("to", point, "the second point"),
        .init("decisions", .number, "how many decisions lie between them"),
        .init(
            "changes",
            .array(
                .object([
                    .init(
                        "kind", .word(StateAspects.Kind.allCases.map(\.rawValue)),
                        "what changed"),
                    .init("name", .text, "its name"),
                    .init("aspect", .text, "what of it"),
                    .init("from", .text, "as it was; empty: it was not there"),
                    .init("to", .text, "as it is; empty: it is gone"),
                ])), "thing by thing; what is gone last"),
    ])

    private static func value(_ from: PastState, _ to: PastState) -> ResultValue {
        let numbers = [from.state, to.state].map { Int64(clamping: $0.head.sequence.value) }
        let changes = StateAspects.changes(from: from.state, to: to.state, of: .full)
        return .object([
            "cluster": .name(to.state.id), "from": point(from), "to": point(to),
            "decisions": .number(abs(numbers[1] - numbers[0])),
            "changes": .array(
                changes.map { change in
                    .object([
                        "kind": .text(change.aspect.kind.rawValue),
                        "name": .text(change.aspect.name), "aspect": .text(change.aspect.aspect),
                        "from": .text(change.from), "to": .text(change.to),
                    ])
                }),
        ])
    }

    private static func point(_ past: PastState) -> ResultValue {
        .object([
            "seq": .id(past.state.head.sequence), "at": .time(past.state.at),
            "appended": .time(past.entry.appended), "offset": .id(past.entry.position.offset),
            "hash": .text("\(past.entry.hash)"),
        ])
    }
}
