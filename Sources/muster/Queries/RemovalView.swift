import MusterCommandLine
import MusterCore

/// A removal that is pending or under way, as part of a result.
struct RemovalView {
    let value: ResultValue

    static let shape: ResultShape = .object([
        .init("cluster", .text, "the cluster's name"),
        .init("node", .text, "the node that is removed"),
        .init("cause", .word(Saga.Reason.allCases.map(\.rawValue)), "why"),
        .init("phase", .word(["waiting", "due", "held", "running", "stalled"]), "how far it is"),
        .init("since", .time, "when the deadline, or the removal, began"),
        .init("due", .time, "when the deadline passes", isOptional: true),
        .init("left", .duration, "the time until then", isOptional: true),
        .init("blocked", RefusalView.shape, "what holds it back", isOptional: true),
        .init("store", .text, "the store that is removed"),
    ])

    /// nil when the node is not being removed.
    ///
    /// - Parameter now: what the countdown is counted from; nil: the state's own time.
    init?(_ state: ClusterState, _ node: NodeID, now: Timestamp? = nil) {
        let now = now ?? state.at
        if let saga = state.sagas[node], saga.kind == .remove || saga.kind == .leave {
            var trouble = saga.steps.compactMap { $0.value.blocked }.first
            if case .stalled(let refusal, _) = saga.phase { trouble = refusal }
            value = .object([
                "cluster": .name(state.id), "node": .name(node),
                "cause": .text(saga.reason.rawValue),
                "phase": .text(saga.isStalled ? "stalled" : "running"),
                "since": .time(saga.began),
                "blocked": trouble.map { RefusalView.value($0) },
                "store": .text("\(saga.store)"),
            ])
            return
        }
        guard let removal = state.nodes[node]?.removal else { return nil }
        let left = removal.due - now
        let phase = removal.blocked != nil ? "held" : left > .zero ? "waiting" : "due"
        value = .object([
            "cluster": .name(state.id), "node": .name(node),
            "cause": .text(Saga.Reason.silence.rawValue), "phase": .text(phase),
            "since": .time(removal.since), "due": .time(removal.due),
            "left": .duration(max(left, .zero)),
            "blocked": removal.blocked.map { RefusalView.value($0) },
            "store": .text("\(removal.store)"),
        ])
    }
}
