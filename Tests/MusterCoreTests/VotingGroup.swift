import MusterCore

/// One group of voters, some of them healthy, as a state and what was heard of it: the first voter
/// leads.
struct VotingGroup {
    static let group = GroupID(unchecked: "g")
    static let now = Timestamp(milliseconds: 1_000_000)

    let count: Int
    /// Bit i: voter i is healthy. The leader, voter 0, always is.
    let healthy: Int
    var desired: Int
    /// A learner that has caught up; nil: there is none.
    var learner: NodeID?
    var capabilities = Capabilities()
    /// Bit i: voter i came back on another disk.
    var changed = 0
    /// Bit i: voter i was silent for so long that it is down.
    var dead = 0
    /// A node that is up and no member, whose server runs; nil: there is none.
    var outsider: NodeID?

    init(count: Int, healthy: Int, desired: Int, learner: NodeID? = nil) {
        self.count = count
        self.healthy = healthy | 1
        self.desired = desired
        self.learner = learner
    }

    /// Sorts like the number: `v00`, `v01` ….
    static func name(_ voter: Int) -> NodeID {
        NodeID(unchecked: voter < 10 ? "v0\(voter)" : "v\(voter)")
    }

    static func identity(_ node: NodeID) -> NodeIdentity {
        NodeIdentity(
            node: node, store: Identifier(high: 1, low: node.prefix), start: Start(1))
    }

    private static let otherStore = Identifier(high: 7, low: 7)

    var alive: Int { healthy.nonzeroBitCount }

    var state: ClusterState {
        var state = ClusterState(id: ClusterID(unchecked: "c"), genesis: .zero)
        var policy = Policy()
        policy.votersMin = 1
        policy.votersMax = 99
        state.policy = policy
        state.at = Self.now
        for member in members {
            let up = NodeUp(
                identity: Self.identity(member.node), boot: Identifier(high: 2, low: 2),
                role: .voter, blank: false, engine: nil, address: "", zone: "",
                groupsVersion: 1,
                groups: [
                    NodeGroup(group: Self.group, capabilities: capabilities, applied: nil)
                ])
            state.nodes[member.node] = NodeState(up, at: .zero)
        }
        for voter in 0..<count where changed >> voter & 1 == 1 {
            state.nodes.update(Self.name(voter)) { $0.identity.store = Self.otherStore }
        }
        for voter in 0..<count where dead >> voter & 1 == 1 {
            state.nodes.update(Self.name(voter)) { $0.liveness = .down }
        }
        if let outsider {
            let up = NodeUp(
                identity: Self.identity(outsider), boot: Identifier(high: 2, low: 2),
                role: .voter, blank: true, engine: nil, address: "", zone: "",
                groupsVersion: 1, groups: [])
            state.nodes[outsider] = NodeState(up, at: .zero)
        }
        var register = GroupState()
        register.leader = Self.name(0)
        register.term = Term(1)
        register.desired = UInt32(desired)
        register.configuration = GroupState.Configuration(
            version: ConfigurationVersion(term: Term(1), index: LogIndex(1)), members: members,
            pending: false)
        state.groups[Self.group] = register
        return state
    }

    private var members: [Member] {
        let voters = (0..<count).map {
            Member(
                node: Self.name($0), store: Self.identity(Self.name($0)).store, role: .voter)
        }
        guard let learner else { return voters }
        let newcomer = Member(
            node: learner, store: Self.identity(learner).store, role: .learner)
        return (voters + [newcomer]).sorted { $0.node < $1.node }
    }

    private func isHealthy(_ node: NodeID) -> Bool {
        node == learner || (0..<count).contains { Self.name($0) == node && healthy >> $0 & 1 == 1 }
    }

    var evidence: Evidence {
        var evidence = Evidence()
        let heard = Evidence.Heard(
            position: Position(TopicPartition(.heartbeats, 0), Offset(9)), appended: Self.now)
        var views: [MemberView] = []
        for member in members {
            let isHealthy = isHealthy(member.node)
            if isHealthy {
                evidence.nodes[member.node] = NodeEvidence(
                    identity: Self.identity(member.node), boot: Identifier(high: 2, low: 2),
                    heard: heard, copies: [])
            }
            views.append(
                MemberView(
                    member: member, match: isHealthy ? LogIndex(50) : nil,
                    contactAge: isHealthy ? .zero : nil))
        }
        var seen = GroupEvidence()
        seen.termMax = Term(1)
        seen.view = GroupEvidence.Observation(
            heard: heard, leader: Self.identity(Self.name(0)), term: Term(1),
            view: LeaderView(
                confirmed: true, changePermitted: true, pending: false,
                version: ConfigurationVersion(term: Term(1), index: LogIndex(1)),
                commit: LogIndex(50), firstIndex: nil, members: views),
            commitBefore: LogIndex(50))
        if let learner {
            var newcomer = MemberEvidence()
            newcomer.caughtUpSince = .zero
            seen.members[learner] = newcomer
        }
        if let outsider {
            var own = MemberEvidence()
            own.own = MemberEvidence.OwnReport(
                identity: Self.identity(outsider), state: .learner, applied: LogIndex(50),
                heard: heard)
            seen.members[outsider] = own
        }
        evidence.groups[Self.group] = seen
        return evidence
    }

    func prove(
        _ change: Proof.Change, of node: NodeID, _ overrides: [Request.Override] = []
    ) -> Proof {
        state.prove(
            change, of: node, in: Self.group, mover: node, evidence: evidence, at: Self.now,
            overrides: overrides)
    }
}
