import Glibc
import MusterCommandLine
import MusterCore
import MusterRuntime

/// What every request has besides its action.
enum RequestOptions {
    static let all: [CommandOption] = [
        CommonOptions.cluster,
        CommandOption("reason", "m", value: "TEXT", .text, "why, for whoever reads the journal"),
        CommandOption(
            "as", value: "PRINCIPAL", .text, "who asks; without it the user's name",
            isSetting: true),
        CommandOption(
            "id", value: "ID", .text,
            "the request's id; a repeated id has no second effect; without it a random one"),
        CommandOption(
            "valid-for", value: "TIME", .duration,
            "how long after its append the request may be decided", default: "60s"),
        CommandOption(
            "if-version", value: "NUMBER", .number(0...Int64.max),
            "only if the membership is still at this version"),
        CommandOption(
            flag: "dry-run",
            summary: "say what would be decided, with the proof; nothing is appended"),
        CommandOption(flag: "no-wait", summary: "do not wait for the outcome"),
        CommonOptions.timeout,
    ]

    static let belowFloor = CommandOption(
        flag: "below-floor", summary: "knowingly go below the wanted number of voters")
    static let frozen = CommandOption(
        flag: "while-frozen", summary: "knowingly act while many nodes are silent")
    static let votersMax = CommandOption(
        flag: "over-voters-max", summary: "knowingly exceed the highest number of voters")

    static let held = CommandOption(
        flag: "held", summary: "knowingly change a node that somebody works on")
    static let damped = CommandOption(
        flag: "damped", summary: "knowingly count on a node that came and went too often")

    private static let overrides: [(option: String, override: Request.Override)] = [
        (belowFloor.name, .belowFloor), (frozen.name, .frozen), (votersMax.name, .votersMax),
        (held.name, .held), (damped.name, .damped),
    ]

    /// The flag that sets a policy aside; nil when none does yet.
    static func option(of override: Request.Override) -> String? {
        overrides.first { $0.override == override }?.option
    }

    /// The request that the options and the action make.
    static func request(
        _ call: Invocation, _ action: Request.Action
    ) throws -> Request {
        let given = Set(call.command.options.map(\.name))
        return Request(
            id: try call.name(option: "id") ?? randomID(),
            principal: try principal(call), reason: call.text("reason") ?? "",
            validFor: call.duration("valid-for") ?? Request.validityDefault,
            onlyAt: call.count(option: "if-version"),
            overrides: overrides.filter { given.contains($0.option) && call.flag($0.option) }
                .map(\.override),
            action: action)
    }

    /// Who asks: what `--as` says, or else the user.
    static func principal(_ call: Invocation) throws -> Principal {
        if let given: Principal = try call.name(option: "as") { return given }
        let environment = call.context.environment
        let user = environment["USER"] ?? environment["LOGNAME"] ?? "uid-\(getuid())"
        return try call.name(user, "user's name")
    }

    private static func randomID() -> RequestID {
        let bits = Identifier(high: .random(in: 0...(.max)), low: 0)
        return RequestID(unchecked: "r-" + "\(bits)".prefix(16))
    }
}
