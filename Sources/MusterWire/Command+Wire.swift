package import MusterCore

extension Command: WireObject {
    package init(members object: inout JSONObject) throws(JSONReadError) {
        self.init(
            action: try Action(members: &object), group: try object.readOptional("group"),
            node: try object.read("node"), store: try object.read("store"),
            executor: try object.read("executor"), require: try object.readOptional("require"),
            notAfter: try object.read("notAfter"), attempt: try object.read("attempt"))
    }

    package func writeMembers(to writer: inout JSONWriter) {
        action.writeMembers(to: &writer)
        writer.put("group", group)
        writer.put("node", node)
        writer.put("store", store)
        writer.put("executor", executor)
        writer.put("require", require)
        writer.put("notAfter", notAfter)
        writer.put("attempt", attempt)
    }
}

extension Command.Action {
    /// The kind without its parameters.
    package enum Name: String, CaseIterable, WireWord {
        case prepareNode, syncGroup, startMember, stopMember, addMember
        case promoteMember, demoteMember, removeMember, transferLeadership, observeGroup

        package static let words = JSONWords<Self>([
            ("prepareNode", .prepareNode), ("syncGroup", .syncGroup),
            ("startMember", .startMember), ("stopMember", .stopMember), ("addMember", .addMember),
            ("promoteMember", .promoteMember), ("demoteMember", .demoteMember),
            ("removeMember", .removeMember), ("transferLeadership", .transferLeadership),
            ("observeGroup", .observeGroup),
        ])
    }

    package var wireName: Name {
        switch self {
        case .prepareNode: .prepareNode
        case .syncGroup: .syncGroup
        case .startMember: .startMember
        case .stopMember: .stopMember
        case .addMember: .addMember
        case .promoteMember: .promoteMember
        case .demoteMember: .demoteMember
        case .removeMember: .removeMember
        case .transferLeadership: .transferLeadership
        case .observeGroup: .observeGroup
        }
    }

    /// The member `action` and the parameters that belong to it.
    init(members object: inout JSONObject) throws(JSONReadError) {
        switch try object.read("action", as: Name.self) {
        case .prepareNode: self = .prepareNode
        case .syncGroup:
            self = .syncGroup(source: try object.read("source"), scope: try object.read("scope"))
        case .startMember:
            self = .startMember(
                index: try object.readOptional("index"),
                minTerm: try object.readOptional("minTerm"),
                votedFor: try object.readOptional("votedFor"))
        case .stopMember: self = .stopMember
        case .addMember: self = .addMember(as: try object.read("as"))
        case .promoteMember: self = .promoteMember
        case .demoteMember: self = .demoteMember
        case .removeMember: self = .removeMember
        case .transferLeadership: self = .transferLeadership(to: try object.read("to"))
        case .observeGroup: self = .observeGroup
        }
    }

    func writeMembers(to writer: inout JSONWriter) {
        writer.put("action", wireName)
        switch self {
        case .syncGroup(let source, let scope):
            writer.put("source", source)
            writer.put("scope", scope)
        case .startMember(let index, let minTerm, let votedFor):
            writer.put("index", index)
            writer.put("minTerm", minTerm)
            writer.put("votedFor", votedFor)
        case .addMember(let role): writer.put("as", role)
        case .transferLeadership(let node): writer.put("to", node)
        case .prepareNode, .stopMember, .promoteMember, .demoteMember, .removeMember,
            .observeGroup:
            break
        }
    }
}

extension Command.Require: WireObject {
    package init(members object: inout JSONObject) throws(JSONReadError) {
        self.init(
            leader: try object.read("leader"), term: try object.read("term"),
            version: try object.read("version"),
            activeAfterMin: try object.read("activeAfterMin"))
    }

    package func writeMembers(to writer: inout JSONWriter) {
        writer.put("leader", leader)
        writer.put("term", term)
        writer.put("version", version)
        writer.put("activeAfterMin", activeAfterMin)
    }
}
