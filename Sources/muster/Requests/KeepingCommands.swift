import MusterCommandLine
import MusterCore
import MusterRuntime

/// Requests that change no members: hold and release, pause and resume, retry, approve, adopt,
/// forget.
enum KeepingCommands {
    static let all = [hold, release, pause, resume, retry, approve, adopt, forget]

    private static let lasting = CommandOption(
        "for", value: "TIME", .duration, "for how long, at most 24h", default: "1h")

    static let hold = RequestCommands.command(
        "hold", "keep automation off a node while somebody works on it",
        discussion: """
            A held node is not promoted, not removed, gets no leadership, and no proof about \
            another node counts on it. Refused when a group would be left without a majority of \
            other healthy voters. It ends by itself. Asking for a change of a held node needs \
            --held.
            """,
        examples: [
            .init("hold n3 --for 30m --reason \"new disk\"", "half an hour for n3"),
            .init("hold n3 --dry-run", "whether the groups can do without n3"),
        ],
        node: true, options: [lasting]
    ) { call in
        try await RequestRun.run(
            call,
            .hold(
                node: try RequestCommands.node(call),
                lasting: call.duration("for") ?? Interval.lengthDefault))
    }

    static let release = RequestCommands.command(
        "release", "let automation have a held node again",
        examples: [.init("release n3 --reason done", "the work on n3 is over")], node: true
    ) { call in
        try await RequestRun.run(call, .release(node: try RequestCommands.node(call)))
    }

    static let pause = RequestCommands.command(
        "pause", "let all automation of a cluster only watch for a while",
        discussion: """
            What is under way has its outcome all the same, and requests still work. It ends by \
            itself; removal deadlines then start again in full.
            """,
        examples: [.init("pause --for 2h --reason \"data centre move\"", "two hours")],
        options: [lasting]
    ) { call in
        try await RequestRun.run(
            call, .pause(lasting: call.duration("for") ?? Interval.lengthDefault))
    }

    static let resume = RequestCommands.command(
        "resume", "end the pause of a cluster's automation",
        examples: [.init("resume --reason \"move done\"", "automation goes on")]
    ) { call in
        try await RequestRun.run(call, .resume)
    }

    static let retry = RequestCommands.command(
        "retry", "take a node's stalled change up again at once",
        examples: [.init("retry n4 --reason \"disk is larger now\"", "do not wait")],
        node: true,
        options: [
            RequestOptions.held, RequestOptions.damped, RequestOptions.belowFloor,
            RequestOptions.frozen, RequestOptions.votersMax,
        ]
    ) { call in
        try await RequestRun.run(call, .retry(node: try RequestCommands.node(call)))
    }

    static let approve = RequestCommands.command(
        "approve", "send the request that a proposal wrote",
        discussion: """
            `muster proposals` lists the numbers. A proposal that no longer holds is refused, with \
            the reason.
            """,
        examples: [.init("approve 1844 --reason \"seen, n3 is dead\"", "do as proposed")],
        arguments: [CommandArgument("PROPOSAL", .number(1...Int64.max), "the proposal's number")],
        options: [
            RequestOptions.held, RequestOptions.damped, RequestOptions.belowFloor,
            RequestOptions.frozen, RequestOptions.votersMax,
        ]
    ) { call in
        let number = UInt64(call.argument("PROPOSAL") ?? "") ?? 0
        return try await RequestRun.run(call, .approve(MusterCore.Sequence(number)))
    }

    static let adopt = RequestCommands.command(
        "adopt", "take what is observed for what is wanted",
        discussion: """
            Every group is meant to have the voters that it has now. With --identity-of, the \
            cluster's identity becomes that of the node's data, for instance after a restored \
            backup.
            """,
        examples: [
            .init("adopt --reason \"shrunk by hand\"", "the sizes of the groups as they are"),
            .init("adopt --identity-of n1 --reason restored", "the data of n1 is the cluster"),
        ],
        options: [
            CommandOption(
                "identity-of", value: "NODE", .listed(by: ["nodes"]),
                "the node whose data says which cluster this is")
        ]
    ) { call in
        let node: NodeID? = try call.name(option: "identity-of")
        return try await RequestRun.run(call, .adopt(node: node))
    }

    static let forget = RequestCommands.command(
        "forget", "show a node that is gone no more",
        discussion: """
            Its tombstone stays: a disk that was removed for good is not admitted again by this. \
            Refused while the node is up or a member.
            """,
        examples: [.init("forget n3 --reason scrapped", "n3 is not listed any more")],
        node: true, options: [RequestOptions.held]
    ) { call in
        try await RequestRun.run(call, .forget(node: try RequestCommands.node(call)))
    }
}
