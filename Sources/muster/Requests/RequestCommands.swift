import MusterCommandLine
import MusterCore
import MusterRuntime

/// What operators ask for.
enum RequestCommands {
    static let all = [configure, add, remove, cancel, extend]

    static let configure = command(
        "configure", "set how a cluster wants its membership kept",
        discussion: """
            A cluster without a policy is standalone: facts are folded and nothing is commanded. \
            The first `configure` gives it one, with the defaults for what is not said; later \
            ones change what they name.
            """,
        examples: [
            .init("configure --cluster orders --voters-min 3", "begin to keep a cluster"),
            .init("configure --removal-delay 10m --reason maintenance", "wait longer"),
        ],
        options: PolicyOptions.all
    ) { call in
        let patch = try PolicyOptions.patch(call)
        return try await RequestRun.run(call, foundsCluster: true, .configure(patch))
    }

    static let add = command(
        "add", "bring a node into the cluster",
        discussion: """
            The node must be up. It becomes a learner of each group, copies the data, and a voter \
            is promoted when it has caught up and quorum allows it.
            """,
        examples: [
            .init("add n4 --reason growth", "as a voter of all groups"),
            .init("add n4 --role replica --group g1", "as a learner of one group"),
        ],
        node: true,
        options: [
            CommandOption(
                "role", value: "ROLE", .word(Role.allCases.map(\.rawValue)),
                "what it is to be", default: Role.voter.rawValue),
            CommandOption(
                "group", "g", value: "GROUP", .listed(by: ["groups"]),
                "a group that it shall join; without any: all", repeats: true),
            CommandOption(
                "wipe", value: "STORE", .text,
                "the store whose data may be thrown away for it: 32 hex digits"),
            RequestOptions.votersMax,
        ]
    ) { call in
        let groups = try call.texts("group").map { text throws(CommandError) in
            try call.name(text, "--group", as: GroupID.self)
        }
        let role = Role(rawValue: call.text("role") ?? "") ?? .voter
        return try await RequestRun.run(
            call,
            .add(
                node: try node(call), role: role,
                groups: groups.isEmpty ? .all : .list(Array(Set(groups)).sorted()),
                wipe: try IdentifierOption.value(call, "wipe")))
    }

    static let remove = command(
        "remove", "take a node out of the cluster",
        examples: [
            .init("remove n3 --dry-run", "show the proof and change nothing"),
            .init("remove n3 --reason \"broken disk\"", "remove it, and wait for the outcome"),
        ],
        node: true, options: [RequestOptions.belowFloor, RequestOptions.frozen]
    ) { call in
        try await RequestRun.run(call, .remove(node: try node(call)))
    }

    static let cancel = command(
        "cancel", "cancel a node's pending removal, or the change that is under way",
        examples: [.init("cancel n3 --reason \"it comes back\"", "keep n3")],
        node: true
    ) { call in
        try await RequestRun.run(call, .cancel(node: try node(call)))
    }

    static let extend = command(
        "extend", "put a node's pending removal off",
        examples: [.init("extend n3 --by 30m", "wait half an hour longer")],
        node: true,
        options: [
            CommandOption(
                "by", value: "TIME", .duration, "by how much the deadline is put off",
                default: "5m")
        ]
    ) { call in
        try await RequestRun.run(
            call, .extend(node: try node(call), by: call.duration("by") ?? .seconds(300)))
    }

    private static func command(
        _ name: String, _ summary: String, discussion: String = "",
        examples: [MusterCommandLine.Command.Example], node: Bool = false,
        options: [CommandOption] = [], run: @escaping MusterCommandLine.Command.Run
    ) -> MusterCommandLine.Command {
        MusterCommandLine.Command(
            name, summary, discussion: discussion, examples: examples,
            arguments: node ? [CommonOptions.node] : [], options: options + RequestOptions.all,
            exitCodes: RequestOutcome.exitCodes, shape: RequestOutcome.shape,
            layout: RequestOutcome.layout, run: run)
    }

    private static func node(_ call: Invocation) throws -> NodeID {
        try call.name(argument: "NODE", "node")
    }
}

/// An option whose value is a store or a boot.
enum IdentifierOption {
    static func value(_ call: Invocation, _ option: String) throws(CommandError) -> Identifier? {
        guard let text = call.text(option) else { return nil }
        guard let identifier = Identifier(hex: text) else {
            throw .usage("--\(option) needs 32 hex digits in lower case, not \"\(text)\"")
        }
        return identifier
    }
}
