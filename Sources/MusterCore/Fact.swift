/// What happened, as a node, an agent or an observer says. Arrives on the events topic.
package enum Fact: Hashable, Sendable {
    case nodeUp(NodeUp)
    /// The node's own current start says that it stops and means to come back.
    case nodeStopping(NodeIdentity)
    /// Somebody else's opinion: at most makes a node suspect.
    case nodeReportedDown(NodeOpinion)
    /// Somebody else's opinion: a sign of life that never starts automation.
    case nodeReportedUp(NodeOpinion)
    /// The node's own current start asks to be taken out of the cluster.
    case nodeLeaving(NodeIdentity, reason: String)
    case groupObserved(GroupsReport)
    case groupDeleted(NodeIdentity, group: GroupID)
    case syncStarted(NodeIdentity, group: GroupID, source: NodeID)
    /// The group's data is on the node up to that entry.
    case synced(NodeIdentity, group: GroupID, index: LogIndex)
    case syncFailed(NodeIdentity, group: GroupID, reason: String, retryable: Bool)
    case commandSucceeded(CommandReport)
    case commandFailed(CommandReport, CommandFailure)
    case commandOutcomeUnknown(CommandReport)
}

/// A process of a node says that it is up, and who it is.
package struct NodeUp: Hashable, Sendable {
    package var identity: NodeIdentity
    package var boot: BootID
    package var role: Role
    /// Whether the store holds no data of any group.
    package var blank: Bool
    /// Whose data the store holds; nil when it is blank or the engine has no cluster id.
    package var engine: EngineIdentity?
    /// Where the node can be reached, for people and executors; empty when it does not say.
    package var address: String
    /// A label of the failure domain; empty when it does not say.
    package var zone: String
    /// Counts the changes of `groups`; a lower one than known changes nothing.
    package var groupsVersion: UInt64
    /// The complete list of the node's groups, in order.
    package var groups: [NodeGroup]

    package init(
        identity: NodeIdentity, boot: BootID, role: Role, blank: Bool, engine: EngineIdentity?,
        address: String, zone: String, groupsVersion: UInt64, groups: [NodeGroup]
    ) {
        self.identity = identity
        self.boot = boot
        self.role = role
        self.blank = blank
        self.engine = engine
        self.address = address
        self.zone = zone
        self.groupsVersion = groupsVersion
        self.groups = groups
    }
}

/// One group in a node's own list.
package struct NodeGroup: Hashable, Sendable {
    package var group: GroupID
    package var capabilities: Capabilities
    /// The last entry applied on the node's disk; nil when it has none.
    package var applied: LogIndex?
    /// The last entry of the log on the node's disk, applied or not; nil when its agent cannot say.
    package var last: LogIndex?

    package init(
        group: GroupID, capabilities: Capabilities, applied: LogIndex?, last: LogIndex? = nil
    ) {
        self.group = group
        self.capabilities = capabilities
        self.applied = applied
        self.last = last
    }
}

/// What an observer says about another node.
package struct NodeOpinion: Hashable, Sendable {
    package var node: NodeID
    package var observer: Principal
    /// What the observer saw, in its words.
    package var reason: String

    package init(node: NodeID, observer: Principal, reason: String) {
        self.node = node
        self.observer = observer
        self.reason = reason
    }
}

/// Which command an agent reports on, and who reports.
package struct CommandReport: Hashable, Sendable {
    package var command: CommandID
    /// The identity under which the agent carried it out; must be the one the command names.
    package var executor: NodeIdentity
    /// What the agent has to say, in its words; empty when nothing.
    package var detail: String

    package init(command: CommandID, executor: NodeIdentity, detail: String) {
        self.command = command
        self.executor = executor
        self.detail = detail
    }
}

/// How a command failed; it had no effect.
package struct CommandFailure: Hashable, Sendable {
    package var code: Code
    /// Whether the same command may succeed later.
    package var retryable: Bool
    /// For `notLeader`: whom the agent takes for the leader.
    package var leaderHint: NodeID?

    /// Why a command was not carried out.
    package enum Code: String, CaseIterable, Hashable, Sendable {
        case notLeader
        case preconditionFailed
        case expired
        case rejected
        case unsupported
        case failed
    }

    package init(code: Code, retryable: Bool, leaderHint: NodeID?) {
        self.code = code
        self.retryable = retryable
        self.leaderHint = leaderHint
    }
}
