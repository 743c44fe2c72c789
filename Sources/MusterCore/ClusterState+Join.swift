// DOMAIN §6.2, the admission: who may join, and when a join begins.

extension ClusterState {
    /// Begins a saga for a node that has none: its join, its leave, or the stop of a store that is
    /// out.
    func begin(_ node: NodeID, evidence: Evidence, at moment: Timestamp) -> [Event] {
        guard let policy, let known = nodes[node], known.liveness == .up, known.conflict == nil,
            owner(of: node) == nil
        else { return [] }
        if let foreign = foreignness(known) { return refuse(known, foreign) }
        if let inPlace = beginInPlace(node, known, evidence: evidence, at: moment) {
            return inPlace
        }
        if let tombstone = tombstones[known.identity.store] {
            if !tombstone.stopped && !isMemberAnywhere(known.identity) {
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
        guard !groups.isEmpty, !known.leaving else { return [] }
        if policy.joinPolicy == .listed && !policy.listed.contains(node) {
            return isMember(node) ? [] : refuse(known, Refusal(.notListed, nodes: [node]))
        }
        let wish: GroupWish = isMember(node) ? .list(groups(of: node)) : .all
        let barred = inadmissible(known) ?? noPlace(for: node, known.role, in: wish)
        if let refusal = barred { return refuse(known, refusal) }
        if blindness(evidence, at: moment) != nil { return [] }
        let saga = newJoin(
            node, known, role: known.role, groups: wish, reason: .policy, at: moment)
        if saga.steps.isEmpty { return [] }
        if mode(.join, of: node, at: moment) != .act {
            let action = Request.Action.add(
                node: node, role: known.role, groups: wish, wipe: nil)
            return propose(.join, node, action, proofs: [], at: moment)
        }
        return [.sagaStarted(saga, proofs: [])]
    }

    /// A member that came back on a blank store: as the voter that it was it is dead, and it comes
    /// back as a new one. Nil when it is no such node, or automation may not.
    private func beginInPlace(
        _ node: NodeID, _ known: NodeState, evidence: Evidence, at moment: Timestamp
    ) -> [Event]? {
        guard known.blank, !known.stopAnnounced, !known.leaving,
            groups.contains(where: { isBoundElsewhere($0.value, known.identity) })
        else { return nil }
        let wish = ReplacementWish(
            node: node, newcomer: node, reason: .policy, request: nil, correlation: "")
        return replaceByItself(wish, evidence: evidence, at: moment)
    }

    private func refuse(_ known: NodeState, _ refusal: Refusal) -> [Event] {
        if known.refused == refusal { return [] }
        return [.joinRefused(known.identity.node, store: known.identity.store, refusal)]
    }

    /// A readonly node may not take a group's last place for learners: where there is only one, it
    /// can never come in.
    func noPlace(for node: NodeID, _ role: Role, in wish: GroupWish) -> Refusal? {
        guard role == .readonly else { return nil }
        for (group, state) in groups {
            if case .list(let names) = wish, !names.contains(group) { continue }
            guard state.member(node) == nil else { continue }
            let slots = learnerSlots(of: group, for: node)
            guard slots <= 1 else { continue }
            let holders = state.configuration?.members.filter { $0.role == .learner } ?? []
            return Refusal(
                .learnerSlot, group: group, nodes: holders.map(\.node), numbers: [Int64(slots)],
                text: "readonly")
        }
        return nil
    }

    /// What bars a node from joining, whoever asks; nil when nothing does.
    func inadmissible(_ known: NodeState) -> Refusal? {
        identityBar(known) ?? boundElsewhere(known)
    }

    /// Whether a group has the node as a member on another disk; nil when none has.
    func boundElsewhere(_ known: NodeState) -> Refusal? {
        guard groups.contains(where: { isBoundElsewhere($0.value, known.identity) }) else {
            return nil
        }
        return Refusal(.storeChanged, nodes: [known.identity.node])
    }

    /// Why no saga may begin yet: some group has no usable observation. Nil when all have one.
    func blindness(_ evidence: Evidence, at moment: Timestamp) -> Refusal? {
        for group in groups.keys {
            let situation = Situation(
                state: self, group: group, evidence: evidence, at: moment,
                mover: NodeID(unchecked: ""))
            guard let unusable = situation.unusable else { continue }
            switch unusable.code {
            case .changeInFlight, .closed, .inDoubt, .changeNotPermitted, .newTerm: continue
            default: return unusable
            }
        }
        return nil
    }

    /// A join with its first step in every group that the node is to enter.
    ///
    /// - Parameter anew: also in those that somebody took it out of by hand: a person asks for it.
    func newJoin(
        _ node: NodeID, _ known: NodeState, role: Role, groups wish: GroupWish,
        reason: Saga.Reason, anew: Bool = false, at moment: Timestamp
    ) -> Saga {
        var saga = Saga(
            kind: .join, node: node, store: known.identity.store, reason: reason, principal: nil,
            requests: [], role: role, groups: wish, overrides: [], began: moment, correlation: "")
        for (group, state) in groups {
            if case .list(let names) = wish, !names.contains(group) { continue }
            if !anew && known.outside.contains(group) { continue }
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
