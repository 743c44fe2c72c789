extension StepMachine {
    /// Which command the step is for, or why it cannot be given now.
    func attemptCommand() -> StepAttempt {
        if let bar = identityBar { return .blocked(bar, nil) }
        switch step.name {
        case .clear: return prepare()
        case .seed: return seed()
        case .start: return start()
        case .stop: return onWholeNode(.stop, .stopMember)
        case .learner: return learner()
        case .catchUp: return catchUp()
        case .promote: return promote()
        case .transfer: return transfer()
        case .remove: return remove()
        case .takeBack: return change(.removeLearner, .removeMember)
        case .demote: return demote()
        case .done: return .wait
        }
    }

    /// A command for the node's own agent.
    func onNode(
        _ action: Command.Action, _ limit: Duration, proof: Proof?
    ) -> StepAttempt {
        guard let known = state.nodes[node], known.identity.store == store,
            situation.isHeard(node), !known.stopAnnounced, state.foreignness(known) == nil,
            known.conflict == nil
        else { return .blocked(Refusal(.nodeDown, group: group, nodes: [node]), nil) }
        let command = Command(
            action: action, group: group, node: node, store: store,
            executor: known.identity, require: nil, notAfter: at + limit, attempt: step.attempt)
        return .command(command, proof)
    }

    /// What keeps a joiner out whose identity is not sound; a removal of it goes on.
    private var identityBar: Refusal? {
        guard saga.kind == .join || saga.kind == .replace, let known = state.nodes[node],
            known.identity.store == store
        else { return nil }
        switch step.name {
        case .transfer, .remove, .stop, .takeBack, .demote, .done: return nil
        case .clear, .seed, .start, .learner, .catchUp, .promote: break
        }
        return state.identityBar(known)
    }

    /// A command for the node's own agent that concerns all its groups, each of which is proved.
    private func onWholeNode(_ kind: Proof.Change, _ action: Command.Action) -> StepAttempt {
        let proofs = state.groups.keys.map {
            state.prove(kind, of: node, in: $0, mover: owner, evidence: evidence, at: at)
        }
        if let proof = proofs.first(where: { $0.refusal != nil }), let refusal = proof.refusal {
            return .blocked(refusal, proof)
        }
        switch onNode(action, policy.startLimit, proof: nil) {
        case .command(let command, _): return .proved(command, proofs)
        case let other: return other
        }
    }

    /// A command for the leader's agent, with the proof of its change.
    func change(_ kind: Proof.Change, _ action: Command.Action) -> StepAttempt {
        let proof = prove(kind, of: node)
        if let refusal = proof.refusal { return .blocked(refusal, proof) }
        return onLeader(action, policy.changeLimit, proof)
    }

    func prove(_ kind: Proof.Change, of subject: NodeID) -> Proof {
        state.prove(
            kind, of: subject, in: situation.group, mover: owner, evidence: evidence, at: at,
            overrides: saga.overrides)
    }

    func onLeader(
        _ action: Command.Action, _ limit: Duration, _ proof: Proof
    ) -> StepAttempt {
        guard let leader = situation.leader, let seen = situation.seen.view else {
            return .blocked(Refusal(.noLeader, group: group), proof)
        }
        let require = Command.Require(
            leader: leader.node, term: seen.term, version: seen.view.version,
            activeAfterMin: proof.neededAfter)
        let command = Command(
            action: action, group: group, node: node, store: store, executor: leader,
            require: require, notAfter: at + limit, attempt: step.attempt)
        return .command(command, proof)
    }

    // MARK: Join

    private func prepare() -> StepAttempt {
        onWholeNode(.prepare, .prepareNode)
    }

    private func seed() -> StepAttempt {
        let proof = prove(.sync, of: node)
        if let refusal = proof.refusal { return .blocked(refusal, proof) }
        guard let source = situation.leader?.node else { return .wait }
        var copies: [(node: NodeID, source: NodeID)] = []
        for (_, saga) in state.sagas {
            for (_, step) in saga.steps {
                guard let command = step.outstanding?.command else { continue }
                if case .syncGroup(let from, _) = command.action {
                    copies.append((command.node, from))
                }
            }
        }
        let sameSource = copies.filter { $0.source == source }
        let full = copies.count >= Int(policy.concurrentSyncsMax)
        if full || sameSource.count >= Int(policy.concurrentSyncsPerSourceMax) {
            let limit = full ? policy.concurrentSyncsMax : policy.concurrentSyncsPerSourceMax
            return .blocked(
                Refusal(
                    .syncSlot, group: group, nodes: (full ? copies : sameSource).map(\.node),
                    numbers: [Int64(limit)], text: full ? "" : source.text), proof)
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
        let proof = prove(.start, of: node)
        if let refusal = proof.refusal { return .blocked(refusal, proof) }
        let seen = situation.seen.view
        return onNode(
            .startMember(index: dataIndex, minTerm: seen?.term, votedFor: seen?.leader.node),
            policy.startLimit, proof: proof)
    }

    private func learner() -> StepAttempt {
        // It would keep the place from others, and catch up with nothing.
        if saga.kind == .join, state.nodes[node]?.liveness == .down {
            return .blocked(Refusal(.nodeDown, group: group, nodes: [node]), nil)
        }
        let capabilities = state.capabilities(of: situation.group, for: node)
        if capabilities.learnersMax == 0 { return change(.addVoter, .addMember(as: .voter)) }
        let proof = prove(.addLearner, of: node)
        if let refusal = proof.refusal { return .blocked(refusal, proof) }
        if let earlier = earlierJoiner(), !hasSlotFor(2) {
            let slots = state.learnerSlots(of: situation.group, for: node)
            return .blocked(
                Refusal(
                    .learnerSlot, group: group, nodes: [earlier], numbers: [Int64(slots)],
                    text: "queue"), proof)
        }
        // A learner that promotes itself would do so without a proof.
        let role: Command.AddedRole = capabilities.selfPromotes ? .nonVoter : .learner
        return onLeader(.addMember(as: role), policy.changeLimit, proof)
    }

    /// Joins queue for slots in the order in which they began; who is down waits for none.
    private func earlierJoiner() -> NodeID? {
        for (other, saga) in state.sagas
        where other != owner && (saga.kind == .join || saga.kind == .replace) {
            guard let waiting = saga.steps[situation.group], waiting.name == .learner,
                !saga.isStalled, waiting.outstanding == nil,
                state.nodes[saga.comer.node]?.liveness != .down
            else { continue }
            if saga.began < self.saga.began || (saga.began == self.saga.began && other < owner) {
                return saga.comer.node
            }
        }
        return nil
    }

    private func hasSlotFor(_ count: Int) -> Bool {
        let slots = state.learnerSlots(of: situation.group, for: node)
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
        let proof = prove(.promote, of: node)
        if let refusal = proof.refusal {
            // Somebody took it out by hand: nobody goes on with it.
            let isOut = refusal.code == .notMember && situation.view(of: node) == nil
            if isOut && saga.kind == .replace { return .fail(refusal) }
            if refusal.code == .notMember && saga.kind == .promote { return .fail(refusal) }
            return .blocked(refusal, proof)
        }
        if saga.kind == .join, situation.voters.count == 1, let partner = missingPartner() {
            return .blocked(
                Refusal(.waitingForPartner, group: group, nodes: [partner]), proof)
        }
        let isAsked = saga.kind != .join || !saga.requests.isEmpty
        if !isAsked && state.mode(.promotion, of: node, at: at) != .act {
            let request = Request.Action.add(
                node: node, role: saga.role, groups: saga.groups, wipe: nil)
            return .propose(.promotion, request, proof)
        }
        return onLeader(.promoteMember, policy.changeLimit, proof)
    }

    /// How long a partner is waited for that has started again meanwhile.
    var patience: Timestamp { step.since + policy.catchUpTimeout }

    /// With one voter, a second one alone would make both of them critical. Another join that is
    /// under way is waited for, so that both are promoted back to back, also one that is trusted in
    /// a moment; nobody is once one can be promoted too, nor anybody who is down. Who starts again
    /// and again is waited for no longer than a learner without progress.
    private func missingPartner() -> NodeID? {
        var missing: NodeID?
        for (other, saga) in state.sagas where other != node {
            if at >= patience, state.nodes[other].map({ $0.started > step.since }) ?? false {
                continue
            }
            guard saga.kind == .join, saga.role == .voter, case .active = saga.phase,
                let step = saga.steps[situation.group], step.name != .done,
                state.nodes[other]?.liveness != .down
            else { continue }
            if step.name == .promote {
                guard situation.notCaughtUp(other) == nil, situation.isHeard(other) else {
                    continue
                }
                if !state.isReturning(other, at: at) { return nil }
                missing = missing ?? other
                continue
            }
            let inside = situation.view(of: other) != nil
            if missing == nil && (inside || hasSlotFor(1)) { missing = other }
        }
        return missing
    }
}
