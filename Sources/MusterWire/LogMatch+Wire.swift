package import MusterCore

extension LogMatch: WireObject {
    package init(members object: inout JSONObject) throws(JSONReadError) {
        self.init(
            group: try object.read("group"), index: try object.read("index"),
            term: try object.read("term"))
    }

    package func writeMembers(to writer: inout JSONWriter) {
        writer.put("group", group)
        writer.put("index", index)
        writer.put("term", term)
    }
}

extension NotedMatch: WireObject {
    package init(members object: inout JSONObject) throws(JSONReadError) {
        let match = try LogMatch(members: &object)
        self.init(match, noted: try object.read("noted"))
    }

    package func writeMembers(to writer: inout JSONWriter) {
        match.writeMembers(to: &writer)
        writer.put("noted", noted)
    }
}
