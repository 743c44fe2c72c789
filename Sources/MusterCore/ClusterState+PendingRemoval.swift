// The deadline of a silent node (DOMAIN §6.3): nothing is removed for silence unless the leader of
// every group that has it says, without a gap over the whole delay, that it cannot reach the node
// either.

extension ClusterState {
    func decideRemoval(
        of node: NodeID, evidence: Evidence, at moment: Timestamp
    ) -> [Event] {
        guard let policy, let known = nodes[node], let removal = known.removal else { return [] }
        if isTakenCareOf(node) { return [] }
        if !isMember(node) { return [.removalCancelled(node, why: .removed)] }
        if let bar = known.conflict { return hold(node, bar, policy, at: moment) }
        if let contact = contact(with: node, evidence, policy, at: moment) {
            return hold(node, contact, policy, at: moment)
        }
        if removal.blocked?.code == .stillInContact {
            return [
                .removalRescheduled(node, due: moment + policy.removalDelay, why: .evidence)
            ]
        }
        if let still = standstill(of: node, at: moment) ?? damping(of: node, at: moment) {
            return hold(node, still, policy, at: moment)
        }
        if let code = removal.blocked?.code, code == .held || code == .paused || code == .damped {
            return [
                .removalRescheduled(node, due: moment + policy.removalDelay, why: .released)
            ]
        }
        if moment < removal.due { return [] }
        if let guarded { return hold(node, guarded, policy, at: moment) }
        if let missing = missingEvidence(node, removal, evidence, policy, at: moment) {
            // What is proposed stays so while a view is only late.
            if missing.code.isOfView && proposal(.removal, node) != nil { return [] }
            return hold(node, missing, policy, at: moment)
        }
        let plan = planRemoval(
            of: node, reason: .silence, request: nil, correlation: "", evidence: evidence,
            at: moment)
        if mode(.removal, of: node, at: moment) == .act { return plan }
        for event in plan {
            guard case .sagaStarted(let saga, let proofs) = event, saga.kind == .remove else {
                continue
            }
            return propose(.removal, node, .remove(node: node), proofs: proofs, at: moment)
        }
        return plan
    }

    /// Whether a saga of the node has to end before its silence can have consequences: one that a
    /// removal does not supersede.
    func isTakenCareOf(_ node: NodeID) -> Bool {
        guard let saga = sagas[node] else { return owner(of: node) != nil }
        return !saga.kind.isSuperseded
    }

    /// Says what holds the removal back, when that is not what was said last.
    private func hold(
        _ node: NodeID, _ refusal: Refusal, _ policy: Policy, at moment: Timestamp
    ) -> [Event] {
        if let old = nodes[node]?.removal?.blocked, old.code == refusal.code,
            old.group == refusal.group, old.nodes == refusal.nodes
        {
            return []
        }
        return [.removalBlocked(node, refusal, proofs: [])]
    }

    /// A leader that reached the node within the lease: then its agent is down, not the node.
    private func contact(
        with node: NodeID, _ evidence: Evidence, _ policy: Policy, at moment: Timestamp
    ) -> Refusal? {
        for group in groups(of: node) {
            guard let seen = evidence.groups[group]?.view, seen.view.confirmed,
                moment - seen.heard.appended <= policy.lease, seen.leader.node != node,
                let view = seen.view.members.first(where: { $0.member.node == node }),
                let age = view.contactAge, age <= policy.lease
            else { continue }
            let silence = silence(of: node, evidence, at: moment)
            return Refusal(
                .stillInContact, group: group, nodes: [node, seen.leader.node],
                numbers: [silence.milliseconds, age.milliseconds])
        }
        return nil
    }

    /// Which group does not prove that the node was out of its leader's reach for the whole delay;
    /// nil when all do.
    private func missingEvidence(
        _ node: NodeID, _ removal: PendingRemoval, _ evidence: Evidence, _ policy: Policy,
        at moment: Timestamp
    ) -> Refusal? {
        for group in groups(of: node) {
            let situation = Situation(
                state: self, group: group, evidence: evidence, at: moment, mover: node)
            if let unusable = situation.unusable { return unusable }
            let since = evidence.groups[group]?.members[node]?.outOfContactSince
            let proved = since.map { moment - $0 } ?? .zero
            if since == nil || proved < policy.removalDelay {
                return Refusal(
                    .evidenceTooShort, group: group, nodes: [node],
                    numbers: [proved.milliseconds, policy.removalDelay.milliseconds])
            }
        }
        return nil
    }
}
