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
            case .replace where !saga.isInPlace: return .removing
            case .replace where !isMemberEverywhere(node): return .joining
            case .join, .promote, .demote, .transfer, .replace: break
            }
        } else if owner(of: node) != nil && !isMemberEverywhere(node) {
            return .joining
        }
        if isMember(node) { return .member }
        guard let state = nodes[node] else { return nil }
        return tombstones[state.identity.store] == nil ? .known : .removed
    }

    /// Whether any group's committed configuration has the node.
    package func isMember(_ node: NodeID) -> Bool {
        groups.hasValue { $0.has(node) }
    }

    /// Whether any group's committed configuration has the node on that store, or may have.
    func isMemberAnywhere(_ identity: NodeIdentity) -> Bool {
        groups.keys.contains { isMember(identity, of: $0) }
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

    /// How many learners the group may have at once: as many as its engine allows, unless the
    /// policy says fewer.
    func learnerSlots(of group: GroupID, for newcomer: NodeID?) -> Int {
        let capabilities = capabilities(of: group, for: newcomer)
        return Int(min(policy?.learnersMax ?? Policy().learnersMax, capabilities.learnersMax))
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

extension GroupState {
    /// A member of the committed configuration; nil when it has none of that name.
    package func member(_ node: NodeID) -> Member? {
        guard let index = place(of: node) else { return nil }
        return configuration?.members[index]
    }

    /// Whether the committed configuration has the node.
    func has(_ node: NodeID) -> Bool { place(of: node) != nil }

    /// Where the node stands in the committed configuration; nil when it is no member.
    private func place(of node: NodeID) -> Int? {
        configuration?.members.firstIndex { $0.node == node }
    }

    /// The voters of the committed configuration, in node order.
    package var voters: [NodeID] {
        configuration?.members.filter { $0.role == .voter }.map(\.node) ?? []
    }
}
