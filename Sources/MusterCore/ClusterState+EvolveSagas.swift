extension ClusterState {
    mutating func applySaga(_ event: Event) {
        switch event {
        case .sagaStarted(let saga, _):
            sagas[saga.node] = saga
            nodes.update(saga.node) { node in
                if saga.kind == .join {
                    node.role = saga.role
                    node.refused = nil
                } else {
                    node.removal = nil
                }
            }
        case .sagaRollingBack(let node, let refusal):
            sagas.update(node) { $0.phase = .rollingBack(refusal) }
        case .sagaStalled(let node, let refusal, let retryAt):
            sagas.update(node) { $0.phase = .stalled(refusal, retryAt: retryAt) }
        case .sagaResumed(let node):
            sagas.update(node) { $0.phase = .active }
        case .sagaSuperseded:
            break
        case .sagaEnded(let node, _), .nodeJoined(let node):
            sagas[node] = nil
        case .nodeRemoved(let node, let store, let reason):
            let stopped = sagas[node]?.whole?.name == .done
            sagas[node] = nil
            tombstones[store] = Tombstone(node: node, reason: reason, at: at, stopped: stopped)
            nodes.update(node) { $0.removal = nil }
        default:
            break
        }
    }

    mutating func applyStep(_ event: Event) {
        let now = at
        switch event {
        case .stepStarted(let node, let group, let name):
            change(node, group, default: Step(name: name, since: now)) { step in
                let again = name == .seed && step.name == .start
                var new = Step(name: name, since: now)
                new.added = step.added
                new.misses = step.misses + (again ? 1 : 0)
                step = new
            }
        case .stepBlocked(let node, let group, let refusal, _):
            change(node, group) { $0.blocked = refusal }
        case .stepDone(let node, let group, let name, let following):
            change(node, group) { step in
                var new = Step(name: following ?? .done, since: now)
                new.added = step.added || (name == .learner && step.issuedAdd)
                new.misses = step.misses
                step = new
            }
        case .stepFailed(let node, let group, _, let refusal):
            change(node, group) { $0.phase = .failed(refusal) }
        default:
            break
        }
    }

    mutating func applyCommand(_ event: Event, id: CommandID) {
        let now = at
        switch event {
        case .commandIssued(let command, _):
            let voter = command.action == .removeMember && isVoter(command.node, in: command.group)
            change(command.node, command.group) { step in
                step.phase = .issued(Outstanding(id: id, command: command, issued: now))
                step.blocked = nil
                if case .addMember = command.action { step.added = true }
                if voter { step.voter = true }
            }
            if let group = command.group, command.action.changesMembers {
                groups.update(group) { $0.closedAt = command.require?.version }
            }
        case .commandReported(_, let node, let group):
            change(node, group) { $0.withOutstanding { $0.succeeded = now } }
        case .commandFailed(_, let node, let group, _, let notBefore):
            reopen(node, group)
            change(node, group) { $0.tryAgain(notBefore: notBefore) }
        case .commandInDoubt(_, let node, let group):
            change(node, group) { step in
                if case .issued(let outstanding) = step.phase { step.phase = .inDoubt(outstanding) }
            }
        case .doubtResolved(_, let node, let group, let effect):
            if !effect {
                reopen(node, group)
                change(node, group) { $0.tryAgain(notBefore: now) }
            }
        case .observationAsked(let command):
            change(command.node, command.group) { $0.withOutstanding { $0.observeAsked = now } }
        default:
            break
        }
    }

    /// The command had no effect, so there is no version to wait for.
    private mutating func reopen(_ node: NodeID, _ group: GroupID?) {
        guard let group, let command = step(node, group)?.outstanding?.command,
            command.action.changesMembers
        else { return }
        groups.update(group) { $0.closedAt = nil }
    }

    private mutating func change(
        _ node: NodeID, _ group: GroupID?, default initial: Step? = nil,
        _ body: (inout Step) -> Void
    ) {
        sagas.update(node) { saga in
            if let group {
                if let initial, saga.steps[group] == nil { saga.steps[group] = initial }
                saga.steps.update(group, body)
            } else if var whole = saga.whole ?? initial {
                body(&whole)
                saga.whole = whole
            }
        }
    }
}

extension Step {
    /// The command without an outcome, issued or in doubt; nil while there is none.
    package var outstanding: Outstanding? {
        switch phase {
        case .issued(let outstanding), .inDoubt(let outstanding): outstanding
        case .ready, .failed: nil
        }
    }

    /// Whether the command that adds the member was issued by this very step.
    fileprivate var issuedAdd: Bool {
        if case .addMember = outstanding?.command.action { return true }
        return false
    }

    fileprivate mutating func tryAgain(notBefore moment: Timestamp) {
        phase = .ready
        attempt += 1
        notBefore = moment
        blocked = nil
    }

    fileprivate mutating func withOutstanding(_ body: (inout Outstanding) -> Void) {
        switch phase {
        case .issued(var outstanding):
            body(&outstanding)
            phase = .issued(outstanding)
        case .inDoubt(var outstanding):
            body(&outstanding)
            phase = .inDoubt(outstanding)
        case .ready, .failed:
            break
        }
    }
}
