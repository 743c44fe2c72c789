internal import MusterCore
internal import MusterLog
internal import MusterWire

/// What a service with one group says on the topics: its only voter, its leader, a newcomer.
///
/// Leases and observations hold for an hour, so that a measurement may take as long as it takes.
struct SampleService {
    let cluster: ClusterID
    private let leader: NodeIdentity
    private let newcomer: NodeIdentity
    private let number: UInt64

    private static let group = GroupID(unchecked: "g")

    init(_ number: Int) {
        cluster = ClusterID(unchecked: "service-\(number)")
        self.number = UInt64(number)
        leader = NodeIdentity(
            node: NodeID(unchecked: "n0"), store: Identifier(high: 1, low: UInt64(number)),
            start: Start(1))
        newcomer = NodeIdentity(
            node: NodeID(unchecked: "n1"), store: Identifier(high: 2, low: UInt64(number)),
            start: Start(1))
    }

    /// The policy under which whoever is up may join.
    var configured: NewRecord {
        var patch = PolicyPatch()
        patch.joinPolicy = .open
        patch.lease = .seconds(3600)
        patch.observationAgeMax = .seconds(3600)
        patch.removalDelay = .seconds(43_200)
        let request = Request(
            id: RequestID(unchecked: "configure-\(number)"),
            principal: Principal(unchecked: "bench"), reason: "", validFor: .seconds(3600),
            onlyAt: nil, overrides: [], action: .configure(patch))
        return record(.request(request), "configured")
    }

    /// The voter is up and has its data.
    var founded: NewRecord { up(leader, isBlank: false) }

    /// A new node is up, with an empty disk: it will be brought in.
    var joined: NewRecord { up(newcomer, isBlank: true) }

    /// The voter leads, as a fact; `isSoft`: as evidence.
    func observed(isSoft: Bool) -> NewRecord {
        let member = Member(node: leader.node, store: leader.store, role: .voter)
        let view = LeaderView(
            confirmed: true, changePermitted: true, pending: false,
            version: ConfigurationVersion(term: Term(1), index: LogIndex(1)),
            commit: LogIndex(100), firstIndex: LogIndex(1),
            members: [MemberView(member: member, match: LogIndex(100), contactAge: .zero)])
        let report = GroupsReport(
            observer: leader,
            groups: [
                GroupReport(
                    group: Self.group, state: .leader, term: Term(1), leader: leader.node,
                    applied: LogIndex(100), view: view)
            ])
        return record(isSoft ? .report(report) : .fact(.groupObserved(report)), "observed")
    }

    /// A sign of life of the voter.
    func heartbeat(_ count: Int) -> NewRecord {
        record(
            .heartbeat(Heartbeat(identity: leader, boot: leader.store, copies: [])),
            "beat-\(count)")
    }

    /// The voter is alive, and leads: what a manager must hear again after it was started.
    var signs: [NewRecord] { [heartbeat(0), observed(isSoft: true)] }

    /// The voter has started once more: news, and nothing to do.
    func restarted(_ start: UInt64) -> NewRecord {
        var identity = leader
        identity.start = Start(start)
        return up(identity, isBlank: false)
    }

    private func up(_ identity: NodeIdentity, isBlank: Bool) -> NewRecord {
        let up = NodeUp(
            identity: identity, boot: identity.store, role: .voter, blank: isBlank, engine: nil,
            address: "", zone: "", groupsVersion: 1,
            groups: [
                NodeGroup(
                    group: Self.group, capabilities: Capabilities(startsAfterAdd: true),
                    applied: isBlank ? nil : LogIndex(100))
            ])
        return record(.fact(.nodeUp(up)), "up-\(identity.start)")
    }

    private func record(_ content: InputMessage.Content, _ id: String) -> NewRecord {
        let origin = EventOrigin(id: "\(cluster)-\(id)", source: "/bench/\(cluster)")
        let outgoing = InputMessage(cluster, content).outgoing(origin)
        return NewRecord(
            TopicPartition(outgoing.topic, 0), key: outgoing.key, headers: outgoing.headers,
            value: outgoing.value)
    }
}
