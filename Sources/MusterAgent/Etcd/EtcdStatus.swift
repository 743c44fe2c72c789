internal import MusterCore
internal import MusterWire

/// What a member says of itself.
///
/// Members that are zero, false or empty are left out by etcd.
struct EtcdStatus: Hashable, Sendable {
    var cluster: UInt64
    var member: UInt64
    var term: UInt64
    /// The member that it takes for the leader; 0: it knows none.
    var leader: UInt64
    /// The last entry that it knows to be committed: never more than it has.
    var index: UInt64
    var applied: UInt64
    /// What is wrong, a sentence each: the alarms that are on, and whatever else etcd says. Alarms
    /// are not asked for by the call for alarms: that one goes through Raft and so would write an
    /// entry at every look.
    var troubles: [String] = []

    init(reading object: inout JSONObject) throws(JSONReadError) {
        var header = try object.required("header").object()
        cluster = try header.required("cluster_id").integer()
        member = try header.required("member_id").integer()
        leader = try object.member("leader")?.integer() ?? 0
        index = try object.member("raftIndex")?.integer() ?? 0
        term = try object.member("raftTerm")?.integer() ?? 0
        applied = try object.member("raftAppliedIndex")?.integer() ?? index
        let errors =
            try object.member("errors")?.array().read { value throws(JSONReadError) -> String in
                try value.string()
            } ?? []
        // Each member has an alarm of its own: it is said once.
        for trouble in errors.prefix(32).map(Self.trouble) where !troubles.contains(trouble) {
            troubles.append(trouble)
        }
    }

    /// An alarm is a line such as `memberID:12 alarm:NOSPACE`.
    private static func trouble(_ error: String) -> String {
        let alarm = error.split(separator: " ").first { $0.hasPrefix("alarm:") }?.dropFirst(6)
        return alarm.map { "etcd's alarm \($0.description.cut(toBytes: 100)) is on" }
            ?? "etcd says: \(error.cut(toBytes: 300))"
    }
}
