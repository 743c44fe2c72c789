// What a saga says of itself: whom its steps are about, and how far it has gone.

extension Saga {
    /// Whom a step is about: of a replacement the newcomer, but for what takes the old member out.
    package func subject(of step: Step.Name) -> Newcomer {
        let own = Newcomer(node: node, store: store)
        guard let newcomer else { return own }
        switch step {
        case .transfer, .remove: return own
        case .stop:
            if case .rollingBack = phase { return newcomer }
            return own
        case .clear, .seed, .start, .learner, .catchUp, .promote, .demote, .takeBack, .done:
            return newcomer
        }
    }

    /// Who is brought in, where anybody is.
    package var comer: Newcomer { newcomer ?? Newcomer(node: node, store: store) }

    /// Whether the newcomer is the node itself, on another store.
    package var isInPlace: Bool { newcomer?.node == node }

    /// Whether the newcomer is still on the store that leaves: one that lost what it had
    /// acknowledged, and is made blank once no group has it.
    package var isOnOldStore: Bool { newcomer == Newcomer(node: node, store: store) }

    /// Its commands without an outcome.
    package var outstanding: [Outstanding] {
        [whole?.outstanding].compactMap { $0 } + steps.compactMap { $0.value.outstanding }
    }

    /// Whether a change of a configuration was commanded or done: only then does a removal hold the
    /// cluster's one slot.
    package var hasBegun: Bool {
        if kind == .replace {
            return steps.contains { $0.value.removed || $0.value.isTakingOut }
        }
        return steps.contains { $0.value.outstanding != nil || $0.value.name == .done }
    }

    /// Whether the member that is replaced has left a group, or was commanded to: from then on the
    /// replacement goes on with whoever can come in.
    package var hasTakenOut: Bool {
        steps.contains {
            $0.value.removed
                || $0.value.outstanding?.command.action == .removeMember
                    && $0.value.name == .remove
        }
    }

    /// Whether a replacement has nothing on its way, and its newcomer may not be promoted, or its
    /// old member may not leave, while one other node is away, or it has no place while that is a
    /// learner.
    func waitsForRemoval(of node: NodeID) -> Bool {
        guard kind == .replace, node != comer.node, outstanding.isEmpty else { return false }
        return steps.contains {
            guard let blocked = $0.value.blocked, blocked.nodes.contains(node) else { return false }
            return [.criticalNewcomer, .learnerSlot, .othersUnhealthy].contains(blocked.code)
        }
    }

    /// Whether what it added is being taken back.
    package var isRollingBack: Bool {
        if case .rollingBack = phase { return true }
        return false
    }

    /// Whether somebody cancelled a removal for silence when some groups had lost the node already:
    /// no other group loses it.
    package var isCancelled: Bool { kind.isRemoval && groups != .all }

    /// Whether nothing of it runs until it is retried.
    package var isStalled: Bool {
        if case .stalled = phase { return true }
        return false
    }
}

extension Saga.Kind {
    /// Whether it lowers the number of voters: one such saga at a time in a cluster.
    package var takesOut: Bool {
        switch self {
        case .remove, .leave, .demote, .replace: true
        case .join, .promote, .transfer: false
        }
    }

    /// Whether a removal or a leave takes over from it.
    package var isSuperseded: Bool {
        switch self {
        case .join, .promote, .demote: true
        case .remove, .leave, .transfer, .replace: false
        }
    }

    /// Whether the node is to be gone at its end.
    package var isRemoval: Bool { self == .remove || self == .leave }
}

extension Step {
    /// The command without an outcome, issued or in doubt; nil while there is none.
    package var outstanding: Outstanding? {
        switch phase {
        case .issued(let outstanding), .inDoubt(let outstanding): outstanding
        case .ready, .failed: nil
        }
    }

    /// Whether a command of it is on its way that moves the leadership or takes a member out.
    fileprivate var isTakingOut: Bool {
        outstanding != nil && (name == .transfer || name == .remove)
    }
}

extension ClusterState {
    /// The node under whose name the saga runs that a node takes part in, as itself or as the
    /// newcomer; nil when it takes part in none.
    package func owner(of node: NodeID) -> NodeID? {
        if sagas[node] != nil { return node }
        return sagas.first { $0.value.newcomer?.node == node }?.key
    }
}
