import MusterCommandLine
import MusterEngines
import MusterLog
import MusterRuntime

/// `doctor`: looks at a whole installation.
enum DoctorCommand {
    static let command = MusterCommandLine.Command(
        "doctor", "look at a whole installation: log, topics, rights, clocks, lag, quarantine",
        discussion: """
            Every check is made, also where an earlier one failed, and says what it saw. Nothing is \
            changed, unless --write is given: then a record without a value is appended to the \
            topics members and snapshots, where nobody minds it, to see that the user may write \
            and how far this machine's clock is from the log's.
            """,
        examples: [
            .init("doctor", "is everything as it should be?"),
            .init("doctor --write", "may this user run a manager?"),
        ],
        options: [
            CommandOption(flag: "write", summary: "append two empty records to see that it may")
        ],
        exitCodes: [.unhealthy, .unreachable, .notPermitted],
        shape: .object([
            .init("isWell", .flag, "whether no check failed"),
            .init("program", .text, "this program and its version"),
            .init(
                "checks",
                .array(
                    .object([
                        .init("check", .text, "what was looked at"),
                        .init(
                            "verdict", .word(Checkup.Verdict.allCases.map(\.rawValue)),
                            "how it is"),
                        .init("sentence", .text, "what was seen, and what to do"),
                    ])), "the checks, in order"),
        ]),
        layout: ResultLayout(
            [
                .table(
                    title: nil, rows: "checks",
                    columns: [
                        .init("CHECK", "check"),
                        .init(
                            "VERDICT", "verdict",
                            tones: ["ok": .good, "warning": .warning, "failed": .bad]),
                        .init("WHAT", "sentence"),
                    ], empty: "")
            ], rows: "checks", name: "check")
    ) { call in
        var checkup = Checkup(call: call)
        await checkup.run()
        try call.show(
            .object([
                "isWell": .flag(checkup.isWell),
                "program": .text("\(call.program.name) \(call.program.version)"),
                "checks": .array(checkup.findings.map { $0.value }),
            ]))
        return checkup.exitCode
    }
}
