/// What a decision changes. Every change of state is one of these; nothing else changes state.
///
/// Cases with more than a node's name are `indirect`: an event is then small to move, and a fold of
/// millions of them is not spent on copying the room that the largest would need.
package enum Event: Hashable, Sendable {
    // The cluster
    indirect case policyConfigured(Policy)
    /// The first observation of whose data this cluster is.
    case clusterIdentified(EngineIdentity)
    /// Nobody of the cluster was heard for more than a lease: pending removals start again in full.
    case timeGap(from: Timestamp, to: Timestamp, why: GapReason)
    /// So many members fell silent that the manager may be the blind one.
    case frozen(silent: [NodeID])
    /// The guard's condition is false; the freeze ends when it stays so for a lease.
    case calmed
    case thawed
    /// The manager may be the blind one, whatever the cluster's own nodes say.
    case blinded(Blindness)
    /// It has seen for a whole lease.
    case sighted
    /// All automation only watches until the interval's end.
    indirect case automationPaused(Interval)
    case automationResumed(why: ReleaseReason)

    // Nodes
    /// A new node, store or start. `replaced` is the store it had before, where that changed.
    indirect case nodeStarted(NodeUp, replaced: StoreID?)
    /// The node's list of groups or their capabilities changed without a new start.
    indirect case nodeGroupsChanged(NodeID, version: UInt64, groups: [NodeGroup])
    case nodeStopAnnounced(NodeID)
    indirect case nodeLeaveAnnounced(NodeID, reason: String)
    case nodeSuspected(NodeID, lastHeard: Timestamp, by: Principal?)
    case nodeDown(NodeID, lastHeard: Timestamp)
    /// Heard again after it was suspected or down.
    case nodeReturned(NodeID)
    /// Somebody else says that a silent node is up: its silence counts from now, and a pending
    /// removal starts again. It is not heard by that, and no automation begins.
    case nodeSeenUp(NodeID, by: Principal)
    indirect case nodeRefused(NodeID, store: StoreID, refusal: Refusal)
    /// Two live processes or stores claim one identity.
    indirect case identityConflict(NodeID, Refusal)
    /// A newer start of the node was alone for a lease.
    case conflictEnded(NodeID)
    /// How much of its groups the store of a node that falls silent is known to hold.
    indirect case matchNoted(NodeID, store: StoreID, matches: [LogMatch])
    /// Automation leaves the node alone until the interval's end.
    indirect case nodeHeld(NodeID, Interval)
    case nodeReleased(NodeID, why: ReleaseReason)
    /// The node is gone and shown no more; its tombstones stay.
    case nodeForgotten(NodeID)

    // Groups
    indirect case leaderObserved(GroupID, leader: NodeID, term: Term)
    indirect case configurationObserved(
        GroupID, version: ConfigurationVersion, members: [Member], pending: Bool)
    /// A configuration that neither a saga nor history explains; adopted as it is.
    indirect case driftDetected(GroupID, appeared: [NodeID], vanished: [NodeID], changed: [NodeID])
    /// The same version with other members was reported: one of the two is wrong, and the group is
    /// not changed until a higher version is observed.
    indirect case configurationDisputed(
        GroupID, version: ConfigurationVersion, members: [Member])
    case groupDeleted(GroupID)
    /// How many voters the group is meant to have.
    case desiredChanged(GroupID, UInt32)
    indirect case syncChanged(NodeID, GroupID, SyncStatus)

    // Requests
    /// Accepted, and under way in the node's saga where there is one.
    case requestAccepted(RequestID, NodeID?)
    indirect case requestRejected(RequestID, Refusal, proofs: [Proof])
    indirect case requestCompleted(RequestID, Refusal?)

    // What automation does not do by itself
    /// It would have been done; the policy only observes, or something stands still.
    indirect case changeWithheld(Rule, NodeID, Request.Action, Refusal, proofs: [Proof])
    /// It waits for an approval.
    indirect case changeProposed(Rule, NodeID, Request.Action, proofs: [Proof])
    /// It no longer applies; nil: it was approved.
    indirect case proposalEnded(Rule, NodeID, Refusal?)

    // Pending removals
    indirect case removalScheduled(NodeID, store: StoreID, due: Timestamp)
    /// The deadline starts again in full, or is put off.
    case removalRescheduled(NodeID, due: Timestamp, why: RescheduleReason)
    case removalCancelled(NodeID, why: CancelReason)
    /// What holds a due or planned removal back; written when it changes.
    indirect case removalBlocked(NodeID, Refusal, proofs: [Proof])

    // Sagas
    indirect case joinRefused(NodeID, store: StoreID, Refusal)
    /// A saga begins in these groups. Of a removal the proofs are those of all its groups.
    indirect case sagaStarted(Saga, proofs: [Proof])
    /// A group came after the saga had begun, or its first step is another.
    indirect case stepStarted(NodeID, GroupID?, Step.Name)
    indirect case stepBlocked(NodeID, GroupID?, Refusal, proof: Proof?)
    /// With the proofs that allow it: of its group, or of all groups where it concerns a whole
    /// node.
    indirect case commandIssued(Command, proofs: [Proof])
    indirect case commandReported(CommandID, NodeID, GroupID?)
    /// Failed without effect; tried again not before that.
    indirect case commandFailed(CommandID, NodeID, GroupID?, CommandFailure, notBefore: Timestamp)
    indirect case commandInDoubt(CommandID, NodeID, GroupID?)
    indirect case doubtResolved(CommandID, NodeID, GroupID?, effect: Bool)
    /// The effect was observed, or there was nothing to do; `next` begins, nil at the end.
    indirect case stepDone(NodeID, GroupID?, Step.Name, next: Step.Name?)
    indirect case stepFailed(NodeID, GroupID?, Step.Name, Refusal)
    indirect case sagaRollingBack(NodeID, Refusal)
    indirect case sagaStalled(NodeID, Refusal, retryAt: Timestamp)
    case sagaResumed(NodeID)
    case sagaSuperseded(NodeID, by: Saga.Kind)
    indirect case sagaEnded(NodeID, Refusal?)
    case nodeJoined(NodeID)
    indirect case nodeRemoved(NodeID, store: StoreID, reason: Tombstone.Reason)
    /// A look at the group is asked for; it changes nothing.
    indirect case observationAsked(Command)

    /// Why nobody was heard, or seems not to have been.
    package enum GapReason: String, CaseIterable, Hashable, Sendable {
        case silence
        case clock
    }

    /// Why a deadline starts again, or is put off.
    package enum RescheduleReason: String, CaseIterable, Hashable, Sendable {
        case gap
        case thaw
        case evidence
        case extended
        /// A hold, a pause or a damping is over.
        case released
    }

    /// Why a hold or a pause is over.
    package enum ReleaseReason: String, CaseIterable, Hashable, Sendable {
        case request
        case expired
    }

    /// Why a removal is no longer due.
    package enum CancelReason: String, CaseIterable, Hashable, Sendable {
        case heard
        case contact
        case request
        case removed
        case policy
    }
}

/// Why a store is out for good. Kept for ever: a store that is heard again is stopped first.
package struct Tombstone: Hashable, Sendable {
    package var node: NodeID
    package var reason: Reason
    package var at: Timestamp
    /// Whether its agent has reported that its servers are stopped.
    package var stopped: Bool

    /// Why a store is out for good.
    package enum Reason: String, CaseIterable, Hashable, Sendable {
        case request
        case leave
        case silence
        case external
        case replaced
    }

    package init(node: NodeID, reason: Reason, at: Timestamp, stopped: Bool) {
        self.node = node
        self.reason = reason
        self.at = at
        self.stopped = stopped
    }
}

/// How far a group's data on a node is.
package enum SyncStatus: Hashable, Sendable {
    case notStarted
    case syncing(source: NodeID, since: Timestamp)
    case synced(LogIndex)
    case failed(String, attempts: UInt32)
}
