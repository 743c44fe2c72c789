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
        if let again = goOnCleared(saga, evidence: evidence, at: moment) { return again }
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
        if saga.isOnOldStore { return clear(saga, evidence: evidence, at: moment) }
        if !saga.isInPlace, canStop(saga, evidence, at: moment) {
            if saga.whole == nil { return [.stepStarted(saga.node, nil, .stop)] }
            if saga.whole?.name == .stop { return [] }
        }
        return takeOut(saga) + [.nodeJoined(saga.comer.node)] + answers(saga, nil)
    }

    /// The old store is out for good; nothing when that was said before it was made blank.
    private func takeOut(_ saga: Saga) -> [Event] {
        if saga.isInPlace && tombstones[saga.store]?.reason == .replaced { return [] }
        return [.nodeRemoved(saga.node, store: saga.store, reason: .replaced)]
    }

    // MARK: A store that lost what it had acknowledged

    /// No group has the store any more: its servers are stopped, it is out, and it is made blank,
    /// in this order. Who is away meanwhile is waited for as long as a learner without progress.
    private func clear(_ saga: Saga, evidence: Evidence, at moment: Timestamp) -> [Event] {
        if let whole = saga.whole, whole.name == .done {
            var again = saga
            again.whole = Step(name: .clear, since: moment)
            return takeOut(saga) + [.sagaStarted(again, proofs: [])]
        }
        if let policy, let known = nodes[saga.node], known.liveness == .down,
            moment >= known.livenessSince + policy.catchUpTimeout
        {
            return stall(saga, Refusal(.nodeDown, nodes: [saga.node]), at: moment)
        }
        if saga.whole == nil, canStop(saga, evidence, at: moment) {
            return [.stepStarted(saga.node, nil, .stop)]
        }
        return []
    }

    /// The node is on another, blank store by now: that one comes in. Nil when it is not, and while
    /// a command has no outcome.
    private func goOnCleared(
        _ saga: Saga, evidence: Evidence, at moment: Timestamp
    ) -> [Event]? {
        guard saga.isOnOldStore, saga.hasTakenOut, saga.outstanding.isEmpty,
            let known = nodes[saga.node], known.identity.store != saga.store, known.blank
        else { return nil }
        guard isAble(saga.node, saga, evidence, at: moment) else { return [] }
        return goOn(saga, with: saga.node, requests: saga.requests, at: moment)
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
        let steps = remainingSteps(saga, for: saga.comer.node, onOldStore: false, at: moment)
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

    /// - Parameter requests: who still waits; nobody once a failure was answered.
    private func goOn(
        _ saga: Saga, with next: NodeID, requests: [RequestID] = [], at moment: Timestamp
    ) -> [Event] {
        guard let known = nodes[next] else { return [] }
        var again = saga
        again.phase = .active
        again.whole = nil
        again.requests = requests
        again.newcomer = Saga.Newcomer(node: next, store: known.identity.store)
        again.steps = remainingSteps(
            saga, for: next, onOldStore: again.isOnOldStore, at: moment)
        return [.sagaStarted(again, proofs: [])]
    }

    /// What is still to be done in each group of a replacement, as the configurations are now.
    private func remainingSteps(
        _ saga: Saga, for next: NodeID, onOldStore: Bool, at moment: Timestamp
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
            } else if !onOldStore && lacks(next, in: group, state, saga, step) {
                let capabilities = capabilities(of: group, for: next)
                let isInside = state.member(next) != nil
                fresh.name = isInside ? .catchUp : StepMachine.firstName(capabilities)
            }
            result[group] = fresh
        }
        return result
    }

    /// Whether somebody is to come into a group that the member has left: it lacks a voter, or a
    /// store that was made blank had a place there.
    private func lacks(
        _ next: NodeID, in group: GroupID, _ state: GroupState, _ saga: Saga, _ step: Step
    ) -> Bool {
        if saga.isOnOldStore && step.removed && state.member(next) == nil { return true }
        return state.voters.count < Int(state.desired) && !isVoter(next, in: group)
    }

    private func isAble(
        _ name: NodeID, _ saga: Saga, _ evidence: Evidence, at moment: Timestamp
    ) -> Bool {
        guard let known = nodes[name], known.liveness == .up, known.conflict == nil,
            !known.stopAnnounced, !known.leaving,
            tombstones[known.identity.store] == nil
                || name == saga.node && known.identity.store == saga.store,
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
