// What of a saga concerns no single group: whether it begins, what its failures come to, how it
// ends.

extension ClusterState {
    func decideSaga(of node: NodeID, evidence: Evidence, at moment: Timestamp) -> [Event] {
        guard let policy else { return [] }
        guard let saga = sagas[node] else {
            return begin(node, evidence: evidence, at: moment)
        }
        if case .stalled(_, let retryAt) = saga.phase {
            let restarted = (nodes[node]?.started ?? .zero) > retryAt - policy.stallRetry
            if moment < retryAt && !restarted { return [] }
            return retry(saga, evidence: evidence, at: moment)
        }
        if let whole = saga.whole, whole.name != .done {
            if case .failed(let refusal) = whole.phase { return giveUp(saga, refusal, at: moment) }
            let moves = StepMachine(self, node, nil, evidence: evidence, at: moment)?.move() ?? []
            if !moves.isEmpty { return moves }
        }
        switch saga.kind {
        case .join: return decideJoin(saga, policy, evidence: evidence, at: moment)
        case .remove, .leave: return decideRemoval(saga, policy, evidence: evidence, at: moment)
        case .promote, .demote, .transfer, .replace: return []
        }
    }

    /// The events that answer every request that waits for a saga.
    func answers(_ saga: Saga, _ refusal: Refusal?) -> [Event] {
        saga.requests.map { .requestCompleted($0, refusal) }
    }

    private func giveUp(_ saga: Saga, _ refusal: Refusal, at moment: Timestamp) -> [Event] {
        if saga.whole?.name == .stop {
            if case .rollingBack(let reason) = saga.phase { return stall(saga, reason, at: moment) }
            // A store that is out already is ordered to stop again later.
            if tombstones[saga.store] != nil { return stall(saga, refusal, at: moment) }
            return removed(saga)
        }
        return stall(saga, refusal, at: moment)
    }

    private func stall(_ saga: Saga, _ refusal: Refusal, at moment: Timestamp) -> [Event] {
        let delay = policy?.stallRetry ?? Policy().stallRetry
        return [.sagaStalled(saga.node, refusal, retryAt: moment + delay)]
            + answers(saga, refusal)
    }

    // MARK: Join

    private func decideJoin(
        _ saga: Saga, _ policy: Policy, evidence: Evidence, at moment: Timestamp
    ) -> [Event] {
        if case .rollingBack(let refusal) = saga.phase {
            return finishRollback(saga, refusal, evidence: evidence, at: moment)
        }
        if let whole = saga.whole, whole.name != .done { return [] }
        if let known = nodes[saga.node], known.identity.store != saga.store {
            return changedStore(saga, known, evidence: evidence, at: moment)
        }
        for (_, step) in saga.steps {
            if case .failed(let refusal) = step.phase {
                if step.name == .promote { return stall(saga, refusal, at: moment) }
                return [.sagaRollingBack(saga.node, refusal)]
            }
        }
        if saga.groups == .all, let known = nodes[saga.node], known.liveness == .up {
            for (group, state) in groups where saga.steps[group] == nil {
                guard let name = firstStep(saga.node, saga.role, group, state) else { continue }
                return [.stepStarted(saga.node, group, name)]
            }
        }
        guard saga.steps.allSatisfy({ $0.value.name == .done }) else { return [] }
        return [.nodeJoined(saga.node)] + answers(saga, nil)
    }

    /// The node came back on another disk: a cleared one is what the saga asked for and goes on,
    /// any other begins anew once what was added for the old one is taken back.
    private func changedStore(
        _ saga: Saga, _ known: NodeState, evidence: Evidence, at moment: Timestamp
    ) -> [Event] {
        let began = saga.steps.contains { $0.value.added || $0.value.outstanding != nil }
        if began {
            return [.sagaRollingBack(saga.node, Refusal(.nodeReplaced, nodes: [saga.node]))]
        }
        var again = newJoin(
            saga.node, known, role: saga.role, groups: saga.groups, reason: saga.reason,
            at: moment)
        again.principal = saga.principal
        again.requests = saga.requests
        again.overrides = saga.overrides
        again.correlation = saga.correlation
        return [.sagaStarted(again, proofs: [])]
    }

    private func finishRollback(
        _ saga: Saga, _ refusal: Refusal, evidence: Evidence, at moment: Timestamp
    ) -> [Event] {
        let over = saga.steps.allSatisfy {
            if $0.value.name == .done { return true }
            if case .failed = $0.value.phase, $0.value.name == .takeBack { return true }
            return false
        }
        guard over else { return [] }
        if saga.whole?.name == .done && saga.hasStopped { return stall(saga, refusal, at: moment) }
        // A server that is still there would campaign for ever; one whose node is silent stops when
        // it is heard again, as its next join begins anew.
        let isThere = canStop(saga, evidence, at: moment)
        if saga.whole?.name == .stop {
            let isAsked = saga.whole?.outstanding != nil
            return isThere || isAsked ? [] : stall(saga, refusal, at: moment)
        }
        let isMember = groups.contains { $0.value.member(saga.node) != nil }
        if !isThere || isMember { return stall(saga, refusal, at: moment) }
        return [.stepStarted(saga.node, nil, .stop)]
    }

    private func retry(_ saga: Saga, evidence: Evidence, at moment: Timestamp) -> [Event] {
        guard saga.kind == .join else {
            return planRemoval(
                of: saga.node, reason: saga.reason, request: nil, correlation: saga.correlation,
                evidence: evidence, at: moment)
        }
        guard let known = nodes[saga.node], known.liveness == .up, known.conflict == nil,
            tombstones[known.identity.store] == nil || known.blank
        else { return [] }
        var again = newJoin(
            saga.node, known, role: saga.role, groups: saga.groups, reason: saga.reason,
            at: moment)
        if again.steps.isEmpty { return [.sagaEnded(saga.node, nil)] }
        again.principal = saga.principal
        again.correlation = saga.correlation
        return [.sagaStarted(again, proofs: [])]
    }

    // MARK: Removal

    private func decideRemoval(
        _ saga: Saga, _ policy: Policy, evidence: Evidence, at moment: Timestamp
    ) -> [Event] {
        if saga.reason == .silence && saga.requests.isEmpty && !saga.hasBegun && saga.whole == nil,
            nodes[saga.node]?.liveness == .up
        {
            return [.sagaEnded(saga.node, Refusal(.stillInContact, nodes: [saga.node]))]
        }
        for (_, step) in saga.steps {
            if case .failed(let refusal) = step.phase { return stall(saga, refusal, at: moment) }
        }
        guard saga.steps.allSatisfy({ $0.value.name == .done }) else { return [] }
        for (group, state) in groups where saga.steps[group] == nil {
            if let member = state.member(saga.node),
                member.store == nil || member.store == saga.store
            {
                return [.stepStarted(saga.node, group, .remove)]
            }
        }
        if groups.contains(where: { $0.value.member(saga.node) != nil }) {
            return [.sagaEnded(saga.node, Refusal(.superseded, nodes: [saga.node]))]
                + answers(saga, Refusal(.superseded, nodes: [saga.node]))
        }
        if saga.whole?.name == .stop { return waitToStop(saga, evidence: evidence, at: moment) }
        if saga.whole == nil && canStop(saga, evidence, at: moment) {
            return [.stepStarted(saga.node, nil, .stop)]
        }
        return removed(saga)
    }

    /// A node that falls silent before it has stopped gets the order when it is heard again.
    private func waitToStop(
        _ saga: Saga, evidence: Evidence, at moment: Timestamp
    ) -> [Event] {
        canStop(saga, evidence, at: moment) || saga.whole?.outstanding != nil ? [] : removed(saga)
    }

    private func canStop(_ saga: Saga, _ evidence: Evidence, at moment: Timestamp) -> Bool {
        nodes[saga.node]?.identity.store == saga.store
            && canStop(saga.node, evidence, at: moment)
    }

    /// Whether the node's agent is there to be told that its servers are to stop.
    func canStop(_ node: NodeID, _ evidence: Evidence, at moment: Timestamp) -> Bool {
        guard let heard = evidence.nodes[node], let known = nodes[node],
            heard.identity == known.identity, !known.stopAnnounced
        else { return false }
        return moment - heard.heard.appended <= (policy?.lease ?? .zero)
    }

    private func removed(_ saga: Saga) -> [Event] {
        let reason: Tombstone.Reason
        if let tombstone = tombstones[saga.store] {
            reason = tombstone.reason
        } else {
            switch saga.reason {
            case .request, .policy: reason = .request
            case .silence: reason = .silence
            case .leave: reason = .leave
            case .replaced: reason = .replaced
            }
        }
        return [.nodeRemoved(saga.node, store: saga.store, reason: reason)] + answers(saga, nil)
    }
}

extension Saga {
    /// Whether the node's servers were stopped at the end of a rollback.
    fileprivate var hasStopped: Bool { whole?.name == .done }
}
