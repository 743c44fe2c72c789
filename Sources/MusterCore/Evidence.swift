/// Soft state: what was heard on the heartbeats topic (and in observations on the events topic)
/// that does not change hard state.
///
/// It is *not* in the log, because a fleet at rest would write millions of records a day that
/// change nothing. It is read again from the heartbeats topic at a takeover, and enters the log
/// only inside the decision that rests on it: `ClusterState.extract` takes the part that a decision
/// may look at, `decide` sees nothing else, and the decision carries that part. So every decision
/// can be decided again from the journal alone.
package struct Evidence: Hashable, Sendable {
    package var nodes: SortedMap<NodeID, NodeEvidence>
    package var groups: SortedMap<GroupID, GroupEvidence>
    /// The newest heartbeat of any of the cluster's nodes; nil before the first.
    package var newest: Heard?
    /// The newest stretch between two successive heartbeats of the cluster's nodes that was longer
    /// than one lease: nobody was heard. Nil when there was none.
    package var gap: Gap?

    /// Where and when something was heard.
    package struct Heard: Hashable, Sendable {
        package var position: Position
        /// The record's append time.
        package var appended: Timestamp

        package init(position: Position, appended: Timestamp) {
            self.position = position
            self.appended = appended
        }
    }

    /// A stretch of silence of the whole cluster, in append times.
    package struct Gap: Hashable, Sendable {
        package var from: Timestamp
        package var to: Timestamp

        package init(from: Timestamp, to: Timestamp) {
            self.from = from
            self.to = to
        }
    }

    package init() {
        nodes = SortedMap()
        groups = SortedMap()
    }
}

/// When a node was last heard, and how far its copies are.
package struct NodeEvidence: Hashable, Sendable {
    package var identity: NodeIdentity
    package var boot: BootID
    package var heard: Evidence.Heard
    package var copies: [Copy]
    /// Another process that spoke under the node's name after this one; nil when none did.
    package var rival: Rival?

    /// A process that has no right to the name: an older start, the same start once more, or one on
    /// another disk.
    package struct Rival: Hashable, Sendable {
        package var store: StoreID
        package var start: Start
        package var boot: BootID
        package var heard: Evidence.Heard

        package init(store: StoreID, start: Start, boot: BootID, heard: Evidence.Heard) {
            self.store = store
            self.start = start
            self.boot = boot
            self.heard = heard
        }
    }

    /// How far one copy is, and when it last moved.
    package struct Copy: Hashable, Sendable {
        package var progress: CopyProgress
        /// The append time of the heartbeat that last showed more bytes than the one before.
        package var moved: Timestamp

        package init(progress: CopyProgress, moved: Timestamp) {
            self.progress = progress
            self.moved = moved
        }
    }

    package init(
        identity: NodeIdentity, boot: BootID, heard: Evidence.Heard, copies: [Copy]
    ) {
        self.identity = identity
        self.boot = boot
        self.heard = heard
        self.copies = copies
    }
}

/// What was last observed of a group.
package struct GroupEvidence: Hashable, Sendable {
    /// The newest view of a leader, by term and then by append time; nil before the first.
    package var view: Observation?
    /// The highest term that anybody of the group has spoken of.
    package var termMax: Term
    /// Confirmed observations without a gap over one lease, across changes of leader.
    package var since: Timestamp?
    /// When the newest of them was appended; nil before the first.
    package var until: Timestamp?
    /// The longest stretch between two of them.
    package var gapMax: Duration
    /// What is known of each member over time, in node order.
    package var members: SortedMap<NodeID, MemberEvidence>

    /// One view of a leader, with where it lies in the log.
    package struct Observation: Hashable, Sendable {
        package var heard: Evidence.Heard
        package var leader: NodeIdentity
        package var term: Term
        package var view: LeaderView
        /// The commit of the confirmed observation before this one in the same term; nil for the
        /// first.
        package var commitBefore: LogIndex?

        package init(
            heard: Evidence.Heard, leader: NodeIdentity, term: Term, view: LeaderView,
            commitBefore: LogIndex?
        ) {
            self.heard = heard
            self.leader = leader
            self.term = term
            self.view = view
            self.commitBefore = commitBefore
        }
    }

    package init() {
        termMax = Term(0)
        gapMax = .zero
        members = SortedMap()
    }
}

/// What observations, one after the other, say of one member of a group.
package struct MemberEvidence: Hashable, Sendable {
    /// Since when every confirmed observation says that the leader has no contact with it; nil when
    /// the newest one says that it has.
    package var outOfContactSince: Timestamp?
    /// Since when every observation shows it caught up; nil when the newest one does not.
    package var caughtUpSince: Timestamp?
    /// When its match last rose.
    package var progressed: Timestamp?
    /// What its own agent last said of its server; nil when it has not.
    package var own: OwnReport?

    /// A member's own word about its server of the group.
    package struct OwnReport: Hashable, Sendable {
        package var identity: NodeIdentity
        package var state: ServerState
        package var applied: LogIndex?
        package var heard: Evidence.Heard

        package init(
            identity: NodeIdentity, state: ServerState, applied: LogIndex?, heard: Evidence.Heard
        ) {
            self.identity = identity
            self.state = state
            self.applied = applied
            self.heard = heard
        }
    }

    package init() {}
}
