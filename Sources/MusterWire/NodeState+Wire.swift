package import MusterCore

extension NodeState: WireObject {
    package init(members object: inout JSONObject) throws(JSONReadError) {
        self.init(try NodeUp(members: &object), at: .zero)
        liveness = try object.read("liveness")
        livenessSince = try object.read("livenessSince")
        started = try object.read("started")
        seenUp = try object.readOptional("seenUp")
        returned = try object.readOptional("returned")
        stopAnnounced = try object.read("stopAnnounced")
        leaving = try object.read("leaving")
        roleIsSet = try object.read("roleIsSet")
        hold = try object.readOptional("hold")
        flaps = try object.read("flaps", default: FlapScore())
        conflict = try object.readOptional("conflict")
        conflictStart = try object.readOptional("conflictStart")
        regressed = try object.readOptional("regressed")
        notes = try object.optionalList("notes")
        outside = try object.optionalList("outside")
        sync = try object.map("sync") { value throws(JSONReadError) in
            var entry = try value.object()
            let pair = (
                key: try entry.read("group", as: GroupID.self),
                value: try entry.read("sync", as: SyncStatus.self)
            )
            try entry.finish()
            return pair
        }
        removal = try object.readOptional("removal")
        refused = try object.readOptional("refused")
        trail = try object.read("trail", default: Trail())
    }

    package func writeMembers(to writer: inout JSONWriter) {
        asStarted.writeMembers(to: &writer)
        writer.put("liveness", liveness)
        writer.put("livenessSince", livenessSince)
        writer.put("started", started)
        writer.put("seenUp", seenUp)
        writer.put("returned", returned)
        writer.put("stopAnnounced", stopAnnounced)
        writer.put("leaving", leaving)
        writer.put("roleIsSet", roleIsSet)
        writer.put("hold", hold)
        if flaps != FlapScore() { writer.put("flaps", flaps) }
        writer.put("conflict", conflict)
        writer.put("conflictStart", conflictStart)
        writer.put("regressed", regressed)
        writer.put("notes", unlessEmpty: notes)
        writer.put("outside", unlessEmpty: outside)
        writer.put("sync", map: sync) { writer, group, status in
            writer.put("group", group)
            writer.put("sync", status)
        }
        writer.put("removal", removal)
        writer.put("refused", refused)
        writer.put("trail", unlessEmpty: trail)
    }

    /// The part of the state that the node said itself.
    private var asStarted: NodeUp {
        NodeUp(
            identity: identity, boot: boot, role: role, blank: blank, engine: engine,
            address: address, zone: zone, groupsVersion: groupsVersion, groups: groups)
    }
}

extension PendingRemoval: WireObject {
    package init(members object: inout JSONObject) throws(JSONReadError) {
        self.init(
            store: try object.read("store"), since: try object.read("since"),
            due: try object.read("due"))
        blocked = try object.readOptional("blocked")
    }

    package func writeMembers(to writer: inout JSONWriter) {
        writer.put("store", store)
        writer.put("since", since)
        writer.put("due", due)
        writer.put("blocked", blocked)
    }
}

extension GroupState: WireObject {
    package init(members object: inout JSONObject) throws(JSONReadError) {
        self.init()
        leader = try object.readOptional("leader")
        term = try object.read("term")
        configuration = try object.readOptional("configuration")
        disputed = try object.readOptional("disputed")
        closedAt = try object.readOptional("closedAt")
        desired = try object.read("desired")
        trail = try object.read("trail", default: Trail())
    }

    package func writeMembers(to writer: inout JSONWriter) {
        writer.put("leader", leader)
        writer.put("term", term)
        writer.put("configuration", configuration)
        writer.put("disputed", disputed)
        writer.put("closedAt", closedAt)
        writer.put("desired", desired)
        writer.put("trail", unlessEmpty: trail)
    }
}

extension GroupState.Configuration: WireObject {
    package init(members object: inout JSONObject) throws(JSONReadError) {
        self.init(
            version: try object.read("version"), members: try object.list("members"),
            pending: try object.read("pending"))
    }

    package func writeMembers(to writer: inout JSONWriter) {
        writer.put("version", version)
        writer.put("members", list: members)
        writer.put("pending", pending)
    }
}
