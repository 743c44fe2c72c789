internal import MusterCore
internal import MusterLog
internal import MusterWire

/// What a service of many nodes and groups says on the topics: every node is in every group, seven
/// of them vote, and they lead the groups in turn.
struct SampleFleet {
    let cluster: ClusterID
    private let nodes: [NodeIdentity]
    private let groups: [GroupID]

    init(_ number: Int, nodeCount: Int, groupCount: Int) {
        cluster = ClusterID(unchecked: "service-\(number)")
        nodes = (0..<nodeCount).map {
            NodeIdentity(
                node: NodeID(unchecked: "n\($0)"),
                store: Identifier(high: UInt64(number), low: UInt64($0)), start: Start(1))
        }
        groups = (0..<groupCount).map { GroupID(unchecked: "g\($0)") }
    }

    var founded: [NewRecord] {
        var patch = PolicyPatch()
        patch.joinPolicy = .listed
        let request = Request(
            id: RequestID(unchecked: "configure"), principal: Principal(unchecked: "bench"),
            reason: "", validFor: .seconds(3600), onlyAt: nil, overrides: [],
            action: .configure(patch))
        let ups = nodes.indices.map { index in
            record(
                .fact(
                    .nodeUp(
                        NodeUp(
                            identity: nodes[index], boot: nodes[index].store, role: role(index),
                            blank: false, engine: nil, address: "", zone: "", groupsVersion: 1,
                            groups: groups.map {
                                NodeGroup(
                                    group: $0, capabilities: Capabilities(), applied: LogIndex(1))
                            }))), "up-\(index)")
        }
        return [record(.request(request), "configure")] + ups + observed(0, isSoft: false)
    }

    /// Every node lives.
    func beats(_ round: Int) -> [NewRecord] {
        nodes.map {
            record(
                .heartbeat(Heartbeat(identity: $0, boot: $0.store, copies: [])), "beat-\(round)")
        }
    }

    /// What every node sees of all its groups, one record a node.
    func observed(_ round: Int, isSoft: Bool) -> [NewRecord] {
        let commit = LogIndex(UInt64(round) * 100 + 100)
        return nodes.indices.map { index in
            let reports = groups.indices.map { group -> GroupReport in
                let leads = group % voters == index
                return GroupReport(
                    group: groups[group], state: leads ? .leader : .follower, term: Term(1),
                    leader: nodes[group % voters].node, applied: commit,
                    view: leads ? view(commit) : nil)
            }
            let report = GroupsReport(observer: nodes[index], groups: reports)
            return record(
                isSoft ? .report(report) : .fact(.groupObserved(report)), "seen-\(round)-\(index)")
        }
    }

    /// One of the groups has the next of its voters as leader, in a new term.
    func news(_ index: Int) -> NewRecord {
        let (group, round) = (index % groups.count, index / groups.count + 1)
        let leader = nodes[(group + round) % voters]
        let report = GroupReport(
            group: groups[group], state: .leader, term: Term(UInt64(round) + 1),
            leader: leader.node, applied: LogIndex(100), view: view(LogIndex(100)))
        return record(
            .fact(.groupObserved(GroupsReport(observer: leader, groups: [report]))), "news-\(index)"
        )
    }

    private var voters: Int { min(7, nodes.count) }

    private func role(_ index: Int) -> Role { index < voters ? .voter : .replica }

    private func view(_ commit: LogIndex) -> LeaderView {
        let members = nodes.indices.map { index in
            MemberView(
                member: Member(
                    node: nodes[index].node, store: nodes[index].store,
                    role: index < voters ? .voter : .learner),
                match: commit, contactAge: .milliseconds(20))
        }
        return LeaderView(
            confirmed: true, changePermitted: true, pending: false,
            version: ConfigurationVersion(term: Term(1), index: LogIndex(1)), commit: commit,
            firstIndex: LogIndex(1), members: members)
    }

    private func record(_ content: InputMessage.Content, _ id: String) -> NewRecord {
        let origin = EventOrigin(id: "\(cluster)-\(id)", source: "/bench/\(cluster)")
        let outgoing = InputMessage(cluster, content).outgoing(origin)
        return NewRecord(
            TopicPartition(outgoing.topic, 0), key: outgoing.key, headers: outgoing.headers,
            value: outgoing.value)
    }
}
