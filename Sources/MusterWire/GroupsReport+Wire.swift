package import MusterCore

extension GroupsReport: WireObject {
    package init(members object: inout JSONObject) throws(JSONReadError) {
        self.init(
            observer: try NodeIdentity(members: &object),
            groups: try object.list("groups") { (report: GroupReport) in report.group })
    }

    package func writeMembers(to writer: inout JSONWriter) {
        observer.writeMembers(to: &writer)
        writer.put("groups", list: groups)
    }
}

extension GroupReport: WireObject {
    package init(members object: inout JSONObject) throws(JSONReadError) {
        self.init(
            group: try object.read("group"), state: try object.read("state"),
            term: try object.read("term"), leader: try object.readOptional("leader"),
            applied: try object.readOptional("applied"), view: try object.readOptional("view"))
    }

    package func writeMembers(to writer: inout JSONWriter) {
        writer.put("group", group)
        writer.put("state", state)
        writer.put("term", term)
        writer.put("leader", leader)
        writer.put("applied", applied)
        writer.put("view", view)
    }
}

extension LeaderView: WireObject {
    package init(members object: inout JSONObject) throws(JSONReadError) {
        self.init(
            confirmed: try object.read("confirmed"),
            changePermitted: try object.read("changePermitted"),
            pending: try object.read("pending"), version: try object.read("version"),
            commit: try object.read("commit"), firstIndex: try object.readOptional("firstIndex"),
            members: try object.list("members") { (view: MemberView) in view.member.node })
    }

    package func writeMembers(to writer: inout JSONWriter) {
        writer.put("confirmed", confirmed)
        writer.put("changePermitted", changePermitted)
        writer.put("pending", pending)
        writer.put("version", version)
        writer.put("commit", commit)
        writer.put("firstIndex", firstIndex)
        writer.put("members", list: members)
    }
}

extension MemberView: WireObject {
    package init(members object: inout JSONObject) throws(JSONReadError) {
        self.init(
            member: try Member(members: &object), match: try object.readOptional("match"),
            contactAge: try object.readOptional("contactAge"))
    }

    package func writeMembers(to writer: inout JSONWriter) {
        member.writeMembers(to: &writer)
        writer.put("match", match)
        writer.put("contactAge", contactAge)
    }
}

extension Member: WireObject {
    package init(members object: inout JSONObject) throws(JSONReadError) {
        self.init(
            node: try object.read("node"), store: try object.readOptional("store"),
            role: try object.read("role"))
    }

    package func writeMembers(to writer: inout JSONWriter) {
        writer.put("node", node)
        writer.put("store", store)
        writer.put("role", role)
    }
}

extension ConfigurationVersion: WireObject {
    package init(members object: inout JSONObject) throws(JSONReadError) {
        self.init(term: try object.read("term"), index: try object.read("index"))
    }

    package func writeMembers(to writer: inout JSONWriter) {
        writer.put("term", term)
        writer.put("index", index)
    }
}
