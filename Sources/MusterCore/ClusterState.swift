/// The projection of one cluster: nothing but the fold of its accepted decisions.
///
/// `decide` answers an input with events and changes nothing; `evolve` is the only way state
/// changes. A copy is the rollback, the snapshot and the read view.
package struct ClusterState: Equatable, Sendable {
    package let id: ClusterID
    /// The end of the chain that this state was folded from.
    package var head: Head
    /// The time of the newest decision.
    package var at: Timestamp
    /// Per input partition the offset below which every input was considered.
    package var next: SortedMap<TopicPartition, Offset>
    package var membershipVersion: MembershipVersion
    /// Nil while none is configured: facts are folded, nothing is commanded ("standalone").
    package var policy: Policy?
    /// Whose data this cluster is; nil before the first observation.
    package var engine: EngineIdentity?
    package var nodes: SortedMap<NodeID, NodeState>
    package var groups: SortedMap<GroupID, GroupState>
    /// At most one for each node.
    package var sagas: SortedMap<NodeID, Saga>
    package var tombstones: SortedMap<StoreID, Tombstone>
    /// The last requests with their outcome, oldest first; at most `requestsMax`.
    package var requests: [RequestRecord]
    /// Set while the blindness guard holds every removal back.
    package var freeze: Freeze?
    /// Set while all automation only watches; over when its end has passed.
    package var pause: Interval?
    /// Set while the manager may be the blind one.
    package var blind: Blind?
    /// What automation would have done, oldest first; see `Proposal`.
    package var proposals: [Proposal]
    /// The last proposals that can no longer be approved, oldest first.
    package var proposalsPast: [Proposal.Past]
    /// The last nodes that were forgotten and have not come again, oldest first; at most
    /// `forgottenMax`. Whoever takes over says once more that they are gone.
    package var forgotten: [NodeID]
    /// The append time of the newest heartbeat that a decision has rested on.
    package var heard: Timestamp
    /// The newest stretch of silence that a decision has answered, its end.
    package var gapHandled: Timestamp
    /// Where the newest decisions lie in the journal that are about the cluster as a whole.
    package var trail: Trail

    /// How many requests are remembered.
    package static let requestsMax = 1024
    /// How many forgotten nodes are remembered.
    package static let forgottenMax = 1024

    /// The guard's memory: since when, and who was silent.
    package struct Freeze: Hashable, Sendable {
        package var since: Timestamp
        package var silent: [NodeID]
        /// Since when the condition has been false; nil while it is true.
        package var calmSince: Timestamp?

        package init(since: Timestamp, silent: [NodeID]) {
            self.since = since
            self.silent = silent
        }
    }

    /// Since when and why the manager may be the blind one.
    package struct Blind: Hashable, Sendable {
        package var since: Timestamp
        package var why: Blindness

        package init(since: Timestamp, why: Blindness) {
            self.since = since
            self.why = why
        }
    }

    /// - Parameter genesis: the hash of the journal partition's header, which the first record
    ///   extends.
    package init(id: ClusterID, genesis: Hash) {
        self.id = id
        head = Head(sequence: Sequence(0), hash: genesis)
        at = .zero
        next = SortedMap()
        membershipVersion = MembershipVersion(0)
        nodes = SortedMap()
        groups = SortedMap()
        sagas = SortedMap()
        tombstones = SortedMap()
        requests = []
        proposals = []
        proposalsPast = []
        forgotten = []
        heard = .zero
        gapHandled = .zero
        trail = Trail()
    }
}

/// A request that was decided, and what became of it.
package struct RequestRecord: Hashable, Sendable {
    package var id: RequestID
    package var outcome: Outcome

    /// What became of a request.
    package enum Outcome: Hashable, Sendable {
        case accepted
        case rejected(Refusal)
        case completed
        case failed(Refusal)
    }

    package init(id: RequestID, outcome: Outcome) {
        self.id = id
        self.outcome = outcome
    }
}

/// The sequence numbers of the newest decisions about something, oldest first: where `why` begins.
package struct Trail: Hashable, Sendable {
    package private(set) var sequences: [Sequence] = []

    /// How many are kept.
    package static let countMax = 64

    package init() {}

    package init(sequences: [Sequence]) { self.sequences = sequences }

    package mutating func append(_ sequence: Sequence) {
        if sequences.last == sequence { return }
        if sequences.count == Self.countMax { sequences.removeFirst() }
        sequences.append(sequence)
    }
}

/// What is known of one node.
package struct NodeState: Hashable, Sendable {
    package var identity: NodeIdentity
    package var boot: BootID
    package var role: Role
    /// Whether a request made it that: then the node's own word does not change it.
    package var roleIsSet: Bool
    package var blank: Bool
    package var engine: EngineIdentity?
    package var address: String
    package var zone: String
    package var groupsVersion: UInt64
    package var groups: [NodeGroup]
    package var liveness: Liveness
    /// When `liveness` became what it is.
    package var livenessSince: Timestamp
    /// When the newest start of the node was appended.
    package var started: Timestamp
    /// When somebody else last said of it, while it was silent, that it is up; nil: nobody did.
    package var seenUp: Timestamp?
    /// When it last came back from silence or a stop; no leadership and no promotion for a while.
    package var returned: Timestamp?
    /// Whether its current start said that it stops.
    package var stopAnnounced: Bool
    /// Whether its current start asked to leave.
    package var leaving: Bool
    /// Set while a person works on the node; over when its end has passed.
    package var hold: Interval?
    /// How often it came and went of late.
    package var flaps: FlapScore
    package var conflict: Refusal?
    /// The start it was known by when the conflict was last seen; nil without one.
    package var conflictStart: Start?
    /// Why its store counts as lost: it holds less than it had acknowledged; nil when it does not.
    package var regressed: Refusal?
    /// How much of its groups its store was known to hold when it fell silent, in the order of the
    /// decisions that noted it.
    package var notes: [NotedMatch] = []
    /// Groups that somebody took it out of by hand, in order: no automation brings it back.
    package var outside: [GroupID] = []
    package var sync: SortedMap<GroupID, SyncStatus>
    package var removal: PendingRemoval?
    /// Why it was last refused to join; nil when it was not.
    package var refused: Refusal?
    package var trail: Trail

    /// Whether a node is heard.
    package enum Liveness: String, CaseIterable, Hashable, Sendable {
        /// Known from a configuration or a request only; never heard.
        case unknown
        case up
        case suspect
        case down
    }

    package init(_ up: NodeUp, at: Timestamp) {
        identity = up.identity
        boot = up.boot
        role = up.role
        roleIsSet = false
        blank = up.blank
        engine = up.engine
        address = up.address
        zone = up.zone
        groupsVersion = up.groupsVersion
        groups = up.groups
        liveness = .up
        livenessSince = at
        started = at
        stopAnnounced = false
        leaving = false
        flaps = FlapScore()
        sync = SortedMap()
        trail = Trail()
    }
}

/// A silent node's removal, before it begins.
package struct PendingRemoval: Hashable, Sendable {
    package var store: StoreID
    /// When the current, full deadline began.
    package var since: Timestamp
    package var due: Timestamp
    package var blocked: Refusal?

    package init(store: StoreID, since: Timestamp, due: Timestamp) {
        self.store = store
        self.since = since
        self.due = due
    }
}

/// What is known of one group: three registers, of which progress is soft and lies in `Evidence`.
package struct GroupState: Hashable, Sendable {
    /// The leader register, ordered by term.
    package var leader: NodeID?
    package var term: Term
    /// The configuration register: the last committed one that was observed; nil before the first.
    package var configuration: Configuration?
    /// The version that was reported with two lists of members; nil while there is none. The group
    /// is not changed until a higher version is observed.
    package var disputed: ConfigurationVersion?
    /// The group is closed to changes until a confirmed observation has a version above this.
    package var closedAt: ConfigurationVersion?
    /// How many voters the group is meant to have: reached by joins or set by request.
    package var desired: UInt32
    package var trail: Trail

    /// A committed configuration.
    package struct Configuration: Hashable, Sendable {
        package var version: ConfigurationVersion
        /// In node order.
        package var members: [Member]
        /// Whether a newer one was written and not committed yet.
        package var pending: Bool

        package init(version: ConfigurationVersion, members: [Member], pending: Bool) {
            self.version = version
            self.members = members
            self.pending = pending
        }
    }

    package init() {
        term = Term(0)
        desired = 0
        trail = Trail()
    }
}
