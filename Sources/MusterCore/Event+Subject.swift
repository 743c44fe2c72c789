extension Event {
    /// Which node and which group the event is about; neither: the cluster as a whole.
    package var subject: (node: NodeID?, group: GroupID?) {
        switch self {
        case .policyConfigured, .clusterIdentified, .timeGap, .frozen, .calmed, .thawed,
            .blinded, .sighted, .automationPaused, .automationResumed, .requestRejected,
            .requestCompleted:
            (nil, nil)
        case .requestAccepted(_, let node):
            (node, nil)
        case .nodeStarted(let up, _):
            (up.identity.node, nil)
        case .nodeGroupsChanged(let node, _, _), .nodeStopAnnounced(let node),
            .nodeLeaveAnnounced(let node, _), .nodeSuspected(let node, _, _),
            .nodeDown(let node, _), .nodeReturned(let node), .nodeSeenUp(let node, _),
            .nodeRefused(let node, _, _),
            .identityConflict(let node, _), .conflictEnded(let node), .matchNoted(let node, _, _),
            .removalScheduled(let node, _, _),
            .removalRescheduled(let node, _, _), .removalCancelled(let node, _),
            .removalBlocked(let node, _, _), .joinRefused(let node, _, _),
            .sagaRollingBack(let node, _), .sagaStalled(let node, _, _),
            .sagaResumed(let node), .sagaSuperseded(let node, _), .sagaEnded(let node, _),
            .nodeJoined(let node), .nodeRemoved(let node, _, _), .nodeHeld(let node, _),
            .nodeReleased(let node, _), .nodeForgotten(let node),
            .changeWithheld(_, let node, _, _, _), .changeProposed(_, let node, _, _),
            .proposalEnded(_, let node, _):
            (node, nil)
        case .sagaStarted(let saga, _):
            (saga.node, nil)
        case .leaderObserved(let group, _, _), .configurationObserved(let group, _, _, _),
            .driftDetected(let group, _, _, _), .configurationDisputed(let group, _, _),
            .groupDeleted(let group),
            .desiredChanged(let group, _):
            (nil, group)
        case .syncChanged(let node, let group, _):
            (node, group)
        case .stepStarted(let node, let group, _), .stepBlocked(let node, let group, _, _),
            .commandReported(_, let node, let group), .commandFailed(_, let node, let group, _, _),
            .commandInDoubt(_, let node, let group), .doubtResolved(_, let node, let group, _),
            .stepDone(let node, let group, _, _), .stepFailed(let node, let group, _, _):
            (node, group)
        case .commandIssued(let command, _), .observationAsked(let command):
            (command.node, command.group)
        }
    }
}
