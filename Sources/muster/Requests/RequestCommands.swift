import MusterCommandLine
import MusterCore
import MusterRuntime

/// What operators ask for.
enum RequestCommands {
    static let all =
        [configure, add, remove, replace, promote, demote, transfer, cancel, extend]
        + KeepingCommands.all

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
            .init("configure --file policy.yaml", "what a file says"),
        ],
        options: PolicyOptions.all + [PolicyOptions.file]
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
            RequestOptions.votersMax, RequestOptions.damped, RequestOptions.held,
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
        node: true,
        options: [RequestOptions.belowFloor, RequestOptions.frozen, RequestOptions.held]
    ) { call in
        try await RequestRun.run(call, .remove(node: try node(call)))
    }

    static let replace = command(
        "replace", "take a member out and bring another in for it",
        discussion: """
            The newcomer copies the data and catches up first; then, group by group, the old \
            member leaves and the newcomer is promoted. Without --with a replica of the same \
            groups is taken, else a voter that waits to join. A node that came back on a blank \
            disk is replaced by itself.
            """,
        examples: [
            .init("replace n3 --with n4 --reason \"old machine\"", "n4 comes in for n3"),
            .init("replace n3 --dry-run", "show who would come in, and the proof"),
        ],
        node: true,
        options: [
            CommandOption(
                "with", value: "NODE", .listed(by: ["nodes"]),
                "who comes in; without it whoever can"),
            RequestOptions.belowFloor, RequestOptions.frozen, RequestOptions.damped,
            RequestOptions.held,
        ]
    ) { call in
        try await RequestRun.run(
            call, .replace(node: try node(call), with: try call.name(option: "with")))
    }

    static let promote = command(
        "promote", "make a learner a voter of all its groups",
        discussion: """
            A group where the proof fails does not hold the others up; it follows as soon as it \
            can. The node is a voter from then on, whatever it says of itself when it starts.
            """,
        examples: [.init("promote n4 --reason growth", "let the replica n4 vote")],
        node: true,
        options: [RequestOptions.votersMax, RequestOptions.damped, RequestOptions.held]
    ) { call in
        try await RequestRun.run(call, .promote(node: try node(call)))
    }

    static let demote = command(
        "demote", "make a voter a learner of all its groups",
        discussion: """
            Proved like a removal, in all groups before any is changed. The leadership is given \
            away first where the node has it. Not every engine can do that.
            """,
        examples: [.init("demote n4 --dry-run", "show the proof")],
        node: true,
        options: [RequestOptions.belowFloor, RequestOptions.frozen, RequestOptions.held]
    ) { call in
        try await RequestRun.run(call, .demote(node: try node(call)))
    }

    static let transfer = command(
        "transfer", "give a group's leadership to a voter",
        discussion: "The wish lapses after 30 s, and when somebody else won meanwhile.",
        examples: [.init("transfer g1 n2", "let n2 lead g1")],
        arguments: [
            CommandArgument("GROUP", .listed(by: ["groups"]), "the group"), CommonOptions.node,
        ], options: [RequestOptions.damped, RequestOptions.held]
    ) { call in
        try await RequestRun.run(
            call,
            .transfer(
                group: try call.name(argument: "GROUP", "group"), to: try node(call)))
    }

    static let cancel = command(
        "cancel", "cancel a node's pending removal, or the change that is under way",
        examples: [.init("cancel n3 --reason \"it comes back\"", "keep n3")],
        node: true, options: [RequestOptions.held]
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
                default: "5m"), RequestOptions.held,
        ]
    ) { call in
        try await RequestRun.run(
            call, .extend(node: try node(call), by: call.duration("by") ?? .seconds(300)))
    }

    static func command(
        _ name: String, _ summary: String, discussion: String = "",
        examples: [MusterCommandLine.Command.Example], node: Bool = false,
        arguments: [CommandArgument]? = nil, options: [CommandOption] = [],
        run: @escaping MusterCommandLine.Command.Run
    ) -> MusterCommandLine.Command {
        MusterCommandLine.Command(
            name, summary, discussion: discussion, examples: examples,
            arguments: arguments ?? (node ? [CommonOptions.node] : []),
            options: options + RequestOptions.all,
            exitCodes: RequestOutcome.exitCodes, shape: RequestOutcome.shape,
            layout: RequestOutcome.layout, run: run)
    }

    static func node(_ call: Invocation) throws -> NodeID {
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
