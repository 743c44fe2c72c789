import MusterCommandLine
import MusterCore
import MusterLog
import MusterRuntime

/// `clusters`, `groups` and `removals`.
enum ListCommands {
    static let clusters = Command(
        "clusters", "list the clusters",
        examples: [.init("clusters", "all clusters of the log")],
        options: [CommonOptions.cluster], exitCodes: [.notFound],
        shape: .object([.init("clusters", .array(ClusterView.shape), "by name")]),
        layout: .table(
            "clusters", name: "cluster", empty: "no clusters", ClusterView.columns)
    ) { call in
        try await Query.run(call) { query in
            let all = try query.clusters().map { ClusterView.value($0) }
            try call.show(.object(["clusters": .array(all)]))
            return .ok
        }
    }

    static let groups = Command(
        "groups", "list the groups of a cluster",
        discussion: """
            A group's members are those of its last committed configuration. Healthy voters are \
            counted as before a command: heard within a lease, in contact with the leader and \
            caught up; spare says how many of them may fail.
            """,
        examples: [.init("groups -o wide", "with terms, versions and floors")],
        options: [CommonOptions.cluster], exitCodes: [.notFound],
        shape: .object([.init("groups", .array(GroupView.shape), "the groups, by name")]),
        layout: .table("groups", name: "group", empty: "no groups", GroupView.columns)
    ) { call in
        try await Query.run(call) { query in
            let state = try query.cluster()
            let evidence = try await query.evidence(of: state)
            let all = GroupView.all(of: state, evidence, now: query.now)
            try call.show(.object(["groups": .array(all)]))
            return .ok
        }
    }

    static let removals = Command(
        "removals", "list pending removals, their deadlines and what holds them back",
        examples: [.init("removals", "the countdowns")],
        options: [CommonOptions.cluster], exitCodes: [.notFound],
        shape: .object([.init("removals", .array(RemovalView.shape), "by node")]),
        layout: .table(
            "removals", name: "node", empty: "nothing is being removed",
            [
                .init("NODE", "node"), .init("CAUSE", "cause"),
                .init("PHASE", "phase", tones: ["held": .warning, "stalled": .bad]),
                .init("SINCE", "since"), .init("DUE", "due"), .init("LEFT", "left"),
                .init("HELD BACK BY", "blocked.sentence"), .init("STORE", "store", wide: true),
                .init("CLUSTER", "cluster", wide: true),
            ])
    ) { call in
        try await Query.run(call) { query in
            let state = try query.cluster()
            let names = state.nodes.keys + state.sagas.keys.filter { state.nodes[$0] == nil }
            let all = names.sorted().compactMap {
                RemovalView(state, $0, now: query.now)?.value
            }
            try call.show(.object(["removals": .array(all)]))
            return .ok
        }
    }
}

extension Query {
    /// What a manager would have heard of the cluster by now.
    func evidence(of state: ClusterState) async throws -> Evidence {
        guard let partition = projection.reader.partition(of: state.id) else { return Evidence() }
        return try await EvidenceLoader(log: log, state: state, partition: partition)
            .load(now: now)
    }
}
