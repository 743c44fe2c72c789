extension ClusterState {
    mutating func applyNode(_ event: Event) {
        let now = at
        switch event {
        case .nodeStarted(let up, let replaced):
            applyStart(up, replaced: replaced)
        case .nodeGroupsChanged(let node, let version, let list):
            nodes.update(node) {
                $0.groupsVersion = version
                $0.groups = list
            }
        case .nodeStopAnnounced(let node):
            nodes.update(node) { $0.stopAnnounced = true }
        case .nodeLeaveAnnounced(let node, _):
            nodes.update(node) { $0.leaving = true }
        case .nodeSuspected(let node, _, _):
            nodes.update(node) { $0.become(.suspect, at: now) }
        case .nodeDown(let node, _):
            nodes.update(node) { $0.become(.down, at: now) }
        case .nodeReturned(let node):
            nodes.update(node) {
                if $0.liveness != .suspect { $0.returned = now }
                $0.become(.up, at: now)
            }
        case .nodeRefused(let node, _, let refusal), .joinRefused(let node, _, let refusal):
            nodes.update(node) { $0.refused = refusal }
        case .identityConflict(let node, let refusal):
            nodes.update(node) { $0.conflict = refusal }
        case .syncChanged(let node, let group, let status):
            nodes.update(node) { $0.sync[group] = status }
        default:
            break
        }
    }

    private mutating func applyStart(_ up: NodeUp, replaced: StoreID?) {
        let node = up.identity.node
        guard let old = nodes[node] else {
            nodes[node] = NodeState(up, at: at)
            return
        }
        var new = NodeState(up, at: at)
        new.trail = old.trail
        new.returned = at
        if replaced == nil {
            new.sync = old.sync
            new.refused = old.refused
        }
        nodes[node] = new
    }

    mutating func applyGroup(_ event: Event) {
        switch event {
        case .leaderObserved(let group, let leader, let term):
            groups.update(group, default: GroupState()) {
                $0.leader = leader
                $0.term = term
            }
        case .configurationObserved(let group, let version, let members, let pending):
            let new = GroupState.Configuration(
                version: version, members: members, pending: pending)
            let old = groups[group]?.configuration?.members
            groups.update(group, default: GroupState()) { $0.configuration = new }
            if old != members { membershipVersion = membershipVersion.next }
        case .driftDetected(let group, _, let vanished, _):
            for node in vanished { buryVanished(node, from: group) }
        case .groupDeleted(let group):
            groups[group] = nil
            for node in sagas.keys { sagas.update(node) { $0.steps[group] = nil } }
            membershipVersion = membershipVersion.next
        case .desiredChanged(let group, let count):
            groups.update(group) { $0.desired = count }
            membershipVersion = membershipVersion.next
        default:
            break
        }
    }

    /// Somebody removed the node behind the manager's back: when no group has it any more, its
    /// store is out.
    private mutating func buryVanished(_ node: NodeID, from group: GroupID) {
        guard let state = nodes[node], !isMember(node) else { return }
        let store = state.identity.store
        if tombstones[store] == nil {
            tombstones[store] = Tombstone(node: node, reason: .external, at: at, stopped: false)
        }
        nodes.update(node) { $0.removal = nil }
    }
}

extension NodeState {
    fileprivate mutating func become(_ new: Liveness, at moment: Timestamp) {
        guard liveness != new else { return }
        liveness = new
        livenessSince = moment
    }
}
