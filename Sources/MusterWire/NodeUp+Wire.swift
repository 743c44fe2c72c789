package import MusterCore

extension NodeIdentity: WireObject {
    @inline(__always)
    package init(members object: inout JSONObject) throws(JSONReadError) {
        self.init(
            node: try object.read("node"), store: try object.read("store"),
            start: try object.read("start"))
    }

    package func writeMembers(to writer: inout JSONWriter) {
        writer.put("node", node)
        writer.put("store", store)
        writer.put("start", start)
    }
}

extension EngineIdentity: WireObject {
    package init(members object: inout JSONObject) throws(JSONReadError) {
        self.init(
            cluster: try object.read("cluster"), recoveryEpoch: try object.read("recoveryEpoch"))
    }

    package func writeMembers(to writer: inout JSONWriter) {
        writer.put("cluster", cluster)
        writer.put("recoveryEpoch", recoveryEpoch)
    }
}

extension NodeUp: WireObject {
    package init(members object: inout JSONObject) throws(JSONReadError) {
        self.init(
            identity: try NodeIdentity(members: &object), boot: try object.read("boot"),
            role: try object.read("role"), blank: try object.read("blank"),
            engine: try object.readOptional("engine"),
            address: try object.read("address", default: ""),
            zone: try object.read("zone", default: ""),
            groupsVersion: try object.read("groupsVersion"),
            groups: try object.list("groups") { (entry: NodeGroup) in entry.group })
    }

    package func writeMembers(to writer: inout JSONWriter) {
        identity.writeMembers(to: &writer)
        writer.put("boot", boot)
        writer.put("role", role)
        writer.put("blank", blank)
        writer.put("engine", engine)
        writer.put("address", unlessEmpty: address)
        writer.put("zone", unlessEmpty: zone)
        writer.put("groupsVersion", groupsVersion)
        writer.put("groups", list: groups)
    }
}

extension NodeGroup: WireObject {
    package init(members object: inout JSONObject) throws(JSONReadError) {
        self.init(
            group: try object.read("group"),
            capabilities: try object.read("capabilities", default: Capabilities()),
            applied: try object.readOptional("applied"), last: try object.readOptional("last"))
    }

    package func writeMembers(to writer: inout JSONWriter) {
        writer.put("group", group)
        writer.put("capabilities", capabilities)
        writer.put("applied", applied)
        writer.put("last", last)
    }
}

extension Capabilities: WireObject {
    /// What is left out has its default; Muster itself writes every member.
    package init(members object: inout JSONObject) throws(JSONReadError) {
        let usual = Capabilities()
        self.init(
            startsAfterAdd: try object.read("startsAfterAdd", default: usual.startsAfterAdd),
            seed: try object.read("seed", default: usual.seed),
            learnersMax: try object.read("learnersMax", default: usual.learnersMax),
            demote: try object.read("demote", default: usual.demote),
            transfer: try object.read("transfer", default: usual.transfer),
            selfPromotes: try object.read("selfPromotes", default: usual.selfPromotes),
            addNeedsAllVoters: try object.read(
                "addNeedsAllVoters", default: usual.addNeedsAllVoters),
            copyStopsWrites: try object.read("copyStopsWrites", default: usual.copyStopsWrites),
            configurationVersion: try object.read(
                "configurationVersion", default: usual.configurationVersion))
    }

    package func writeMembers(to writer: inout JSONWriter) {
        writer.put("startsAfterAdd", startsAfterAdd)
        writer.put("seed", seed)
        writer.put("learnersMax", learnersMax)
        writer.put("demote", demote)
        writer.put("transfer", transfer)
        writer.put("selfPromotes", selfPromotes)
        writer.put("addNeedsAllVoters", addNeedsAllVoters)
        writer.put("copyStopsWrites", copyStopsWrites)
        writer.put("configurationVersion", configurationVersion)
    }
}
