import MusterCommandLine
import MusterCore
import MusterRuntime
import MusterWire

/// `nodes`; `node` is `NodePage`.
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
            .init("nodes --watch", "as they come and go"),
        ],
        options: [
            CommonOptions.cluster, Watching.option,
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
        try await Watching.run(call, hears: false) { look in
            let shown = NodeView.all(of: look.state).filter { node in
                for option in ["status", "membership"] {
                    if let wanted = call.text(option),
                        node[ResultPath([option])] != .text(wanted)
                    {
                        return false
                    }
                }
                return true
            }
            return .object(["nodes": .array(shown)])
        }
    }

    static func unknown(_ node: NodeID, in state: ClusterState) -> CommandError {
        CommandError(
            .notFound, "there is no node \"\(node.text)\" in cluster \"\(state.id.text)\"",
            advice: "`muster nodes` lists those that are there")
    }
}
