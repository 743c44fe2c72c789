import MusterCore
import MusterLog
import MusterWire

/// Three nodes with one group that publish what is asked of them; no clock of their own.
struct SmallFleet {
    let log: any EventLog
    let cluster: ClusterID
    let partition: Int32
    let names: [NodeID] = ["n1", "n2", "n3"].map(NodeID.init(unchecked:))
    var silent: Set<NodeID> = []
    private var count = 0

    init(log: any EventLog, cluster: String, partitions: UInt32) {
        self.log = log
        self.cluster = ClusterID(unchecked: cluster)
        partition = Partitioner.partition(of: self.cluster, count: partitions)
    }

    func identity(_ node: NodeID) -> NodeIdentity {
        let low = UInt64(names.firstIndex(of: node) ?? 9)
        return NodeIdentity(node: node, store: Identifier(high: 1, low: low), start: Start(1))
    }

    mutating func publish(_ content: InputMessage.Content) async throws {
        count += 1
        let message = InputMessage(cluster, content)
        let record = message.outgoing(EventOrigin(id: "e\(count)", source: "/test"))
        _ = try await log.append(
            NewRecord(
                TopicPartition(record.topic, partition), key: record.key,
                headers: record.headers, value: record.value))
    }

    mutating func up() async throws {
        for node in names {
            let group = NodeGroup(
                group: GroupID(unchecked: "g1"), capabilities: Capabilities(), applied: nil)
            let up = NodeUp(
                identity: identity(node), boot: Identifier(high: 2, low: 2), role: .voter,
                blank: false, engine: nil, address: "", zone: "", groupsVersion: 1,
                groups: [group])
            try await publish(.fact(.nodeUp(up)))
        }
        try await publish(.fact(.groupObserved(report())))
    }

    mutating func beat() async throws {
        for node in names where !silent.contains(node) {
            try await publish(
                .heartbeat(
                    Heartbeat(
                        identity: identity(node), boot: Identifier(high: 2, low: 2), copies: []))
            )
        }
        try await publish(.report(report()))
    }

    /// What the leader n1 sees.
    func report() -> GroupsReport {
        let term = Term(3)
        let members = names.map { node in
            MemberView(
                member: Member(node: node, store: identity(node).store, role: .voter),
                match: LogIndex(100), contactAge: silent.contains(node) ? nil : .zero)
        }
        let view = LeaderView(
            confirmed: true, changePermitted: true, pending: false,
            version: ConfigurationVersion(term: term, index: LogIndex(7)), commit: LogIndex(100),
            firstIndex: nil, members: members)
        return GroupsReport(
            observer: identity(names[0]),
            groups: [
                GroupReport(
                    group: GroupID(unchecked: "g1"), state: .leader, term: term, leader: names[0],
                    applied: LogIndex(100), view: view)
            ])
    }
}
