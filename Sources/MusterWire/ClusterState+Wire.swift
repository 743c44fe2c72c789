package import MusterCore

extension ClusterState {
    /// Reads a state that was written in a snapshot, exactly.
    ///
    /// - Parameters:
    ///   - id: the cluster; it stands beside the state in the snapshot.
    ///   - head: the end of the chain that the state was folded from; likewise.
    init(reading value: JSONValue, id: ClusterID, head: Head) throws(JSONReadError) {
        var object = try value.object()
        self.init(id: id, genesis: head.hash)
        self.head = head
        at = try object.read("at")
        next = try object.map("next") { value throws(JSONReadError) in
            let next = try NextOffset(reading: value)
            return (key: next.position.partition, value: next.position.offset)
        }
        membershipVersion = try object.read("membershipVersion")
        policy = try object.readOptional("policy")
        engine = try object.readOptional("engine")
        nodes = try object.map("nodes") { value throws(JSONReadError) in
            let node = try NodeState(reading: value)
            return (key: node.identity.node, value: node)
        }
        groups = try object.map("groups") { value throws(JSONReadError) in
            var entry = try value.object()
            let group: GroupID = try entry.read("group")
            let state = try GroupState(members: &entry)
            try entry.finish()
            return (key: group, value: state)
        }
        sagas = try object.map("sagas") { value throws(JSONReadError) in
            let saga = try Saga(reading: value)
            return (key: saga.node, value: saga)
        }
        try readMemory(members: &object)
        try object.finish()
    }

    /// What is remembered of stores, requests and the guard.
    private mutating func readMemory(members object: inout JSONObject) throws(JSONReadError) {
        tombstones = try object.map("tombstones") { value throws(JSONReadError) in
            var entry = try value.object()
            let store: StoreID = try entry.read("store")
            let tombstone = try Tombstone(members: &entry)
            try entry.finish()
            return (key: store, value: tombstone)
        }
        requests = try object.optionalList("requests")
        freeze = try object.readOptional("freeze")
        pause = try object.readOptional("pause")
        blind = try object.readOptional("blind")
        proposals = try object.optionalList("proposals")
        proposalsPast = try object.optionalList("proposalsPast")
        forgotten = try object.optionalList("forgotten")
        heard = try object.read("heard")
        gapHandled = try object.read("gapHandled")
        trail = try object.read("trail", default: Trail())
    }

    /// Writes the state as a snapshot holds it, without id and head: the same bytes for equal
    /// states in every process.
    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.put("at", at)
            writer.put(
                "next", unlessEmpty: next.map { NextOffset(Position($0.key, $0.value)) })
            writer.put("membershipVersion", membershipVersion)
            writer.put("policy", policy)
            writer.put("engine", engine)
            writer.put("nodes", unlessEmpty: nodes.values)
            writer.put("groups", map: groups) { writer, group, state in
                writer.put("group", group)
                state.writeMembers(to: &writer)
            }
            writer.put("sagas", unlessEmpty: sagas.values)
            writer.put("tombstones", map: tombstones) { writer, store, tombstone in
                writer.put("store", store)
                tombstone.writeMembers(to: &writer)
            }
            writer.put("requests", unlessEmpty: requests)
            writer.put("freeze", freeze)
            writer.put("pause", pause)
            writer.put("blind", blind)
            writer.put("proposals", unlessEmpty: proposals)
            writer.put("proposalsPast", unlessEmpty: proposalsPast)
            writer.put("forgotten", unlessEmpty: forgotten)
            writer.put("heard", heard)
            writer.put("gapHandled", gapHandled)
            writer.put("trail", unlessEmpty: trail)
        }
    }
}

extension Trail: WireForm {
    package init(reading value: JSONValue) throws(JSONReadError) {
        self.init(
            sequences: try value.array().read(MusterCore.Sequence.init(reading:)))
    }

    package func write(to writer: inout JSONWriter) {
        writer.array(of: sequences) { $1.write(to: &$0) }
    }
}

extension JSONWriter {
    mutating func put(_ name: StaticString, unlessEmpty trail: Trail) {
        if !trail.sequences.isEmpty { put(name, trail) }
    }
}

extension Tombstone: WireObject {
    package init(members object: inout JSONObject) throws(JSONReadError) {
        self.init(
            node: try object.read("node"), reason: try object.read("reason"),
            at: try object.read("at"), stopped: try object.read("stopped"))
    }

    package func writeMembers(to writer: inout JSONWriter) {
        writer.put("node", node)
        writer.put("reason", reason)
        writer.put("at", at)
        writer.put("stopped", stopped)
    }
}

extension RequestRecord: WireObject {
    private enum Name: WireWord {
        case accepted, rejected, completed, failed

        static let words = JSONWords<Self>([
            ("accepted", .accepted), ("rejected", .rejected), ("completed", .completed),
            ("failed", .failed),
        ])
    }

    package init(members object: inout JSONObject) throws(JSONReadError) {
        let id: RequestID = try object.read("request")
        switch try object.read("outcome", as: Name.self) {
        case .accepted: self.init(id: id, outcome: .accepted)
        case .rejected: self.init(id: id, outcome: .rejected(try object.read("refusal")))
        case .completed: self.init(id: id, outcome: .completed)
        case .failed: self.init(id: id, outcome: .failed(try object.read("refusal")))
        }
    }

    package func writeMembers(to writer: inout JSONWriter) {
        writer.put("request", id)
        switch outcome {
        case .accepted: writer.put("outcome", Name.accepted)
        case .rejected(let refusal):
            writer.put("outcome", Name.rejected)
            writer.put("refusal", refusal)
        case .completed: writer.put("outcome", Name.completed)
        case .failed(let refusal):
            writer.put("outcome", Name.failed)
            writer.put("refusal", refusal)
        }
    }
}

extension ClusterState.Freeze: WireObject {
    package init(members object: inout JSONObject) throws(JSONReadError) {
        self.init(since: try object.read("since"), silent: try object.list("silent"))
        calmSince = try object.readOptional("calmSince")
    }

    package func writeMembers(to writer: inout JSONWriter) {
        writer.put("since", since)
        writer.put("silent", list: silent)
        writer.put("calmSince", calmSince)
    }
}
