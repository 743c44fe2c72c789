import MusterCommandLine
import MusterCore

/// One cluster as part of a result: what `clusters` and `status` show.
enum ClusterView {
    static let fields: [ResultShape.Field] = [
        .init("cluster", .text, "the cluster's name"),
        .init(
            "mode", .word(["standalone", "cluster"]),
            "standalone: no policy is configured, nothing is commanded"),
        .init("nodes", .number, "how many nodes are known"),
        .init("members", .number, "how many of them are members"),
        .init("up", .number, "how many nodes are up"),
        .init("groups", .number, "how many groups there are"),
        .init("changes", .number, "how many changes are under way"),
        .init("removals", .number, "how many removals are pending"),
        .init("membershipVersion", .id, "counts changes of members, roles, floors and policy"),
        .init("seq", .id, "its newest decision"),
        .init("at", .time, "when that was decided"),
        .init("hash", .text, "the hash of that decision's record"),
        .init("engine", .text, "the engine's own cluster id", isOptional: true),
        .init("pausedUntil", .time, "until when automation only watches", isOptional: true),
        .init("proposals", .number, "how many proposals wait for an approval"),
    ]

    static let shape: ResultShape = .object(fields)

    static let columns: [ResultLayout.Column] = [
        .init("CLUSTER", "cluster"), .init("MODE", "mode"), .init("NODES", "nodes"),
        .init("MEMBERS", "members"), .init("UP", "up"), .init("GROUPS", "groups"),
        .init("CHANGES", "changes"), .init("REMOVALS", "removals"), .init("SEQ", "seq"),
        .init("DECIDED", "at"), .init("VERSION", "membershipVersion", wide: true),
        .init("PAUSED UNTIL", "pausedUntil", wide: true),
        .init("PROPOSALS", "proposals", wide: true),
        .init("ENGINE", "engine", wide: true), .init("HASH", "hash", wide: true),
    ]

    static func value(_ state: ClusterState) -> ResultValue {
        .object(members(state))
    }

    static func members(_ state: ClusterState) -> [ResultValue.Member] {
        let value: ResultValue = .object([
            "cluster": .name(state.id),
            "mode": .text(state.policy == nil ? "standalone" : "cluster"),
            "nodes": .number(state.nodes.count),
            "members": .number(state.nodes.keys.filter { state.isMember($0) }.count),
            "up": .number(state.nodes.values.filter { $0.liveness == .up }.count),
            "groups": .number(state.groups.count), "changes": .number(state.sagas.count),
            "removals": .number(state.nodes.values.filter { $0.removal != nil }.count),
            "membershipVersion": .id(state.membershipVersion),
            "seq": .id(state.head.sequence), "at": .time(state.at),
            "hash": .text("\(state.head.hash)"),
            "engine": state.engine.map { .text($0.cluster) },
            "pausedUntil": state.pause.map { .time($0.until) },
            "proposals": .number(state.proposals.filter { $0.withheld == nil }.count),
        ])
        if case .object(let members) = value { return members }
        return []
    }
}
