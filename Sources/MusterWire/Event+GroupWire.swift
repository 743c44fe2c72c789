package import MusterCore

// Events about groups.

extension Event {
    static func readGroup(
        _ type: JSONText, members object: inout JSONObject
    ) throws(JSONReadError) -> Event? {
        switch type {
        case "leaderObserved":
            .leaderObserved(
                try object.read("group"), leader: try object.read("leader"),
                term: try object.read("term"))
        case "configurationObserved":
            .configurationObserved(
                try object.read("group"), version: try object.read("version"),
                members: try object.list("members"), pending: try object.read("pending"))
        case "driftDetected":
            .driftDetected(
                try object.read("group"), appeared: try object.optionalList("appeared"),
                vanished: try object.optionalList("vanished"),
                changed: try object.optionalList("changed"))
        case "configurationDisputed":
            .configurationDisputed(
                try object.read("group"), version: try object.read("version"),
                members: try object.list("members"))
        case "groupDeleted": .groupDeleted(try object.read("group"))
        case "desiredChanged":
            .desiredChanged(try object.read("group"), try object.read("desired"))
        case "syncChanged":
            .syncChanged(
                try object.read("node"), try object.read("group"), try object.read("sync"))
        default: nil
        }
    }

    func writeGroup(to writer: inout JSONWriter) {
        switch self {
        case .leaderObserved(let group, let leader, let term):
            writer.put("group", group)
            writer.put("leader", leader)
            writer.put("term", term)
        case .configurationObserved(let group, let version, let members, let pending):
            writer.put("group", group)
            writer.put("version", version)
            writer.put("members", list: members)
            writer.put("pending", pending)
        case .driftDetected(let group, let appeared, let vanished, let changed):
            writer.put("group", group)
            writer.put("appeared", unlessEmpty: appeared)
            writer.put("vanished", unlessEmpty: vanished)
            writer.put("changed", unlessEmpty: changed)
        case .configurationDisputed(let group, let version, let members):
            writer.put("group", group)
            writer.put("version", version)
            writer.put("members", list: members)
        case .groupDeleted(let group): writer.put("group", group)
        case .desiredChanged(let group, let desired):
            writer.put("group", group)
            writer.put("desired", desired)
        case .syncChanged(let node, let group, let sync):
            writer.put("node", node)
            writer.put("group", group)
            writer.put("sync", sync)
        default: break
        }
    }
}

extension SyncStatus: WireObject {
    private enum Name: WireWord {
        case notStarted, syncing, synced, failed

        static let words = JSONWords<Self>([
            ("notStarted", .notStarted), ("syncing", .syncing), ("synced", .synced),
            ("failed", .failed),
        ])
    }

    package init(members object: inout JSONObject) throws(JSONReadError) {
        switch try object.read("status", as: Name.self) {
        case .notStarted: self = .notStarted
        case .syncing:
            self = .syncing(source: try object.read("source"), since: try object.read("since"))
        case .synced: self = .synced(try object.read("index"))
        case .failed:
            self = .failed(try object.read("reason"), attempts: try object.read("attempts"))
        }
    }

    package func writeMembers(to writer: inout JSONWriter) {
        switch self {
        case .notStarted:
            writer.put("status", Name.notStarted)
        case .syncing(let source, let since):
            writer.put("status", Name.syncing)
            writer.put("source", source)
            writer.put("since", since)
        case .synced(let index):
            writer.put("status", Name.synced)
            writer.put("index", index)
        case .failed(let reason, let attempts):
            writer.put("status", Name.failed)
            writer.put("reason", reason)
            writer.put("attempts", attempts)
        }
    }
}
