/// What an operator, or a program on an operator's behalf, asks for. Arrives on the requests topic.
package struct Request: Hashable, Sendable {
    /// A repeated id has no second effect.
    package var id: RequestID
    package var principal: Principal
    package var reason: String
    /// How long after its append the request may still be decided.
    package var validFor: Duration
    /// The request counts only at this version of the membership; nil: at any.
    package var onlyAt: MembershipVersion?
    /// The policies that the operator knowingly sets aside.
    package var overrides: [Override]
    package var action: Action

    /// What is asked for.
    package enum Action: Hashable, Sendable {
        case configure(PolicyPatch)
        /// Bring a node in. `wipe` names the store whose data may be thrown away for it.
        case add(node: NodeID, role: Role, groups: GroupWish, wipe: StoreID?)
        case remove(node: NodeID)
        /// Cancel the node's saga, or its pending removal.
        case cancel(node: NodeID)
        /// Make a learner a voter of all its groups.
        case promote(node: NodeID)
        /// Make a voter a learner of all its groups.
        case demote(node: NodeID)
        /// Give a group's leadership to a voter.
        case transfer(group: GroupID, to: NodeID)
        /// Take a member out and bring another in for it; nil: whoever can come in.
        case replace(node: NodeID, with: NodeID?)
        /// Put the node's pending removal off by that much.
        case extend(node: NodeID, by: Duration)
        /// Keep automation off the node for so long: somebody works on it.
        case hold(node: NodeID, lasting: Duration)
        case release(node: NodeID)
        /// Let all automation only watch for so long.
        case pause(lasting: Duration)
        case resume
        /// Take the node's stalled saga up again at once.
        case retry(node: NodeID)
        /// Send the request of the proposal that this decision wrote.
        case approve(Sequence)
        /// Take what is observed for what is wanted; of a node also the identity of its data.
        case adopt(node: NodeID?)
        /// Hide a node that is gone.
        case forget(node: NodeID)
    }

    /// A policy, never a rule of safety, that a request may set aside: each by its own flag.
    package enum Override: String, CaseIterable, Hashable, Sendable {
        case belowFloor
        case frozen
        case damped
        case held
        case paused
        case votersMax
    }

    package init(
        id: RequestID, principal: Principal, reason: String, validFor: Duration,
        onlyAt: MembershipVersion?, overrides: [Override], action: Action
    ) {
        self.id = id
        self.principal = principal
        self.reason = reason
        self.validFor = validFor
        self.onlyAt = onlyAt
        self.overrides = overrides
        self.action = action
    }

    /// How long a request that does not say is valid.
    package static let validityDefault: Duration = .seconds(60)
}

extension Request.Action {
    /// The node that is asked about; nil for the cluster.
    package var node: NodeID? {
        switch self {
        case .configure, .pause, .resume, .approve: nil
        case .add(let node, _, _, _), .remove(let node), .cancel(let node), .extend(let node, _),
            .promote(let node), .demote(let node), .transfer(_, let node), .replace(let node, _),
            .hold(let node, _), .release(let node), .retry(let node), .forget(let node):
            node
        case .adopt(let node): node
        }
    }
}

/// Which groups a node wants to join.
package enum GroupWish: Hashable, Sendable {
    case all
    case list([GroupID])
}
