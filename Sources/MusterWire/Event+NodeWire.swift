internal import MusterCore

// Events about nodes.

extension Event {
    static func readNode(
        _ type: JSONText, members object: inout JSONObject
    ) throws(JSONReadError) -> Event? {
        switch type {
        case "nodeStarted":
            .nodeStarted(
                try NodeUp(members: &object), replaced: try object.readOptional("replaced"))
        case "nodeGroupsChanged":
            .nodeGroupsChanged(
                try object.read("node"), version: try object.read("groupsVersion"),
                groups: try object.list("groups"))
        case "nodeStopAnnounced": .nodeStopAnnounced(try object.read("node"))
        case "nodeLeaveAnnounced":
            .nodeLeaveAnnounced(try object.read("node"), reason: try object.read("reason"))
        case "nodeSuspected":
            .nodeSuspected(
                try object.read("node"), lastHeard: try object.read("lastHeard"),
                by: try object.readOptional("by"))
        case "nodeDown":
            .nodeDown(try object.read("node"), lastHeard: try object.read("lastHeard"))
        case "nodeReturned": .nodeReturned(try object.read("node"))
        case "nodeSeenUp":
            .nodeSeenUp(try object.read("node"), by: try object.read("by"))
        case "nodeRefused":
            .nodeRefused(
                try object.read("node"), store: try object.read("store"),
                refusal: try object.read("refusal"))
        case "identityConflict":
            .identityConflict(try object.read("node"), try object.read("refusal"))
        case "conflictEnded": .conflictEnded(try object.read("node"))
        case "matchNoted":
            .matchNoted(
                try object.read("node"), store: try object.read("store"),
                matches: try object.list("matches"))
        case "joinRefused":
            .joinRefused(
                try object.read("node"), store: try object.read("store"),
                try object.read("refusal"))
        case "nodeJoined": .nodeJoined(try object.read("node"))
        case "nodeRemoved":
            .nodeRemoved(
                try object.read("node"), store: try object.read("store"),
                reason: try object.read("reason"))
        default: nil
        }
    }

    func writeNode(to writer: inout JSONWriter) {
        switch self {
        case .nodeStarted(let up, let replaced):
            up.writeMembers(to: &writer)
            writer.put("replaced", replaced)
        case .nodeGroupsChanged(let node, let version, let groups):
            writer.put("node", node)
            writer.put("groupsVersion", version)
            writer.put("groups", list: groups)
        case .nodeStopAnnounced(let node), .nodeReturned(let node), .nodeJoined(let node),
            .conflictEnded(let node):
            writer.put("node", node)
        case .nodeLeaveAnnounced(let node, let reason):
            writer.put("node", node)
            writer.put("reason", reason)
        case .nodeSuspected(let node, let lastHeard, let by):
            writer.put("node", node)
            writer.put("lastHeard", lastHeard)
            writer.put("by", by)
        case .nodeSeenUp(let node, let by):
            writer.put("node", node)
            writer.put("by", by)
        case .nodeDown(let node, let lastHeard):
            writer.put("node", node)
            writer.put("lastHeard", lastHeard)
        case .nodeRefused(let node, let store, let refusal),
            .joinRefused(let node, let store, let refusal):
            writer.put("node", node)
            writer.put("store", store)
            writer.put("refusal", refusal)
        case .identityConflict(let node, let refusal):
            writer.put("node", node)
            writer.put("refusal", refusal)
        case .matchNoted(let node, let store, let matches):
            writer.put("node", node)
            writer.put("store", store)
            writer.put("matches", list: matches)
        case .nodeRemoved(let node, let store, let reason):
            writer.put("node", node)
            writer.put("store", store)
            writer.put("reason", reason)
        default: break
        }
    }
}
