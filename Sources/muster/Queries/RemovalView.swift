import MusterCommandLine
import MusterCore

/// A removal that is pending or under way, as part of a result.
struct RemovalView {
    let value: ResultValue

    static let shape: ResultShape = .object([
        .init("cluster", .text, "the cluster's name"),
        .init("node", .text, "the node that is removed"),
        .init("cause", .word(Saga.Reason.allCases.map(\.rawValue)), "why"),
        .init(
            "phase",
            .word(["waiting", "due", "held", "agentLost", "frozen", "running", "stalled"]),
            "how far it is; agentLost: its leaders reach it, so it is not removed; frozen: none "
                + "is carried out, half of the members are silent or the manager may be blind"),
        .init("since", .time, "when the deadline, or the removal, began"),
        .init("due", .time, "when the deadline passes", isOptional: true),
        .init("left", .duration, "the time until then", isOptional: true),
        .init(
            "unreached", .duration, "for how long no leader of its groups has had contact with it",
            isOptional: true),
        .init("blocked", RefusalView.shape, "what holds it back", isOptional: true),
        .init("retry", .time, "when one that is stalled is tried again", isOptional: true),
        .init("store", .text, "the store that is removed"),
    ])

    static let columns: [ResultLayout.Column] = [
        .init("NODE", "node"), .init("CAUSE", "cause"),
        .init(
            "PHASE", "phase",
            tones: [
                "held": .warning, "agentLost": .warning, "frozen": .warning, "stalled": .bad,
            ]),
        .init("SINCE", "since"), .init("DUE", "due"), .init("LEFT", "left"),
        .init("UNREACHED", "unreached"), .init("HELD BACK BY", "blocked.sentence"),
        .init("TRIED AGAIN", "retry"),
        .init("STORE", "store", wide: true), .init("CLUSTER", "cluster", wide: true),
    ]

    /// All of a cluster, by node.
    ///
    /// - Parameter evidence: what was heard; nil where the past is shown.
    static func all(
        of state: ClusterState, _ evidence: Evidence?, now: Timestamp
    ) -> [ResultValue] {
        let names = state.nodes.keys + state.sagas.keys.filter { state.nodes[$0] == nil }
        return names.sorted().compactMap {
            RemovalView(state, $0, evidence: evidence, now: now)?.value
        }
    }

    /// nil when the node is not being removed.
    ///
    /// - Parameters:
    ///   - evidence: what was heard; nil where it is not known.
    ///   - now: what the countdown is counted from; nil: the state's own time.
    init?(
        _ state: ClusterState, _ node: NodeID, evidence: Evidence? = nil, now: Timestamp? = nil
    ) {
        let now = now ?? state.at
        if let saga = state.sagas[node], saga.kind == .remove || saga.kind == .leave {
            value = Self.value(state, saga)
            return
        }
        guard let removal = state.nodes[node]?.removal else { return nil }
        let left = removal.due - now
        // What holds every removal back is said before what holds this one back.
        let held = state.guarded ?? removal.blocked
        let phase: String
        switch removal.blocked?.code {
        case _ where state.guarded != nil: phase = "frozen"
        case .stillInContact?: phase = "agentLost"
        case .some: phase = "held"
        case nil: phase = left > .zero ? "waiting" : "due"
        }
        value = .object([
            "cluster": .name(state.id), "node": .name(node),
            "cause": .text(Saga.Reason.silence.rawValue), "phase": .text(phase),
            "since": .time(removal.since), "due": .time(removal.due),
            "left": .duration(max(left, .zero)),
            "unreached": evidence.flatMap { Self.unreached(node, state, $0, now) }
                .map { .duration($0) },
            "blocked": held.map { RefusalView.value($0) },
            "store": .text("\(removal.store)"),
        ])
    }

    private static func value(_ state: ClusterState, _ saga: Saga) -> ResultValue {
        var trouble = saga.steps.compactMap { $0.value.blocked }.first
        var retry: Timestamp?
        if case .stalled(let refusal, let retryAt) = saga.phase {
            (trouble, retry) = (refusal, retryAt)
        }
        return .object([
            "cluster": .name(state.id), "node": .name(saga.node),
            "cause": .text(saga.reason.rawValue),
            "phase": .text(saga.isStalled ? "stalled" : "running"),
            "since": .time(saga.began), "retry": retry.map { .time($0) },
            "blocked": trouble.map { RefusalView.value($0) },
            "store": .text("\(saga.store)"),
        ])
    }

    /// The shortest time for which a leader of the node's groups has had no contact with it; nil
    /// where one has, or where none says.
    private static func unreached(
        _ node: NodeID, _ state: ClusterState, _ evidence: Evidence, _ now: Timestamp
    ) -> Duration? {
        var shortest: Duration?
        for group in state.groups(of: node) {
            guard let since = evidence.groups[group]?.members[node]?.outOfContactSince else {
                return nil
            }
            shortest = min(shortest ?? (now - since), now - since)
        }
        return shortest
    }
}
