// DOMAIN §6.2, the admission: who may join, and when a join begins.

extension ClusterState {
    /// Begins a saga for a node that has none: its join, its leave, or the stop of a store that is
    /// out.
    func begin(_ node: NodeID, evidence: Evidence, at moment: Timestamp) -> [Event] {
        guard let policy, let known = nodes[node], known.liveness == .up, known.conflict == nil
        else { return [] }
        if let tombstone = tombstones[known.identity.store] {
            if !tombstone.stopped && !isMember(node) {
                let order = stopOrder(known, at: moment)
                return canStop(node, evidence, at: moment)
                    ? [.sagaStarted(order, proofs: [])] : []
            }
            if tombstone.reason != .silence {
                return refuse(
                    known, Refusal(.tombstoned, nodes: [node], text: tombstone.reason.rawValue))
            }
        }
        if known.stopAnnounced { return [] }
        if known.leaving && isMember(node) {
            return planRemoval(
                of: node, reason: .leave, request: nil, correlation: "", evidence: evidence,
                at: moment)
        }
        guard policy.join == .act, !groups.isEmpty, !known.leaving else { return [] }
        if policy.joinPolicy == .listed && !policy.listed.contains(node) {
            return isMember(node) ? [] : refuse(known, Refusal(.notListed, nodes: [node]))
        }
        if let refusal = inadmissible(known) { return refuse(known, refusal) }
        if blindness(evidence, at: moment) != nil { return [] }
        let saga = newJoin(
            node, known, role: known.role, groups: .all, reason: .policy, at: moment)
        return saga.steps.isEmpty ? [] : [.sagaStarted(saga, proofs: [])]
    }

    private func refuse(_ known: NodeState, _ refusal: Refusal) -> [Event] {
        if known.refused == refusal { return [] }
        return [.joinRefused(known.identity.node, store: known.identity.store, refusal)]
    }

    /// What bars a node from joining, whoever asks; nil when nothing does.
    func inadmissible(_ known: NodeState) -> Refusal? {
        let node = known.identity.node
        if let conflict = known.conflict { return conflict }
        if let engine, let own = known.engine, own != engine, !known.blank {
            return Refusal(
                .foreign, nodes: [node], numbers: [Int64(clamping: own.recoveryEpoch)],
                text: own.cluster)
        }
        if groups.contains(where: { isBoundElsewhere($0.value, known.identity) }) {
            return Refusal(.storeChanged, nodes: [node])
        }
        return nil
    }

    /// Why no saga may begin yet: some group has no usable observation. Nil when all have one.
    func blindness(_ evidence: Evidence, at moment: Timestamp) -> Refusal? {
        for group in groups.keys {
            let situation = Situation(
                state: self, group: group, evidence: evidence, at: moment,
                mover: NodeID(unchecked: ""))
            guard let unusable = situation.unusable else { continue }
            switch unusable.code {
            case .changeInFlight, .closed, .inDoubt, .changeNotPermitted: continue
            default: return unusable
            }
        }
        return nil
    }

    /// A join with its first step in every group that the node is to enter.
    func newJoin(
        _ node: NodeID, _ known: NodeState, role: Role, groups wish: GroupWish,
        reason: Saga.Reason, at moment: Timestamp
    ) -> Saga {
        var saga = Saga(
            kind: .join, node: node, store: known.identity.store, reason: reason, principal: nil,
            requests: [], role: role, groups: wish, overrides: [], began: moment, correlation: "")
        for (group, state) in groups {
            if case .list(let names) = wish, !names.contains(group) { continue }
            guard let name = firstStep(node, role, group, state) else { continue }
            saga.steps[group] = Step(name: name, since: moment)
        }
        let tombstoned = tombstones[known.identity.store] != nil
        if !saga.steps.isEmpty && !isMember(node) && tombstoned {
            saga.whole = Step(name: .clear, since: moment)
        }
        return saga
    }

    /// Where a join begins in a group; nil when the node is already what it is to be.
    func firstStep(
        _ node: NodeID, _ role: Role, _ group: GroupID, _ state: GroupState
    ) -> Step.Name? {
        guard let member = state.member(node) else {
            return StepMachine.firstName(capabilities(of: group, for: node))
        }
        guard member.role == .learner && role == .voter else { return nil }
        // Whether the server of a learner that was added before it started ever ran is not known.
        return capabilities(of: group, for: node).startsAfterAdd ? .start : .catchUp
    }

    private func stopOrder(_ known: NodeState, at moment: Timestamp) -> Saga {
        var saga = Saga(
            kind: .remove, node: known.identity.node, store: known.identity.store,
            reason: .policy, principal: nil, requests: [], role: known.role, groups: .all,
            overrides: [], began: moment, correlation: "")
        saga.whole = Step(name: .stop, since: moment)
        return saga
    }
}
