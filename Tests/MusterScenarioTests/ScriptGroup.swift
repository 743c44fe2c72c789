import MusterCore

/// One group as the script's world has it: what its leader would see.
struct ScriptGroup {
    var members: SortedMap<NodeID, Seat>
    var leader: NodeID
    var term: UInt64 = 3
    var versionIndex: UInt64 = 7
    var commit: UInt64 = 1000
    var firstIndex: UInt64 = 1
    /// Whether a report of it is due on the events topic.
    var isNews = true

    struct Seat {
        var store: StoreID
        var role: MemberRole
        var match: UInt64
        /// How many entries it stays behind.
        var lag: UInt64 = 0
        /// Whether the engine makes it a voter by itself as soon as it has caught up.
        var promotesItself = false
        /// When the leader last heard from it; nil: not yet.
        var contact: Timestamp?
    }

    var version: ConfigurationVersion {
        ConfigurationVersion(term: Term(term), index: LogIndex(versionIndex))
    }

    mutating func change(_ node: NodeID, _ seat: Seat?) {
        members[node] = seat
        versionIndex = max(versionIndex + 1, commit)
        isNews = true
    }

    /// The live voter of the lowest name leads from now on, in a new term.
    mutating func lead(_ node: NodeID) {
        leader = node
        term += 1
        isNews = true
    }
}
