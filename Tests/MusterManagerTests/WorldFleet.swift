import MusterCore
import MusterLog
import MusterTesting
import MusterWire

/// What the nodes and operators of one cluster have to say: restarts, announcements, reports that
/// go forth and back, outcomes of commands, requests that repeat themselves.
struct WorldFleet {
    let cluster: ClusterID
    private var starts: [UInt64] = [1, 1, 1, 1]
    private var term: UInt64 = 1
    private var version: UInt64 = 1
    private var members = 3
    private var count: UInt64 = 0
    private static let names = ["n1", "n2", "n3", "n4"].map(NodeID.init(unchecked:))
    private static let group = GroupID(unchecked: "g")

    init(_ name: String) { cluster = ClusterID(unchecked: name) }

    static func identity(_ node: Int, _ start: UInt64) -> NodeIdentity {
        NodeIdentity(
            node: names[node], store: Identifier(high: 1, low: UInt64(node)), start: Start(start))
    }

    /// The process of that start.
    static func boot(_ identity: NodeIdentity) -> BootID {
        Identifier(high: identity.start.value, low: identity.store.low)
    }

    static func heartbeat(_ node: Int, _ start: UInt64) -> Heartbeat {
        let identity = identity(node, start)
        return Heartbeat(identity: identity, boot: boot(identity), copies: [])
    }

    /// Short times, so that the clock has much to say.
    static func configuration(_ id: String, open: Bool = true, voters: UInt32 = 1) -> Request {
        var patch = PolicyPatch()
        patch.heartbeatInterval = .milliseconds(60)
        patch.lease = .milliseconds(200)
        patch.removalDelay = .milliseconds(600)
        patch.votersMin = voters
        patch.joinPolicy = open ? .open : .listed
        patch.observationInterval = .milliseconds(50)
        patch.observationAgeMax = .milliseconds(500)
        return request(id, .configure(patch))
    }

    private static func request(_ id: String, _ action: Request.Action) -> Request {
        Request(
            id: RequestID(unchecked: id), principal: Principal(unchecked: "ann"), reason: "test",
            validFor: .seconds(60), onlyAt: nil, overrides: [], action: action)
    }

    private func identity(_ node: Int) -> NodeIdentity { Self.identity(node, starts[node]) }

    private func heartbeat(_ node: Int) -> Heartbeat { Self.heartbeat(node, starts[node]) }

    /// The next thing that is said.
    ///
    /// - Parameter commands: what agents were told to do.
    mutating func next(
        _ random: inout SeededGenerator, commands: [(id: CommandID, command: Command)]
    ) -> InputMessage.Content {
        func pick(_ count: Int) -> Int { Int(random.next() % UInt64(count)) }
        count += 1
        let node = pick(4)
        switch pick(20) {
        case 0..<4:
            if pick(2) == 0 { starts[node] += 1 }
            return .fact(.nodeUp(up(node, starts[node] - UInt64(pick(4) == 0 ? 1 : 0))))
        case 4: return .fact(.nodeStopping(identity(node)))
        case 5: return .fact(.nodeLeaving(identity(node), reason: "tired"))
        case 6:
            let opinion = NodeOpinion(
                node: Self.names[node], observer: Principal(unchecked: "eve"), reason: "saw it")
            return .fact(
                count % 2 == 0 ? .nodeReportedDown(opinion) : .nodeReportedUp(opinion))
        case 7..<10:
            if pick(3) == 0 { version += 1 }
            if pick(8) == 0 { term += 1 }
            if pick(4) == 0 { members = 3 + pick(2) }
            return .fact(.groupObserved(report()))
        case 10..<12: return .fact(sync(node, pick(3)))
        case 12:
            guard !commands.isEmpty else { return .heartbeat(heartbeat(node)) }
            let (id, command) = commands[pick(commands.count)]
            let report = CommandReport(command: id, executor: command.executor, detail: "")
            let failure = CommandFailure(code: .rejected, retryable: true, leaderHint: nil)
            return .fact(
                [.commandSucceeded(report), .commandFailed(report, failure)][pick(2)])
        case 13..<16: return .request(request(node, &random))
        case 16..<18: return .report(report())
        default: return .heartbeat(heartbeat(node))
        }
    }

    /// The next thing that is said in few words: of two nodes, each time nothing new or the
    /// opposite.
    mutating func nextTerse(_ random: inout SeededGenerator) -> InputMessage.Content {
        func pick(_ count: Int) -> Int { Int(random.next() % UInt64(count)) }
        count += 1
        let node = pick(2)
        switch pick(12) {
        case 0:
            if pick(2) == 0 { starts[node] += 1 }
            return .fact(.nodeUp(up(node, starts[node])))
        case 1: return .fact(.nodeStopping(identity(node)))
        case 2: return .request(Self.configuration("r\(pick(3))", voters: UInt32(1 + pick(2))))
        case 3: return .heartbeat(heartbeat(node))
        default: return .fact(sync(node, pick(2)))
        }
    }

    private func up(_ node: Int, _ start: UInt64) -> NodeUp {
        let group = NodeGroup(group: Self.group, capabilities: Capabilities(), applied: nil)
        let identity = Self.identity(node, start)
        return NodeUp(
            identity: identity, boot: Self.boot(identity), role: .voter, blank: false,
            engine: nil, address: "", zone: "", groupsVersion: count % 3, groups: [group])
    }

    private func sync(_ node: Int, _ kind: Int) -> Fact {
        switch kind {
        case 0: .syncStarted(identity(node), group: Self.group, source: Self.names[0])
        case 1: .synced(identity(node), group: Self.group, index: LogIndex(100))
        default:
            .syncFailed(identity(node), group: Self.group, reason: "full", retryable: true)
        }
    }

    private func report() -> GroupsReport {
        Self.report((0..<members).map(identity), term: term, version: version, silent: 2)
    }

    /// What the first of those voters sees of them as their leader.
    ///
    /// - Parameter silent: whom it has no contact with; nil: nobody.
    static func report(
        _ voters: [NodeIdentity], term: UInt64 = 1, version: UInt64 = 1, silent: Int? = nil
    ) -> GroupsReport {
        let views = voters.enumerated().map { place, voter in
            MemberView(
                member: Member(node: voter.node, store: voter.store, role: .voter),
                match: LogIndex(100), contactAge: place == silent ? nil : .zero)
        }
        let view = LeaderView(
            confirmed: true, changePermitted: true, pending: false,
            version: ConfigurationVersion(term: Term(term), index: LogIndex(version)),
            commit: LogIndex(100), firstIndex: nil, members: views)
        return GroupsReport(
            observer: voters[0],
            groups: [
                GroupReport(
                    group: group, state: .leader, term: Term(term), leader: voters[0].node,
                    applied: LogIndex(100), view: view)
            ])
    }

    private func request(_ node: Int, _ random: inout SeededGenerator) -> Request {
        func pick(_ count: Int) -> Int { Int(random.next() % UInt64(count)) }
        let id = "r\(pick(6) == 0 ? pick(4) : Int(count))"
        let name = Self.names[node]
        switch pick(6) {
        case 0: return Self.request(id, .add(node: name, role: .voter, groups: .all, wipe: nil))
        case 1: return Self.request(id, .remove(node: name))
        case 2: return Self.request(id, .cancel(node: name))
        case 3: return Self.request(id, .extend(node: name, by: .seconds(1)))
        default:
            return Self.configuration(id, open: pick(2) == 0, voters: UInt32(1 + pick(2)))
        }
    }
}

extension JournalWorld {
    private func published(_ cluster: ClusterID) -> [(id: CommandID, command: Command)] {
        let known = audit.published[cluster] ?? [:]
        return known.keys.sorted().compactMap { id in known[id].map { (id, $0) } }
    }

    /// Something is appended to an input topic: mostly where it belongs, sometimes elsewhere,
    /// sometimes nothing that could be read.
    mutating func publishInput() {
        let index = pick(fleets.count)
        let cluster = fleets[index].cluster
        let content =
            isTerse
            ? fleets[index].nextTerse(&random)
            : fleets[index].next(&random, commands: published(cluster))
        var message = InputMessage(cluster, content).outgoing(
            EventOrigin(id: "e\(step)", source: "/world"))
        let home = Partitioner.partition(of: cluster, count: Self.partitions)
        let place = TopicPartition(message.topic, chance(120) ? 1 - home : home)
        let isHeard = message.topic == .heartbeats
        let isBroken = chance(40) || isHeard && place.partition != home
        if isBroken && !(isHeard && place.partition != home) {
            message.value = Array("{\"cluster\":".utf8)
        }
        let position = Position(place, end(of: place))
        inputs[position] = WorldInput(
            cluster: isBroken ? nil : cluster, content: isBroken ? nil : content,
            correlation: "e\(step)", appended: clock, head: audit.count(of: cluster))
        _ = append(
            NewRecord(
                place, key: message.key, headers: message.headers, value: message.value))
    }
}
