// What automation would do and may not: said once, or written as the request that an approval
// sends; and withdrawn as soon as it no longer applies.

extension ClusterState {
    /// The open entry of a rule for a node; nil when there is none.
    func proposal(_ rule: Rule, _ node: NodeID) -> Proposal? {
        proposals.first { $0.rule == rule && $0.node == node }
    }

    /// Says what would be done, or proposes it; nothing when that was said already.
    func propose(
        _ rule: Rule, _ node: NodeID, _ action: Request.Action, proofs: [Proof],
        at moment: Timestamp
    ) -> [Event] {
        let withheld = whyWithheld(rule, node, at: moment)
        if let old = proposal(rule, node) {
            if old.action == action {
                // A proposal stays open while automation is paused or the node is held.
                if old.withheld?.code == withheld?.code { return [] }
                if old.withheld == nil && withheld?.code != .observing { return [] }
            }
        } else if proposals.count >= Proposal.countMax {
            return []
        }
        guard let withheld else {
            return [.changeProposed(rule, node, action, proofs: proofs)]
        }
        return [.changeWithheld(rule, node, action, withheld, proofs: proofs)]
    }

    /// Why a change is not even proposed; nil when the policy proposes it.
    private func whyWithheld(_ rule: Rule, _ node: NodeID, at moment: Timestamp) -> Refusal? {
        if let refusal = standstill(of: node, at: moment) { return refusal }
        if policy?.mode(rule) == .propose { return nil }
        return Refusal(.observing, nodes: [node], text: rule.rawValue)
    }

    /// Why automation leaves the node alone now; nil when it does not.
    func standstill(of node: NodeID, at moment: Timestamp) -> Refusal? {
        if let held = holding(of: node, at: moment) { return held }
        guard let pause, moment < pause.until else { return nil }
        return Refusal(.paused, numbers: [pause.until.milliseconds])
    }

    /// Why the node came and went too often to be counted on; nil when it did not.
    func damping(of node: NodeID, at moment: Timestamp) -> Refusal? {
        guard let flaps = nodes[node]?.flaps, let calm = flaps.calm(after: moment) else {
            return nil
        }
        return Refusal(
            .damped, nodes: [node],
            numbers: [flaps.points(at: moment), (calm - moment).milliseconds])
    }

    /// The entries of a node that no longer apply.
    func endedProposals(of node: NodeID, at moment: Timestamp) -> [Event] {
        proposals.filter { $0.node == node }.compactMap { entry in
            whyOver(entry, at: moment).map { .proposalEnded(entry.rule, node, $0) }
        }
    }

    func whyOver(_ entry: Proposal, at moment: Timestamp) -> Refusal? {
        let node = entry.node
        guard let known = nodes[node] else { return Refusal(.unknownNode, nodes: [node]) }
        switch entry.rule {
        case .join: return whyNotJoining(node, known, at: moment)
        case .promotion:
            guard let saga = sagas[node], saga.requests.isEmpty, case .active = saga.phase,
                saga.steps.contains(where: { $0.value.name == .promote })
            else { return Refusal(.superseded, nodes: [node]) }
            return nil
        case .replacement where entry.action == .replace(node: node, with: node):
            let isOn =
                known.liveness == .up && known.blank && !known.stopAnnounced && !known.leaving
                && groups.contains { isBoundElsewhere($0.value, known.identity) }
            return isOn && owner(of: node) == nil ? nil : Refusal(.superseded, nodes: [node])
        case .removal, .replacement:
            guard let removal = known.removal, known.liveness == .down else {
                return Refusal(.stillInContact, nodes: [node])
            }
            if isTakenCareOf(node) { return Refusal(.busy, nodes: [node]) }
            return removal.blocked
        }
    }

    private func whyNotJoining(
        _ node: NodeID, _ known: NodeState, at moment: Timestamp
    ) -> Refusal? {
        if owner(of: node) != nil { return Refusal(.busy, nodes: [node]) }
        if known.liveness != .up || known.stopAnnounced || known.leaving {
            return Refusal(.nodeDown, nodes: [node])
        }
        if let tombstone = tombstones[known.identity.store],
            tombstone.reason != .silence || !tombstone.stopped
        {
            return Refusal(.tombstoned, nodes: [node], text: tombstone.reason.rawValue)
        }
        if let policy, policy.joinPolicy == .listed, !policy.listed.contains(node) {
            return Refusal(.notListed, nodes: [node])
        }
        if let refusal = inadmissible(known) { return refusal }
        let wish: GroupWish = isMember(node) ? .list(groups(of: node)) : .all
        let join = newJoin(
            node, known, role: known.role, groups: wish, reason: .policy, at: moment)
        return join.steps.isEmpty ? Refusal(.alreadyMember, nodes: [node]) : nil
    }

    // MARK: Folding

    mutating func applyProposal(_ event: Event, id: Sequence) {
        switch event {
        case .changeWithheld(let rule, let node, let action, let refusal, _):
            enter(
                Proposal(
                    id: id, rule: rule, node: node, action: action, since: at, withheld: refusal))
        case .changeProposed(let rule, let node, let action, _):
            enter(
                Proposal(
                    id: id, rule: rule, node: node, action: action, since: at, withheld: nil))
        case .proposalEnded(let rule, let node, let why):
            drop(why ?? Refusal(.superseded, nodes: [node], text: "approved")) {
                $0.rule == rule && $0.node == node
            }
        default:
            break
        }
    }

    private mutating func enter(_ new: Proposal) {
        let node = new.node
        drop(Refusal(.superseded, nodes: [node])) { $0.rule == new.rule && $0.node == node }
        proposals.append(new)
        // What held it back before no longer does.
        switch new.rule {
        case .removal, .replacement: nodes.update(node) { $0.removal?.blocked = nil }
        case .promotion:
            sagas.update(node) { saga in
                for group in saga.steps.keys {
                    saga.steps.update(group) { step in
                        if step.name == .promote { step.blocked = new.withheld }
                    }
                }
            }
        case .join: nodes.update(node) { $0.refused = nil }
        }
    }

    /// Takes entries away and remembers why, for whoever approves one of them too late.
    mutating func drop(_ why: Refusal, where isOver: (Proposal) -> Bool) {
        for entry in proposals where isOver(entry) && entry.withheld == nil {
            if proposalsPast.count == Proposal.pastMax { proposalsPast.removeFirst() }
            proposalsPast.append(Proposal.Past(id: entry.id, why: why))
        }
        proposals.removeAll(where: isOver)
    }
}
