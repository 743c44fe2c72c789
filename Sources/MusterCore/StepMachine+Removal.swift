// The steps that lower the number of voters or move the leadership: DOMAIN §6.3 to §6.5.

extension StepMachine {
    // MARK: Leadership

    func transfer() -> StepAttempt {
        if saga.kind == .transfer { return transferByWish() }
        if let holder = slotHolder { return .blocked(holder, nil) }
        if let unusable = situation.unusable { return .blocked(unusable, nil) }
        if let unable = cannotTransfer { return .blocked(unable, nil) }
        // Somebody else leads already.
        if situation.leader?.node != node { return .restart(afterTransfer) }
        let targets = situation.transferTargets(from: node)
        if targets.isEmpty {
            return .blocked(situation.noTransferTarget(from: node), nil)
        }
        let target = targets[Int(step.attempt - 1) % targets.count]
        let proof = prove(.transfer, of: target)
        if let refusal = proof.refusal { return .blocked(refusal, proof) }
        return onLeader(.transferLeadership(to: target), policy.transferLimit, proof)
    }

    private var afterTransfer: Step.Name { saga.kind == .demote ? .demote : .remove }

    private func transferByWish() -> StepAttempt {
        if let unable = cannotTransfer { return .fail(unable) }
        let proof = prove(.transfer, of: node)
        if let refusal = proof.refusal { return .blocked(refusal, proof) }
        return onLeader(.transferLeadership(to: node), policy.transferLimit, proof)
    }

    private var cannotTransfer: Refusal? {
        state.capabilities(of: situation.group).transfer
            ? nil : Refusal(.unsupported, group: group, text: "transfer")
    }

    /// A wish for a leader lapses: what was wanted for one moment is not done at another.
    func wishIsOver() -> Refusal? {
        guard saga.kind == .transfer, at >= saga.began + Policy.transferWish else { return nil }
        return Refusal(
            .lapsed, group: group, nodes: [node], numbers: [Policy.transferWish.milliseconds])
    }

    /// Nothing is tried again once somebody else won: nil while nobody did.
    func wonByAnother(_ outstanding: Outstanding) -> Refusal? {
        guard saga.kind == .transfer, let require = outstanding.command.require,
            let seen = situation.seen.view, seen.view.confirmed, seen.term > require.term,
            seen.leader.node != node
        else { return nil }
        return Refusal(
            .otherLeader, group: group, nodes: [seen.leader.node, node],
            numbers: [Int64(clamping: seen.term.value)])
    }

    // MARK: Taking out

    func demote() -> StepAttempt {
        if situation.leader?.node == node { return .restart(.transfer) }
        if let holder = slotHolder { return .blocked(holder, nil) }
        let attempt = change(.demote, .demoteMember)
        if case .blocked(let refusal, _) = attempt, refusal.code == .notMember {
            return .fail(refusal)
        }
        return attempt
    }

    func remove() -> StepAttempt {
        if situation.leader?.node == node { return .restart(.transfer) }
        if let holder = slotHolder { return .blocked(holder, nil) }
        if let doubt = signOfLife { return .blocked(doubt, nil) }
        let isVoter = situation.view(of: node)?.member.role == .voter
        guard saga.kind == .replace else {
            return change(isVoter ? .removeVoter : .removeLearner, .removeMember)
        }
        if let missing = missingNewcomer { return missing }
        return change(isVoter ? .replaceVoter : .removeLearner, .removeMember)
    }

    /// Of a removal for silence that has taken nobody out yet: what speaks for the node. A freeze
    /// says that the manager may be the blind one; a leader in contact, that the node lives.
    private var signOfLife: Refusal? {
        guard saga.reason == .silence, !saga.hasBegun, !saga.isInPlace else { return nil }
        if let guarded = state.guarded { return guarded }
        guard let leader = situation.leader, let age = situation.view(of: node)?.contactAge,
            age <= policy.lease
        else { return nil }
        let silence = state.silence(of: node, evidence, at: at)
        return Refusal(
            .stillInContact, group: group, nodes: [node, leader.node],
            numbers: [silence.milliseconds, age.milliseconds])
    }

    /// Why the old member may not leave this group yet: the newcomer is not there, has not caught
    /// up in all groups, or another group has not got its voter back. Nil when it may.
    private var missingNewcomer: StepAttempt? {
        let comer = saga.comer
        guard let known = state.nodes[comer.node], known.identity.store == comer.store,
            known.conflict == nil, situation.isHeard(comer.node)
        else { return .blocked(Refusal(.nodeDown, group: group, nodes: [comer.node]), nil) }
        for (other, step) in saga.steps where other != group {
            if step.removed && step.name != .done { return .wait }
            switch step.name {
            case .remove, .transfer:
                if other < situation.group { return .wait }
            case .promote, .done: break
            case .clear, .seed, .start, .learner, .catchUp, .stop, .demote, .takeBack:
                return .wait
            }
        }
        if !saga.isOnOldStore, isMember(comer), let behind = situation.notCaughtUp(comer.node) {
            return .blocked(behind, nil)
        }
        return nil
    }

    /// One removal at a time in a cluster: whoever has begun to change a group has the slot.
    private var slotHolder: Refusal? {
        saga.hasBegun ? nil : state.slotHolder(besides: owner)
    }
}

extension ClusterState {
    /// Who has the cluster's one slot for removals, demotions and replacements; nil when it is
    /// free. A replacement whose newcomer cannot go on because of a member lets the removal of that
    /// member go first: neither could go on otherwise.
    func slotHolder(besides owner: NodeID) -> Refusal? {
        for (other, saga) in sagas
        where other != owner && saga.kind.takesOut && saga.hasBegun && !saga.isStalled {
            if saga.waitsForRemoval(of: owner) || misses(owner, saga) { continue }
            return Refusal(.slotTaken, nodes: [other])
        }
        return nil
    }

    /// Whether a replacement has nothing on its way, and its old member may not leave a group whose
    /// majority would miss that voter, who is not healthy.
    private func misses(_ node: NodeID, _ saga: Saga) -> Bool {
        guard saga.kind == .replace, node != saga.comer.node, saga.outstanding.isEmpty else {
            return false
        }
        return saga.steps.contains { group, step in
            guard let blocked = step.blocked, blocked.code == .quorumAfter else { return false }
            // The refusal names whom it is about and who is healthy.
            return !blocked.nodes.contains(node)
                && groups[group]?.voters.contains(node) ?? false
        }
    }
}

extension Situation {
    /// Which voters cannot take the leadership, and how far each lags; -2: it is damped, -3: it has
    /// only just come back, below that: until when it is held, negated.
    func noTransferTarget(from leaving: NodeID) -> Refusal {
        let others = voters.filter { $0 != leaving }
        let commit = seen.view?.commitBefore?.value ?? 0
        let lags = others.map { node -> Int64 in
            if let hold = state.standingHold(of: node, at: at) { return -hold.until.milliseconds }
            if state.isDamped(node, at: at) { return -2 }
            if isHeard(node) && state.isReturning(node, at: at) { return -3 }
            let match = (view(of: node)?.match ?? seen.members[node]?.own?.applied)?.value ?? 0
            return match >= commit ? 0 : Int64(clamping: commit - match)
        }
        return Refusal(
            .noTransferTarget, group: group, nodes: [leaving] + others, numbers: lags)
    }
}
