/// A change of membership on its way: small steps per group, each of them an event, so that whoever
/// folds the journal resumes exactly where it stopped.
package struct Saga: Hashable, Sendable {
    package var kind: Kind
    package var node: NodeID
    package var store: StoreID
    package var reason: Reason
    package var principal: Principal?
    /// The requests that wait for it, oldest first; none when automation began it.
    package var requests: [RequestID]
    /// What the node is to be; of a join only.
    package var role: Role
    /// Which groups a join is to cover; a removal that lists them was cancelled half way.
    package var groups: GroupWish
    package var overrides: [Request.Override]
    package var began: Timestamp
    /// The correlation of the input that began it; every decision and command of it carries it.
    package var correlation: String
    package var phase: Phase
    /// Who comes in for the node; of a replacement only.
    package var newcomer: Newcomer?
    /// The step that concerns the node as a whole; nil while there is none.
    package var whole: Step?
    package var steps: SortedMap<GroupID, Step>

    /// What is done with the node.
    package enum Kind: String, CaseIterable, Hashable, Sendable {
        case join
        case remove
        case leave
        case promote
        case demote
        case transfer
        case replace
    }

    /// Why it was begun.
    package enum Reason: String, CaseIterable, Hashable, Sendable {
        case request
        case policy
        case silence
        case leave
        case replaced
    }

    /// Who comes in for a member that is replaced. On the member's own node it is the node on the
    /// blank store that it came back with: a replacement in place.
    package struct Newcomer: Hashable, Sendable {
        package var node: NodeID
        package var store: StoreID

        package init(node: NodeID, store: StoreID) {
            self.node = node
            self.store = store
        }
    }

    /// How the whole change goes.
    package enum Phase: Hashable, Sendable {
        case active
        /// A group failed for good: what this saga added is taken back, and only that.
        case rollingBack(Refusal)
        /// Nothing more happens until a request, a new start of the node, or `retryAt`.
        case stalled(Refusal, retryAt: Timestamp)
    }

    package init(
        kind: Kind, node: NodeID, store: StoreID, reason: Reason, principal: Principal?,
        requests: [RequestID], role: Role, groups: GroupWish, overrides: [Request.Override],
        began: Timestamp, correlation: String
    ) {
        self.kind = kind
        self.node = node
        self.store = store
        self.reason = reason
        self.principal = principal
        self.requests = requests
        self.role = role
        self.groups = groups
        self.overrides = overrides
        self.began = began
        self.correlation = correlation
        phase = .active
        steps = SortedMap()
    }
}

/// Where a saga stands in one group, or with the node as a whole.
package struct Step: Hashable, Sendable {
    package var name: Name
    package var phase: Phase
    /// Counts the commands of this step, from 1.
    package var attempt: UInt32
    /// When this step began.
    package var since: Timestamp
    package var notBefore: Timestamp
    /// Why the guard said no when it last changed its answer; nil when it has not.
    package var blocked: Refusal?
    /// Whether this saga added the member to the group: what a rollback takes back.
    package var added: Bool
    /// Whether the member that is removed voted when its removal was commanded.
    package var voter: Bool
    /// How often the leader's log was found compacted past the copy.
    package var misses: UInt32
    /// Whether the member that is replaced has left this group; of a replacement only.
    package var removed: Bool

    /// What a step does, in the order of a join and of a removal.
    package enum Name: String, CaseIterable, Hashable, Sendable {
        case clear, seed, start, learner, catchUp, promote
        case transfer, remove, stop
        case demote
        /// Rollback: the learner that this saga added leaves again.
        case takeBack
        case done
    }

    /// How far a step is.
    package enum Phase: Hashable, Sendable {
        case ready
        case issued(Outstanding)
        case inDoubt(Outstanding)
        case failed(Refusal)
    }

    package init(name: Name, since: Timestamp) {
        self.name = name
        phase = .ready
        attempt = 1
        self.since = since
        notBefore = since
        added = false
        voter = false
        misses = 0
        removed = false
    }
}

/// A command without an outcome yet.
package struct Outstanding: Hashable, Sendable {
    package var id: CommandID
    package var command: Command
    package var issued: Timestamp
    /// When its executor reported success, or of a command in doubt that it is over; nil before.
    /// The effect has still to be observed.
    package var succeeded: Timestamp?
    /// When a look at the group was last asked for.
    package var observeAsked: Timestamp?

    package init(id: CommandID, command: Command, issued: Timestamp) {
        self.id = id
        self.command = command
        self.issued = issued
    }
}
