internal import MusterCore

extension Request {
    /// Reads the members of a request's data that follow the cluster.
    ///
    /// - Returns: nil when messages of that type are no requests.
    init?(_ type: MessageType, members object: inout JSONObject) throws(JSONReadError) {
        guard type.isRequest else { return nil }
        let id: RequestID = try object.read("request")
        let principal: Principal = try object.read("principal")
        let reason: String = try object.read("reason")
        let validFor = try object.read("validFor", default: Request.validityDefault)
        let onlyAt: MembershipVersion? = try object.readOptional("membershipVersion")
        let overrides: [Override] = try object.optionalSet("overrides") ?? []
        guard let action = try Action(type, members: &object) else { return nil }
        self.init(
            id: id, principal: principal, reason: reason, validFor: validFor, onlyAt: onlyAt,
            overrides: overrides, action: action)
    }

    /// Writes the members of the data that follow the cluster.
    func writeMembers(to writer: inout JSONWriter) {
        writer.put("request", id)
        writer.put("principal", principal)
        writer.put("reason", reason)
        writer.put("validFor", validFor)
        writer.put("membershipVersion", onlyAt)
        writer.put("overrides", unlessEmpty: overrides)
        action.writeAction(to: &writer)
    }
}

extension Request.Action {
    init?(_ type: MessageType, members object: inout JSONObject) throws(JSONReadError) {
        switch type {
        case .configureRequested: self = .configure(try object.read("policy"))
        case .addRequested:
            self = .add(
                node: try object.read("node"), role: try object.read("role"),
                groups: try GroupWish(members: &object), wipe: try object.readOptional("wipe"))
        case .removeRequested: self = .remove(node: try object.read("node"))
        case .promoteRequested: self = .promote(node: try object.read("node"))
        case .demoteRequested: self = .demote(node: try object.read("node"))
        case .transferRequested:
            self = .transfer(group: try object.read("group"), to: try object.read("node"))
        case .replaceRequested:
            self = .replace(
                node: try object.read("node"), with: try object.readOptional("newcomer"))
        case .cancelRequested: self = .cancel(node: try object.read("node"))
        case .extendRequested:
            self = .extend(node: try object.read("node"), by: try object.read("by"))
        case .holdRequested:
            self = .hold(
                node: try object.read("node"),
                lasting: try object.read("lasting", default: Interval.lengthDefault))
        case .releaseRequested: self = .release(node: try object.read("node"))
        case .pauseRequested:
            self = .pause(lasting: try object.read("lasting", default: Interval.lengthDefault))
        case .resumeRequested: self = .resume
        case .retryRequested: self = .retry(node: try object.read("node"))
        case .approveRequested: self = .approve(try object.read("proposal"))
        case .adoptRequested: self = .adopt(node: try object.readOptional("node"))
        case .forgetRequested: self = .forget(node: try object.read("node"))
        case .nodeUp, .nodeStopping, .nodeReportedDown, .nodeReportedUp, .nodeLeaving,
            .groupObserved, .groupDeleted, .syncStarted, .synced, .syncFailed, .commandSucceeded,
            .commandFailed, .commandOutcomeUnknown, .heartbeat, .decision, .journal, .command,
            .member, .snapshot, .checkpoint, .quarantined:
            return nil
        }
    }

    var type: MessageType {
        switch self {
        case .configure: .configureRequested
        case .add: .addRequested
        case .remove: .removeRequested
        case .promote: .promoteRequested
        case .demote: .demoteRequested
        case .transfer: .transferRequested
        case .replace: .replaceRequested
        case .cancel: .cancelRequested
        case .extend: .extendRequested
        case .hold: .holdRequested
        case .release: .releaseRequested
        case .pause: .pauseRequested
        case .resume: .resumeRequested
        case .retry: .retryRequested
        case .approve: .approveRequested
        case .adopt: .adoptRequested
        case .forget: .forgetRequested
        }
    }

    func writeAction(to writer: inout JSONWriter) {
        switch self {
        case .configure(let patch): writer.put("policy", patch)
        case .add(let node, let role, let groups, let wipe):
            writer.put("node", node)
            writer.put("role", role)
            groups.writeMembers(to: &writer)
            writer.put("wipe", wipe)
        case .remove(let node), .cancel(let node), .promote(let node), .demote(let node),
            .release(let node), .retry(let node), .forget(let node):
            writer.put("node", node)
        case .transfer(let group, let node):
            writer.put("group", group)
            writer.put("node", node)
        case .replace(let node, let newcomer):
            writer.put("node", node)
            writer.put("newcomer", newcomer)
        case .hold(let node, let duration):
            writer.put("node", node)
            writer.put("lasting", duration)
        case .pause(let duration): writer.put("lasting", duration)
        case .resume: break
        case .approve(let proposal): writer.put("proposal", proposal)
        case .adopt(let node): writer.put("node", node)
        case .extend(let node, let duration):
            writer.put("node", node)
            writer.put("by", duration)
        }
    }
}

extension GroupWish {
    /// The member `groups`; absent: all.
    init(members object: inout JSONObject) throws(JSONReadError) {
        self = (try object.optionalSet("groups")).map { .list($0) } ?? .all
    }

    func writeMembers(to writer: inout JSONWriter) {
        switch self {
        case .all: break
        case .list(let groups): writer.put("groups", list: groups)
        }
    }
}
