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
        examples: [
            .init("groups", "who leads, who is healthy"),
            .init("groups -o wide", "with terms, versions, floors, and what one more failure does"),
            .init("groups --watch", "as it goes on"),
        ],
        options: [CommonOptions.cluster, Watching.option], exitCodes: [.notFound],
        shape: .object([.init("groups", .array(GroupView.shape), "the groups, by name")]),
        layout: .table("groups", name: "group", empty: "no groups", GroupView.columns)
    ) { call in
        try await Watching.run(call) { look in
            .object([
                "groups": .array(GroupView.all(of: look.state, look.evidence, now: look.now))
            ])
        }
    }

    static let removals = Command(
        "removals", "list pending removals, their deadlines and what holds them back",
        discussion: """
            A silent member is removed when its deadline passes, provided that no leader of its \
            groups had contact with it all that time, that half of the members are not silent with \
            it, and that a majority is healthy before and after. `cancel` keeps it, `extend` puts \
            the deadline off.
            """,
        examples: [
            .init("removals", "the countdowns"), .init("removals --watch", "as they run"),
            .init("removals -o name", "the names, for a script"),
        ],
        options: [CommonOptions.cluster, Watching.option], exitCodes: [.notFound],
        shape: .object([.init("removals", .array(RemovalView.shape), "by node")]),
        layout: .table(
            "removals", name: "node", empty: "nothing is being removed", RemovalView.columns)
    ) { call in
        try await Watching.run(call) { look in
            .object([
                "removals": .array(
                    RemovalView.all(of: look.state, look.evidence, now: look.now))
            ])
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
