import MusterCommandLine
import MusterCore
import MusterRuntime
import MusterWire

/// What agents say of commands.
enum ReportFacts {
    static let all = [succeeded, failed, unknown]

    private static let example =
        "--cluster orders --node n1 --store 0123456789abcdef0123456789abcdef"
        + " --command 41:0:0123456789abcdef"

    private static let command = CommandOption(
        "command", value: "ID", .text, "the command's id: SEQ:INDEX:PREFIX")
    private static let detail = CommandOption(
        "detail", value: "TEXT", .text, "what the agent has to say")
    private static let options = FactOptions.identity + [command, detail]

    private static func report(_ call: Invocation) throws -> CommandReport {
        guard let text = call.text(command.name) else { throw FactOptions.missing(command) }
        guard let id = CommandID(text: text) else {
            throw CommandError.usage(
                "--command needs SEQ:INDEX:PREFIX such as 41:0:0123456789abcdef, not \"\(text)\"",
                advice: "`muster commands` lists the ids")
        }
        return CommandReport(
            command: id, executor: try FactOptions.identity(call),
            detail: call.text("detail") ?? "")
    }

    private static let succeeded = PublishCommands.fact(
        "command-succeeded", "an agent has carried a command out",
        example: .init("publish command-succeeded \(example)", "it is done"), options: options
    ) { call in .fact(.commandSucceeded(try report(call))) }

    private static let failed = PublishCommands.fact(
        "command-failed", "an agent has not carried a command out; it had no effect",
        example: .init(
            "publish command-failed \(example) --code notLeader --retryable", "ask another"),
        options: options + [
            CommandOption(
                "code", value: "CODE", .word(CommandFailure.Code.allCases.map(\.rawValue)),
                "why", default: CommandFailure.Code.failed.rawValue),
            CommandOption(flag: "retryable", summary: "the same command may succeed later"),
            CommandOption(
                "leader", value: "NODE", .text, "whom the agent takes for the leader"),
        ]
    ) { call in
        let code = call.text("code").flatMap(CommandFailure.Code.init(rawValue:)) ?? .failed
        return .fact(
            .commandFailed(
                try report(call),
                CommandFailure(
                    code: code, retryable: call.flag("retryable"),
                    leaderHint: try call.name(option: "leader"))))
    }

    private static let unknown = PublishCommands.fact(
        "command-outcome-unknown", "an agent does not know whether a command had an effect",
        example: .init("publish command-outcome-unknown \(example)", "to be looked at"),
        options: options
    ) { call in .fact(.commandOutcomeUnknown(try report(call))) }
}
