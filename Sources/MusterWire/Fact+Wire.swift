package import MusterCore

extension Fact {
    /// Reads the members of a fact's data that follow the cluster.
    ///
    /// - Returns: nil when messages of that type are no facts.
    init?(_ type: MessageType, members object: inout JSONObject) throws(JSONReadError) {
        switch type {
        case .nodeUp: self = .nodeUp(try NodeUp(members: &object))
        case .nodeStopping: self = .nodeStopping(try NodeIdentity(members: &object))
        case .nodeReportedDown: self = .nodeReportedDown(try NodeOpinion(members: &object))
        case .nodeReportedUp: self = .nodeReportedUp(try NodeOpinion(members: &object))
        case .nodeLeaving:
            self = .nodeLeaving(
                try NodeIdentity(members: &object), reason: try object.read("reason"))
        case .groupObserved: self = .groupObserved(try GroupsReport(members: &object))
        case .groupDeleted:
            self = .groupDeleted(
                try NodeIdentity(members: &object), group: try object.read("group"))
        case .syncStarted:
            self = .syncStarted(
                try NodeIdentity(members: &object), group: try object.read("group"),
                source: try object.read("source"))
        case .synced:
            self = .synced(
                try NodeIdentity(members: &object), group: try object.read("group"),
                index: try object.read("index"))
        case .syncFailed:
            self = .syncFailed(
                try NodeIdentity(members: &object), group: try object.read("group"),
                reason: try object.read("reason"), retryable: try object.read("retryable"))
        case .commandSucceeded: self = .commandSucceeded(try CommandReport(members: &object))
        case .commandFailed:
            self = .commandFailed(
                try CommandReport(members: &object), try CommandFailure(members: &object))
        case .commandOutcomeUnknown:
            self = .commandOutcomeUnknown(try CommandReport(members: &object))
        case .heartbeat, .configureRequested, .addRequested, .removeRequested, .cancelRequested,
            .promoteRequested, .demoteRequested, .transferRequested, .replaceRequested,
            .extendRequested, .holdRequested, .releaseRequested, .pauseRequested,
            .resumeRequested, .retryRequested, .approveRequested, .adoptRequested,
            .forgetRequested, .decision, .journal, .command, .member, .snapshot, .checkpoint,
            .quarantined:
            return nil
        }
    }

    var type: MessageType {
        switch self {
        case .nodeUp: .nodeUp
        case .nodeStopping: .nodeStopping
        case .nodeReportedDown: .nodeReportedDown
        case .nodeReportedUp: .nodeReportedUp
        case .nodeLeaving: .nodeLeaving
        case .groupObserved: .groupObserved
        case .groupDeleted: .groupDeleted
        case .syncStarted: .syncStarted
        case .synced: .synced
        case .syncFailed: .syncFailed
        case .commandSucceeded: .commandSucceeded
        case .commandFailed: .commandFailed
        case .commandOutcomeUnknown: .commandOutcomeUnknown
        }
    }

    /// Writes the members of the data that follow the cluster.
    func writeMembers(to writer: inout JSONWriter) {
        switch self {
        case .nodeUp(let up): up.writeMembers(to: &writer)
        case .nodeStopping(let identity): identity.writeMembers(to: &writer)
        case .nodeReportedDown(let opinion), .nodeReportedUp(let opinion):
            opinion.writeMembers(to: &writer)
        case .nodeLeaving(let identity, let reason):
            identity.writeMembers(to: &writer)
            writer.put("reason", reason)
        case .groupObserved(let report): report.writeMembers(to: &writer)
        case .groupDeleted(let identity, let group):
            identity.writeMembers(to: &writer)
            writer.put("group", group)
        case .syncStarted(let identity, let group, let source):
            identity.writeMembers(to: &writer)
            writer.put("group", group)
            writer.put("source", source)
        case .synced(let identity, let group, let index):
            identity.writeMembers(to: &writer)
            writer.put("group", group)
            writer.put("index", index)
        case .syncFailed(let identity, let group, let reason, let retryable):
            identity.writeMembers(to: &writer)
            writer.put("group", group)
            writer.put("reason", reason)
            writer.put("retryable", retryable)
        case .commandSucceeded(let report), .commandOutcomeUnknown(let report):
            report.writeMembers(to: &writer)
        case .commandFailed(let report, let failure):
            report.writeMembers(to: &writer)
            failure.writeMembers(to: &writer)
        }
    }

    /// The node that the fact is about.
    var node: NodeID {
        switch self {
        case .nodeUp(let up): up.identity.node
        case .nodeStopping(let identity), .nodeLeaving(let identity, _),
            .groupDeleted(let identity, _), .syncStarted(let identity, _, _),
            .synced(let identity, _, _), .syncFailed(let identity, _, _, _):
            identity.node
        case .nodeReportedDown(let opinion), .nodeReportedUp(let opinion): opinion.node
        case .groupObserved(let report): report.observer.node
        case .commandSucceeded(let report), .commandFailed(let report, _),
            .commandOutcomeUnknown(let report):
            report.executor.node
        }
    }
}

extension NodeOpinion: WireObject {
    package init(members object: inout JSONObject) throws(JSONReadError) {
        self.init(
            node: try object.read("node"), observer: try object.read("observer"),
            reason: try object.read("reason"))
    }

    package func writeMembers(to writer: inout JSONWriter) {
        writer.put("node", node)
        writer.put("observer", observer)
        writer.put("reason", reason)
    }
}

extension CommandReport: WireObject {
    package init(members object: inout JSONObject) throws(JSONReadError) {
        let executor = try NodeIdentity(members: &object)
        self.init(
            command: try object.read("command"), executor: executor,
            detail: try object.read("detail", default: ""))
    }

    package func writeMembers(to writer: inout JSONWriter) {
        executor.writeMembers(to: &writer)
        writer.put("command", command)
        writer.put("detail", unlessEmpty: detail)
    }
}

extension CommandFailure: WireObject {
    package init(members object: inout JSONObject) throws(JSONReadError) {
        self.init(
            code: try object.read("code"), retryable: try object.read("retryable"),
            leaderHint: try object.readOptional("leaderHint"))
    }

    package func writeMembers(to writer: inout JSONWriter) {
        writer.put("code", code)
        writer.put("retryable", retryable)
        writer.put("leaderHint", leaderHint)
    }
}
