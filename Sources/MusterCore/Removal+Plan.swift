// DOMAIN §6.3, the plan: a removal begins only with a proof for all of the node's groups.

extension ClusterState {
    /// Begins the removal of a node, or says why it cannot begin.
    ///
    /// - Parameter request: who asked; nil for silence and leave, whose refusal is a
    ///   `removalBlocked` that is written when it changes.
    func planRemoval(
        of node: NodeID, reason: Saga.Reason, request: Request?, correlation: String,
        evidence: Evidence, at moment: Timestamp
    ) -> [Event] {
        let old = sagas[node]
        let store = storeToRemove(node, old)
        var saga = Saga(
            kind: reason == .leave ? .leave : .remove, node: node, store: store, reason: reason,
            principal: request?.principal, requests: request.map { [$0.id] } ?? [],
            role: nodes[node]?.role ?? .voter, groups: .all, overrides: request?.overrides ?? [],
            began: moment, correlation: correlation)
        var proofs: [Proof] = []
        let isSuperseded = old?.kind.isSuperseded ?? false
        for (group, state) in groups {
            if let step = old?.steps[group], step.outstanding != nil, isSuperseded {
                // The command on its way runs out first; the step after it has a proof of its own.
                saga.steps[group] = step
                continue
            }
            guard state.member(node) != nil else { continue }
            let situation = Situation(
                state: self, group: group, evidence: evidence, at: moment, mover: node)
            let proof = removalProof(node, group, situation, saga.overrides)
            proofs.append(proof)
            if saga.steps[group] == nil {
                let leads = situation.leader?.node == node
                saga.steps[group] = Step(name: leads ? .transfer : .remove, since: moment)
            }
        }
        let refusal = proofs.compactMap(\.refusal).first ?? slotHolder(besides: node)
        if let refusal {
            if reason == .silence && refusal.code == .floor,
                let replaced = replaceSilently(node, evidence: evidence, at: moment)
            {
                return replaced
            }
            return refuse(node, refusal, proofs, request)
        }
        var events: [Event] = request.map { [.requestAccepted($0.id, nil)] } ?? []
        if let old, isSuperseded {
            events.append(.sagaSuperseded(node, by: saga.kind))
            events += answers(old, Refusal(.superseded, nodes: [node]))
        }
        return events + [.sagaStarted(saga, proofs: proofs)]
    }

    /// The store that the configurations name: not that of a node which came back on another disk,
    /// whose member is the old one, and known of a member that was never heard as well.
    func storeToRemove(_ node: NodeID, _ old: Saga?) -> StoreID {
        if let old, old.kind.isSuperseded { return old.store }
        let stores = groups.compactMap { $0.value.member(node)?.store }
        // Where some groups have the new disk already, the old one is still to leave the others.
        if let store = stores.first(where: { $0 != nodes[node]?.identity.store }) ?? stores.first {
            return store
        }
        return old?.store ?? nodes[node]?.identity.store ?? Identifier(high: 0, low: 0)
    }

    /// Of a leader the removal is proved as it will be after the leadership has moved. Whether
    /// anybody can take it is asked by the step that moves it, which waits until somebody can.
    private func removalProof(
        _ node: NodeID, _ group: GroupID, _ situation: Situation,
        _ overrides: [Request.Override]
    ) -> Proof {
        let isVoter = situation.view(of: node)?.member.role != .learner
        return prove(
            isVoter ? .removeVoter : .removeLearner, of: node, in: group, mover: node,
            evidence: situation.evidence, at: situation.at, overrides: overrides)
    }

    private func refuse(
        _ node: NodeID, _ refusal: Refusal, _ proofs: [Proof], _ request: Request?
    ) -> [Event] {
        if let request { return [.requestRejected(request.id, refusal, proofs: proofs)] }
        let before = nodes[node]?.removal?.blocked ?? nodes[node]?.refused
        if refusal.isSaid(by: before) { return [] }
        if nodes[node]?.removal == nil {
            guard let store = nodes[node]?.identity.store else { return [] }
            let said = Event.nodeRefused(node, store: store, refusal: refusal)
            return nodes[node]?.leaving == true
                ? [said, .removalBlocked(node, refusal, proofs: proofs)] : [said]
        }
        return [.removalBlocked(node, refusal, proofs: proofs)]
    }
}
