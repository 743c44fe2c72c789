package import MusterCore

extension Evidence: WireObject {
    package init(members object: inout JSONObject) throws(JSONReadError) {
        self.init()
        nodes = try object.map("nodes") { value throws(JSONReadError) in
            let entry = try NodeEvidence(reading: value)
            return (key: entry.identity.node, value: entry)
        }
        groups = try object.map("groups") { value throws(JSONReadError) in
            var entry = try value.object()
            let group: GroupID = try entry.read("group")
            let evidence = try GroupEvidence(members: &entry)
            try entry.finish()
            return (key: group, value: evidence)
        }
        newest = try object.readOptional("newest")
        gap = try object.readOptional("gap")
    }

    package func writeMembers(to writer: inout JSONWriter) {
        writer.put("nodes", map: nodes) { $2.writeMembers(to: &$0) }
        writer.put("groups", map: groups) { writer, group, evidence in
            writer.put("group", group)
            evidence.writeMembers(to: &writer)
        }
        writer.put("newest", newest)
        writer.put("gap", gap)
    }
}

extension Evidence.Gap: WireObject {
    package init(members object: inout JSONObject) throws(JSONReadError) {
        self.init(from: try object.read("from"), to: try object.read("to"))
    }

    package func writeMembers(to writer: inout JSONWriter) {
        writer.put("from", from)
        writer.put("to", to)
    }
}

extension Evidence.Heard: WireObject {
    package init(members object: inout JSONObject) throws(JSONReadError) {
        self.init(
            position: try Position(members: &object), appended: try object.read("appended"))
    }

    package func writeMembers(to writer: inout JSONWriter) {
        position.writeMembers(to: &writer)
        writer.put("appended", appended)
    }
}

extension NodeEvidence: WireObject {
    package init(members object: inout JSONObject) throws(JSONReadError) {
        self.init(
            identity: try NodeIdentity(members: &object), boot: try object.read("boot"),
            heard: try object.read("heard"), copies: try object.optionalList("copies"))
        rival = try object.readOptional("rival")
    }

    package func writeMembers(to writer: inout JSONWriter) {
        identity.writeMembers(to: &writer)
        writer.put("boot", boot)
        writer.put("heard", heard)
        writer.put("copies", unlessEmpty: copies)
        writer.put("rival", rival)
    }
}

extension NodeEvidence.Rival: WireObject {
    package init(members object: inout JSONObject) throws(JSONReadError) {
        self.init(
            store: try object.read("store"), start: try object.read("start"),
            boot: try object.read("boot"), heard: try object.read("heard"))
    }

    package func writeMembers(to writer: inout JSONWriter) {
        writer.put("store", store)
        writer.put("start", start)
        writer.put("boot", boot)
        writer.put("heard", heard)
    }
}

extension NodeEvidence.Copy: WireObject {
    package init(members object: inout JSONObject) throws(JSONReadError) {
        self.init(
            progress: try CopyProgress(members: &object), moved: try object.read("moved"))
    }

    package func writeMembers(to writer: inout JSONWriter) {
        progress.writeMembers(to: &writer)
        writer.put("moved", moved)
    }
}

extension GroupEvidence: WireObject {
    package init(members object: inout JSONObject) throws(JSONReadError) {
        self.init()
        view = try object.readOptional("view")
        termMax = try object.read("termMax")
        since = try object.readOptional("since")
        until = try object.readOptional("until")
        gapMax = try object.read("gapMax")
        members = try object.map("members") { value throws(JSONReadError) in
            var entry = try value.object()
            let node: NodeID = try entry.read("node")
            let evidence = try MemberEvidence(members: &entry)
            try entry.finish()
            return (key: node, value: evidence)
        }
    }

    package func writeMembers(to writer: inout JSONWriter) {
        writer.put("view", view)
        writer.put("termMax", termMax)
        writer.put("since", since)
        writer.put("until", until)
        writer.put("gapMax", gapMax)
        writer.put("members", map: members) { writer, node, evidence in
            writer.put("node", node)
            evidence.writeMembers(to: &writer)
        }
    }
}

extension GroupEvidence.Observation: WireObject {
    package init(members object: inout JSONObject) throws(JSONReadError) {
        self.init(
            heard: try object.read("heard"), leader: try object.read("leader"),
            term: try object.read("term"), view: try object.read("view"),
            commitBefore: try object.readOptional("commitBefore"))
    }

    package func writeMembers(to writer: inout JSONWriter) {
        writer.put("heard", heard)
        writer.put("leader", leader)
        writer.put("term", term)
        writer.put("view", view)
        writer.put("commitBefore", commitBefore)
    }
}

extension MemberEvidence: WireObject {
    package init(members object: inout JSONObject) throws(JSONReadError) {
        self.init()
        outOfContactSince = try object.readOptional("outOfContactSince")
        caughtUpSince = try object.readOptional("caughtUpSince")
        progressed = try object.readOptional("progressed")
        own = try object.readOptional("own")
    }

    package func writeMembers(to writer: inout JSONWriter) {
        writer.put("outOfContactSince", outOfContactSince)
        writer.put("caughtUpSince", caughtUpSince)
        writer.put("progressed", progressed)
        writer.put("own", own)
    }
}

extension MemberEvidence.OwnReport: WireObject {
    package init(members object: inout JSONObject) throws(JSONReadError) {
        self.init(
            identity: try object.read("identity"), state: try object.read("state"),
            applied: try object.readOptional("applied"), heard: try object.read("heard"))
    }

    package func writeMembers(to writer: inout JSONWriter) {
        writer.put("identity", identity)
        writer.put("state", state)
        writer.put("applied", applied)
        writer.put("heard", heard)
    }
}
