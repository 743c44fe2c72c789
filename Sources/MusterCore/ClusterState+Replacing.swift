// A replacement on its way: what of it concerns no single group.

extension ClusterState {
    func decideReplacement(
        _ saga: Saga, evidence: Evidence, at moment: Timestamp
    ) -> [Event] {
        if case .rollingBack(let refusal) = saga.phase {
            guard let over = rollbackOver(saga, evidence: evidence, at: moment) else { return [] }
            return over.isEmpty
                ? giveUpReplacement(saga, refusal, evidence: evidence, at: moment) : over
        }
        if !saga.hasTakenOut, let end = endBeforeRemoval(saga, at: moment) { return end }
        if saga.hasTakenOut, let change = changedNewcomer(saga) { return [change] }
        for (_, step) in saga.steps {
            if case .failed(let refusal) = step.phase {
                return [.sagaRollingBack(saga.node, refusal)]
            }
        }
        guard saga.steps.allSatisfy({ $0.value.name == .done }) else { return [] }
        for (group, state) in groups where saga.steps[group] == nil {
            if let member = state.member(saga.node), member.store == saga.store {
                return [.stepStarted(saga.node, group, .remove)]
            }
        }
        if isStillListed(saga, evidence) { return [] }
        if saga.whole?.outstanding != nil { return [] }
        let isBack = groups.contains { $0.value.member(saga.node).map(saga.isOld) ?? false }
        if isBack {
            // Somebody made it a member again by hand: it is not stopped, and the newcomer stays.
            let refusal = Refusal(.superseded, nodes: [saga.node])
            return [.sagaEnded(saga.node, refusal), .nodeJoined(saga.comer.node)]
                + answers(saga, refusal)
        }
        if !saga.isInPlace, canStop(saga, evidence, at: moment) {
            if saga.whole == nil { return [.stepStarted(saga.node, nil, .stop)] }
            if saga.whole?.name == .stop { return [] }
        }
        return [
            .nodeRemoved(saga.node, store: saga.store, reason: .replaced),
            .nodeJoined(saga.comer.node),
        ] + answers(saga, nil)
    }

    /// As long as nobody has left, the node that comes back stays, and a newcomer that is another
    /// by now is given up. Nil when the replacement goes on.
    private func endBeforeRemoval(_ saga: Saga, at moment: Timestamp) -> [Event]? {
        if !saga.outstanding.isEmpty { return nil }
        let refusal: Refusal
        if saga.reason == .silence && !saga.isInPlace && nodes[saga.node]?.liveness == .up {
            // The newcomer stays the learner that it is.
            refusal = Refusal(.stillInContact, nodes: [saga.node])
            return [.sagaEnded(saga.node, refusal)] + answers(saga, refusal)
        }
        if let change = changedNewcomer(saga) { return [change] }
        guard saga.isInPlace, !isMember(saga.node) else { return nil }
        refusal = Refusal(.superseded, nodes: [saga.node])
        return [.sagaEnded(saga.node, refusal)] + answers(saga, refusal)
    }

    /// The newcomer came back on another disk: what was added for the one before leaves again. Nil
    /// when it did not, and while a command has no outcome.
    private func changedNewcomer(_ saga: Saga) -> Event? {
        guard saga.outstanding.isEmpty, let known = nodes[saga.comer.node],
            known.identity.store != saga.comer.store
        else { return nil }
        return .sagaRollingBack(saga.node, Refusal(.nodeReplaced, nodes: [saga.comer.node]))
    }

    /// What was added for the newcomer is out again: the old member stays and its deadline starts
    /// in full; where it has left already, the newcomer goes on with the disk that it has now, or
    /// the next who can come in is waited for.
    private func giveUpReplacement(
        _ saga: Saga, _ refusal: Refusal, evidence: Evidence, at moment: Timestamp
    ) -> [Event] {
        if saga.hasTakenOut {
            let again =
                refusal.code == .nodeReplaced
                ? retryReplacement(saga, evidence: evidence, at: moment) : []
            return again.isEmpty
                ? stall(saga, refusal, at: moment) : answers(saga, refusal) + again
        }
        var events: [Event] = [.sagaEnded(saga.node, refusal)] + answers(saga, refusal)
        if let policy, saga.reason == .silence, isMember(saga.node),
            let known = nodes[saga.node], known.liveness == .down
        {
            events.append(
                .removalScheduled(
                    saga.node, store: known.identity.store, due: moment + policy.removalDelay))
        }
        return events
    }

    /// A replacement that stands still after the old member left somewhere: it is over when no
    /// group lacks a voter any more, and goes on when somebody else can come in. Nil when neither
    /// is so.
    func nextNewcomer(
        _ saga: Saga, evidence: Evidence, at moment: Timestamp
    ) -> [Event]? {
        guard saga.kind == .replace else { return nil }
        let steps = remainingSteps(saga, for: saga.comer.node, at: moment)
        if steps.allSatisfy({ $0.value.name == .done }) {
            return [.nodeRemoved(saga.node, store: saga.store, reason: .replaced)]
        }
        return newcomers(for: saga.node).first {
            $0 != saga.comer.node && isAble($0, saga, evidence, at: moment)
        }.map { goOn(saga, with: $0, at: moment) }
    }

    /// The same newcomer is tried once more, when it is there.
    func retryReplacement(
        _ saga: Saga, evidence: Evidence, at moment: Timestamp
    ) -> [Event] {
        let comer = saga.comer.node
        return isAble(comer, saga, evidence, at: moment) ? goOn(saga, with: comer, at: moment) : []
    }

    private func goOn(_ saga: Saga, with next: NodeID, at moment: Timestamp) -> [Event] {
        guard let known = nodes[next] else { return [] }
        var again = saga
        again.phase = .active
        again.whole = nil
        again.requests = []
        again.newcomer = Saga.Newcomer(node: next, store: known.identity.store)
        again.steps = remainingSteps(saga, for: next, at: moment)
        return [.sagaStarted(again, proofs: [])]
    }

    /// What is still to be done in each group of a replacement, as the configurations are now.
    private func remainingSteps(
        _ saga: Saga, for next: NodeID, at moment: Timestamp
    ) -> SortedMap<GroupID, Step> {
        var result = SortedMap<GroupID, Step>()
        for (group, step) in saga.steps {
            guard let state = groups[group] else { continue }
            var fresh = Step(name: .done, since: moment)
            fresh.removed = step.removed
            fresh.voter = step.voter
            let member = state.member(saga.node)
            if let member, member.store == nil || member.store == saga.store {
                fresh.name = .remove
            } else if state.voters.count < Int(state.desired) && !isVoter(next, in: group) {
                let capabilities = capabilities(of: group, for: next)
                let isInside = state.member(next) != nil
                fresh.name = isInside ? .catchUp : StepMachine.firstName(capabilities)
            }
            result[group] = fresh
        }
        return result
    }

    private func isAble(
        _ name: NodeID, _ saga: Saga, _ evidence: Evidence, at moment: Timestamp
    ) -> Bool {
        guard let known = nodes[name], known.liveness == .up, known.conflict == nil,
            !known.stopAnnounced, !known.leaving, tombstones[known.identity.store] == nil,
            evidence.nodes[name]?.identity == known.identity
        else { return false }
        return owner(of: name) == nil || owner(of: name) == saga.node
    }
}

extension Saga {
    /// Whether a member is the one that is replaced, not the newcomer on the same node.
    fileprivate func isOld(_ member: Member) -> Bool {
        member.store == store || member.store == nil && !isInPlace
    }
}
