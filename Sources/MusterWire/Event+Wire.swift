package import MusterCore

// An event is an object with its `type` first. The members of each type are in the files of its
// concern: cluster and requests, nodes, groups, removals and sagas, steps and commands.

extension Event: WireForm {
    package init(reading value: JSONValue) throws(JSONReadError) {
        var object = try value.object()
        let word = try object.required("type")
        let type = try word.text()
        if let event = try Self.readStep(type, members: &object) {
            self = event
        } else if let event = try Self.readNode(type, members: &object) {
            self = event
        } else if let event = try Self.readGroup(type, members: &object) {
            self = event
        } else if let event = try Self.readSaga(type, members: &object) {
            self = event
        } else if let event = try Self.readKeeping(type, members: &object) {
            self = event
        } else if let event = try Self.readCluster(type, members: &object) {
            self = event
        } else {
            throw word.unknownWord("the type of an event")
        }
        try object.finish()
    }

    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("type", word: typeName)
            switch self {
            case .policyConfigured, .clusterIdentified, .timeGap, .frozen, .calmed,
                .thawed, .requestAccepted, .requestRejected, .requestCompleted:
                writeCluster(to: &writer)
            case .nodeStarted, .nodeGroupsChanged, .nodeStopAnnounced, .nodeLeaveAnnounced,
                .nodeSuspected, .nodeDown, .nodeReturned, .nodeSeenUp, .nodeRefused,
                .identityConflict, .conflictEnded, .matchNoted, .joinRefused, .nodeJoined,
                .nodeRemoved:
                writeNode(to: &writer)
            case .leaderObserved, .configurationObserved, .configurationDisputed, .driftDetected,
                .groupDeleted, .desiredChanged, .syncChanged:
                writeGroup(to: &writer)
            case .removalScheduled, .removalRescheduled, .removalCancelled, .removalBlocked,
                .sagaStarted, .sagaRollingBack, .sagaStalled, .sagaResumed, .sagaSuperseded,
                .sagaEnded:
                writeSaga(to: &writer)
            case .stepStarted, .stepBlocked, .stepDone, .stepFailed, .commandIssued,
                .commandReported, .commandFailed, .commandInDoubt, .doubtResolved,
                .observationAsked:
                writeStep(to: &writer)
            case .blinded, .sighted, .automationPaused, .automationResumed, .nodeHeld,
                .nodeReleased, .nodeForgotten, .changeWithheld, .changeProposed, .proposalEnded:
                writeKeeping(to: &writer)
            }
        }
    }

    /// The word for the event, on the wire and in every output.
    package var typeName: StaticString {
        switch self {
        case .policyConfigured, .clusterIdentified, .timeGap, .frozen, .calmed, .thawed,
            .requestAccepted, .requestRejected, .requestCompleted:
            clusterTypeName
        case .blinded, .sighted, .automationPaused, .automationResumed, .nodeHeld,
            .nodeReleased, .nodeForgotten, .changeWithheld, .changeProposed, .proposalEnded:
            keepingTypeName
        case .nodeStarted, .nodeGroupsChanged, .nodeStopAnnounced, .nodeLeaveAnnounced,
            .nodeSuspected, .nodeDown, .nodeReturned, .nodeSeenUp, .nodeRefused,
            .identityConflict, .conflictEnded, .matchNoted:
            nodeTypeName
        case .leaderObserved: "leaderObserved"
        case .configurationObserved: "configurationObserved"
        case .configurationDisputed: "configurationDisputed"
        case .driftDetected: "driftDetected"
        case .groupDeleted: "groupDeleted"
        case .desiredChanged: "desiredChanged"
        case .syncChanged: "syncChanged"
        case .removalScheduled: "removalScheduled"
        case .removalRescheduled: "removalRescheduled"
        case .removalCancelled: "removalCancelled"
        case .removalBlocked: "removalBlocked"
        case .joinRefused: "joinRefused"
        case .sagaStarted: "sagaStarted"
        case .stepStarted: "stepStarted"
        case .stepBlocked: "stepBlocked"
        case .commandIssued: "commandIssued"
        case .commandReported: "commandReported"
        case .commandFailed: "commandFailed"
        case .commandInDoubt: "commandInDoubt"
        case .doubtResolved: "doubtResolved"
        case .stepDone: "stepDone"
        case .stepFailed: "stepFailed"
        case .sagaRollingBack: "sagaRollingBack"
        case .sagaStalled: "sagaStalled"
        case .sagaResumed: "sagaResumed"
        case .sagaSuperseded: "sagaSuperseded"
        case .sagaEnded: "sagaEnded"
        case .nodeJoined: "nodeJoined"
        case .nodeRemoved: "nodeRemoved"
        case .observationAsked: "observationAsked"
        }
    }

    private var nodeTypeName: StaticString {
        switch self {
        case .nodeStarted: "nodeStarted"
        case .nodeGroupsChanged: "nodeGroupsChanged"
        case .nodeStopAnnounced: "nodeStopAnnounced"
        case .nodeLeaveAnnounced: "nodeLeaveAnnounced"
        case .nodeSuspected: "nodeSuspected"
        case .nodeDown: "nodeDown"
        case .nodeReturned: "nodeReturned"
        case .nodeSeenUp: "nodeSeenUp"
        case .nodeRefused: "nodeRefused"
        case .identityConflict: "identityConflict"
        case .conflictEnded: "conflictEnded"
        case .matchNoted: "matchNoted"
        default: preconditionFailure("not about a node: \(self)")
        }
    }

    private var clusterTypeName: StaticString {
        switch self {
        case .policyConfigured: "policyConfigured"
        case .clusterIdentified: "clusterIdentified"
        case .timeGap: "timeGap"
        case .frozen: "frozen"
        case .calmed: "calmed"
        case .thawed: "thawed"
        case .requestAccepted: "requestAccepted"
        case .requestRejected: "requestRejected"
        case .requestCompleted: "requestCompleted"
        default: preconditionFailure("not about the cluster: \(self)")
        }
    }
}
