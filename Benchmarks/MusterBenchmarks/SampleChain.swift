internal import MusterCore
internal import MusterLog
internal import MusterWire

/// A chain of decisions of the usual size: each answers a fact that a group has a new leader.
struct SampleChain {
    static let cluster = ClusterID(unchecked: "bench")
    static let key = Array("bench".utf8)
    static let header = JournalHeader(log: Identifier(high: 1, low: 1), partitions: 1)

    private(set) var state: ClusterState
    private var begun: [Decision]
    private var term: UInt64 = 10
    /// What the last decision answers, at the place among the events that it says; nil for those
    /// that begin the chain.
    private(set) var event: OutgoingRecord?
    private var eventCount: UInt64 = 0

    var header: JournalHeader { Self.header }

    init(genesis: Hash, nodeCount: Int = 9) {
        state = ClusterState(id: Self.cluster, genesis: genesis)
        begun = SampleCluster(name: "bench", nodeCount: nodeCount, groupCount: 1)
            .decisions.reversed()
    }

    /// The next record's value.
    mutating func next() -> [UInt8] {
        event = nil
        let decision = begun.popLast() ?? observed()
        let record = JournalRecord(JournalEnvelope(extending: state.head, of: state.id), decision)
        let bytes = record.bytes
        state.evolve(decision, hash: SHA256.hash(of: bytes))
        return bytes
    }

    /// Decides the fact for real.
    private mutating func observed() -> Decision {
        term += 1
        let leader = state.nodes.keys[Int(term) % state.nodes.count]
        guard let known = state.nodes[leader] else { preconditionFailure("no node \(leader)") }
        let report = GroupsReport(
            observer: known.identity,
            groups: [
                GroupReport(
                    group: SampleCluster.group(0), state: .leader, term: Term(term),
                    leader: leader, applied: LogIndex(term * 100), view: nil)
            ])
        let moment = state.at + .milliseconds(1)
        let position = Position(TopicPartition(.events, 0), Offset(eventCount))
        eventCount += 1
        let input = Input(
            cluster: state.id, source: .record(position, appended: moment),
            content: .fact(.groupObserved(report)), correlation: "e\(term)")
        let events = state.decide(input, evidence: Evidence(), at: moment)
        let message = InputMessage(state.id, .fact(.groupObserved(report)))
        let origin = EventOrigin(id: "e\(term)", source: "/bench/\(leader)")
        let record = message.outgoing(origin)
        self.event = record
        let event = CloudEvent(
            id: origin.id, source: origin.source, type: message.type.name,
            subject: state.id.text)
        return Decision(
            at: moment,
            cause: .input(
                position, appended: moment,
                event: event.structuredForm(value: record.value ?? [])),
            considered: [Position(position.partition, position.offset.next)], evidence: nil,
            principal: nil, correlation: input.correlation, manager: SampleCluster.manager,
            events: events)
    }
}
