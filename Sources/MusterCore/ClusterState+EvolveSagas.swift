extension ClusterState {
    mutating func applySaga(_ event: Event) {
        switch event {
        case .sagaStarted(let saga, _):
            begin(saga)
            drop(Refusal(.busy, nodes: [saga.node], text: saga.kind.rawValue)) {
                $0.node == saga.node || $0.node == saga.comer.node
            }
        case .sagaRollingBack(let node, let refusal):
            sagas.update(node) { $0.phase = .rollingBack(refusal) }
        case .sagaStalled(let node, let refusal, let retryAt):
            sagas.update(node) { $0.phase = .stalled(refusal, retryAt: retryAt) }
        case .sagaResumed(let node):
            sagas.update(node) { $0.phase = .active }
        case .sagaSuperseded:
            break
        case .sagaEnded(let node, let refusal):
            if refusal == nil, let saga = sagas[node] { takeRole(saga) }
            sagas[node] = nil
        case .nodeJoined(let node):
            sagas[node] = nil
        case .nodeRemoved(let node, let store, let reason):
            let saga = sagas[node]
            if let saga { takeRole(saga) }
            sagas[node] = nil
            let stopped = saga?.whole?.name == .done || saga?.isInPlace ?? false
            tombstones[store] = Tombstone(node: node, reason: reason, at: at, stopped: stopped)
            nodes.update(node) {
                $0.removal = nil
                if saga?.kind.isRemoval ?? true { $0.roleIsSet = false }
            }
        default:
            break
        }
    }

    private mutating func begin(_ saga: Saga) {
        sagas[saga.node] = saga
        // The newcomer's own join goes on as part of the replacement.
        if let newcomer = saga.newcomer, newcomer.node != saga.node { sagas[newcomer.node] = nil }
        nodes.update(saga.node) { node in
            if saga.kind == .join {
                node.role = saga.role
                node.refused = nil
                if saga.reason == .request { node.roleIsSet = true }
                if !saga.requests.isEmpty { node.outside = [] }
            } else if !saga.kind.isSuperseded {
                node.removal = nil
            }
        }
    }

    /// What a request made of a node stays so, whatever the node says of itself when it starts.
    private mutating func takeRole(_ saga: Saga) {
        let role: Role
        switch saga.kind {
        case .promote: role = .voter
        case .demote: role = .replica
        case .replace:
            guard groups.contains(where: { isVoter(saga.comer.node, in: $0.key) }) else { return }
            role = .voter
        case .join, .remove, .leave, .transfer: return
        }
        nodes.update(saga.comer.node) {
            $0.role = role
            $0.roleIsSet = true
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
                new.removed = step.removed
                step = new
            }
        case .stepBlocked(let node, let group, let refusal, _):
            change(node, group) { $0.blocked = refusal }
        case .stepDone(let node, let group, let name, let following):
            let isRollingBack = sagas[node]?.isRollingBack ?? false
            change(node, group) { step in
                var new = Step(name: following ?? .done, since: now)
                new.added = step.added || (name == .learner && step.issuedAdd)
                new.misses = step.misses
                // A removal that a rollback leaves undone has taken nobody out.
                let isLeft = isRollingBack && step.outstanding == nil
                new.removed = step.removed || name == .remove && !isLeft
                if new.removed { new.voter = step.voter }
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
            if command.action == .promoteMember {
                drop(Refusal(.superseded, nodes: [command.node])) {
                    $0.rule == .promotion && $0.node == command.node
                }
            }
            let voter = command.action == .removeMember && isVoter(command.node, in: command.group)
            change(owner(of: command.node) ?? command.node, command.group) { step in
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
            change(owner(of: command.node) ?? command.node, command.group) {
                $0.withOutstanding { $0.observeAsked = now }
            }
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
