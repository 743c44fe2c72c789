import MusterCore
import MusterWire

/// Values of every kind for the tests of messages: with everything that is optional, and with
/// nothing of it.
enum Sample {
    static let cluster = ClusterID(unchecked: "orders")
    static let n1 = NodeID(unchecked: "n1")
    static let n2 = NodeID(unchecked: "n2")
    static let n3 = NodeID(unchecked: "n3")
    static let g1 = GroupID(unchecked: "g1")
    static let g2 = GroupID(unchecked: "g2")
    static let request = RequestID(unchecked: "r-17")
    static let alice = Principal(unchecked: "alice")

    static func store(_ number: UInt64) -> StoreID {
        StoreID(high: 0x0123_4567_89AB_CDEF, low: number)
    }

    static func hash(_ number: UInt64) -> Hash {
        Hash(words: (0x2D71_0000_0000_4881, 0, .max, number))
    }

    static func time(_ offset: Int64) -> Timestamp {
        Timestamp(milliseconds: 1_700_000_000_000 + offset)
    }

    static let identity = NodeIdentity(node: n3, store: store(3), start: Start(7))
    static let engine = EngineIdentity(cluster: "7f3a \"x\"\\y\u{1}\u{7F}\n é", recoveryEpoch: 2)
    static let version = ConfigurationVersion(term: Term(7), index: LogIndex(1203))
    static let capabilities = Capabilities(
        startsAfterAdd: true, seed: .external, learnersMax: 2, demote: true, transfer: false,
        selfPromotes: true, addNeedsAllVoters: true, copyStopsWrites: true,
        configurationVersion: .readPoint)

    static let up = NodeUp(
        identity: identity, boot: store(99), role: .replica, blank: false, engine: engine,
        address: "10.0.0.3:2380", zone: "a", groupsVersion: 4,
        groups: [
            NodeGroup(
                group: g1, capabilities: capabilities, applied: LogIndex(80_112),
                last: LogIndex(80_113)),
            NodeGroup(group: g2, capabilities: Capabilities(), applied: nil),
        ])
    static let upLeast = NodeUp(
        identity: identity, boot: store(99), role: .voter, blank: true, engine: nil, address: "",
        zone: "", groupsVersion: 0, groups: [])

    static let match = LogMatch(group: g1, index: LogIndex(91_000), term: Term(7))
    static let members = [
        Member(node: n1, store: store(1), role: .voter),
        Member(node: n2, store: nil, role: .voter),
        Member(node: n3, store: store(3), role: .learner),
    ]
    static let view = LeaderView(
        confirmed: true, changePermitted: true, pending: false, version: version,
        commit: LogIndex(91_007), firstIndex: LogIndex(1),
        members: [
            MemberView(member: members[0], match: LogIndex(91_007), contactAge: .zero),
            MemberView(member: members[1], match: nil, contactAge: nil),
            MemberView(
                member: members[2], match: LogIndex(88_120), contactAge: .milliseconds(1200)),
        ])
    static let report = GroupsReport(
        observer: NodeIdentity(node: n1, store: store(1), start: Start(3)),
        groups: [
            GroupReport(
                group: g1, state: .leader, term: Term(7), leader: n1, applied: LogIndex(91_007),
                view: view),
            GroupReport(
                group: g2, state: .candidate, term: Term(4), leader: nil, applied: nil, view: nil),
        ])

    static let commandID = CommandID(
        sequence: MusterCore.Sequence(1844), index: 2, prefix: 0x2D71_0000_0000_4881)
    static let commandReport = CommandReport(
        command: commandID, executor: identity, detail: "added as 3")
    static let failure = CommandFailure(code: .notLeader, retryable: true, leaderHint: n2)

    static let refusal = Refusal(
        .floor, group: g1, nodes: [n1, n2], numbers: [2, -3, .min], text: "below")
    static let refusalLeast = Refusal(.unknownNode)
    static let proof = Proof(
        group: g1, change: .removeVoter, node: n3, voters: [n1, n2, n3], healthy: [n1, n2],
        needed: 2, votersAfter: 2, healthyAfter: 2, neededAfter: 2, floor: 3, leader: n1,
        term: Term(7), version: version, age: .milliseconds(1200), refusal: refusal,
        overridden: [.belowFloor, .frozen])
    static let proofLeast = Proof(
        group: g2, change: .transfer, node: n1, voters: [], healthy: [], needed: 1,
        votersAfter: 0, healthyAfter: 0, neededAfter: 1, floor: 0, leader: nil, term: Term(0),
        version: nil, age: nil, refusal: nil, overridden: [])

    static func command(_ action: Command.Action, full: Bool = true) -> Command {
        Command(
            action: action, group: full ? g1 : nil, node: n3, store: store(3),
            executor: NodeIdentity(node: n1, store: store(1), start: Start(3)),
            require: full
                ? .init(leader: n1, term: Term(7), version: version, activeAfterMin: 2) : nil,
            notAfter: time(20_000), attempt: 1)
    }

    static let actions: [Command.Action] = [
        .prepareNode, .syncGroup(source: n1, scope: .full),
        .startMember(index: LogIndex(91_000), minTerm: Term(6), votedFor: n2), .stopMember,
        .addMember(as: .learner), .promoteMember, .demoteMember, .removeMember,
        .transferLeadership(to: n2), .observeGroup,
    ]

    static let policy: Policy = {
        var policy = Policy()
        policy.learnersMax = 1
        policy.join = .propose
        policy.joinPolicy = .open
        policy.listed = [n3, n1]
        policy.removalDelay = .milliseconds(1500)
        return policy
    }()
    static let patch: PolicyPatch = {
        var patch = PolicyPatch()
        patch.removal = .observe
        patch.listed = [n3, n1]
        patch.votersMin = 2
        patch.lease = .seconds(2)
        return patch
    }()

    static func request(
        _ action: Request.Action, full: Bool = true
    ) -> Request {
        Request(
            id: request, principal: alice, reason: "disk \u{1F4A5} replaced",
            validFor: .seconds(60), onlyAt: full ? MembershipVersion(18) : nil,
            overrides: full ? [.belowFloor, .held] : [], action: action)
    }

    static func heard(_ offset: UInt64) -> Evidence.Heard {
        Evidence.Heard(
            position: Position(TopicPartition(.heartbeats, 3), Offset(offset)),
            appended: time(Int64(offset)))
    }
}
