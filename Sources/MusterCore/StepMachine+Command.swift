extension StepMachine {
    /// Which command the step is for, or why it cannot be given now.
    func attemptCommand() -> StepAttempt {
        switch step.name {
        case .clear: return prepare()
        case .seed: return seed()
        case .start: return start()
        case .stop: return onNode(.stopMember, policy.startLimit, proof: nil)
        case .learner: return learner()
        case .catchUp: return catchUp()
        case .promote: return promote()
        case .transfer: return transfer()
        case .remove: return remove()
        case .takeBack: return change(.removeLearner, .removeMember)
        case .demote: return change(.demote, .demoteMember)
        case .done: return .wait
        }
    }

    /// A command for the node's own agent.
    private func onNode(
        _ action: Command.Action, _ limit: Duration, proof: Proof?
    ) -> StepAttempt {
        guard let known = state.nodes[node], known.identity.store == saga.store,
            situation.isHeard(node), !known.stopAnnounced
        else { return .blocked(Refusal(.nodeDown, group: group, nodes: [node]), nil) }
        let command = Command(
            action: action, group: group, node: node, store: saga.store,
            executor: known.identity, require: nil, notAfter: at + limit, attempt: step.attempt)
        return .command(command, proof)
    }

    /// A command for the leader's agent, with the proof of its change.
    private func change(_ kind: Proof.Change, _ action: Command.Action) -> StepAttempt {
        let proof = prove(kind, of: node)
        if let refusal = proof.refusal { return .blocked(refusal, proof) }
        return onLeader(action, policy.changeLimit, proof)
    }

    private func prove(_ kind: Proof.Change, of subject: NodeID) -> Proof {
        state.prove(
            kind, of: subject, in: situation.group, mover: node, evidence: evidence, at: at,
            overrides: saga.overrides)
    }

    private func onLeader(
        _ action: Command.Action, _ limit: Duration, _ proof: Proof
    ) -> StepAttempt {
        guard let leader = situation.leader, let seen = situation.seen.view else {
            return .blocked(Refusal(.noLeader, group: group), proof)
        }
        let require = Command.Require(
            leader: leader.node, term: seen.term, version: seen.view.version,
            activeAfterMin: proof.neededAfter)
        let command = Command(
            action: action, group: group, node: node, store: saga.store, executor: leader,
            require: require, notAfter: at + limit, attempt: step.attempt)
        return .command(command, proof)
    }

    // MARK: Join

    private func prepare() -> StepAttempt {
        let inside = state.groups.contains { $0.value.member(node) != nil }
        if inside { return .blocked(Refusal(.alreadyMember, nodes: [node]), nil) }
        return onNode(.prepareNode, policy.startLimit, proof: nil)
    }

    private func seed() -> StepAttempt {
        let proof = prove(.sync, of: node)
        if let refusal = proof.refusal { return .blocked(refusal, proof) }
        guard let source = situation.leader?.node else { return .wait }
        var copies: [(node: NodeID, source: NodeID)] = []
        for (other, saga) in state.sagas {
            for (_, step) in saga.steps {
                if case .syncGroup(let from, _)? = step.outstanding?.command.action {
                    copies.append((other, from))
                }
            }
        }
        let sameSource = copies.filter { $0.source == source }
        let full = copies.count >= Int(policy.concurrentSyncsMax)
        if full || sameSource.count >= Int(policy.concurrentSyncsPerSourceMax) {
            let holders = (full ? copies : sameSource).map(\.node)
            return .blocked(
                Refusal(
                    .syncSlot, group: group, nodes: holders,
                    numbers: [Int64(policy.concurrentSyncsMax)]), proof)
        }
        return onNode(.syncGroup(source: source, scope: .full), policy.copyLimit, proof: proof)
    }

    private func start() -> StepAttempt {
        let capabilities = state.capabilities(of: situation.group, for: node)
        if !capabilities.startsAfterAdd && capabilities.seed == .external {
            // What the leader said before the copy ended says nothing about where its log begins
            // now.
            guard let seen = situation.seen.view, seen.heard.appended > step.since else {
                return .wait
            }
            if !bridges {
                let misses = step.misses + 1
                if misses < 3 { return .restart(.seed) }
                return .fail(
                    Refusal(
                        .logCompactedDuringSync, group: group, nodes: [node],
                        numbers: [
                            Int64(misses), Int64(clamping: dataIndex?.value ?? 0),
                            Int64(clamping: situation.seen.view?.view.firstIndex?.value ?? 0),
                        ]))
            }
        }
        let term = situation.register.term
        return onNode(
            .startMember(index: dataIndex, minTerm: term), policy.startLimit, proof: nil)
    }

    private func learner() -> StepAttempt {
        let capabilities = state.capabilities(of: situation.group, for: node)
        if capabilities.learnersMax == 0 { return change(.addVoter, .addMember(as: .voter)) }
        let proof = prove(.addLearner, of: node)
        if let refusal = proof.refusal { return .blocked(refusal, proof) }
        if let earlier = earlierJoiner(), !hasSlotFor(2, capabilities) {
            return .blocked(
                Refusal(.learnerSlot, group: group, nodes: [earlier], numbers: [1]), proof)
        }
        return onLeader(.addMember(as: .learner), policy.changeLimit, proof)
    }

    /// Joins queue for slots in the order in which they began.
    private func earlierJoiner() -> NodeID? {
        for (other, saga) in state.sagas where other != node && saga.kind == .join {
            guard let waiting = saga.steps[situation.group], waiting.name == .learner,
                !saga.isStalled, waiting.outstanding == nil
            else { continue }
            if saga.began < self.saga.began || (saga.began == self.saga.began && other < node) {
                return other
            }
        }
        return nil
    }

    private func hasSlotFor(_ count: Int, _ capabilities: Capabilities) -> Bool {
        let slots = Int(max(policy.learnersMax, capabilities.learnersMax))
        return situation.learners.count + count <= slots
    }

    private func catchUp() -> StepAttempt {
        let progressed = situation.seen.members[node]?.progressed ?? step.since
        let limit = max(progressed, step.since) + policy.catchUpTimeout
        if at >= limit {
            return .fail(
                Refusal(
                    .catchUpTimeout, group: group, nodes: [node],
                    numbers: [policy.catchUpTimeout.milliseconds]))
        }
        guard situation.view(of: node) != nil, let behind = situation.notCaughtUp(node) else {
            return .wait
        }
        return .blocked(behind, nil)
    }

    private func promote() -> StepAttempt {
        if policy.promotion != .act && saga.requests.isEmpty {
            return .blocked(Refusal(.observing, group: group, nodes: [node]), nil)
        }
        let proof = prove(.promote, of: node)
        if let refusal = proof.refusal { return .blocked(refusal, proof) }
        if situation.voters.count == 1, let partner = missingPartner() {
            return .blocked(
                Refusal(.waitingForPartner, group: group, nodes: [partner]), proof)
        }
        return onLeader(.promoteMember, policy.changeLimit, proof)
    }

    /// With one voter, a second one alone would make both of them critical. Another join that is
    /// under way is waited for, so that both are promoted back to back.
    private func missingPartner() -> NodeID? {
        let capabilities = state.capabilities(of: situation.group, for: node)
        for (other, saga) in state.sagas where other != node {
            guard saga.kind == .join, saga.role == .voter, case .active = saga.phase,
                let step = saga.steps[situation.group], step.name != .promote, step.name != .done
            else { continue }
            let inside = situation.view(of: other) != nil
            if inside || hasSlotFor(1, capabilities) { return other }
        }
        return nil
    }

    // MARK: Removal

    private func transfer() -> StepAttempt {
        if let holder = slotHolder { return .blocked(holder, nil) }
        if let unusable = situation.unusable { return .blocked(unusable, nil) }
        let targets = situation.transferTargets(from: node)
        if targets.isEmpty {
            return .blocked(situation.noTransferTarget(from: node), nil)
        }
        let target = targets[Int(step.attempt - 1) % targets.count]
        let proof = prove(.transfer, of: target)
        if let refusal = proof.refusal { return .blocked(refusal, proof) }
        return onLeader(.transferLeadership(to: target), policy.transferLimit, proof)
    }

    private func remove() -> StepAttempt {
        if situation.leader?.node == node { return .restart(.transfer) }
        if let holder = slotHolder { return .blocked(holder, nil) }
        let isVoter = situation.view(of: node)?.member.role == .voter
        return change(isVoter ? .removeVoter : .removeLearner, .removeMember)
    }

    /// One removal at a time in a cluster: whoever has begun to change a group has the slot.
    private var slotHolder: Refusal? {
        if saga.hasBegun { return nil }
        for (other, saga) in state.sagas where other != node {
            if (saga.kind == .remove || saga.kind == .leave) && saga.hasBegun {
                return Refusal(.slotTaken, nodes: [other])
            }
        }
        return nil
    }
}

extension Situation {
    /// Which voters cannot take the leadership, and how far each lags.
    func noTransferTarget(from leaving: NodeID) -> Refusal {
        let others = voters.filter { $0 != leaving }
        let commit = seen.view?.commitBefore?.value ?? 0
        let lags = others.map { node -> Int64 in
            let match = (view(of: node)?.match ?? seen.members[node]?.own?.applied)?.value ?? 0
            return match >= commit ? 0 : Int64(clamping: commit - match)
        }
        return Refusal(
            .noTransferTarget, group: group, nodes: [leaving] + others, numbers: lags)
    }
}
