import MusterCommandLine
import MusterCore
import MusterRuntime
import MusterWire

/// What nodes, and observers of nodes, say.
enum NodeFacts {
    static let all = [up, stopping, leaving, reportedDown, reportedUp, heartbeat]

    private static let store = "0123456789abcdef0123456789abcdef"

    private static let up = PublishCommands.fact(
        "node-up", "a process of a node is up, and says who it is",
        example: .init(
            "publish node-up --cluster orders --node n1 --store \(store) --group-on id=g1",
            "n1 runs with one group"),
        options: FactOptions.identity + [
            FactOptions.boot,
            CommandOption(
                "role", value: "ROLE", .word(Role.allCases.map(\.rawValue)),
                "what the node is meant to be", default: Role.voter.rawValue),
            CommandOption(flag: "blank", summary: "the store holds no data of any group"),
            CommandOption(
                "engine", value: "ID", .text, "the engine's own cluster id, of the store's data"),
            CommandOption(
                "recovery-epoch", value: "NUMBER", .number(0...Int64.max),
                "counted up when the cluster was recovered from a backup", default: "0"),
            CommandOption("address", value: "ADDRESS", .text, "where the node can be reached"),
            CommandOption("zone", value: "ZONE", .text, "its failure domain"),
            CommandOption(
                "groups-version", value: "NUMBER", .number(0...Int64.max),
                "counts the changes of the list of groups", default: "1"),
            groupOption,
        ]
    ) { call in
        let engine = call.text("engine").map {
            EngineIdentity(
                cluster: $0, recoveryEpoch: UInt64(call.number("recovery-epoch") ?? 0))
        }
        return .fact(
            .nodeUp(
                NodeUp(
                    identity: try FactOptions.identity(call), boot: try FactOptions.boot(call),
                    role: call.text("role").flatMap(Role.init(rawValue:)) ?? .voter,
                    blank: call.flag("blank"), engine: engine,
                    address: call.text("address") ?? "", zone: call.text("zone") ?? "",
                    groupsVersion: UInt64(call.number("groups-version") ?? 1),
                    groups: try groups(call))))
    }

    private static let groupKeys = [
        "id", "applied", "last", "startsAfterAdd", "seed", "learnersMax", "demote", "transfer",
        "selfPromotes", "addNeedsAllVoters", "copyStopsWrites", "configurationVersion",
    ]

    private static let groupOption = CommandOption(
        "group-on", value: "FIELDS", .text,
        "a group of the node: id=NAME, then what its engine can do: "
            + groupKeys.dropFirst().map { "\($0)=" }.joined(separator: " "),
        repeats: true)

    private static func groups(_ call: Invocation) throws -> [NodeGroup] {
        try call.texts("group-on").map { text in
            let fields = try OptionFields(text, option: "group-on", keys: groupKeys)
            var can = Capabilities()
            can.startsAfterAdd = try fields.flag("startsAfterAdd")
            can.seed = try fields.word("seed") ?? can.seed
            can.learnersMax = try learners(fields) ?? can.learnersMax
            can.demote = try fields.flag("demote")
            if fields["transfer"] != nil { can.transfer = try fields.flag("transfer") }
            can.selfPromotes = try fields.flag("selfPromotes")
            can.addNeedsAllVoters = try fields.flag("addNeedsAllVoters")
            can.copyStopsWrites = try fields.flag("copyStopsWrites")
            can.configurationVersion =
                try fields.word("configurationVersion") ?? can.configurationVersion
            return NodeGroup(
                group: try call.name(try fields.required("id"), "group"), capabilities: can,
                applied: try fields.number("applied"), last: try fields.number("last"))
        }.sorted { $0.group < $1.group }
    }

    private static func learners(_ fields: OptionFields) throws -> UInt32? {
        try fields.number("learnersMax", as: LogIndex.self).map { UInt32(clamping: $0.value) }
    }

    private static let stopping = PublishCommands.fact(
        "node-stopping", "a node's own start says that it stops and means to come back",
        example: .init(
            "publish node-stopping --cluster orders --node n1 --store \(store)", "n1 restarts"),
        options: FactOptions.identity
    ) { call in .fact(.nodeStopping(try FactOptions.identity(call))) }

    private static let leaving = PublishCommands.fact(
        "node-leaving", "a node's own start asks to be taken out of the cluster",
        example: .init(
            "publish node-leaving --cluster orders --node n1 --store \(store) -m retired",
            "n1 goes for good"),
        options: FactOptions.identity + [FactOptions.reason]
    ) { call in
        .fact(
            .nodeLeaving(try FactOptions.identity(call), reason: call.text("reason") ?? ""))
    }

    private static let observer = CommandOption(
        "observer", value: "NAME", .text, "who saw it", default: "cli")

    private static func opinion(_ call: Invocation) throws -> NodeOpinion {
        NodeOpinion(
            node: try FactOptions.required(call, FactOptions.node),
            observer: try FactOptions.required(call, observer),
            reason: call.text("reason") ?? "")
    }

    private static let reportedDown = PublishCommands.fact(
        "node-reported-down", "an observer takes a node for dead: it is suspected at most",
        example: .init(
            "publish node-reported-down --cluster orders --node n1 -m \"no ping\"", "an opinion"),
        options: [FactOptions.node, observer, FactOptions.reason]
    ) { call in .fact(.nodeReportedDown(try opinion(call))) }

    private static let reportedUp = PublishCommands.fact(
        "node-reported-up", "an observer has seen a node alive",
        example: .init("publish node-reported-up --cluster orders --node n1", "an opinion"),
        options: [FactOptions.node, observer, FactOptions.reason]
    ) { call in .fact(.nodeReportedUp(try opinion(call))) }

    private static let heartbeat = PublishCommands.fact(
        "heartbeat", "a node's sign of life, with how far its copies are",
        example: .init(
            "publish heartbeat --cluster orders --node n1 --store \(store)", "n1 lives"),
        options: FactOptions.identity + [
            FactOptions.boot,
            CommandOption(
                "copy", value: "FIELDS", .text, "a copy under way: group=NAME,bytes=N,of=N",
                repeats: true),
        ]
    ) { call in
        let copies = try call.texts("copy").map { text in
            let fields = try OptionFields(text, option: "copy", keys: ["group", "bytes", "of"])
            return CopyProgress(
                group: try call.name(try fields.required("group"), "group"),
                bytes: try fields.number("bytes", as: Offset.self)?.value ?? 0,
                bytesTotal: try fields.number("of", as: Offset.self)?.value)
        }
        return .heartbeat(
            Heartbeat(
                identity: try FactOptions.identity(call), boot: try FactOptions.boot(call),
                copies: copies.sorted { $0.group < $1.group }))
    }
}
