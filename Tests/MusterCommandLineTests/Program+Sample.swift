import MusterCommandLine
import MusterRuntime

extension Program {
    /// A small program with one of everything.
    static let sample = Program(
        "fleet", "keeps a fleet", version: "1.2.3", discussion: "A fleet.\n\nOf nodes.",
        examples: [.init("nodes -o json", "all nodes")],
        options: [
            CommandOption(
                "log", value: "URL", .text, "where the log is", default: "sqlite:fleet.db",
                isSetting: true),
            CommandOption(
                "property", "X", value: "KEY=VALUE", .pair, "a property of the client",
                repeats: true, isSetting: true),
        ],
        sections: [
            Section("Look", [nodes, tail, echo]),
            Section(
                "Keep",
                [
                    Command(
                        "quarantine", "what was not understood",
                        commands: [
                            Command("list", "list it") { _ in .ok },
                            Command(
                                "show", "show one",
                                arguments: [CommandArgument("RECORD", .text, "it")]
                            ) { _ in .ok },
                        ])
                ]),
        ])

    static let nodesShape: ResultShape = .object([
        .init(
            "nodes",
            .array(
                .object([
                    .init("id", .text, "the node's name"),
                    .init("state", .word(["up", "down"]), "how it is"),
                    .init("offset", .id, "of its last record"),
                    .init("count", .number, "of its starts"),
                    .init("seen", .time, "when it was last heard"),
                    .init("lag", .duration, "how far it is behind"),
                    .init("groups", .array(.text), "where it is a member"),
                    .init("isLeader", .flag, "whether it leads"),
                    .init(
                        "store", .object([.init("id", .text, "of the disk")]), "its store",
                        isOptional: true),
                ])), "all nodes"),
        .init("asOf", .time, "how fresh this is"),
    ])

    static let nodesLayout = ResultLayout(
        [
            .table(
                title: nil, rows: "nodes",
                columns: [
                    .init("NODE", "id"),
                    .init("STATE", "state", tones: ["up": .good, "down": .bad]),
                    .init("OFFSET", "offset"), .init("STARTS", "count"), .init("SEEN", "seen"),
                    .init("LAG", "lag"), .init("GROUPS", "groups"), .init("LEADS", "isLeader"),
                    .init("STORE", "store.id", wide: true),
                ], empty: "no nodes"),
            .facts([.init("as of", "asOf")]),
        ], rows: "nodes", name: "id")

    static func node(_ id: String, _ state: String, store: String? = nil) -> ResultValue {
        .object([
            "id": .text(id), "state": .text(state), "offset": .id(1 << 60), "count": .number(3),
            "seen": .time(1_772_373_770_000), "lag": .duration(61_000),
            "groups": .texts(["g1", "g2"]), "isLeader": .flag(true),
            "store": store.map { .object(["id": .text($0)]) },
        ])
    }

    static func nodesResult(_ nodes: [ResultValue]) -> ResultValue {
        .object(["nodes": .array(nodes), "asOf": .time(1_772_373_780_000)])
    }

    private static let nodes = Command(
        "nodes", "list nodes", examples: [.init("nodes --state up", "those that are up")],
        options: [
            CommandOption("state", value: "STATE", .word(["up", "down"]), "only those in it"),
            CommandOption("limit", "n", value: "COUNT", .number(1...100), "at most so many"),
            CommandOption(flag: "all", "a", summary: "also those that are gone"),
            CommandOption(flag: "verbose", "v", summary: "more", isSetting: true),
        ],
        exitCodes: [.notFound], shape: nodesShape, layout: nodesLayout
    ) { call in
        try call.output.show(
            nodesResult([node("n1", "up", store: "a1"), node("n-22", "down")]), nodesLayout)
        return .ok
    }

    private static let tail = Command(
        "tail", "print records as they come",
        options: [
            CommandOption("since", value: "TIME", .time, "not before"),
            CommandOption("limit", "n", value: "COUNT", .number(1...100), "at most so many"),
        ]
    ) { call in
        let stream = ResultStream(call.output, [.init("NODE", "id", width: 6), .init("N", "n")])
        for number in 0..<(call.number("limit") ?? 3) {
            try stream.send(.object(["id": .text("n\(number)"), "n": .number(number)]))
        }
        return .ok
    }

    /// Prints what it was called with.
    private static let echo = Command(
        "echo", "print what was said",
        arguments: [
            CommandArgument("NODE", .listed(by: ["nodes"]), "a node"),
            CommandArgument("FILE", .file, "files", count: .any),
        ],
        options: [
            CommandOption("timeout", value: "TIME", .duration, "how long", default: "5s"),
            CommandOption("tag", "t", value: "TAG", .text, "a mark", repeats: true),
            CommandOption(flag: "loud", "l", summary: "louder"),
            CommandOption(flag: "quick", "q", summary: "faster"),
        ]
    ) { call in
        let tags = call.texts("tag").joined(separator: ",")
        let files = call.all("FILE").joined(separator: ",")
        let properties = call.pairs("property").map { $0.key + ":" + $0.value }
            .joined(separator: ",")
        try call.output.print(
            """
            node=\(call.argument("NODE") ?? "") files=\(files) tags=\(tags) \
            loud=\(String(call.flag("loud"))) quick=\(String(call.flag("quick"))) \
            timeout=\(String(describing: call.duration("timeout") ?? .zero)) \
            log=\(call.text("log") ?? "") properties=\(properties)
            """)
        return .ok
    }
}
