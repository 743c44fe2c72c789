import MusterCommandLine
import MusterCore
import MusterRuntime
import MusterWire

/// What agents say of groups and of copies.
enum GroupFacts {
    static let all = [observed, deleted, syncStarted, synced, syncFailed]

    private static let store = "0123456789abcdef0123456789abcdef"
    private static let identity = "--cluster orders --node n1 --store \(store)"

    private static let observed = PublishCommands.fact(
        "group-observed", "what a node's agent saw of one group",
        discussion: """
            A leader says more than others: its view of the committed configuration, given by \
            --configuration, --commit and one --member for each member. With --soft it goes to the \
            topic heartbeats, for observations in which leader, term and configuration are as \
            they were last said on the topic events.
            """,
        example: .init(
            "publish group-observed \(identity) --group g1 --state leader --term 3 --leader n1"
                + " --confirmed --change-permitted --configuration 3.7 --commit 100"
                + " --member node=n1,role=voter,match=100,contact=0",
            "n1 leads g1"),
        options: FactOptions.identity + [
            FactOptions.group,
            CommandOption(
                "state", value: "STATE", .word(ServerState.allCases.map(\.rawValue)),
                "what the node's own server does", default: ServerState.follower.rawValue),
            CommandOption("term", value: "NUMBER", .number(0...Int64.max), "the Raft term"),
            CommandOption("leader", value: "NODE", .text, "whom the node takes for the leader"),
            CommandOption(
                "applied", value: "INDEX", .number(0...Int64.max),
                "the last entry that the node has applied"),
            CommandOption(flag: "confirmed", summary: "the leader checked with a majority"),
            CommandOption(
                flag: "change-permitted",
                summary: "an entry of its term is committed and no change is pending"),
            CommandOption(flag: "pending", summary: "a configuration is written, not committed"),
            CommandOption(
                "configuration", value: "TERM.INDEX", .text,
                "the version of the committed configuration"),
            CommandOption(
                "commit", value: "INDEX", .number(0...Int64.max), "the leader's commit index"),
            CommandOption(
                "first-index", value: "INDEX", .number(0...Int64.max),
                "the first entry that is still in the leader's log"),
            CommandOption(
                "member", value: "FIELDS", .text,
                "a member: node=NAME,role=voter|learner,store=HEX,match=INDEX,contact=TIME",
                repeats: true),
            CommandOption(flag: "soft", summary: "nothing has changed: to the topic heartbeats"),
        ]
    ) { call in
        let report = GroupsReport(
            observer: try FactOptions.identity(call), groups: [try report(call)])
        return call.flag("soft") ? .report(report) : .fact(.groupObserved(report))
    }

    private static func report(_ call: Invocation) throws -> GroupReport {
        let state = call.text("state").flatMap(ServerState.init(rawValue:)) ?? .follower
        return GroupReport(
            group: try FactOptions.required(call, FactOptions.group), state: state,
            term: call.count(option: "term") ?? Term(0),
            leader: try call.name(option: "leader"), applied: call.count(option: "applied"),
            view: call.text("configuration") == nil ? nil : try view(call))
    }

    private static func view(_ call: Invocation) throws -> LeaderView {
        LeaderView(
            confirmed: call.flag("confirmed"), changePermitted: call.flag("change-permitted"),
            pending: call.flag("pending"), version: try version(call.text("configuration") ?? ""),
            commit: call.count(option: "commit") ?? LogIndex(0),
            firstIndex: call.count(option: "first-index"),
            members: try call.texts("member").map { try member($0, call) }
                .sorted { $0.member.node < $1.member.node })
    }

    private static func version(_ text: String) throws(CommandError) -> ConfigurationVersion {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map { UInt64($0) }
        guard parts.count == 2, let term = parts[0], let index = parts[1] else {
            throw .usage("--configuration needs TERM.INDEX such as 3.7, not \"\(text)\"")
        }
        return ConfigurationVersion(term: Term(term), index: LogIndex(index))
    }

    private static func member(_ text: String, _ call: Invocation) throws -> MemberView {
        let fields = try OptionFields(
            text, option: "member", keys: ["node", "role", "store", "match", "contact"])
        var store: StoreID?
        if let hex = fields["store"] {
            guard let found = Identifier(hex: hex) else {
                throw CommandError.usage("--member: store needs 32 hex digits, not \"\(hex)\"")
            }
            store = found
        }
        return MemberView(
            member: Member(
                node: try call.name(try fields.required("node"), "node"), store: store,
                role: try fields.word("role") ?? .voter),
            match: try fields.number("match"), contactAge: try fields.length("contact"))
    }

    private static let deleted = PublishCommands.fact(
        "group-deleted", "a group was deleted for good",
        example: .init("publish group-deleted \(identity) --group g9", "g9 is no more"),
        options: FactOptions.identity + [FactOptions.group]
    ) { call in
        .fact(
            .groupDeleted(
                try FactOptions.identity(call),
                group: try FactOptions.required(call, FactOptions.group)))
    }

    private static let from = CommandOption(
        "from", value: "NODE", .text, "the node that the data comes from")

    private static let syncStarted = PublishCommands.fact(
        "sync-started", "the copy of a group's data to a node has begun",
        example: .init("publish sync-started \(identity) --group g1 --from n2", "from n2"),
        options: FactOptions.identity + [FactOptions.group, from]
    ) { call in
        .fact(
            .syncStarted(
                try FactOptions.identity(call),
                group: try FactOptions.required(call, FactOptions.group),
                source: try FactOptions.required(call, from)))
    }

    private static let synced = PublishCommands.fact(
        "synced", "a group's data is on a node up to an entry",
        example: .init("publish synced \(identity) --group g1 --index 100", "up to entry 100"),
        options: FactOptions.identity + [
            FactOptions.group,
            CommandOption(
                "index", value: "INDEX", .number(0...Int64.max), "the last entry", default: "0"),
        ]
    ) { call in
        .fact(
            .synced(
                try FactOptions.identity(call),
                group: try FactOptions.required(call, FactOptions.group),
                index: call.count(option: "index") ?? LogIndex(0)))
    }

    private static let syncFailed = PublishCommands.fact(
        "sync-failed", "the copy of a group's data has failed",
        example: .init("publish sync-failed \(identity) --group g1 -m \"disk full\"", "no room"),
        options: FactOptions.identity + [
            FactOptions.group, FactOptions.reason,
            CommandOption(flag: "retryable", summary: "the same may succeed later"),
        ]
    ) { call in
        .fact(
            .syncFailed(
                try FactOptions.identity(call),
                group: try FactOptions.required(call, FactOptions.group),
                reason: call.text("reason") ?? "", retryable: call.flag("retryable")))
    }
}
