// The step engine (DOMAIN §6.1). One saga in one group, or a saga's step for its node as a whole,
// is looked at alone: from its phase and what is seen follows at most one move, which is an event.
// Joins and removals differ only in their order of steps, their guards and their commands.

struct StepMachine {
    let state: ClusterState
    let saga: Saga
    let step: Step
    /// Nil: the step that concerns the node as a whole.
    let group: GroupID?
    let evidence: Evidence
    let at: Timestamp
    let policy: Policy
    let situation: Situation

    /// The node under whose name the saga runs: events name it.
    var owner: NodeID { saga.node }
    /// The member that the step is about, and its store.
    let node: NodeID
    let store: StoreID

    /// - Returns: nil when the saga, the step or the policy is not there.
    init?(
        _ state: ClusterState, _ owner: NodeID, _ group: GroupID?, evidence: Evidence,
        at moment: Timestamp
    ) {
        guard let policy = state.policy, let saga = state.sagas[owner],
            let step = group.map({ saga.steps[$0] }) ?? saga.whole
        else { return nil }
        self.state = state
        self.saga = saga
        self.step = step
        self.group = group
        self.evidence = evidence
        self.policy = policy
        at = moment
        let subject = saga.subject(of: step.name)
        self.node = subject.node
        store = subject.store
        situation = Situation(
            state: state, group: group ?? GroupID(unchecked: ""), evidence: evidence, at: moment,
            mover: saga.node)
    }

    /// The events of the one move that the step can make now; none when it can make none.
    func move() -> [Event] {
        if saga.isStalled || step.name == .done { return [] }
        switch step.phase {
        case .ready: return ready()
        case .issued(let outstanding): return issued(outstanding)
        case .inDoubt(let outstanding): return inDoubt(outstanding)
        case .failed: return isRollingBack ? turnBack() : []
        }
    }

    private func ready() -> [Event] {
        if let turn = redirected() { return turn }
        if isTakenOut { return [.stepDone(owner, group, step.name, next: nil)] }
        if group != nil, let whole = saga.whole, whole.name != .done { return [] }
        if hasEffect(since: nil) { return done() }
        if let over = wishIsOver() { return [.stepFailed(owner, group, step.name, over)] }
        if isOnAnotherStore { return [] }
        if at < step.notBefore { return [] }
        switch standstill ?? attemptCommand() {
        case .command(let command, let proof):
            return [.commandIssued(command, proofs: [proof].compactMap { $0 })]
        case .proved(let command, let proofs): return [.commandIssued(command, proofs: proofs)]
        case .wait: return []
        case .fail(let refusal): return [.stepFailed(owner, group, step.name, refusal)]
        case .restart(let name): return [.stepStarted(owner, group, name)]
        case .propose(let rule, let action, let proof):
            return state.propose(rule, node, action, proofs: proof.map { [$0] } ?? [], at: at)
        case .blocked(let refusal, let proof):
            if refusal.isSaid(by: step.blocked, anyGroup: true) { return [] }
            return [.stepBlocked(owner, group, refusal, proof: proof)]
        }
    }

    /// While the node is held, or what automation began is paused, no command is given; what is
    /// under way has its outcome all the same, and servers that must not run are stopped.
    private var standstill: StepAttempt? {
        if step.name == .stop { return nil }
        if state.isHeld(node, at: at) && saga.overrides.contains(.held) { return nil }
        guard let refusal = state.standstill(of: node, at: at) else { return nil }
        if refusal.code == .paused && !saga.isAutomatic { return nil }
        return .blocked(refusal, nil)
    }

    /// A step that belongs to what the saga was before: a removal took over from a join, or a join
    /// is taken back. Nothing new is begun for it.
    private func redirected() -> [Event]? {
        if isRollingBack && step.name != .takeBack && step.name != .stop { return turnBack() }
        guard saga.kind.isRemoval, let group else { return nil }
        if saga.isCancelled { return [.stepDone(owner, group, step.name, next: nil)] }
        switch step.name {
        case .clear, .seed, .start, .learner, .catchUp, .promote, .takeBack, .demote:
            let present = situation.view(of: node) != nil
            let name: Step.Name = situation.leader?.node == node ? .transfer : .remove
            return [.stepDone(owner, group, step.name, next: present ? name : nil)]
        case .transfer, .remove, .stop, .done:
            return nil
        }
    }

    /// Whether the joiner runs on another disk than the one that its join is about: the join begins
    /// anew, and nothing is done for the old one any more.
    private var isOnAnotherStore: Bool {
        guard saga.kind == .join, group != nil, step.name != .takeBack else { return false }
        return state.nodes[node].map { $0.identity.store != saga.store } ?? false
    }

    /// Whether somebody took the joiner out of the group by hand, or out of all of them, whoever
    /// had added it: then it is not added again.
    private var isTakenOut: Bool {
        guard saga.kind == .join, let group, let known = state.nodes[node],
            state.groups[group]?.member(node) == nil
        else { return false }
        if known.outside.contains(group) { return true }
        guard let tombstone = state.tombstones[saga.store] else { return false }
        return tombstone.reason == .external && tombstone.at >= saga.began
    }

    private func turnBack() -> [Event] {
        if step.name == .takeBack || step.name == .stop { return [] }
        if let next = nameOfReturn { return [.stepStarted(owner, group, next)] }
        return [.stepDone(owner, group, step.name, next: nil)]
    }

    private func issued(_ outstanding: Outstanding) -> [Event] {
        if hasEffect(since: outstanding) { return done() }
        if let won = wonByAnother(outstanding) {
            return [.stepFailed(owner, group, step.name, won)]
        }
        if let failure = expiry(of: outstanding) { return failed(outstanding, failure) }
        if group != nil && outstanding.command.require != nil {
            let late = at > outstanding.command.notAfter
            let lost = outstanding.succeeded == nil && isGone(outstanding.command.executor)
            if late || lost { return [.commandInDoubt(outstanding.id, owner, group)] }
        }
        return lookAgain(outstanding)
    }

    private func inDoubt(_ outstanding: Outstanding) -> [Event] {
        if hasEffect(since: outstanding) {
            return [.doubtResolved(outstanding.id, owner, group, effect: true)] + done()
        }
        if let won = wonByAnother(outstanding) {
            return [
                .doubtResolved(outstanding.id, owner, group, effect: false),
                .stepFailed(owner, group, step.name, won),
            ]
        }
        if isSettled(outstanding) {
            let resolved = Event.doubtResolved(outstanding.id, owner, group, effect: false)
            if step.attempt >= policy.attemptsMax {
                let refusal = Refusal(
                    .attemptsUsedUp, group: group, nodes: [node],
                    numbers: [Int64(step.attempt)], text: outstanding.command.action.name)
                return [resolved, .stepFailed(owner, group, step.name, refusal)]
            }
            return [resolved]
        }
        return lookAgain(outstanding)
    }

    /// DOMAIN §5: whether the newest observation proves that the command had its chance and is
    /// over.
    private func isSettled(_ outstanding: Outstanding) -> Bool {
        guard let seen = situation.seen.view, seen.view.confirmed, seen.view.changePermitted,
            !seen.view.pending, let require = outstanding.command.require,
            seen.heard.appended > outstanding.command.notAfter + policy.lease
        else { return false }
        if seen.term > require.term { return true }
        return outstanding.succeeded != nil || isReplaced(outstanding.command.executor)
    }

    /// Asks the leader's agent for a fresh look at a group whose command has no visible effect yet.
    private func lookAgain(_ outstanding: Outstanding) -> [Event] {
        guard let group, outstanding.command.require != nil, let leader = situation.leader else {
            return []
        }
        let wait: Timestamp
        if let asked = outstanding.observeAsked {
            wait = asked + policy.backoffMax
        } else if case .inDoubt = step.phase {
            wait = at
        } else if let succeeded = outstanding.succeeded {
            wait = succeeded + policy.observationInterval
        } else {
            return []
        }
        if at < wait { return [] }
        return [
            .observationAsked(
                Command(
                    action: .observeGroup, group: group, node: node, store: store,
                    executor: leader, require: nil, notAfter: at + policy.observeLimit,
                    attempt: step.attempt))
        ]
    }

    /// A command that the agent carries out on its own node does not endanger a group: when its
    /// time is over, or its process, it is given again.
    private func expiry(of outstanding: Outstanding) -> CommandFailure? {
        guard outstanding.command.require == nil, outstanding.succeeded == nil else { return nil }
        var limit = outstanding.command.notAfter
        if case .syncGroup = outstanding.command.action, let group {
            let copy = evidence.nodes[node]?.copies.first { $0.progress.group == group }
            if let moved = copy?.moved { limit = max(limit, moved + policy.copyLimit) }
        }
        if at > limit || isGone(outstanding.command.executor) {
            return CommandFailure(code: .expired, retryable: true, leaderHint: nil)
        }
        return nil
    }

    /// What follows from a failure without effect: another try, or the end of this step.
    func failed(_ outstanding: Outstanding, _ failure: CommandFailure) -> [Event] {
        let again: Bool
        switch failure.code {
        case .notLeader, .preconditionFailed, .expired: again = true
        case .rejected, .unsupported, .failed: again = failure.retryable
        }
        let notBefore = at + backoff
        let event = Event.commandFailed(
            outstanding.id, owner, group, failure, notBefore: notBefore)
        if again && step.attempt < attemptsMax { return [event] }
        let code: Refusal.Code = again ? .attemptsUsedUp : .commandRejected
        let refusal = Refusal(
            code, group: group, nodes: [node], numbers: [Int64(step.attempt)],
            text: outstanding.command.action.name)
        return [event, .stepFailed(owner, group, step.name, refusal)]
    }

    private var attemptsMax: UInt32 { step.name == .seed ? 3 : policy.attemptsMax }

    private var backoff: Duration {
        let doublings = min(Int(step.attempt) - 1, 20)
        return min(policy.backoffMax, policy.backoffMin * (1 << max(0, doublings)))
    }

    private func isReplaced(_ executor: NodeIdentity) -> Bool {
        guard let known = state.nodes[executor.node] else { return true }
        return known.identity.store != executor.store || known.identity.start > executor.start
    }

    private func isGone(_ executor: NodeIdentity) -> Bool {
        isReplaced(executor) || state.nodes[executor.node]?.liveness == .down
    }

    var isRollingBack: Bool { saga.isRollingBack }
}

/// What a ready step comes to.
enum StepAttempt {
    case command(Command, Proof?)
    /// One that concerns the node as a whole, with the proofs of all groups.
    case proved(Command, [Proof])
    case blocked(Refusal, Proof?)
    case fail(Refusal)
    case restart(Step.Name)
    /// Automation may not do it by itself.
    case propose(Rule, Request.Action, Proof?)
    case wait
}
