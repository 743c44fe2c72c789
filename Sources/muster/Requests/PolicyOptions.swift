import MusterCommandLine
import MusterCore
import MusterRuntime

/// The members of a policy as options of `configure`, named as on the wire.
enum PolicyOptions {
    static let all: [CommandOption] =
        modes.map(\.option) + others + counts.map(\.option)
        + lengths.map(\.option)

    /// What the options want changed, and the file that they name: options count more.
    static func patch(_ call: Invocation) throws -> PolicyPatch {
        let file = try call.text(file.name).map { try PolicyFile($0, call) }
        return try patch { name in
            let given = call.texts(name)
            return given.isEmpty ? file?.values(name) ?? [] : given
        }
    }

    /// What is wanted changed.
    ///
    /// - Parameter values: what was given for an option, checked by its kind; nothing when it was
    ///   not given.
    static func patch(_ values: (String) -> [String]) throws -> PolicyPatch {
        var patch = PolicyPatch()
        for entry in modes {
            if let word = values(entry.option.name).last {
                patch[keyPath: entry.path] = Policy.Mode(rawValue: word)
            }
        }
        for entry in counts {
            if let number = values(entry.option.name).last.flatMap({ Int64($0) }) {
                patch[keyPath: entry.path] = UInt32(clamping: number)
            }
        }
        for entry in lengths {
            if let length = values(entry.option.name).last.flatMap(DurationText.milliseconds) {
                patch[keyPath: entry.path] = .milliseconds(length)
            }
        }
        patch.joinPolicy = values("join-policy").last.flatMap(Policy.JoinPolicy.init(rawValue:))
        let listed = try values("listed").map { text throws(CommandError) -> NodeID in
            do throws(NameError) {
                return try NodeID(text)
            } catch {
                throw .usage("listed: the node \"\(text)\" \(error.description)")
            }
        }
        if !listed.isEmpty { patch.listed = Set(listed).sorted() }
        if values("listed-none").last == "true" { patch.listed = [] }
        return patch
    }

    static let file = CommandOption(
        "file", "f", value: "FILE", .file,
        "a YAML file with these options as keys; what is given on the line counts more")

    private typealias Path<Value> = any WritableKeyPath<PolicyPatch, Value?> & Sendable

    private static let others: [CommandOption] = [
        CommandOption(
            "join-policy", value: "WORD", .word(Policy.JoinPolicy.allCases.map(\.rawValue)),
            "which nodes may join by saying that they are up"),
        CommandOption(
            "listed", value: "NODE", .text,
            "a node that may join under the policy listed; replaces the list", repeats: true),
        CommandOption(flag: "listed-none", summary: "empty the list of nodes that may join"),
    ]

    private static func mode(
        _ name: String, _ summary: String, _ path: Path<Policy.Mode>
    ) -> (option: CommandOption, path: Path<Policy.Mode>) {
        (
            CommandOption(
                name, value: "MODE", .word(Policy.Mode.allCases.map(\.rawValue)), summary), path
        )
    }

    private static let modes = [
        mode("join", "whether nodes are brought in by themselves", \.join),
        mode("promotion", "whether learners are promoted by themselves", \.promotion),
        mode("removal", "whether silent nodes are removed by themselves", \.removal),
        mode("replacement", "whether lost nodes are replaced by themselves", \.replacement),
    ]

    private static func count(
        _ name: String, _ summary: String, _ path: Path<UInt32>
    ) -> (option: CommandOption, path: Path<UInt32>) {
        (CommandOption(name, value: "COUNT", .number(0...1_000_000), summary), path)
    }

    private static let counts = [
        count("voters-min", "the voters that a group must keep", \.votersMin),
        count("voters-max", "the most voters that a group may have", \.votersMax),
        count(
            "learners-max", "the most learners of a group at once, of those that its engine allows",
            \.learnersMax),
        count("concurrent-syncs-max", "copies at a time", \.concurrentSyncsMax),
        count(
            "concurrent-syncs-per-source-max", "copies at a time from one node",
            \.concurrentSyncsPerSourceMax),
        count("attempts-max", "how often a command is tried", \.attemptsMax),
    ]

    private static func length(
        _ name: String, _ summary: String, _ path: Path<Duration>
    ) -> (option: CommandOption, path: Path<Duration>) {
        (CommandOption(name, value: "TIME", .duration, summary), path)
    }

    private static let lengths = [
        length("heartbeat-interval", "how often nodes are to be heard", \.heartbeatInterval),
        length("lease", "how long a heartbeat counts", \.lease),
        length("trust-delay", "how long a returned node is not promoted", \.trustDelay),
        length("removal-delay", "how long a member may be silent", \.removalDelay),
        length("stabilization", "how long a newcomer must have caught up", \.stabilization),
        length("catch-up-timeout", "how long catching up may make no progress", \.catchUpTimeout),
        length("observation-interval", "how often groups are observed", \.observationInterval),
        length("observation-age-max", "how old a proof's view may be", \.observationAgeMax),
        length("change-limit", "how long a change of members may take", \.changeLimit),
        length("transfer-limit", "how long a transfer may take", \.transferLimit),
        length("observe-limit", "how long a look at a group may take", \.observeLimit),
        length("start-limit", "how long a start may take", \.startLimit),
        length("copy-limit", "how long a copy may make no progress", \.copyLimit),
        length("backoff-min", "the first pause before a command is tried again", \.backoffMin),
        length("backoff-max", "the longest of these pauses", \.backoffMax),
        length("stall-retry", "when a stalled change is tried again", \.stallRetry),
    ]
}
