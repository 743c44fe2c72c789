internal import MusterCore

/// What the rules ask of a decision, in words of their own: `decide` would only agree with itself.
/// It looks at the state that the decision extends, and at the evidence written into it.
struct DecisionRules {
    let before: ClusterState
    let decision: Decision
    let input: Input

    /// What the decision should not have said.
    var broken: [Breach] {
        var found: [Breach] = []
        for event in decision.events {
            switch event {
            case .commandIssued(let command, let proofs):
                found += broken(command, proofs)
            case .sagaStarted(let saga, _)
            where saga.kind == .remove && saga.reason == .silence && !saga.isCancelled:
                found += brokenBySilence(saga.node)
            case .nodeStarted(let up, replaced: nil): found += brokenByStart(up)
            case .stepBlocked(let owner, let group, let refusal, _):
                if isSaid(refusal, owner, group) {
                    found.append(
                        Breach(
                            .refusalsAreSaidOnce,
                            "\(owner) is told again what holds it back: \(refusal.code)"))
                }
            case .commandFailed(let id, _, _, _, _):
                if isDoubted(id) {
                    found.append(
                        Breach(.doubtIsResolved, "\(id) failed, though nobody knows what it did"))
                }
            default: break
            }
        }
        return found
    }

    private func majority(_ count: Int) -> Int { count / 2 + 1 }

    // MARK: Commands

    private func broken(_ command: Command, _ proofs: [Proof]) -> [Breach] {
        let what = "\(command.action.name) \(command.node)"
        guard let group = command.group else { return [] }
        let seen = decision.evidence?.groups[group]
        if case .syncGroup(let source, _) = command.action, source != seen?.view?.leader.node {
            return [
                Breach(.onlyWhoCaughtUpVotes, "\(what) copies from \(source), which does not lead")
            ]
        }
        if case .startMember = command.action,
            let store = before.groups[group]?.member(command.node)?.store, store != command.store
        {
            return [
                Breach(.disksAreToldApart, "\(what) is a server on another disk than the member's")
            ]
        }
        guard command.require != nil else { return [] }
        guard let proof = proofs.first(where: { $0.group == group }), proof.refusal == nil,
            let view = seen?.view, let known = before.groups[group]?.configuration
        else { return [Breach(.changesAreProved, "\(what) has no proof")] }
        var found: [Breach] = []
        if !view.view.confirmed || view.view.pending || !view.view.changePermitted {
            found.append(Breach(.changesAreProved, "\(what) rests on a view that allows no change"))
        }
        if let closed = before.groups[group]?.closedAt, view.view.version <= closed {
            found.append(
                Breach(.oneChangeAtATime, "\(what) rests on a view from before the last change"))
        }
        let voters = known.members.filter { $0.role == .voter }
        if proof.voters != voters.map(\.node) {
            found.append(Breach(.changesAreProved, "\(what) counts other voters"))
        }
        found += brokenCount(command, proof, voters).map {
            Breach($0.promise, "\(what) \($0.text)")
        }
        if case .promoteMember = command.action {
            let stable = seen?.members[command.node]?.caughtUpSince.map { decision.at - $0 }
            let wanted = before.policy?.stabilization ?? .zero
            if stable ?? .zero < wanted {
                found.append(Breach(.onlyWhoCaughtUpVotes, "\(what) before it has caught up"))
            }
        }
        return found
    }

    private func brokenCount(
        _ command: Command, _ proof: Proof, _ voters: [Member]
    ) -> [Breach] {
        var found: [Breach] = []
        let isVoter = voters.contains { $0.node == command.node }
        var after = voters.count
        var left = proof.healthy.count
        switch command.action {
        case .promoteMember, .addMember(as: .voter):
            after += 1
        case .removeMember where isVoter, .demoteMember:
            after -= 1
            left = proof.healthy.count { $0 != command.node }
        default: break
        }
        if proof.healthy.count < majority(voters.count) {
            found.append(Breach(.changesAreProved, "without a healthy majority"))
        }
        if Int(proof.neededAfter) != majority(after) {
            found.append(
                Breach(.changesAreProved, "needs \(proof.neededAfter) of \(after) after it"))
        }
        if voters.count > 1, after != voters.count, left < majority(after) {
            found.append(Breach(.changesAreProved, "leaves \(left) of \(after)"))
        }
        if after < voters.count,
            decision.evidence?.groups[proof.group]?.view?.leader.node == command.node
        {
            found.append(Breach(.changesAreProved, "takes out the leader"))
        }
        for node in proof.healthy {
            let store = voters.first { $0.node == node }?.store
            if let store, store != before.nodes[node]?.identity.store {
                found.append(Breach(.disksAreToldApart, "counts \(node), which has another disk"))
            }
            if before.nodes[node]?.regressed != nil {
                found.append(
                    Breach(.disksAreToldApart, "counts \(node), which lost what it acknowledged"))
            }
        }
        return found
    }

    // MARK: Disks

    /// A store that announces less than was noted of it before is not taken for what it was.
    private func brokenByStart(_ up: NodeUp) -> [Breach] {
        let node = up.identity.node
        guard case .input(_, let said, _) = decision.cause, let known = before.nodes[node],
            known.identity.store == up.identity.store
        else { return [] }
        let isRefused = decision.events.contains {
            if case .nodeRefused(node, _, _) = $0 { true } else { false }
        }
        if isRefused { return [] }
        return up.groups.compactMap { entry in
            guard let seat = before.groups[entry.group]?.member(node), let last = entry.last,
                seat.store == nil || seat.store == up.identity.store
            else { return nil }
            let isShort = known.notes.contains {
                $0.match.group == entry.group && $0.noted <= said && $0.match.index > last
            }
            guard isShort else { return nil }
            return Breach(.disksAreToldApart, "\(node) comes back with less, and nobody says so")
        }
    }

    // MARK: Silence

    private func brokenBySilence(_ node: NodeID) -> [Breach] {
        let delay = before.policy?.removalDelay ?? .zero
        var found: [Breach] = []
        if decision.at < before.gapHandled + delay {
            found.append(Breach(.gapsRestartDeadlines, "\(node) is removed too early after a gap"))
        }
        for (group, state) in before.groups where state.member(node) != nil {
            let since = decision.evidence?.groups[group]?.members[node]?.outOfContactSince
            if since.map({ decision.at - $0 < delay }) ?? true {
                found.append(
                    Breach(
                        .silenceIsProved, "\(node) is removed, which the leader of \(group) reaches"
                    ))
            }
        }
        return found
    }

    private func isSaid(_ refusal: Refusal, _ owner: NodeID, _ group: GroupID?) -> Bool {
        guard decision.events.count == 1, let saga = before.sagas[owner] else { return false }
        let old = (group.map { saga.steps[$0] } ?? saga.whole)?.blocked
        return old?.code == refusal.code && old?.nodes == refusal.nodes
    }

    /// Whether the agent said only that it does not know, of a change that may have its effect.
    private func isDoubted(_ id: CommandID) -> Bool {
        guard case .fact(.commandOutcomeUnknown) = input.content else { return false }
        return before.outstandingCommands.contains { $0.0 == id && $0.1.require != nil }
    }
}
