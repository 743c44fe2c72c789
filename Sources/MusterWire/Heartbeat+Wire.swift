package import MusterCore

extension Heartbeat: WireObject {
    package init(members object: inout JSONObject) throws(JSONReadError) {
        self.init(
            identity: try NodeIdentity(members: &object), boot: try object.read("boot"),
            copies: try object.optionalList("copies") { (copy: CopyProgress) in copy.group })
    }

    package func writeMembers(to writer: inout JSONWriter) {
        identity.writeMembers(to: &writer)
        writer.put("boot", boot)
        writer.put("copies", unlessEmpty: copies)
    }
}

extension CopyProgress: WireObject {
    package init(members object: inout JSONObject) throws(JSONReadError) {
        self.init(
            group: try object.read("group"), bytes: try object.read("bytes"),
            bytesTotal: try object.readOptional("bytesTotal"))
    }

    package func writeMembers(to writer: inout JSONWriter) {
        writer.put("group", group)
        writer.put("bytes", bytes)
        writer.put("bytesTotal", bytesTotal)
    }
}
