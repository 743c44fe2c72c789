extension StepMachine {
    /// Whether what the step is for can be seen: in a confirmed observation, or in the node's own
    /// word about its servers.
    ///
    /// - Parameter outstanding: the command whose effect is looked for; an observation from before
    ///   it was issued does not count. Nil while none was issued.
    func hasEffect(since outstanding: Outstanding?) -> Bool {
        switch step.name {
        case .clear: return isPrepared
        case .seed: return outstanding.map { $0.succeeded != nil } ?? bridges
        case .start: return isRunning(since: outstanding)
        case .stop: return outstanding?.succeeded != nil
        case .catchUp: return outstanding == nil && isCaughtUp
        case .done: return false
        case .learner, .promote, .demote, .transfer, .remove, .takeBack:
            guard let seen = confirmedView(since: outstanding) else { return false }
            return hasEffect(in: seen, outstanding)
        }
    }

    private func hasEffect(
        in seen: GroupEvidence.Observation, _ outstanding: Outstanding?
    ) -> Bool {
        let member = seen.view.members.first { $0.member.node == node }?.member
        let isOurs = member.map { $0.store == nil || $0.store == store } ?? false
        switch step.name {
        case .learner: return isOurs
        case .promote: return isOurs && member?.role == .voter
        case .demote: return isOurs && member?.role == .learner
        case .remove: return !isOurs
        case .takeBack: return !isOurs || member?.role == .voter
        case .transfer:
            if saga.kind == .transfer { return seen.leader.node == node }
            guard seen.leader.node != node else { return false }
            guard let require = outstanding?.command.require else { return true }
            return seen.term > require.term
        case .clear, .seed, .start, .catchUp, .stop, .done: return false
        }
    }

    private func confirmedView(since outstanding: Outstanding?) -> GroupEvidence.Observation? {
        guard let seen = situation.seen.view, seen.view.confirmed,
            seen.term >= max(situation.register.term, situation.seen.termMax),
            situation.disagreement == nil
        else { return nil }
        if let outstanding, seen.heard.appended <= outstanding.issued { return nil }
        return seen
    }

    private var isPrepared: Bool {
        guard let known = state.nodes[node] else { return false }
        return known.identity.store != store && known.blank
    }

    private var isCaughtUp: Bool {
        situation.view(of: node) != nil && situation.notCaughtUp(node) == nil
    }

    private func isRunning(since outstanding: Outstanding?) -> Bool {
        if outstanding?.succeeded != nil { return true }
        guard let own = situation.seen.members[node]?.own, own.state != .stopped,
            let known = state.nodes[node], own.identity == known.identity
        else { return false }
        // What it said before the step began may be from before its server was stopped.
        let since = saga.kind == .join ? max(known.started, step.since) : known.started
        return own.heard.appended > (outstanding?.issued ?? since)
    }

    /// The last entry that the node's disk holds of the group; nil when it has none.
    var dataIndex: LogIndex? {
        guard let group, let known = state.nodes[node] else { return nil }
        let listed = known.groups.first { $0.group == group }?.applied
        guard case .synced(let index)? = known.sync[group] else { return listed }
        return listed.map { max($0, index) } ?? index
    }

    /// Whether the leader's log goes on where the node's data ends.
    var bridges: Bool {
        guard let index = dataIndex else { return false }
        guard let first = situation.seen.view?.view.firstIndex else { return true }
        return index.next >= first
    }

    /// The step is over; the next one begins.
    func done() -> [Event] {
        guard let group else { return [.stepDone(owner, nil, step.name, next: nil)] }
        let following = isRollingBack ? nameOfReturn : nextName(after: step.name)
        let event = Event.stepDone(owner, group, step.name, next: following)
        return [event] + desiredAfter(step.name, group)
    }

    /// What a rollback goes on with: a learner that this saga added, also one whose command had its
    /// effect only now, leaves again.
    var nameOfReturn: Step.Name? {
        switch step.name {
        case .takeBack, .stop: return nil
        default:
            let isLearner = situation.view(of: saga.comer.node)?.member.role == .learner
            return step.added && isLearner ? .takeBack : nil
        }
    }

    /// Reached by joins and promotions, lowered by a person's removal or demotion: automation never
    /// lowers what is desired, and a replacement changes nothing of it. A promotion that has its
    /// effect when a removal has taken over is not wanted any more, and nobody misses that voter.
    private func desiredAfter(_ name: Step.Name, _ group: GroupID) -> [Event] {
        let desired = situation.register.desired
        let count = UInt32(situation.voters.count)
        switch name {
        case .promote, .learner:
            return count > desired && !saga.kind.isRemoval ? [.desiredChanged(group, count)] : []
        case .remove:
            let byPerson = saga.reason == .request || saga.reason == .leave
            return byPerson && saga.kind.isRemoval && step.voter && desired > max(1, count)
                ? [.desiredChanged(group, desired - 1)] : []
        case .demote:
            return desired > 1 ? [.desiredChanged(group, desired - 1)] : []
        case .clear, .seed, .start, .catchUp, .transfer, .stop, .takeBack, .done:
            return []
        }
    }
}
