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
        /// Put the node's pending removal off by that much.
        case extend(node: NodeID, by: Duration)
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

/// Which groups a node wants to join.
package enum GroupWish: Hashable, Sendable {
    case all
    case list([GroupID])
}
