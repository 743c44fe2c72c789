import MusterCommandLine
import MusterCore
import MusterLog
import MusterRuntime
import MusterWire

/// `node`: all that is known of one node, on a page.
enum NodePage {
    static let command = Command(
        "node", "show all that is known of a node",
        discussion: """
            Who it is; how it stands in each group and how far it lags; how far data that is copied \
            to it has come, as it said last; the change that is under way, step by step; its \
            pending removal; and the last \(eventsMax) events about it.
            """,
        examples: [.init("node n1", "one page about n1")],
        arguments: [CommonOptions.node], options: [CommonOptions.cluster],
        exitCodes: [.notFound], shape: shape, layout: layout
    ) { call in
        let name: NodeID = try call.name(argument: "NODE", "node")
        return try await Query.run(call) { query in
            let state = try query.cluster()
            guard let view = NodeView(state, name) else {
                throw NodeCommands.unknown(name, in: state)
            }
            let evidence = try await query.evidence(of: state)
            let events = try await events(of: name, query, state)
            try call.show(page(view, state, evidence, events, now: query.now))
            return .ok
        }
    }

    private static let eventsMax = 10

    private static let copyShape: ResultShape = .object([
        .init("group", .text, "whose data is copied to it"),
        .init("bytes", .number, "how many bytes are there"),
        .init("bytesTotal", .number, "of how many", isOptional: true),
        .init("moved", .time, "when it said last that there are more"),
    ])

    private static let tombstoneShape: ResultShape = .object([
        .init("reason", .word(Tombstone.Reason.allCases.map(\.rawValue)), "why it was removed"),
        .init("at", .time, "when"),
        .init("stopped", .flag, "whether its agent has said that its servers are stopped"),
    ])

    private static let eventShape: ResultShape = .object([
        .init("seq", .id, "the decision"),
        .init("at", .time, "when it was decided"),
        .init("event", .text, "what happened"),
        .init("sentence", .text, "the same, for people"),
    ])

    private static let shape: ResultShape = {
        guard case .object(let fields) = NodeView.shape else { return NodeView.shape }
        return .object(
            fields.filter { $0.name != "groups" } + [
                .init("groups", .array(NodeView.heardGroupShape), "its groups, by name"),
                .init(
                    "silent", .duration, "how long ago its agent was last heard", isOptional: true),
                .init(
                    "trusted", .time,
                    "until then it gets neither leadership nor promotion", isOptional: true),
                .init("copies", .array(copyShape), "copies under way, as it said last"),
                .init("saga", ChangeView.shape, "the change that is under way", isOptional: true),
                .init("removal", RemovalView.shape, "its pending removal", isOptional: true),
                .init("tombstone", tombstoneShape, "how it was removed", isOptional: true),
                .init("events", .array(eventShape), "the last events about it, oldest first"),
            ])
    }()

    private static let layout = ResultLayout(
        [
            .facts(
                NodeView.columns.filter { !["standing", "removalDue"].contains($0.path) }.map {
                    .init(
                        $0.title.lowercased(),
                        // A page has room for the sentence.
                        $0.path == "refusal.code" ? "refusal.sentence" : $0.path, tones: $0.tones)
                } + [
                    .init("silent for", "silent"), .init("not trusted yet", "trusted"),
                    .init("damped", "damped", tones: ["yes": .warning]),
                    .init("removed because of", "tombstone.reason"),
                    .init("removed", "tombstone.at"),
                    .init("known to be stopped", "tombstone.stopped"),
                ]),
            .table(
                title: "groups", rows: "groups", columns: groupColumns, empty: "in no group"),
            .table(
                title: "copies", rows: "copies",
                columns: [
                    .init("GROUP", "group"), .init("BYTES", "bytes"), .init("OF", "bytesTotal"),
                    .init("MOVED", "moved"),
                ], empty: ""),
            .facts([
                .init("under way", "saga.kind"), .init("of", "saga.node"),
                .init("with", "saga.newcomer"), .init("because of", "saga.reason"),
                .init("asked by", "saga.principal"), .init("began", "saga.began"),
                .init("phase", "saga.phase", tones: ["stalled": .bad, "rollingBack": .warning]),
                .init("trouble", "saga.trouble.sentence"), .init("tried again", "saga.retry"),
            ]),
            .table(
                title: nil, rows: "saga.steps", columns: ChangeProgress.columns, empty: ""),
            .facts([
                .init("removal due", "removal.due"), .init("left", "removal.left"),
                .init("unreached for", "removal.unreached"),
                .init("held back by", "removal.blocked.sentence"),
            ]),
            .table(
                title: "last events", rows: "events",
                columns: [
                    .init("SEQ", "seq"), .init("WHEN", "at"), .init("EVENT", "event", wide: true),
                    .init("WHAT", "sentence"),
                ], empty: "none"),
        ], name: "node")

    private static let groupColumns: [ResultLayout.Column] = [
        .init("GROUP", "group"), .init("ROLE", "role"), .init("LEADS", "leads"),
        .init("SERVER", "server", tones: ["stopped": .bad]),
        .init("HEALTHY", "healthy", tones: ["no": .warning]), .init("LAG", "lag"),
        .init("CONTACT", "contact"), .init("SYNC", "sync"), .init("FROM", "source"),
        .init("SINCE", "syncSince"), .init("INDEX", "index"), .init("ERROR", "syncError"),
        .init("MATCH", "match", wide: true), .init("COMMITTED", "committed", wide: true),
        .init("ATTEMPTS", "attempts", wide: true),
    ]

    // MARK: The page

    private static func page(
        _ view: NodeView, _ state: ClusterState, _ evidence: Evidence, _ events: [ResultValue],
        now: Timestamp
    ) -> ResultValue {
        guard case .object(let members) = view.value else { return view.value }
        let node = view.record.node
        let groups = view.record.groups.map { heard($0, node, state, evidence, now: now) }
        let more: ResultValue = .object([
            "groups": .array(groups),
            "silent": evidence.nodes[node].map {
                .duration(max(.zero, now - $0.heard.appended))
            },
            "trusted": trusted(view.node, state).flatMap { $0 > now ? .time($0) : nil },
            "copies": .array(copies(view, evidence)),
            "saga": ChangeProgress.saga(of: node, state).map { ChangeView.value($0) },
            "removal": RemovalView(state, node, evidence: evidence, now: now)?.value,
            "tombstone": state.tombstones[view.record.store].map { tombstone in
                .object([
                    "reason": .text(tombstone.reason.rawValue), "at": .time(tombstone.at),
                    "stopped": .flag(tombstone.stopped),
                ])
            },
            "events": .array(events),
        ])
        guard case .object(let rest) = more else { return view.value }
        return .object(members.filter { $0.name != "groups" } + rest)
    }

    /// What the node's own process said with its last heartbeat.
    private static func copies(_ view: NodeView, _ evidence: Evidence) -> [ResultValue] {
        guard let heard = evidence.nodes[view.record.node], heard.identity == view.node.identity
        else { return [] }
        return heard.copies.map { copy in
            .object([
                "group": .name(copy.progress.group),
                "bytes": .number(Int64(clamping: copy.progress.bytes)),
                "bytesTotal": copy.progress.bytesTotal.map { .number(Int64(clamping: $0)) },
                "moved": .time(copy.moved),
            ])
        }
    }

    private static func trusted(_ node: NodeState, _ state: ClusterState) -> Timestamp? {
        node.returned.map { $0 + (state.policy?.trustDelay ?? Policy().trustDelay) }
    }

    /// What stands in the state of a group, and what was heard of it just now.
    private static func heard(
        _ entry: MemberRecord.GroupEntry, _ node: NodeID, _ state: ClusterState,
        _ evidence: Evidence, now: Timestamp
    ) -> ResultValue {
        guard case .object(let members) = NodeView.value(entry) else {
            return NodeView.value(entry)
        }
        let seen = evidence.groups[entry.group]
        let member = seen?.view?.view.members.first { $0.member.node == node }
        let committed = seen?.view?.view.commit
        var lag: Int64?
        if let match = member?.match, let committed {
            lag = Int64(clamping: committed.value - min(committed.value, match.value))
        }
        let health = state.health(
            of: entry.group, evidence: evidence, at: evidence.moment(now, of: state))
        let more: ResultValue = .object([
            "server": seen?.members[node]?.own.map { .text($0.state.rawValue) },
            "match": member?.match.map { .id($0) }, "committed": committed.map { .id($0) },
            "lag": lag.map { .number($0) },
            "contact": member?.contactAge.map { .duration($0) },
            "healthy": health.voters.contains(node) ? .flag(health.healthy.contains(node)) : nil,
        ])
        guard case .object(let rest) = more else { return NodeView.value(entry) }
        return .object(members + rest)
    }

    /// The last events about the node; looks at a group, which change nothing, are left out.
    private static func events(
        of node: NodeID, _ query: Query, _ state: ClusterState
    ) async throws -> [ResultValue] {
        let trail = state.nodes[node]?.trail.sequences ?? []
        guard let walk = ChainWalk(query, state) else { return [] }
        let entries =
            WhyChain.isSmall(trail, state)
            ? try await walk.decisions(from: MusterCore.Sequence(1))
            : try await walk.decisions(numbered: Set(trail))
        var rows: [ResultValue] = []
        for entry in entries {
            for event in entry.decision.events where event.subject.node == node {
                if case .observationAsked = event { continue }
                rows.append(
                    .object([
                        "seq": .id(entry.sequence), "at": .time(entry.decision.at),
                        "event": .text("\(event.typeName)"),
                        "sentence": .text(Wording.sentence(event)),
                    ]))
            }
        }
        return Array(rows.suffix(eventsMax))
    }
}
