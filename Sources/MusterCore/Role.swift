/// What a node is meant to be in its groups.
package enum Role: String, CaseIterable, Hashable, Sendable {
    /// Joins as a learner and is promoted when it has caught up.
    case voter
    /// A learner; promoted by request or by a replacement only.
    case replica
    /// A learner that no path promotes; a request must change the role first.
    case readonly
}

/// What a member is in a committed configuration of its group.
package enum MemberRole: String, CaseIterable, Hashable, Sendable {
    case voter
    case learner
}

/// One member of an observed configuration.
package struct Member: Hashable, Sendable {
    package var node: NodeID
    /// The store that the engine's member is bound to; nil when the observer could not tell.
    package var store: StoreID?
    package var role: MemberRole

    package init(node: NodeID, store: StoreID?, role: MemberRole) {
        self.node = node
        self.store = store
        self.role = role
    }
}

/// What the engine of a group can do, as its agents say; journaled with the node.
package struct Capabilities: Hashable, Sendable {
    /// The member is added first, then its server starts (etcd).
    package var startsAfterAdd: Bool
    /// Who brings a newcomer's data.
    package var seed: Seed
    /// How many learners the engine allows in the group at once.
    package var learnersMax: UInt32
    /// Whether a voter can become a learner.
    package var demote: Bool
    /// Whether leadership can be given to a named member.
    package var transfer: Bool
    /// Whether a promotable member promotes itself (Ra).
    package var selfPromotes: Bool
    /// Whether any add is refused while a voter is unreachable (etcd).
    package var addNeedsAllVoters: Bool
    /// Whether a copy of the group's data stops its writes meanwhile.
    package var copyStopsWrites: Bool
    /// What orders configurations within a term.
    package var configurationVersion: VersionSource

    /// Who brings the data of a member that starts empty.
    package enum Seed: String, CaseIterable, Hashable, Sendable {
        /// Raft's own snapshot.
        case raft
        /// A copy that Muster commands before the member starts.
        case external
    }

    /// Where the version of a configuration comes from.
    package enum VersionSource: String, CaseIterable, Hashable, Sendable {
        /// The log index of the configuration entry.
        case index
        /// The applied index of the linearizable read that showed the configuration.
        case readPoint
    }

    package init(
        startsAfterAdd: Bool = false, seed: Seed = .raft, learnersMax: UInt32 = 1,
        demote: Bool = false, transfer: Bool = true, selfPromotes: Bool = false,
        addNeedsAllVoters: Bool = false, copyStopsWrites: Bool = false,
        configurationVersion: VersionSource = .index
    ) {
        self.startsAfterAdd = startsAfterAdd
        self.seed = seed
        self.learnersMax = learnersMax
        self.demote = demote
        self.transfer = transfer
        self.selfPromotes = selfPromotes
        self.addNeedsAllVoters = addNeedsAllVoters
        self.copyStopsWrites = copyStopsWrites
        self.configurationVersion = configurationVersion
    }
}
