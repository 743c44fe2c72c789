package import MusterCore

extension Refusal: WireObject {
    package init(members object: inout JSONObject) throws(JSONReadError) {
        self.init(
            try object.read("code"), group: try object.readOptional("group"),
            nodes: try object.optionalList("nodes"), numbers: try object.optionalList("numbers"),
            text: try object.read("text", default: ""))
    }

    package func writeMembers(to writer: inout JSONWriter) {
        writer.put("code", code)
        writer.put("group", group)
        writer.put("nodes", unlessEmpty: nodes)
        writer.put("numbers", unlessEmpty: numbers)
        writer.put("text", unlessEmpty: text)
    }
}

extension Proof: WireObject {
    package init(members object: inout JSONObject) throws(JSONReadError) {
        self.init(
            group: try object.read("group"), change: try object.read("change"),
            node: try object.read("node"), voters: try object.list("voters"),
            healthy: try object.list("healthy"), needed: try object.read("needed"),
            votersAfter: try object.read("votersAfter"),
            healthyAfter: try object.read("healthyAfter"),
            neededAfter: try object.read("neededAfter"), floor: try object.read("floor"),
            leader: try object.readOptional("leader"), term: try object.read("term"),
            version: try object.readOptional("version"), age: try object.readOptional("age"),
            refusal: try object.readOptional("refusal"),
            overridden: try object.optionalList("overridden"))
    }

    package func writeMembers(to writer: inout JSONWriter) {
        writer.put("group", group)
        writer.put("change", change)
        writer.put("node", node)
        writer.put("voters", list: voters)
        writer.put("healthy", list: healthy)
        writer.put("needed", needed)
        writer.put("votersAfter", votersAfter)
        writer.put("healthyAfter", healthyAfter)
        writer.put("neededAfter", neededAfter)
        writer.put("floor", floor)
        writer.put("leader", leader)
        writer.put("term", term)
        writer.put("version", version)
        writer.put("age", age)
        writer.put("refusal", refusal)
        writer.put("overridden", unlessEmpty: overridden)
    }
}
