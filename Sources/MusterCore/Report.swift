/// What a node's agent saw of its groups at one moment. On the events topic when leader, term or
/// configuration of a group differ from what that agent last had acknowledged there; otherwise on
/// the heartbeats topic, where it is soft evidence.
package struct GroupsReport: Hashable, Sendable {
    /// The node whose agent looked.
    package var observer: NodeIdentity
    /// One entry for every group that the node leads or follows.
    package var groups: [GroupReport]

    package init(observer: NodeIdentity, groups: [GroupReport]) {
        self.observer = observer
        self.groups = groups
    }
}

/// What one node says of one group.
package struct GroupReport: Hashable, Sendable {
    package var group: GroupID
    package var state: ServerState
    package var term: Term
    /// Whom the node takes for the leader; nil when it knows none.
    package var leader: NodeID?
    /// The last entry that the node's own state machine has applied; nil when it does not say.
    package var applied: LogIndex?
    /// What only a leader can say; nil from everybody else.
    package var view: LeaderView?

    package init(
        group: GroupID, state: ServerState, term: Term, leader: NodeID?, applied: LogIndex?,
        view: LeaderView?
    ) {
        self.group = group
        self.state = state
        self.term = term
        self.leader = leader
        self.applied = applied
        self.view = view
    }
}

/// What a node's own server of a group is doing.
package enum ServerState: String, CaseIterable, Hashable, Sendable {
    case stopped
    case follower
    case learner
    case candidate
    case leader
}

/// A leader's view of its group.
package struct LeaderView: Hashable, Sendable {
    /// Whether the leader checked with a majority that it leads (ReadIndex or a linearizable read).
    package var confirmed: Bool
    /// Whether an entry of its own term is committed and no change of members is pending.
    package var changePermitted: Bool
    /// Whether a configuration is written and not committed yet.
    package var pending: Bool
    /// The version of the committed configuration.
    package var version: ConfigurationVersion
    package var commit: LogIndex
    /// The first entry that is still in the leader's log; nil when the engine does not say.
    package var firstIndex: LogIndex?
    /// The committed configuration with what the leader knows of each member, in node order.
    package var members: [MemberView]

    package init(
        confirmed: Bool, changePermitted: Bool, pending: Bool, version: ConfigurationVersion,
        commit: LogIndex, firstIndex: LogIndex?, members: [MemberView]
    ) {
        self.confirmed = confirmed
        self.changePermitted = changePermitted
        self.pending = pending
        self.version = version
        self.commit = commit
        self.firstIndex = firstIndex
        self.members = members
    }
}

/// What a leader knows of one member.
package struct MemberView: Hashable, Sendable {
    package var member: Member
    /// The last entry known to be on the member's disk; nil when the leader does not know.
    package var match: LogIndex?
    /// How long ago the leader last heard from the member; nil when it has not at all.
    /// Of the leader itself: zero.
    package var contactAge: Duration?

    package init(member: Member, match: LogIndex?, contactAge: Duration?) {
        self.member = member
        self.match = match
        self.contactAge = contactAge
    }
}

/// A node's sign of life, with how far its copies have come.
package struct Heartbeat: Hashable, Sendable {
    package var identity: NodeIdentity
    package var boot: BootID
    package var copies: [CopyProgress]

    package init(identity: NodeIdentity, boot: BootID, copies: [CopyProgress]) {
        self.identity = identity
        self.boot = boot
        self.copies = copies
    }
}

/// How far the copy of a group's data to a node has come.
package struct CopyProgress: Hashable, Sendable {
    package var group: GroupID
    /// Bytes copied so far.
    package var bytes: UInt64
    /// Bytes to copy in all; nil when that is not known.
    package var bytesTotal: UInt64?

    package init(group: GroupID, bytes: UInt64, bytesTotal: UInt64?) {
        self.group = group
        self.bytes = bytes
        self.bytesTotal = bytesTotal
    }
}
