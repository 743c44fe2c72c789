internal import MusterCore
internal import MusterRuntime
internal import MusterWire

/// Who is in a cluster, as its journal says.
public struct Membership: Hashable, Sendable {
    /// The cluster's name.
    public let cluster: String
    /// The decision as of which this holds; 0: nothing is known of the cluster.
    public let sequence: UInt64
    /// Counts the changes of members, roles, floors and policy; a request may name it.
    public let version: UInt64
    /// By name.
    public let nodes: [Node]
    /// By name.
    public let groups: [Group]
    /// Whether every removal for silence is held back because many nodes fell silent at once.
    public let isFrozen: Bool

    /// What a node is to its cluster.
    public struct Node: Hashable, Sendable {
        /// The node's name.
        public let name: String
        /// How far it is in or out.
        public let standing: Standing
        /// Whether it is heard.
        public let status: Status
        /// What it is meant to be.
        public let role: NodeRole
        /// Where it is reached; empty when it does not say.
        public let address: String
        /// Its failure domain; empty when it does not say.
        public let zone: String
        /// When its pending removal is due, in milliseconds since 1970; nil: none is pending.
        public let removalDueMilliseconds: Int64?
        /// Why it may not take part, as a sentence; nil when nothing stands in its way.
        public let refusal: String?
    }

    /// A Raft group as its leader was last observed to see it.
    public struct Group: Hashable, Sendable {
        /// The group's name.
        public let name: String
        /// nil while nobody is known to lead.
        public let leader: String?
        /// The Raft term.
        public let term: UInt64
        /// Members of the last committed configuration with a vote, by name.
        public let voters: [String]
        /// Its members without one.
        public let learners: [String]
    }

    /// How far a node is in or out.
    public enum Standing: String, CaseIterable, Hashable, Sendable {
        case known, joining, member, leaving, removing, removed
    }

    /// Whether a node is heard.
    public enum Status: String, CaseIterable, Hashable, Sendable {
        /// Named by others only, never heard.
        case unknown
        case up
        /// Silent for one lease.
        case suspect
        /// Silent for three.
        case down
    }

    /// The node of that name; nil when there is none.
    public func node(_ name: String) -> Node? {
        nodes.first { $0.name.utf8.elementsEqual(name.utf8) }
    }

    /// The group of that name; nil when there is none.
    public func group(_ name: String) -> Group? {
        groups.first { $0.name.utf8.elementsEqual(name.utf8) }
    }

    init(_ state: ClusterState?, _ id: ClusterID) {
        cluster = id.text
        sequence = state?.head.sequence.value ?? 0
        version = state?.membershipVersion.value ?? 0
        isFrozen = state?.freeze != nil
        nodes = state.map { state in state.nodes.keys.compactMap { Node(state, $0) } } ?? []
        groups = state?.groups.map { Group($0.key, $0.value) } ?? []
    }

    /// Whether both say the same but for the decision that they hold as of.
    func isLike(_ other: Membership) -> Bool {
        version == other.version && isFrozen == other.isFrozen && nodes == other.nodes
            && groups == other.groups
    }
}

extension Membership.Node {
    fileprivate init?(_ state: ClusterState, _ id: NodeID) {
        guard let record = MemberRecord(state, id) else { return nil }
        name = id.text
        standing = Membership.Standing(record.membership)
        status = Membership.Status(record.liveness)
        role = NodeRole(record.role)
        address = record.address
        zone = record.zone
        removalDueMilliseconds = record.removalDue?.milliseconds
        refusal = record.refusal?.sentence
    }
}

extension Membership.Group {
    fileprivate init(_ id: GroupID, _ state: GroupState) {
        name = id.text
        leader = state.leader?.text
        term = state.term.value
        let members = state.configuration?.members ?? []
        voters = members.filter { $0.role == .voter }.map(\.node.text)
        learners = members.filter { $0.role == .learner }.map(\.node.text)
    }
}

extension Membership.Standing {
    fileprivate init(_ membership: MusterCore.Membership) {
        switch membership {
        case .known: self = .known
        case .joining: self = .joining
        case .member: self = .member
        case .leaving: self = .leaving
        case .removing: self = .removing
        case .removed: self = .removed
        }
    }
}

extension Membership.Status {
    fileprivate init(_ liveness: NodeState.Liveness) {
        switch liveness {
        case .unknown: self = .unknown
        case .up: self = .up
        case .suspect: self = .suspect
        case .down: self = .down
        }
    }
}

extension Membership: CustomStringConvertible {
    /// One line for people: `orders 18: n1 member up, n2 removing down; g1 led by n1`.
    public var description: String {
        let nodes = nodes.map { "\($0.name) \($0.standing.rawValue) \($0.status.rawValue)" }
        let groups = groups.map { "\($0.name) led by \($0.leader ?? "nobody")" }
        return "\(cluster) \(sequence): \(nodes.joined(separator: ", "))"
            + (groups.isEmpty ? "" : "; " + groups.joined(separator: ", "))
    }
}
