import MusterCommandLine
import MusterCore
import MusterRuntime
import MusterWire

/// `nodes` and `node`.
enum NodeCommands {
    static let nodes = Command(
        "nodes", "list the nodes of a cluster",
        discussion: """
            Membership is what the node's groups have confirmed, never what was planned; status is \
            whether its agent is heard. A star marks the groups that the node leads.
            """,
        examples: [
            .init("nodes", "all nodes"), .init("nodes -o wide", "with stores, starts and zones"),
            .init("nodes --status down -o name", "the names of those that are down"),
        ],
        options: [
            CommonOptions.cluster,
            CommandOption(
                "status", value: "STATUS", .word(NodeState.Liveness.allCases.map(\.rawValue)),
                "only nodes with this status"),
            CommandOption(
                "membership", value: "WORD", .word(Membership.allCases.map(\.rawValue)),
                "only nodes with this membership"),
        ],
        exitCodes: [.notFound],
        shape: .object([.init("nodes", .array(NodeView.shape), "the nodes, by name")]),
        layout: .table("nodes", name: "node", empty: "no nodes", NodeView.columns)
    ) { call in
        try await Query.run(call) { query in
            let all = NodeView.all(of: try query.cluster())
            let shown = all.filter { node in
                for option in ["status", "membership"] {
                    if let wanted = call.text(option),
                        node[ResultPath([option])] != .text(wanted)
                    {
                        return false
                    }
                }
                return true
            }
            try call.show(.object(["nodes": .array(shown)]))
            return .ok
        }
    }

    static let node = Command(
        "node", "show all that is known of a node",
        examples: [.init("node n1", "one page about n1")],
        arguments: [CommonOptions.node], options: [CommonOptions.cluster],
        exitCodes: [.notFound], shape: pageShape, layout: pageLayout
    ) { call in
        let name: NodeID = try call.name(argument: "NODE", "node")
        return try await Query.run(call) { query in
            let state = try query.cluster()
            guard let view = NodeView(state, name) else { throw unknown(name, in: state) }
            try call.show(page(view, state))
            return .ok
        }
    }

    static func unknown(_ node: NodeID, in state: ClusterState) -> CommandError {
        CommandError(
            .notFound, "there is no node \"\(node.text)\" in cluster \"\(state.id.text)\"",
            advice: "`muster nodes` lists those that are there")
    }

    private static let sagaShape: ResultShape = .object([
        .init("kind", .word(Saga.Kind.allCases.map(\.rawValue)), "what is under way"),
        .init("reason", .word(Saga.Reason.allCases.map(\.rawValue)), "why it was begun"),
        .init("principal", .text, "who asked for it", isOptional: true),
        .init("began", .time, "when it was begun"),
        .init("phase", .word(["active", "rollingBack", "stalled"]), "how it goes"),
        .init("trouble", RefusalView.shape, "why it does not go on", isOptional: true),
        .init(
            "steps",
            .array(
                .object([
                    .init("group", .text, "the group; none: the node as a whole", isOptional: true),
                    .init("step", .word(Step.Name.allCases.map(\.rawValue)), "what is done there"),
                    .init(
                        "phase", .word(["ready", "issued", "inDoubt", "failed"]), "how far it is"),
                    .init("since", .time, "when the step began"),
                    .init("attempt", .number, "which try it is, from 1"),
                    .init("waitsFor", RefusalView.shape, "what holds it back", isOptional: true),
                ])), "where it stands in each group"),
    ])

    private static let pageShape: ResultShape = {
        guard case .object(let fields) = NodeView.shape else { return NodeView.shape }
        return .object(
            fields + [
                .init("saga", sagaShape, "the change that is under way", isOptional: true),
                .init("removal", RemovalView.shape, "its pending removal", isOptional: true),
            ])
    }()

    private static let pageLayout = ResultLayout(
        [
            .facts(
                NodeView.columns.filter { $0.path != "standing" }.map {
                    .init($0.title.lowercased(), $0.path, tones: $0.tones)
                }),
            .table(
                title: "groups", rows: "groups", columns: NodeView.groupColumns,
                empty: "in no group"),
            .facts([
                .init("under way", "saga.kind"), .init("because of", "saga.reason"),
                .init("asked by", "saga.principal"), .init("began", "saga.began"),
                .init("phase", "saga.phase"), .init("trouble", "saga.trouble.sentence"),
            ]),
            .table(
                title: nil, rows: "saga.steps",
                columns: [
                    .init("GROUP", "group"), .init("STEP", "step"), .init("PHASE", "phase"),
                    .init("SINCE", "since"), .init("ATTEMPT", "attempt"),
                    .init("WAITS FOR", "waitsFor.sentence"),
                ], empty: ""),
            .facts([
                .init("removal due", "removal.due"), .init("left", "removal.left"),
                .init("held back by", "removal.blocked.sentence"),
            ]),
        ], name: "node")

    private static func page(_ view: NodeView, _ state: ClusterState) -> ResultValue {
        guard case .object(let members) = view.value else { return view.value }
        var all = members
        let node = view.record.node
        if let saga = state.sagas[node] { all.append(.init(name: "saga", value: value(saga))) }
        if let removal = RemovalView(state, node) {
            all.append(.init(name: "removal", value: removal.value))
        }
        return .object(all)
    }

    private static func value(_ saga: Saga) -> ResultValue {
        let (phase, trouble): (String, Refusal?) =
            switch saga.phase {
            case .active: ("active", nil)
            case .rollingBack(let refusal): ("rollingBack", refusal)
            case .stalled(let refusal, _): ("stalled", refusal)
            }
        let whole = saga.whole.map { [value($0, nil)] } ?? []
        return .object([
            "kind": .text(saga.kind.rawValue), "reason": .text(saga.reason.rawValue),
            "principal": saga.principal.map { .name($0) }, "began": .time(saga.began),
            "phase": .text(phase), "trouble": trouble.map { RefusalView.value($0) },
            "steps": .array(whole + saga.steps.map { value($0.value, $0.key) }),
        ])
    }

    private static func value(_ step: Step, _ group: GroupID?) -> ResultValue {
        let (phase, failure): (String, Refusal?) =
            switch step.phase {
            case .ready: ("ready", nil)
            case .issued: ("issued", nil)
            case .inDoubt: ("inDoubt", nil)
            case .failed(let refusal): ("failed", refusal)
            }
        return .object([
            "group": group.map { .name($0) }, "step": .text(step.name.rawValue),
            "phase": .text(phase), "since": .time(step.since),
            "attempt": .number(Int64(step.attempt)),
            "waitsFor": (failure ?? step.blocked).map { RefusalView.value($0) },
        ])
    }
}
