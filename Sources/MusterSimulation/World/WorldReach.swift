internal import MusterCore

/// What schedules are to reach: every kind of event and every refusal, but for those that a world
/// of this kind cannot bring about, each with the reason.
package enum WorldReach {
    /// Every kind of event, by its name. A test holds it to the sources.
    package static let events = [
        "automationPaused", "automationResumed", "blinded", "calmed", "changeProposed",
        "changeWithheld", "clusterIdentified", "commandFailed", "commandInDoubt", "commandIssued",
        "commandReported", "configurationDisputed", "configurationObserved", "conflictEnded",
        "desiredChanged", "doubtResolved", "driftDetected", "frozen", "groupDeleted",
        "identityConflict", "joinRefused", "leaderObserved", "matchNoted", "nodeDown",
        "nodeForgotten", "nodeGroupsChanged", "nodeHeld", "nodeJoined", "nodeLeaveAnnounced",
        "nodeRefused", "nodeReleased", "nodeRemoved", "nodeReturned", "nodeSeenUp", "nodeStarted",
        "nodeStopAnnounced", "nodeSuspected", "observationAsked", "policyConfigured",
        "proposalEnded", "removalBlocked", "removalCancelled", "removalRescheduled",
        "removalScheduled", "requestAccepted", "requestCompleted", "requestRejected",
        "sagaEnded", "sagaResumed", "sagaRollingBack", "sagaStalled", "sagaStarted",
        "sagaSuperseded", "sighted", "stepBlocked", "stepDone", "stepFailed", "stepStarted",
        "syncChanged", "thawed", "timeGap",
    ]

    /// Every code of a refusal.
    package static let refusals = Refusal.Code.allCases.map(\.rawValue)

    /// Why a kind of event does not come up.
    package static let eventsOutside = [
        "groupDeleted": "the groups of a world are there to its end",
        "nodeGroupsChanged": "a node has the same groups to the end, unless a bit is changed",
        "sagaResumed": "only read from journals of old: what stood still begins with sagaStarted",
    ]

    /// Why a refusal does not come up.
    package static let refusalsOutside = [
        "allVotersNeeded": "no engine of a world adds only where every voter is there",
        "backlog": "nothing decides it: a manager does not look at the clock while inputs wait",
        "changed": "people of a world ask for what they want at any version",
        "copyStalled": "a copy in a world goes on, or its source is gone and that is said",
        "foreign": "the disks of a world hold the data of one cluster",
        "isLeader": "who leads already has what was wished for: the request is done",
        "noSpare": "no copy of a world stops the writes of a group",
        "votersMax": "no world has more nodes than its groups may have voters",
        "notSeeded": "every engine of a world has learners: nobody is added as a voter",
    ]
}
