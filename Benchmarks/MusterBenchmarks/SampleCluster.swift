internal import MusterCore

/// A cluster with nodes and groups as a log of facts leaves them, for measuring.
struct SampleCluster {
    private(set) var state: ClusterState
    let nodes: [NodeID]
    /// The decisions that made it, oldest first.
    private(set) var decisions: [Decision] = []

    static let manager = ManagerIdentity(
        id: Identifier(high: 1, low: 2), version: "benchmark")

    static func group(_ index: Int) -> GroupID { GroupID(unchecked: "g\(index)") }

    init(name: String, nodeCount: Int, groupCount: Int) {
        let cluster = ClusterID(unchecked: name)
        state = ClusterState(id: cluster, genesis: .zero)
        nodes = (0..<nodeCount).map { NodeID(unchecked: "n\($0)") }.sorted()
        var events: [Event] = [.policyConfigured(Policy())]
        for (index, node) in nodes.enumerated() {
            events.append(.nodeStarted(Self.up(node, index, groupCount), replaced: nil))
        }
        let members = nodes.enumerated().map { index, node in
            Member(
                node: node, store: Identifier(high: 7, low: UInt64(index)),
                role: index < 7 ? .voter : .learner)
        }
        for index in 0..<groupCount {
            let group = Self.group(index)
            events.append(.leaderObserved(group, leader: nodes[0], term: Term(3)))
            events.append(
                .configurationObserved(
                    group, version: ConfigurationVersion(term: Term(3), index: LogIndex(9)),
                    members: members, pending: false))
            events.append(.desiredChanged(group, UInt32(min(7, nodeCount))))
        }
        for event in events {
            let decision = Decision(
                at: Timestamp(milliseconds: 1_000_000), cause: .timer(.liveness), considered: [],
                evidence: nil, principal: nil, correlation: "", manager: Self.manager,
                events: [event])
            state.evolve(decision, hash: .zero)
            decisions.append(decision)
        }
    }

    private static func up(_ node: NodeID, _ index: Int, _ groupCount: Int) -> NodeUp {
        NodeUp(
            identity: NodeIdentity(
                node: node, store: Identifier(high: 7, low: UInt64(index)), start: Start(1)),
            boot: Identifier(high: 8, low: UInt64(index)), role: index < 7 ? .voter : .replica,
            blank: false,
            engine: nil, address: "", zone: "", groupsVersion: 1,
            groups: (0..<groupCount).map {
                NodeGroup(group: group($0), capabilities: Capabilities(), applied: nil)
            })
    }
}
