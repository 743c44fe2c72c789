// DOMAIN §6.5: one comes in for another. The newcomer is brought to where it only has to be
// promoted; then, group by group, the old member leaves and the newcomer is promoted, so that no
// group is ever more than one voter short. On the member's own node, which came back on a blank
// store, the old member has to leave first; so it has where the engine adds nobody while a voter is
// away.

extension ClusterState {
    /// What a replacement is begun for.
    struct ReplacementWish {
        var node: NodeID
        /// Who is to come in; nil: whoever can.
        var newcomer: NodeID?
        var reason: Saga.Reason
        var request: Request?
        var correlation: String
    }

    // MARK: The beginning

    /// Begins the replacement of a node, or says why it cannot begin.
    func planReplacement(
        _ wish: ReplacementWish, evidence: Evidence, at moment: Timestamp
    ) -> [Event] {
        switch replacement(wish, evidence: evidence, at: moment) {
        case .refused(let refusal, let proofs):
            guard let request = wish.request else {
                return sayReplacementBlocked(wish.node, refusal, proofs)
            }
            return [.requestRejected(request.id, refusal, proofs: proofs)]
        case .planned(let saga, let proofs):
            var events: [Event] = wish.request.map { [.requestAccepted($0.id, nil)] } ?? []
            if let newcomer = saga.newcomer, let join = sagas[newcomer.node] {
                events.append(.sagaSuperseded(newcomer.node, by: .replace))
                events += join.isStalled ? [.sagaEnded(newcomer.node, nil)] : []
            }
            return events + [.sagaStarted(saga, proofs: proofs)]
        }
    }

    /// The replacement of a silent node that its floor keeps from being removed; nil when there is
    /// nobody who could come in, or automation may not.
    func replaceSilently(
        _ node: NodeID, evidence: Evidence, at moment: Timestamp
    ) -> [Event]? {
        let wish = ReplacementWish(
            node: node, newcomer: nil, reason: .silence, request: nil, correlation: "")
        guard bestNewcomer(for: node, evidence: evidence, at: moment) != nil else { return nil }
        return replaceByItself(wish, evidence: evidence, at: moment)
    }

    /// A replacement that automation begins, or only proposes.
    func replaceByItself(
        _ wish: ReplacementWish, evidence: Evidence, at moment: Timestamp
    ) -> [Event] {
        let plan = planReplacement(wish, evidence: evidence, at: moment)
        if mode(.replacement, of: wish.node, at: moment) == .act { return plan }
        for event in plan {
            guard case .sagaStarted(let saga, let proofs) = event else { continue }
            let action = Request.Action.replace(node: wish.node, with: saga.comer.node)
            return propose(.replacement, wish.node, action, proofs: proofs, at: moment)
        }
        return plan
    }

    private enum ReplacementPlan {
        case planned(Saga, proofs: [Proof])
        case refused(Refusal, proofs: [Proof])
    }

    private func replacement(
        _ wish: ReplacementWish, evidence: Evidence, at moment: Timestamp
    ) -> ReplacementPlan {
        let node = wish.node
        let store = storeToRemove(node, sagas[node])
        let isBack = nodes[node].map { $0.identity.store != store } ?? false
        let chosen = wish.newcomer ?? (isBack ? node : nil)
        guard let name = chosen ?? bestNewcomer(for: node, evidence: evidence, at: moment),
            let known = nodes[name]
        else { return .refused(Refusal(.noReplacement, nodes: [node]), proofs: []) }
        if let refusal = unfit(name, known, for: node, evidence: evidence, at: moment) {
            return .refused(refusal, proofs: [])
        }
        if let refusal = unreliable(name, for: node, at: moment),
            !(wish.request?.overrides.contains { $0 == refusal.code.override } ?? false)
        {
            return .refused(refusal, proofs: [])
        }
        var proofs: [Proof] = []
        for group in groups(of: node) where isVoter(node, in: group) {
            // Where it votes on its new disk already, nobody leaves.
            if let seat = groups[group]?.member(node)?.store, seat != store { continue }
            proofs.append(
                prove(
                    .replaceVoter, of: node, in: group, mover: node, evidence: evidence,
                    at: moment, overrides: wish.request?.overrides ?? []))
        }
        if let refusal = proofs.compactMap(\.refusal).first ?? slotHolder(besides: node) {
            return .refused(refusal, proofs: proofs)
        }
        var saga = Saga(
            kind: .replace, node: node, store: store, reason: wish.reason,
            principal: wish.request?.principal, requests: wish.request.map { [$0.id] } ?? [],
            role: proofs.isEmpty ? known.role : .voter, groups: .all,
            overrides: wish.request?.overrides ?? [], began: moment,
            correlation: wish.correlation)
        saga.newcomer = Saga.Newcomer(node: name, store: known.identity.store)
        if let join = sagas[name], !join.isStalled { saga.requests += join.requests }
        saga.steps = replacementSteps(saga, evidence: evidence, at: moment)
        return .planned(saga, proofs: proofs)
    }

    /// The first step in every group that has the old member, and what the newcomer's own join has
    /// on its way.
    private func replacementSteps(
        _ saga: Saga, evidence: Evidence, at moment: Timestamp
    ) -> SortedMap<GroupID, Step> {
        var steps = SortedMap<GroupID, Step>()
        for (group, state) in groups {
            guard let member = state.member(saga.node),
                member.store == nil || member.store == saga.store
            else { continue }
            let joining = saga.isInPlace ? nil : sagas[saga.comer.node]?.steps[group]
            if let joining, joining.outstanding != nil {
                steps[group] = joining
                continue
            }
            var step = Step(
                name: firstStepOfReplacement(saga, group, state, evidence, at: moment),
                since: moment)
            step.added = joining?.added ?? false
            steps[group] = step
        }
        return steps
    }

    private func firstStepOfReplacement(
        _ saga: Saga, _ group: GroupID, _ state: GroupState, _ evidence: Evidence,
        at moment: Timestamp
    ) -> Step.Name {
        let capabilities = capabilities(of: group, for: saga.comer.node)
        let leavesFirst =
            saga.isInPlace || capabilities.addNeedsAllVoters || capabilities.learnersMax == 0
            || !isVoter(saga.node, in: group)
        if !leavesFirst {
            guard state.member(saga.comer.node) != nil else {
                return StepMachine.firstName(capabilities)
            }
            return capabilities.startsAfterAdd ? .start : .catchUp
        }
        let situation = Situation(
            state: self, group: group, evidence: evidence, at: moment, mover: saga.node)
        return situation.leader?.node == saga.node ? .transfer : .remove
    }

    /// Says what keeps automation from replacing, when that is not what was said last.
    private func sayReplacementBlocked(
        _ node: NodeID, _ refusal: Refusal, _ proofs: [Proof]
    ) -> [Event] {
        guard let known = nodes[node] else { return [] }
        let before = known.removal?.blocked ?? known.refused
        if let before, before.code == refusal.code, before.nodes == refusal.nodes,
            before.group == refusal.group
        {
            return []
        }
        if known.removal == nil {
            return [.nodeRefused(node, store: known.identity.store, refusal: refusal)]
        }
        return [.removalBlocked(node, refusal, proofs: proofs)]
    }

    // MARK: Who can come in

    /// A replica that is a learner of the node's groups already, else a voter that waits to come
    /// in, of the lowest name each; nil when there is none.
    func bestNewcomer(
        for node: NodeID, evidence: Evidence, at moment: Timestamp
    ) -> NodeID? {
        let able = newcomers(for: node).filter { name in
            guard let known = nodes[name] else { return false }
            return unreliable(name, for: node, at: moment) == nil
                && unfit(name, known, for: node, evidence: evidence, at: moment) == nil
        }
        return able.first { nodes[$0]?.role == .replica } ?? able.first
    }

    /// Who might come in, whatever the evidence says of them.
    func newcomers(for node: NodeID) -> [NodeID] {
        guard let policy else { return [] }
        let wanted = groupsToFill(for: node)
        return nodes.compactMap { name, known in
            if name == node || known.liveness != .up { return nil }
            switch known.role {
            case .readonly: return nil
            case .replica:
                return wanted.allSatisfy { groups[$0]?.member(name)?.role == .learner } ? name : nil
            case .voter:
                if wanted.contains(where: { isVoter(name, in: $0) }) { return nil }
                let mayJoin =
                    sagas[name]?.kind == .join || policy.joinPolicy == .open
                    || policy.listed.contains(name)
                return mayJoin ? name : nil
            }
        }
    }

    /// The groups in which the node votes, or has voted before its replacement took it out.
    private func groupsToFill(for node: NodeID) -> [GroupID] {
        groups.compactMap { group, state in
            if isVoter(node, in: group) { return group }
            guard let saga = sagas[node], saga.kind == .replace,
                let step = saga.steps[group], step.removed,
                state.voters.count < Int(state.desired)
            else { return nil }
            return group
        }
    }

    /// Why a node that could come in for another should not, unless a request says otherwise.
    private func unreliable(
        _ name: NodeID, for node: NodeID, at moment: Timestamp
    ) -> Refusal? {
        if name == node { return nil }
        return holding(of: name, at: moment) ?? damping(of: name, at: moment)
    }

    /// Why a node cannot come in for another; nil when it can.
    private func unfit(
        _ name: NodeID, _ known: NodeState, for node: NodeID, evidence: Evidence,
        at moment: Timestamp
    ) -> Refusal? {
        let isInPlace = name == node
        let situation = Situation(
            state: self, group: GroupID(unchecked: ""), evidence: evidence, at: moment, mover: node)
        if known.liveness != .up || !situation.isHeard(name) || known.stopAnnounced {
            return Refusal(.nodeDown, nodes: [name])
        }
        if known.role == .readonly {
            return Refusal(.unsupported, nodes: [name], text: "a readonly node never votes")
        }
        if known.leaving { return Refusal(.busy, nodes: [name], text: Saga.Kind.leave.rawValue) }
        if let tombstone = tombstones[known.identity.store] {
            return Refusal(.tombstoned, nodes: [name], text: tombstone.reason.rawValue)
        }
        if let conflict = known.conflict { return conflict }
        if isInPlace {
            return known.blank ? nil : Refusal(.storeChanged, nodes: [name], text: "data")
        }
        if let refusal = inadmissible(known) { return refusal }
        let wanted = groups(of: node)
        if let group = wanted.first(where: { isVoter(name, in: $0) }) {
            return Refusal(.alreadyMember, group: group, nodes: [name])
        }
        guard let owner = owner(of: name), let saga = sagas[owner] else { return nil }
        let canTakeOver =
            saga.kind == .join && (saga.whole == nil || saga.whole?.name == .done)
            && saga.steps.allSatisfy { wanted.contains($0.key) } && !saga.isRollingBack
        return canTakeOver ? nil : Refusal(.busy, nodes: [name], text: saga.kind.rawValue)
    }
}
