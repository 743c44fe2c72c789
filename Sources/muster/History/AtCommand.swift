import MusterCommandLine
import MusterCore
import MusterEngines
import MusterLog
import MusterRuntime

/// `at`: the projection as it was.
enum AtCommand {
    static let command = MusterCommandLine.Command(
        "at", "show a cluster as it was: nodes, groups, changes, removals",
        discussion: """
            MOMENT is a decision's number, or a time: then the last decision whose record was \
            appended by then counts. It may also be an offset of the journal partition \
            (offset:120), or a head as verify prints it (SEQ:HASH), which must then be there. Who \
            was healthy then is not shown: signs of life are not kept.
            """,
        examples: [
            .init("at 41", "as of decision 41"), .init("at 2026-03-01T14:03:00Z", "at that time"),
            .init("at 10m -o json", "ten minutes ago"),
        ],
        arguments: [CommandArgument("MOMENT", .text, Moment.summary)],
        options: [CommonOptions.cluster], exitCodes: [.altered, .notFound, .notPermitted],
        shape: shape,
        layout: ResultLayout(
            [
                .facts([
                    .init("cluster", "cluster"), .init("decision", "seq"),
                    .init("decided", "at"), .init("appended", "appended"),
                    .init("membership version", "membershipVersion"), .init("mode", "mode"),
                    .init("frozen", "frozen"), .init("paused until", "pausedUntil"),
                    .init("hash", "hash", wide: true),
                ]),
                .table(
                    title: "nodes", rows: "nodes", columns: NodeView.columns, empty: "no nodes"),
                .table(
                    title: "groups", rows: "groups",
                    columns: GroupView.columns.filter {
                        !["healthy", "spare", "observed", "unusable.code"].contains($0.path)
                    }, empty: "no groups"),
                .table(
                    title: "changes", rows: "changes", columns: ChangeView.columns, empty: ""),
                .table(
                    title: "removals", rows: "removals",
                    columns: RemovalView.columns.filter { $0.path != "unreached" }, empty: ""),
            ], rows: "nodes", name: "node")
    ) { call in
        let text = call.argument("MOMENT") ?? ""
        let moment = try Moment(text, call)
        return try await call.withLog(for: .read) { log in
            let found = try await PastState.find([(text, moment)], call, log)
            try call.show(value(found[0].state, found[0].entry.appended))
            return .ok
        }
    }

    private static let shape: ResultShape = .object([
        .init("cluster", .text, "the cluster's name"),
        .init("seq", .id, "the decision"),
        .init("at", .time, "when it was decided"),
        .init("appended", .time, "when its record was appended"),
        .init("membershipVersion", .id, "counts changes of members, roles, floors and policy"),
        .init(
            "mode", .word(["standalone", "cluster"]),
            "standalone: no policy was configured, nothing was commanded"),
        .init("frozen", .text, "why nobody was removed then", isOptional: true),
        .init("pausedUntil", .time, "until when automation only watched", isOptional: true),
        .init("hash", .text, "the hash of its record"),
        .init("nodes", .array(NodeView.shape), "the nodes, by name"),
        .init("groups", .array(GroupView.shape), "the groups, by name"),
        .init("changes", .array(ChangeView.shape), "the changes under way, by node"),
        .init("removals", .array(RemovalView.shape), "the removals, by node"),
    ])

    private static func value(_ state: ClusterState, _ appended: Timestamp) -> ResultValue {
        .object([
            "cluster": .name(state.id), "seq": .id(state.head.sequence), "at": .time(state.at),
            "appended": .time(appended), "membershipVersion": .id(state.membershipVersion),
            "mode": .text(state.policy == nil ? "standalone" : "cluster"),
            "frozen": state.guarded.map { .text(Wording.sentence($0)) },
            "pausedUntil": state.pause.map { .time($0.until) },
            "hash": .text("\(state.head.hash)"), "nodes": .array(NodeView.all(of: state)),
            "groups": .array(GroupView.all(of: state, nil, now: state.at)),
            "changes": .array(state.sagas.values.map { ChangeView.value($0) }),
            "removals": .array(RemovalView.all(of: state, nil, now: state.at)),
        ])
    }
}
