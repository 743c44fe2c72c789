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
            nodes.update(node) {
                if !$0.stopAnnounced { $0.flaps.add(FlapScore.down, at: now) }
                $0.become(.down, at: now)
            }
        case .nodeReturned(let node):
            nodes.update(node) {
                if $0.liveness != .suspect { $0.returned = now }
                if $0.liveness == .suspect && !$0.stopAnnounced {
                    $0.flaps.add(FlapScore.suspected, at: now)
                }
                $0.stopAnnounced = false
                $0.become(.up, at: now)
            }
        case .nodeSeenUp(let node, _):
            nodes.update(node) { $0.seenUp = now }
        default:
            applyStanding(event)
        }
    }

    /// What is held against a node or for it: refusals, conflicts, holds, and what its disk has.
    private mutating func applyStanding(_ event: Event) {
        switch event {
        case .nodeRefused(let node, _, let refusal), .joinRefused(let node, _, let refusal):
            nodes.update(node) {
                $0.refused = refusal
                if refusal.code == .storeRegressed { $0.regressed = refusal }
            }
        case .identityConflict(let node, let refusal):
            nodes.update(node) {
                $0.conflict = refusal
                $0.conflictStart = $0.identity.start
            }
        case .conflictEnded(let node):
            nodes.update(node) {
                $0.conflict = nil
                $0.conflictStart = nil
            }
        case .matchNoted(let node, _, let matches):
            let now = at
            nodes.update(node) { $0.note(matches, at: now) }
        case .nodeHeld(let node, let interval):
            nodes.update(node) { $0.hold = interval }
        case .nodeReleased(let node, _):
            nodes.update(node) { $0.hold = nil }
        case .nodeForgotten(let node):
            drop(Refusal(.unknownNode, nodes: [node])) { $0.node == node }
            nodes[node] = nil
            forgotten.removeAll { $0 == node }
            if forgotten.count == Self.forgottenMax { forgotten.removeFirst() }
            forgotten.append(node)
        case .syncChanged(let node, let group, let status):
            nodes.update(node) { $0.sync[group] = status }
        default:
            break
        }
    }

    private mutating func applyStart(_ up: NodeUp, replaced: StoreID?) {
        let node = up.identity.node
        if !forgotten.isEmpty { forgotten.removeAll { $0 == node } }
        guard let old = nodes[node] else {
            nodes[node] = NodeState(up, at: at)
            for group in groups.keys { adoptRole(of: node, in: group) }
            return
        }
        var new = NodeState(up, at: at)
        new.trail = old.trail
        new.returned = at
        if old.roleIsSet {
            new.role = old.role
            new.roleIsSet = true
        }
        new.hold = old.hold
        new.flaps = old.flaps
        if old.liveness == .suspect && !old.stopAnnounced {
            new.flaps.add(FlapScore.suspected, at: at)
        }
        if replaced == nil {
            new.sync = old.sync
            new.refused = old.refused
            new.conflict = old.conflict
            new.conflictStart = old.conflictStart
            new.regressed = old.regressed
            new.notes = old.notes
        }
        // What a member is meant to be, a request or its group says, not its own settings.
        if isMember(node) || sagas[node] != nil {
            new.role = old.role
            new.outside = old.outside
        }
        nodes[node] = new
        // Whoever starts again may run its servers again.
        tombstones.update(up.identity.store) { $0.stopped = false }
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
            groups.update(group) { $0.disputed = nil }
            if old == nil { for member in members { adoptRole(of: member.node, in: group) } }
            if old != members { membershipVersion = membershipVersion.next }
        case .configurationDisputed(let group, let version, _):
            groups.update(group) { $0.disputed = version }
        case .driftDetected(let group, let appeared, let vanished, let changed):
            for node in appeared + changed { takeOverRole(of: node, in: group) }
            for node in vanished { buryVanished(node, from: group) }
        case .groupDeleted(let group):
            forget(group)
        case .desiredChanged(let group, let count):
            groups.update(group) { $0.desired = count }
            membershipVersion = membershipVersion.next
        default:
            break
        }
    }

    /// A group that is gone is in nobody's list either: only a list that names it anew brings it
    /// back, not the last word of an agent that has not heard of its end.
    private mutating func forget(_ group: GroupID) {
        groups[group] = nil
        for node in sagas.keys { sagas.update(node) { $0.steps[group] = nil } }
        for node in nodes.keys {
            nodes.update(node) { known in
                known.groups.removeAll { $0.group == group }
                known.notes.removeAll { $0.match.group == group }
                known.outside.removeAll { $0 == group }
                known.sync[group] = nil
            }
        }
        membershipVersion = membershipVersion.next
    }

    /// A learner that was there before the manager is left as it was found: who says of itself that
    /// it is to vote is not promoted for that.
    private mutating func adoptRole(of node: NodeID, in group: GroupID) {
        guard sagas[node] == nil, groups[group]?.member(node)?.role == .learner else { return }
        takeOverRole(of: node, in: group)
    }

    /// What somebody made of a member by hand is what it is meant to be from now on.
    private mutating func takeOverRole(of node: NodeID, in group: GroupID) {
        guard let member = groups[group]?.member(node) else { return }
        nodes.update(node) { known in
            known.outside.removeAll { $0 == group }
            known.roleIsSet = true
            switch member.role {
            case .voter: known.role = .voter
            case .learner: if known.role == .voter { known.role = .replica }
            }
        }
    }

    /// Somebody removed the node behind the manager's back: no automation brings it back into that
    /// group, and when no group has it any more, its store is out.
    private mutating func buryVanished(_ node: NodeID, from group: GroupID) {
        guard let state = nodes[node] else { return }
        guard !isMember(node) else {
            nodes.update(node) { known in
                if known.outside.contains(group) { return }
                known.outside.append(group)
                known.outside.sort()
            }
            return
        }
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
