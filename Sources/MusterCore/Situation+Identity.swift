// What of a proof rests on who the members are (DOMAIN §1 and §2), and on which disks.

extension Situation {
    /// So many voters came back on another disk, or with less than they had acknowledged, that the
    /// others are no majority: no change is safe then, and nobody who comes back helps. Nil when it
    /// is not so.
    var quorumLost: Refusal? {
        let lost = members.filter { $0.member.role == .voter && isLost($0.member) }
        let rest = voters.filter { voter in !lost.contains { $0.member.node == voter } }
        if lost.isEmpty || rest.count >= Proof.quorum(of: voters.count) { return nil }
        return Refusal(
            .quorumLost, group: group, nodes: rest,
            numbers: [
                Int64(rest.count), Int64(voters.count), Int64(Proof.quorum(of: voters.count)),
            ])
    }

    private func isLost(_ member: Member) -> Bool {
        guard let known = state.nodes[member.node] else { return false }
        if let store = member.store, store != known.identity.store { return true }
        return known.regressed != nil
    }

    /// Why the leader's newest view and what is known of the configuration are not the same; nil
    /// when they are. A proof needs both to name the same members.
    var disagreement: Refusal? {
        guard let view = seen.view?.view, let known = register.configuration else {
            return Refusal(
                .noLeader, group: group,
                numbers: [Int64(clamping: max(register.term, seen.termMax).value)])
        }
        if let disputed = register.disputed, view.version <= disputed {
            return Refusal(.disputed, group: group, text: "\(disputed)")
        }
        if known.agrees(with: view.members.map(\.member)) { return nil }
        let code: Refusal.Code = view.version == known.version ? .disputed : .closed
        return Refusal(code, group: group, text: "\(known.version)")
    }

    func refuseDemotion() -> Refusal? {
        state.capabilities(of: group).demote
            ? nil : Refusal(.unsupported, group: group, nodes: [], text: "demote")
    }

    /// What the node's own agent is told: never about a store that may be a member's, and a server
    /// only for the store that the group has or is about to have.
    func refuseOnNode(_ change: Proof.Change, _ node: NodeID) -> Refusal? {
        guard let known = state.nodes[node] else {
            return Refusal(.unknownNode, nodes: [node])
        }
        let isInside = state.isMember(known.identity, of: group)
        switch change {
        case .prepare:
            let saga = state.sagas[mover]
            let isNamed = saga?.whole?.name == .clear && saga?.principal != nil
            if isInside { return Refusal(.alreadyMember, group: group, nodes: [node]) }
            let isOut = state.tombstones[known.identity.store] != nil
            return isOut || known.blank || isNamed
                ? nil : Refusal(.alreadyMember, nodes: [node])
        case .stop:
            return isInside ? Refusal(.alreadyMember, group: group, nodes: [node]) : nil
        case .start:
            if state.isBoundElsewhere(register, known.identity) {
                return Refusal(.storeChanged, group: group, nodes: [node])
            }
            let needsPlace = state.capabilities(of: group, for: node).startsAfterAdd
            return needsPlace && !isInside
                ? Refusal(.notMember, group: group, nodes: [node]) : nil
        default:
            return nil
        }
    }
}
