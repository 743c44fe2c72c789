package import MusterCore

extension Proposal: WireObject {
    package init(members object: inout JSONObject) throws(JSONReadError) {
        self.init(
            id: try object.read("proposal"), rule: try object.read("rule"),
            node: try object.read("node"), action: try object.read("action"),
            since: try object.read("since"), withheld: try object.readOptional("withheld"))
    }

    package func writeMembers(to writer: inout JSONWriter) {
        writer.put("proposal", id)
        writer.put("rule", rule)
        writer.put("node", node)
        writer.put("action", action)
        writer.put("since", since)
        writer.put("withheld", withheld)
    }
}

extension Proposal.Past: WireObject {
    package init(members object: inout JSONObject) throws(JSONReadError) {
        self.init(id: try object.read("proposal"), why: try object.read("why"))
    }

    package func writeMembers(to writer: inout JSONWriter) {
        writer.put("proposal", id)
        writer.put("why", why)
    }
}

/// What a proposal would ask for: the request's type with the members of its action.
extension Request.Action: WireObject {
    package init(members object: inout JSONObject) throws(JSONReadError) {
        let word = try object.required("type")
        guard let type = MessageType(name: try word.string()),
            let action = try Self(type, members: &object)
        else { throw word.unknownWord("the type of a request") }
        self = action
    }

    package func writeMembers(to writer: inout JSONWriter) {
        writer.member("type", type.name)
        writeAction(to: &writer)
    }
}

extension Interval: WireObject {
    package init(members object: inout JSONObject) throws(JSONReadError) {
        self.init(
            since: try object.read("since"), until: try object.read("until"),
            principal: try object.read("principal"), reason: try object.read("reason"))
    }

    package func writeMembers(to writer: inout JSONWriter) {
        writer.put("since", since)
        writer.put("until", until)
        writer.put("principal", principal)
        writer.put("reason", reason)
    }
}

extension FlapScore: WireObject {
    package init(members object: inout JSONObject) throws(JSONReadError) {
        self.init(
            points: Int64(try object.read("points", as: UInt32.self)),
            since: try object.read("since"), isDamped: try object.read("damped"))
    }

    package func writeMembers(to writer: inout JSONWriter) {
        writer.put("points", UInt32(clamping: points))
        writer.put("since", since)
        writer.put("damped", isDamped)
    }
}

extension Blindness: WireObject {
    package init(members object: inout JSONObject) throws(JSONReadError) {
        self.init(
            kind: try object.read("kind"), count: try object.read("count"),
            of: try object.read("of"))
    }

    package func writeMembers(to writer: inout JSONWriter) {
        writer.put("kind", kind)
        writer.put("count", count)
        writer.put("of", of)
    }
}

extension ClusterState.Blind: WireObject {
    package init(members object: inout JSONObject) throws(JSONReadError) {
        self.init(since: try object.read("since"), why: try object.read("why"))
    }

    package func writeMembers(to writer: inout JSONWriter) {
        writer.put("since", since)
        writer.put("why", why)
    }
}
