// What is derived from observed configurations, sagas and tombstones, and never stored.

/// What a node is to its cluster.
package enum Membership: String, CaseIterable, Hashable, Sendable {
    case known
    case joining
    case member
    case leaving
    case removing
    case removed
}

extension ClusterState {
    /// What a node is; nil when nothing is known of it.
    package func membership(of node: NodeID) -> Membership? {
        if let saga = sagas[node] {
            switch saga.kind {
            case .join where !isMemberEverywhere(node): return .joining
            case .leave: return .leaving
            case .remove: return .removing
            case .join, .promote, .demote, .transfer, .replace: break
            }
        }
        if isMember(node) { return .member }
        guard let state = nodes[node] else { return nil }
        return tombstones[state.identity.store] == nil ? .known : .removed
    }

    /// Whether any group's committed configuration has the node.
    package func isMember(_ node: NodeID) -> Bool {
        groups.contains { $0.value.member(node) != nil }
    }

    private func isMemberEverywhere(_ node: NodeID) -> Bool {
        groups.allSatisfy { $0.value.member(node) != nil }
    }

    /// Whether the node votes in the group's committed configuration.
    package func isVoter(_ node: NodeID, in group: GroupID?) -> Bool {
        guard let group else { return false }
        return groups[group]?.member(node)?.role == .voter
    }

    /// The groups whose committed configuration has the node, in order.
    package func groups(of node: NodeID) -> [GroupID] {
        groups.filter { $0.value.member(node) != nil }.map(\.key)
    }

    /// Where a node's saga stands in a group; nil when it has none there.
    package func step(_ node: NodeID, _ group: GroupID) -> Step? {
        sagas[node]?.steps[group]
    }

    /// What the group's engine can do, as its leader's agent says, or else any member's, or else
    /// the newcomer's own.
    package func capabilities(of group: GroupID, for newcomer: NodeID? = nil) -> Capabilities {
        let members = groups[group]?.configuration?.members.map(\.node) ?? []
        let leader = groups[group]?.leader.map { [$0] } ?? []
        let own = newcomer.map { [$0] } ?? []
        for node in leader + members + own {
            if let entry = nodes[node]?.groups.first(where: { $0.group == group }) {
                return entry.capabilities
            }
        }
        return Capabilities()
    }

    /// How many voters a group may not fall below without a person's word.
    package func floor(of group: GroupID) -> Int {
        let desired = Int(groups[group]?.desired ?? 0)
        let wanted = Int(policy?.votersMin ?? 0)
        return max(min(wanted, desired), desired == 0 ? 0 : Proof.quorum(of: desired))
    }

    /// Every command whose outcome is not known yet, in id order.
    package var outstandingCommands: [(id: CommandID, command: Command)] {
        var result: [(id: CommandID, command: Command)] = []
        for (_, saga) in sagas {
            for outstanding in saga.outstanding {
                result.append((outstanding.id, outstanding.command))
            }
        }
        return result.sorted { $0.id < $1.id }
    }
}

extension Saga {
    /// Its commands without an outcome.
    package var outstanding: [Outstanding] {
        [whole?.outstanding].compactMap { $0 } + steps.compactMap { $0.value.outstanding }
    }

    /// Whether a change of a configuration was commanded or done: only then does a removal hold the
    /// cluster's one slot.
    package var hasBegun: Bool {
        steps.contains { $0.value.outstanding != nil || $0.value.name == .done }
    }

    /// Whether nothing of it runs until it is retried.
    package var isStalled: Bool {
        if case .stalled = phase { return true }
        return false
    }
}

extension GroupState {
    /// A member of the committed configuration; nil when it has none of that name.
    package func member(_ node: NodeID) -> Member? {
        configuration?.members.first { $0.node == node }
    }

    /// The voters of the committed configuration, in node order.
    package var voters: [NodeID] {
        configuration?.members.filter { $0.role == .voter }.map(\.node) ?? []
    }
}
