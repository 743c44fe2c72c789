/// What a decision changes. Every change of state is one of these; nothing else changes state.
package enum Event: Hashable, Sendable {
    // The cluster
    case policyConfigured(Policy)
    /// The first observation of whose data this cluster is.
    case clusterIdentified(EngineIdentity)
    /// Nobody of the cluster was heard for more than a lease: pending removals start again in full.
    case timeGap(from: Timestamp, to: Timestamp, why: GapReason)
    /// So many members fell silent that the manager may be the blind one.
    case frozen(silent: [NodeID])
    case thawed

    // Nodes
    /// A new node, store or start. `replaced` is the store it had before, where that changed.
    case nodeStarted(NodeUp, replaced: StoreID?)
    /// The node's list of groups or their capabilities changed without a new start.
    case nodeGroupsChanged(NodeID, version: UInt64, groups: [NodeGroup])
    case nodeStopAnnounced(NodeID)
    case nodeLeaveAnnounced(NodeID, reason: String)
    case nodeSuspected(NodeID, lastHeard: Timestamp, by: Principal?)
    case nodeDown(NodeID, lastHeard: Timestamp)
    /// Heard again after it was suspected or down.
    case nodeReturned(NodeID)
    case nodeRefused(NodeID, store: StoreID, refusal: Refusal)
    /// Two live processes or stores claim one identity.
    case identityConflict(NodeID, Refusal)

    // Groups
    case leaderObserved(GroupID, leader: NodeID, term: Term)
    case configurationObserved(
        GroupID, version: ConfigurationVersion, members: [Member], pending: Bool)
    /// A configuration that neither a saga nor history explains; adopted as it is.
    case driftDetected(GroupID, appeared: [NodeID], vanished: [NodeID], changed: [NodeID])
    case groupDeleted(GroupID)
    /// How many voters the group is meant to have.
    case desiredChanged(GroupID, UInt32)
    case syncChanged(NodeID, GroupID, SyncStatus)

    // Requests
    /// Accepted, and under way in the node's saga where there is one.
    case requestAccepted(RequestID, NodeID?)
    case requestRejected(RequestID, Refusal, proofs: [Proof])
    case requestCompleted(RequestID, Refusal?)

    // Pending removals
    case removalScheduled(NodeID, store: StoreID, due: Timestamp)
    /// The deadline starts again in full, or is put off.
    case removalRescheduled(NodeID, due: Timestamp, why: RescheduleReason)
    case removalCancelled(NodeID, why: CancelReason)
    /// What holds a due or planned removal back; written when it changes.
    case removalBlocked(NodeID, Refusal, proofs: [Proof])

    // Sagas
    case joinRefused(NodeID, store: StoreID, Refusal)
    /// A saga begins in these groups. Of a removal the proofs are those of all its groups.
    case sagaStarted(Saga, proofs: [Proof])
    /// A group came after the saga had begun, or its first step is another.
    case stepStarted(NodeID, GroupID?, Step.Name)
    case stepBlocked(NodeID, GroupID?, Refusal, proof: Proof?)
    case commandIssued(Command, proof: Proof?)
    case commandReported(CommandID, NodeID, GroupID?)
    /// Failed without effect; tried again not before that.
    case commandFailed(CommandID, NodeID, GroupID?, CommandFailure, notBefore: Timestamp)
    case commandInDoubt(CommandID, NodeID, GroupID?)
    case doubtResolved(CommandID, NodeID, GroupID?, effect: Bool)
    /// The effect was observed, or there was nothing to do; `next` begins, nil at the end.
    case stepDone(NodeID, GroupID?, Step.Name, next: Step.Name?)
    case stepFailed(NodeID, GroupID?, Step.Name, Refusal)
    case sagaRollingBack(NodeID, Refusal)
    case sagaStalled(NodeID, Refusal, retryAt: Timestamp)
    case sagaResumed(NodeID)
    case sagaSuperseded(NodeID, by: Saga.Kind)
    case sagaEnded(NodeID, Refusal?)
    case nodeJoined(NodeID)
    case nodeRemoved(NodeID, store: StoreID, reason: Tombstone.Reason)
    /// A look at the group is asked for; it changes nothing.
    case observationAsked(Command)

    package enum GapReason: String, CaseIterable, Hashable, Sendable {
        case silence
        case clock
    }

    package enum RescheduleReason: String, CaseIterable, Hashable, Sendable {
        case gap
        case thaw
        case evidence
        case extended
    }

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
