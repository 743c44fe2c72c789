internal import MusterCore

/// What a node's own server of a Raft group looks like.
public struct GroupReport: Hashable, Sendable {
    /// The group's name.
    public var group: String
    /// What the node's server does in it.
    public var state: ServerState
    /// The Raft term that the server is in.
    public var term: UInt64
    /// Whom the node takes for the leader; nil when it knows none.
    public var leader: String?
    /// The last entry that the node has applied; nil when it does not say.
    public var applied: UInt64?
    /// What only a leader can say; nil from everybody else. Without it from anybody, Muster knows
    /// who is up and changes nothing.
    public var view: View?

    /// What a server is doing.
    public enum ServerState: String, CaseIterable, Hashable, Sendable {
        case stopped, follower, learner, candidate, leader
    }

    /// A leader's view of its group.
    public struct View: Hashable, Sendable {
        /// Whether the leader checked with a majority that it leads (ReadIndex, a linearizable
        /// read). Never say so of what was only assumed.
        public var isConfirmed: Bool
        /// Whether an entry of its own term is committed and no change of members is pending.
        public var isChangePermitted: Bool
        /// Whether a configuration is written and not committed yet.
        public var isPending: Bool
        /// The log index of the last committed configuration.
        public var configurationIndex: UInt64
        /// The term of that entry.
        public var configurationTerm: UInt64
        /// The last entry that is committed.
        public var committed: UInt64
        /// The committed configuration.
        public var members: [Peer]

        /// A view of a configuration whose members are all named.
        public init(
            isConfirmed: Bool, isChangePermitted: Bool, isPending: Bool = false,
            configurationIndex: UInt64, configurationTerm: UInt64, committed: UInt64,
            members: [Peer]
        ) {
            self.isConfirmed = isConfirmed
            self.isChangePermitted = isChangePermitted
            self.isPending = isPending
            self.configurationIndex = configurationIndex
            self.configurationTerm = configurationTerm
            self.committed = committed
            self.members = members
        }
    }

    /// One member of a group, as its leader knows it.
    public struct Peer: Hashable, Sendable {
        /// The node's name.
        public var node: String
        /// Whether it has a vote.
        public var isVoter: Bool
        /// The store of the member's disk, 32 hex digits (`Lease.store` of that node); nil when the
        /// leader cannot tell.
        public var store: String?
        /// The last entry known to be on its disk; nil when the leader does not know.
        public var match: UInt64?
        /// How long ago the leader last heard from it; nil when it has not at all.
        public var contactAge: Duration?

        /// A member; what is not given, the leader does not know.
        public init(
            _ node: String, isVoter: Bool = true, store: String? = nil, match: UInt64? = nil,
            contactAge: Duration? = nil
        ) {
            self.node = node
            self.isVoter = isVoter
            self.store = store
            self.match = match
            self.contactAge = contactAge
        }
    }

    /// A report; what is not given, the node does not say.
    public init(
        _ group: String, _ state: ServerState, term: UInt64, leader: String? = nil,
        applied: UInt64? = nil, view: View? = nil
    ) {
        self.group = group
        self.state = state
        self.term = term
        self.leader = leader
        self.applied = applied
        self.view = view
    }
}

extension GroupReport {
    func core() throws(ClientError) -> MusterCore.GroupReport {
        var leader: NodeID?
        if let name = self.leader { leader = try ClientError.name(name, "leader") }
        return MusterCore.GroupReport(
            group: try ClientError.name(group, "group"), state: state.core, term: Term(term),
            leader: leader, applied: applied.map { LogIndex($0) }, view: try view?.core())
    }
}

extension GroupReport.ServerState {
    fileprivate var core: MusterCore.ServerState {
        switch self {
        case .stopped: .stopped
        case .follower: .follower
        case .learner: .learner
        case .candidate: .candidate
        case .leader: .leader
        }
    }
}

extension GroupReport.View {
    fileprivate func core() throws(ClientError) -> LeaderView {
        var views: [MemberView] = []
        for member in members { views.append(try member.core()) }
        views.sort { $0.member.node < $1.member.node }
        for (left, right) in zip(views, views.dropFirst())
        where left.member.node == right.member.node {
            throw .invalid("the group's configuration names \(left.member.node) twice")
        }
        return LeaderView(
            confirmed: isConfirmed, changePermitted: isChangePermitted, pending: isPending,
            version: ConfigurationVersion(
                term: Term(configurationTerm), index: LogIndex(configurationIndex)),
            commit: LogIndex(committed), firstIndex: nil, members: views)
    }
}

extension GroupReport.Peer {
    fileprivate func core() throws(ClientError) -> MemberView {
        var identifier: StoreID?
        if let store {
            guard let read = Identifier(hex: store) else {
                throw .invalid("a store is 32 hex digits in lower case")
            }
            identifier = read
        }
        return MemberView(
            member: Member(
                node: try ClientError.name(node, "node"), store: identifier,
                role: isVoter ? .voter : .learner),
            match: match.map { LogIndex($0) }, contactAge: contactAge)
    }
}
