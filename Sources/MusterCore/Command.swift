/// The identity of a command: a pure function of the decision that holds it, so that a sequence
/// number that is decided again after the log lost its tail cannot be mistaken for the old one.
///
/// Written as `SEQ:INDEX:PREFIX`, the prefix in 16 hex digits; unique within its cluster.
package struct CommandID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package var sequence: Sequence
    /// Which of the decision's commands: its place among the decision's events.
    package var index: UInt32
    /// The first eight bytes of the decision's hash.
    package var prefix: UInt64

    package init(sequence: Sequence, index: UInt32, prefix: UInt64) {
        self.sequence = sequence
        self.index = index
        self.prefix = prefix
    }

    package static func < (left: Self, right: Self) -> Bool {
        (left.sequence.value, left.index, left.prefix)
            < (right.sequence.value, right.index, right.prefix)
    }

    package var description: String { "\(sequence):\(index):\(Hash.hex(prefix))" }

    /// The id of that text; nil for any other form.
    package init?(text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[2].utf8.count == 16,
            let sequence = UInt64(parts[0]), let index = UInt32(parts[1]),
            let prefix = UInt64(parts[2], radix: 16)
        else { return nil }
        self.init(sequence: Sequence(sequence), index: index, prefix: prefix)
        guard NameOrder.areEqual(description, text) else { return nil }
    }
}

/// What an agent is to do.
package struct Command: Hashable, Sendable {
    package var action: Action
    /// The group that is changed; nil when the command concerns the node as a whole.
    package var group: GroupID?
    /// The member that is added, promoted, removed, started …
    package var node: NodeID
    package var store: StoreID
    /// Whose agent is to act; valid for this start only.
    package var executor: NodeIdentity
    /// What must be true on the leader immediately before it proposes; nil where nothing is
    /// proposed.
    package var require: Require?
    /// The last moment, in broker time, at which the agent may begin.
    package var notAfter: Timestamp
    /// The first try is 1.
    package var attempt: UInt32

    /// What is done.
    package enum Action: Hashable, Sendable {
        /// Make the store blank.
        case prepareNode
        case syncGroup(source: NodeID, scope: CopyScope)
        /// Start the member's server, whose data reaches to `index`. Where the engine gives a node
        /// that lost its disk no fresh identity, the executor first makes durable that it voted for
        /// `votedFor` in `minTerm`: what it voted before is forgotten with the disk.
        case startMember(index: LogIndex?, minTerm: Term?, votedFor: NodeID?)
        case stopMember
        case addMember(as: AddedRole)
        case promoteMember
        case demoteMember
        case removeMember
        case transferLeadership(to: NodeID)
        case observeGroup

        /// The name on the wire and in every output.
        package var name: String {
            switch self {
            case .prepareNode: "prepareNode"
            case .syncGroup: "syncGroup"
            case .startMember: "startMember"
            case .stopMember: "stopMember"
            case .addMember: "addMember"
            case .promoteMember: "promoteMember"
            case .demoteMember: "demoteMember"
            case .removeMember: "removeMember"
            case .transferLeadership: "transferLeadership"
            case .observeGroup: "observeGroup"
            }
        }

        /// Whether the command changes the members of a Raft configuration.
        package var changesMembers: Bool {
            switch self {
            case .addMember, .promoteMember, .demoteMember, .removeMember: true
            case .prepareNode, .syncGroup, .startMember, .stopMember, .transferLeadership,
                .observeGroup:
                false
            }
        }

        /// Whether it is done to the disk or the server of one node, by that node's own agent.
        package var isOnOwnNode: Bool {
            switch self {
            case .prepareNode, .syncGroup, .startMember, .stopMember: true
            case .addMember, .promoteMember, .demoteMember, .removeMember, .transferLeadership,
                .observeGroup:
                false
            }
        }
    }

    /// What a member is added as.
    package enum AddedRole: String, CaseIterable, Hashable, Sendable {
        case voter
        case learner
        /// A learner that never promotes itself, on engines whose learners do.
        case nonVoter

        /// What it then is in the configuration.
        package var member: MemberRole { self == .voter ? .voter : .learner }
    }

    /// How much of a group's data is copied.
    package enum CopyScope: String, CaseIterable, Hashable, Sendable {
        case full
        case log
    }

    /// What the executor checks against the leader's live view before it proposes.
    package struct Require: Hashable, Sendable {
        package var leader: NodeID
        package var term: Term
        package var version: ConfigurationVersion
        /// How many voters must be in contact with the leader after the change.
        package var activeAfterMin: UInt32

        package init(
            leader: NodeID, term: Term, version: ConfigurationVersion, activeAfterMin: UInt32
        ) {
            self.leader = leader
            self.term = term
            self.version = version
            self.activeAfterMin = activeAfterMin
        }
    }

    package init(
        action: Action, group: GroupID?, node: NodeID, store: StoreID, executor: NodeIdentity,
        require: Require?, notAfter: Timestamp, attempt: UInt32
    ) {
        self.action = action
        self.group = group
        self.node = node
        self.store = store
        self.executor = executor
        self.require = require
        self.notAfter = notAfter
        self.attempt = attempt
    }
}
