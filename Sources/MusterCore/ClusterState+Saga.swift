// What of a saga concerns no single group: whether it begins, what its failures come to, how it
// ends.

extension ClusterState {
    func decideSaga(of node: NodeID, evidence: Evidence, at moment: Timestamp) -> [Event] {
        guard let policy else { return [] }
        let ended = endedProposals(of: node, at: moment)
        if !ended.isEmpty { return ended }
        guard let saga = sagas[node] else {
            return begin(node, evidence: evidence, at: moment)
        }
        if case .stalled(_, let retryAt) = saga.phase {
            if saga.hasTakenOut,
                let next = nextNewcomer(saga, evidence: evidence, at: moment)
            {
                return next
            }
            let started = nodes[saga.comer.node]?.started ?? .zero
            let restarted = started > retryAt - policy.stallRetry
            if moment < retryAt && !restarted { return [] }
            // What automation began waits while it stands still.
            if saga.isAutomatic, standstill(of: node, at: moment) != nil { return [] }
            return retry(saga, evidence: evidence, at: moment)
        }
        if saga.kind.isSuperseded, let known = nodes[node], known.leaving, known.liveness == .up {
            let leave = leave(saga, evidence: evidence, at: moment)
            if !leave.isEmpty { return leave }
        }
        if let whole = saga.whole, whole.name != .done {
            if case .failed(let refusal) = whole.phase { return giveUp(saga, refusal, at: moment) }
            let moves = StepMachine(self, node, nil, evidence: evidence, at: moment)?.move() ?? []
            if !moves.isEmpty { return moves }
        }
        switch saga.kind {
        case .join: return decideJoin(saga, policy, evidence: evidence, at: moment)
        case .remove, .leave: return decideRemoval(saga, policy, evidence: evidence, at: moment)
        case .promote, .demote, .transfer: return decideRoleChange(saga, at: moment)
        case .replace: return decideReplacement(saga, evidence: evidence, at: moment)
        }
    }

    /// The events that answer every request that waits for a saga.
    func answers(_ saga: Saga, _ refusal: Refusal?) -> [Event] {
        saga.requests.map { .requestCompleted($0, refusal) }
    }

    private func giveUp(_ saga: Saga, _ refusal: Refusal, at moment: Timestamp) -> [Event] {
        if saga.whole?.name == .stop && !saga.isOnOldStore {
            if case .rollingBack(let reason) = saga.phase { return stall(saga, reason, at: moment) }
            // A store that is out already is ordered to stop again later.
            if tombstones[saga.store] != nil { return stall(saga, refusal, at: moment) }
            return removed(saga)
        }
        return stall(saga, refusal, at: moment)
    }

    func stall(_ saga: Saga, _ refusal: Refusal, at moment: Timestamp) -> [Event] {
        let delay = policy?.stallRetry ?? Policy().stallRetry
        return [.sagaStalled(saga.node, refusal, retryAt: moment + delay)]
            + answers(saga, refusal)
    }

    /// The node asks to leave while something else is done with it: that gives way. Empty when the
    /// leave cannot begin, and that was said.
    private func leave(
        _ saga: Saga, evidence: Evidence, at moment: Timestamp
    ) -> [Event] {
        if isMember(saga.node) {
            return planRemoval(
                of: saga.node, reason: .leave, request: nil, correlation: saga.correlation,
                evidence: evidence, at: moment)
        }
        guard saga.kind == .join, case .active = saga.phase else { return [] }
        return [.sagaRollingBack(saga.node, Refusal(.superseded, nodes: [saga.node]))]
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
                if known.outside.contains(group) { continue }
                guard let name = firstStep(saga.node, saga.role, group, state) else { continue }
                return [.stepStarted(saga.node, group, name)]
            }
        }
        guard saga.steps.allSatisfy({ $0.value.name == .done }) else {
            return endedBySeats(saga)
        }
        if let refusal = takenOut(saga) {
            return [.sagaEnded(saga.node, refusal)] + answers(saga, refusal)
        }
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
        if let bar = boundElsewhere(known) {
            return [.sagaEnded(saga.node, bar)] + answers(saga, bar)
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

    /// Somebody took the joiner out of every group by hand: nobody brings it back but a request.
    private func takenOut(_ saga: Saga) -> Refusal? {
        guard let tombstone = tombstones[saga.store], tombstone.reason == .external,
            tombstone.at >= saga.began, !isMember(saga.node)
        else { return nil }
        return Refusal(.tombstoned, nodes: [saga.node], text: tombstone.reason.rawValue)
    }

    /// All groups that are left turn out to have the node as a member on another disk: that has to
    /// leave first, which is a replacement. Empty while anything else is to be done.
    private func endedBySeats(_ saga: Saga) -> [Event] {
        guard let known = nodes[saga.node], let bar = boundElsewhere(known) else { return [] }
        let isOver = saga.steps.allSatisfy { group, step in
            if step.name == .done { return true }
            guard step.outstanding == nil, let state = groups[group] else { return false }
            return isBoundElsewhere(state, known.identity)
        }
        return isOver ? [.sagaEnded(saga.node, bar)] + answers(saga, bar) : []
    }

    private func finishRollback(
        _ saga: Saga, _ refusal: Refusal, evidence: Evidence, at moment: Timestamp
    ) -> [Event] {
        guard let over = rollbackOver(saga, evidence: evidence, at: moment) else { return [] }
        if !over.isEmpty { return over }
        if nodes[saga.node]?.leaving ?? false {
            return [.nodeRemoved(saga.node, store: saga.store, reason: .leave)]
                + answers(saga, refusal)
        }
        if refusal.code == .superseded && saga.reason == .request {
            // Somebody cancelled what somebody had asked for: nothing is left to be tried again.
            return [.sagaEnded(saga.node, refusal)] + answers(saga, refusal)
        }
        return stall(saga, refusal, at: moment)
    }

    /// What a rollback still has to do for the node as a whole: nil while its groups are not done,
    /// empty when it is over.
    func rollbackOver(
        _ saga: Saga, evidence: Evidence, at moment: Timestamp
    ) -> [Event]? {
        let comer = saga.comer
        let over = saga.steps.allSatisfy {
            if $0.value.name == .done { return true }
            if case .failed = $0.value.phase, $0.value.name == .takeBack { return true }
            return false
        }
        guard over else { return nil }
        if saga.hasStopped { return [] }
        // A server that is still there would campaign for ever; one whose node is silent stops when
        // it is heard again, as its next join begins anew.
        let isThere =
            nodes[comer.node]?.identity.store == comer.store
            && canStop(comer.node, evidence, at: moment)
        if saga.whole?.outstanding != nil { return nil }
        // What somebody made a member again by hand is not stopped.
        if !isThere || isMember(comer.node) { return [] }
        if saga.whole?.name == .stop { return nil }
        return [.stepStarted(saga.node, nil, .stop)]
    }

    func retry(_ saga: Saga, evidence: Evidence, at moment: Timestamp) -> [Event] {
        switch saga.kind {
        case .join: break
        case .promote, .demote: return retryRoleChange(saga, at: moment)
        case .replace: return retryReplacement(saga, evidence: evidence, at: moment)
        case .transfer: return [.sagaEnded(saga.node, nil)]
        case .remove, .leave:
            return planRemoval(
                of: saga.node, reason: saga.reason, request: nil, correlation: saga.correlation,
                evidence: evidence, at: moment)
        }
        guard let known = nodes[saga.node], known.liveness == .up, known.conflict == nil else {
            return []
        }
        // Somebody took it out by hand meanwhile: it comes back by a request only.
        if let tombstone = tombstones[known.identity.store], !known.blank {
            guard tombstone.reason == .external else { return [] }
            let refusal = Refusal(
                .tombstoned, nodes: [saga.node], text: tombstone.reason.rawValue)
            return [.sagaEnded(saga.node, refusal)]
        }
        // Its member on the disk before has to leave first: that is a replacement.
        if let bar = boundElsewhere(known) { return [.sagaEnded(saga.node, bar)] }
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
        if saga.isCancelled { return endCancelled(saga, evidence, at: moment) }
        if saga.reason == .silence && saga.requests.isEmpty && !saga.hasBegun && saga.whole == nil,
            nodes[saga.node]?.liveness == .up
        {
            return [.sagaEnded(saga.node, Refusal(.stillInContact, nodes: [saga.node]))]
        }
        for (_, step) in saga.steps {
            if case .failed(let refusal) = step.phase { return stall(saga, refusal, at: moment) }
        }
        guard saga.steps.allSatisfy({ $0.value.name == .done }) else { return [] }
        // What is a member when it is only to be stopped yet, somebody made one by hand.
        for (group, state) in groups where saga.steps[group] == nil && saga.whole == nil {
            if let member = state.member(saga.node),
                member.store == nil || member.store == saga.store
            {
                return [.stepStarted(saga.node, group, .remove)]
            }
        }
        if isStillListed(saga, evidence) { return [] }
        // Of a store that is out already, a member of the same name on another disk says nothing.
        let isOut = tombstones[saga.store] != nil
        let isBack = groups.contains {
            guard let member = $0.value.member(saga.node) else { return false }
            return !isOut || member.store == nil || member.store == saga.store
        }
        if isBack {
            return [.sagaEnded(saga.node, Refusal(.superseded, nodes: [saga.node]))]
                + answers(saga, Refusal(.superseded, nodes: [saga.node]))
        }
        if saga.whole?.name == .stop { return waitToStop(saga, evidence: evidence, at: moment) }
        if saga.whole == nil && canStop(saga, evidence, at: moment) {
            return [.stepStarted(saga.node, nil, .stop)]
        }
        return removed(saga)
    }

    /// A removal for silence that somebody cancelled half way is over as soon as what was commanded
    /// has an outcome; the node then joins the groups again that it has left.
    private func endCancelled(
        _ saga: Saga, _ evidence: Evidence, at moment: Timestamp
    ) -> [Event] {
        let isOver = saga.steps.allSatisfy { _, step in
            if case .failed = step.phase { return true }
            return step.name == .done
        }
        if !isOver || isStillListed(saga, evidence) { return [] }
        if !isMember(saga.node) { return removed(saga) }
        let refusal = Refusal(.superseded, nodes: [saga.node])
        let end = [.sagaEnded(saga.node, refusal)] + answers(saga, refusal)
        guard let known = nodes[saga.node], known.identity.store == saga.store,
            inadmissible(known) == nil
        else { return end }
        let lost = saga.steps.keys.filter {
            groups[$0].map { $0.member(saga.node) == nil } ?? false
        }
        let join = newJoin(
            saga.node, known, role: known.role, groups: .list(lost), reason: .policy, at: moment)
        return join.steps.isEmpty ? end : end + [.sagaStarted(join, proofs: [])]
    }

    /// Whether a configuration of the register still has the member that the newest view shows to
    /// be out: the view came with the heartbeats, the fact that changes the register is on its way.
    func isStillListed(_ saga: Saga, _ evidence: Evidence) -> Bool {
        groups.contains { group, state in
            guard let member = state.member(saga.node),
                member.store == nil || member.store == saga.store,
                let seen = evidence.groups[group]?.view?.view
            else { return false }
            return !seen.members.contains {
                $0.member.node == saga.node && $0.member.store == member.store
            }
        }
    }

    /// A node that falls silent before it has stopped gets the order when it is heard again.
    func waitToStop(
        _ saga: Saga, evidence: Evidence, at moment: Timestamp
    ) -> [Event] {
        canStop(saga, evidence, at: moment) || saga.whole?.outstanding != nil ? [] : removed(saga)
    }

    func canStop(_ saga: Saga, _ evidence: Evidence, at moment: Timestamp) -> Bool {
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
            case .request, .policy: reason = saga.kind == .replace ? .replaced : .request
            case .silence: reason = .silence
            case .leave: reason = .leave
            case .replaced: reason = .replaced
            }
        }
        return [.nodeRemoved(saga.node, store: saga.store, reason: reason)] + answers(saga, nil)
    }
}

extension Saga {
    /// Whether automation began it and nobody has asked for it since.
    var isAutomatic: Bool {
        switch reason {
        case .policy, .silence, .replaced: requests.isEmpty
        case .request, .leave: false
        }
    }

    /// Whether the node's servers were stopped at the end of a rollback.
    fileprivate var hasStopped: Bool { whole?.name == .done }
}
