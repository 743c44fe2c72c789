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
        for (group, state) in groups {
            if let step = old?.steps[group], step.outstanding != nil, old?.kind == .join {
                saga.steps[group] = step
                if state.member(node) == nil { continue }
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
        let refusal = proofs.compactMap(\.refusal).first ?? slotTaken(by: node)
        if let refusal { return refuse(node, refusal, proofs, request) }
        var events: [Event] = request.map { [.requestAccepted($0.id, nil)] } ?? []
        if let old, old.kind == .join {
            events.append(.sagaSuperseded(node, by: saga.kind))
            events += answers(old, Refusal(.superseded, nodes: [node]))
        }
        return events + [.sagaStarted(saga, proofs: proofs)]
    }

    /// The store that the configurations name: not that of a node which came back on another disk,
    /// whose member is the old one, and known of a member that was never heard as well.
    private func storeToRemove(_ node: NodeID, _ old: Saga?) -> StoreID {
        if let old, old.kind == .join { return old.store }
        for (_, state) in groups {
            if let store = state.member(node)?.store { return store }
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
        if let before, before.code == refusal.code, before.nodes == refusal.nodes,
            before.group == refusal.group
        {
            return []
        }
        if nodes[node]?.removal == nil {
            guard let store = nodes[node]?.identity.store else { return [] }
            return [.nodeRefused(node, store: store, refusal: refusal)]
        }
        return [.removalBlocked(node, refusal, proofs: proofs)]
    }

    private func slotTaken(by node: NodeID) -> Refusal? {
        for (other, saga) in sagas where other != node {
            if (saga.kind == .remove || saga.kind == .leave) && saga.hasBegun && !saga.isStalled {
                return Refusal(.slotTaken, nodes: [other])
            }
        }
        return nil
    }
}
