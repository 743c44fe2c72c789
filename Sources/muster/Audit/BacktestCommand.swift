import MusterCommandLine
import MusterCore
import MusterEngines
import MusterRuntime

/// `backtest`: what another policy would have decided.
enum BacktestCommand {
    static let command = MusterCommandLine.Command(
        "backtest", "fold what was recorded under another policy",
        discussion: """
            Folds a cluster's recorded inputs and heartbeats twice, with the manager's own code: \
            under the policy that was, and under that with what FILE says in its place. Prints \
            side by side which removals, promotions and freezes differ, the lowest spare reached, \
            and which removals were wrong: the node was heard again within --wrong-within.

            The world does not answer. Observations stay those that were recorded, whatever a run \
            commands: behind the first difference stands what the policy would have decided on the \
            world as it went, not what would have become of it. Where heartbeats are no longer \
            kept they are taken from what the journal says about who was heard; inputs that \
            decided nothing and were cut are missing. The notes say where this is so.
            """,
        examples: [
            .init("backtest --policy patient.yaml --from 7d", "the last week"),
            .init(
                "backtest --policy p.yaml --from 2026-03-01 --to 2026-03-02 --wrong-within 30m",
                "one day"),
        ],
        options: [
            CommonOptions.cluster,
            CommandOption(
                "policy", value: "FILE", .file,
                "the other policy: a YAML file with the options of configure as keys"),
            CommandOption(
                "from", value: "TIME", .time, "where to begin; without it the journal's start"),
            CommandOption("to", value: "TIME", .time, "where to end; without it the log's end"),
            CommandOption(
                "wrong-within", value: "TIME", .duration,
                "a removal was wrong when the node was heard again within this time",
                default: "10m"),
        ],
        exitCodes: [.notFound, .notPermitted], shape: BacktestView.shape,
        layout: BacktestView.layout
    ) { call in
        guard let path = call.text("policy") else {
            throw CommandError.usage(
                "no policy to test",
                advice: "give --policy FILE, a YAML file such as: "
                    + "removal-delay: 10m")
        }
        let file = try PolicyFile(path, call)
        let patch = try PolicyOptions.patch { file.values($0) }
        if file.count == 0 {
            throw CommandError.usage("the policy \(path) sets nothing")
        }
        if let from = call.time("from"), let to = call.time("to"), from >= to {
            throw CommandError.usage(
                "--from \(Wording.moment(Timestamp(milliseconds: from))) is not before --to "
                    + "\(Wording.moment(Timestamp(milliseconds: to)))")
        }
        return try await call.withLog(for: .read) { log in
            let view = try await BacktestRun(call, log, patch, path: path).view()
            try call.show(view.value)
            return .ok
        }
    }
}
