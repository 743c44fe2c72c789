package import MusterCore

/// A record of the members view: what a node is to its cluster, as of a decision.
///
/// Delivered at least once and sometimes late: readers keep the one with the higher `sequence`.
package struct MemberRecord: Hashable, Sendable {
    package var cluster: ClusterID
    package var node: NodeID
    /// The decision after which this holds.
    package var sequence: MusterCore.Sequence
    package var at: Timestamp
    package var store: StoreID
    package var start: Start
    package var role: Role
    package var membership: Membership
    package var liveness: NodeState.Liveness
    package var livenessSince: Timestamp
    package var address: String
    package var zone: String
    /// In group order.
    package var groups: [GroupEntry]
    /// When its pending removal is due; nil when none is pending.
    package var removalDue: Timestamp?
    /// Why it may not take part: a conflict of identity, or a refused join.
    package var refusal: Refusal?

    /// A group that the node is in, or whose data it holds.
    package struct GroupEntry: Hashable, Sendable {
        package var group: GroupID
        /// What it is in the committed configuration; nil: no member.
        package var role: MemberRole?
        /// Whether it was last observed to lead.
        package var leader: Bool
        package var sync: SyncStatus?
    }

    /// What the state says of a node; nil when it knows no such node.
    package init?(_ state: ClusterState, _ node: NodeID) {
        guard let known = state.nodes[node], let membership = state.membership(of: node) else {
            return nil
        }
        cluster = state.id
        self.node = node
        sequence = state.head.sequence
        at = state.at
        store = known.identity.store
        start = known.identity.start
        role = known.role
        self.membership = membership
        liveness = known.liveness
        livenessSince = known.livenessSince
        address = known.address
        zone = known.zone
        var entries = SortedMap<GroupID, GroupEntry>()
        for (group, value) in state.groups {
            guard let member = value.member(node) else { continue }
            entries[group] = GroupEntry(
                group: group, role: member.role, leader: value.leader == node, sync: nil)
        }
        for (group, sync) in known.sync {
            let entry = GroupEntry(group: group, role: nil, leader: false, sync: nil)
            entries.update(group, default: entry) { $0.sync = sync }
        }
        groups = entries.values
        removalDue = known.removal?.due
        refusal = known.conflict ?? known.refused
    }

    /// The key under which the records of a node replace each other. Names hold no slash.
    package static func key(_ cluster: ClusterID, _ node: NodeID) -> [UInt8] {
        Array("\(cluster)/\(node)".utf8)
    }

    /// The record for the log.
    package func outgoing(correlation: String) -> OutgoingRecord {
        var writer = JSONWriter()
        write(to: &writer)
        let event = CloudEvent(
            id: "\(cluster)/\(node)/\(sequence)", source: OutgoingRecord.managerSource,
            type: MessageType.member.name, subject: "\(cluster)/\(node)",
            correlation: correlation.isEmpty ? nil : correlation)
        return OutgoingRecord(
            topic: .members, cluster: cluster, key: Self.key(cluster, node),
            headers: event.headers, value: writer.bytes)
    }

    /// The tombstone of a node that was forgotten.
    package static func outgoing(forgotten node: NodeID, of cluster: ClusterID) -> OutgoingRecord {
        OutgoingRecord(
            topic: .members, cluster: cluster, key: key(cluster, node), headers: [], value: nil)
    }
}

extension MemberRecord: WireObject {
    package init(members object: inout JSONObject) throws(JSONReadError) {
        cluster = try object.read("cluster")
        node = try object.read("node")
        sequence = try object.read("seq")
        at = try object.read("at")
        store = try object.read("store")
        start = try object.read("start")
        role = try object.read("role")
        membership = try object.read("membership")
        liveness = try object.read("liveness")
        livenessSince = try object.read("livenessSince")
        address = try object.read("address", default: "")
        zone = try object.read("zone", default: "")
        groups = try object.list("groups")
        removalDue = try object.readOptional("removalDue")
        refusal = try object.readOptional("refusal")
    }

    package func writeMembers(to writer: inout JSONWriter) {
        writer.put("cluster", cluster)
        writer.put("node", node)
        writer.put("seq", sequence)
        writer.put("at", at)
        writer.put("store", store)
        writer.put("start", start)
        writer.put("role", role)
        writer.put("membership", membership)
        writer.put("liveness", liveness)
        writer.put("livenessSince", livenessSince)
        writer.put("address", unlessEmpty: address)
        writer.put("zone", unlessEmpty: zone)
        writer.put("groups", list: groups)
        writer.put("removalDue", removalDue)
        writer.put("refusal", refusal)
    }
}

extension MemberRecord.GroupEntry: WireObject {
    package init(members object: inout JSONObject) throws(JSONReadError) {
        group = try object.read("group")
        role = try object.readOptional("role")
        leader = try object.read("leader")
        sync = try object.readOptional("sync")
    }

    package func writeMembers(to writer: inout JSONWriter) {
        writer.put("group", group)
        writer.put("role", role)
        writer.put("leader", leader)
        writer.put("sync", sync)
    }
}
