internal import MusterCore

/// What one look at etcd has shown.
struct EtcdView: Sendable {
    var own: EtcdStatus
    var members: [EtcdMember]
    var bindings: [UInt64: EtcdBinding]
    var report: GroupReport
    var warnings: [String]

    init(
        own: EtcdStatus, members: [EtcdMember], bindings: [UInt64: EtcdBinding],
        report: GroupReport, warnings: [String]
    ) {
        self.own = own
        self.members = members
        self.bindings = bindings
        self.report = report
        self.warnings = warnings
    }

    /// What one server says of itself, and nothing of the others.
    init(only own: EtcdStatus, of group: GroupID) {
        self.init(
            own: own, members: [], bindings: [:],
            report: Self.following(own, [], [:], of: group), warnings: [])
    }

    /// The node that a member is: as it is bound, or by its own name.
    static func node(of member: EtcdMember, _ bindings: [UInt64: EtcdBinding]) -> NodeID {
        if let bound = bindings[member.id] { return NodeID(unchecked: bound.node) }
        // A name that Muster would not take stands for nobody.
        let named = try? NodeID(member.name)
        return named ?? NodeID(unchecked: "member-" + member.hex)
    }

    /// What a member says of the group when it does not lead.
    static func following(
        _ own: EtcdStatus, _ members: [EtcdMember], _ bindings: [UInt64: EtcdBinding],
        of group: GroupID
    ) -> GroupReport {
        let isLearner = members.first { $0.id == own.member }?.isLearner ?? false
        return GroupReport(
            group: group,
            state: isLearner ? .learner : own.leader == 0 ? .candidate : .follower,
            term: Term(own.term),
            leader: members.first { $0.id == own.leader }.map { node(of: $0, bindings) },
            applied: LogIndex(own.applied), view: nil)
    }

    /// Says what a member says that does not lead, by its own status.
    mutating func follow() {
        report = Self.following(own, members, bindings, of: report.group)
    }

    func node(of member: EtcdMember) -> NodeID { Self.node(of: member, bindings) }

    /// The member that is the node on that store.
    enum Found {
        case member(EtcdMember)
        case none
        /// A member of that name, bound to another store.
        case another(EtcdMember)
    }

    /// - Parameter address: the peer URL of the node, where it is known: a member that was added
    ///   and neither started nor bound is known by nothing else.
    func find(_ node: NodeID, _ store: StoreID, address: String?) -> Found {
        if let bound = members.first(where: { bindings[$0.id]?.store == store }) {
            return .member(bound)
        }
        for member in members where bindings[member.id] == nil {
            let isNamed = member.name == node.text
            let isThere = member.name.isEmpty && address.map(member.peers.contains) ?? false
            if isNamed || isThere { return .member(member) }
        }
        let other = members.first { self.node(of: $0) == node }
        return other.map { .another($0) } ?? .none
    }

    /// The members by node, each node once.
    static func seats(
        _ members: [EtcdMember], _ bindings: [UInt64: EtcdBinding]
    ) -> [(node: NodeID, member: EtcdMember)] {
        var taken: Set<NodeID> = []
        let order = members.sorted { a, b in
            (bindings[a.id] == nil ? 1 : 0, a.id) < (bindings[b.id] == nil ? 1 : 0, b.id)
        }
        return order.map { member in
            let node = node(of: member, bindings)
            if taken.insert(node).inserted { return (node, member) }
            return (NodeID(unchecked: "member-" + member.hex), member)
        }.sorted { $0.node < $1.node }
    }
}

/// When each peer last answered this server, by the counter of bytes received from it.
///
/// The counter grows with every answer to a heartbeat of Raft, also in an idle cluster. (The metric
/// of active peers tells of connections: it stays 1 for a peer that hangs.) The age is counted from
/// the last look before the counter grew, so it is never less than it is.
struct EtcdContacts: Sendable {
    private var peers: [String: Peer] = [:]
    private var looked: Duration?

    private struct Peer {
        var bytes: String
        var at: Duration?
    }

    private static let metric = "etcd_network_peer_received_bytes_total{From=\""

    /// - Parameter metrics: the text of `/metrics`.
    mutating func look(_ metrics: String, now: Duration) {
        var seen: [String: Peer] = [:]
        for line in metrics.split(separator: "\n") where line.hasPrefix(Self.metric) {
            let rest = line.dropFirst(Self.metric.count)
            guard let quote = rest.firstIndex(of: "\""), let space = rest.lastIndex(of: " ") else {
                continue
            }
            let (id, bytes) = (String(rest[..<quote]), String(rest[rest.index(after: space)...]))
            let old = peers[id]
            let at = old.flatMap { $0.bytes == bytes ? $0.at : looked }
            seen[id] = Peer(bytes: bytes, at: at)
        }
        peers = seen
        looked = now
    }

    /// How long ago the peer answered, at most; nil: it has not been seen to.
    func age(of id: String, now: Duration) -> Duration? {
        peers[id]?.at.map { max(.zero, now - $0) }
    }
}
