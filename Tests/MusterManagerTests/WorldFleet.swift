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

    private func identity(_ node: Int, _ start: UInt64? = nil) -> NodeIdentity {
        NodeIdentity(
            node: Self.names[node], store: Identifier(high: 1, low: UInt64(node)),
            start: Start(start ?? starts[node]))
    }

    private func boot(_ node: Int) -> BootID { Identifier(high: starts[node], low: UInt64(node)) }

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
            return .fact(.nodeReportedDown(opinion))
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

    private func up(_ node: Int, _ start: UInt64) -> NodeUp {
        let group = NodeGroup(group: Self.group, capabilities: Capabilities(), applied: nil)
        return NodeUp(
            identity: identity(node, start), boot: boot(node), role: .voter, blank: false,
            engine: nil, address: "", zone: "", groupsVersion: count % 3, groups: [group])
    }

    private func heartbeat(_ node: Int) -> Heartbeat {
        Heartbeat(identity: identity(node), boot: boot(node), copies: [])
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
        let views = (0..<members).map { node in
            MemberView(
                member: Member(
                    node: Self.names[node], store: identity(node).store, role: .voter),
                match: LogIndex(100), contactAge: node == 2 ? nil : .zero)
        }
        let view = LeaderView(
            confirmed: true, changePermitted: true, pending: false,
            version: ConfigurationVersion(term: Term(term), index: LogIndex(version)),
            commit: LogIndex(100), firstIndex: nil, members: views)
        return GroupsReport(
            observer: identity(0),
            groups: [
                GroupReport(
                    group: Self.group, state: .leader, term: Term(term), leader: Self.names[0],
                    applied: LogIndex(100), view: view)
            ])
    }

    private func request(_ node: Int, _ random: inout SeededGenerator) -> Request {
        func pick(_ count: Int) -> Int { Int(random.next() % UInt64(count)) }
        let action: Request.Action
        switch pick(6) {
        case 0: action = .add(node: Self.names[node], role: .voter, groups: .all, wipe: nil)
        case 1: action = .remove(node: Self.names[node])
        case 2: action = .cancel(node: Self.names[node])
        case 3: action = .extend(node: Self.names[node], by: .seconds(1))
        default:
            var patch = PolicyPatch()
            patch.heartbeatInterval = .milliseconds(60)
            patch.lease = .milliseconds(200)
            patch.removalDelay = .milliseconds(600)
            patch.votersMin = UInt32(1 + pick(2))
            patch.joinPolicy = pick(2) == 0 ? .open : .listed
            patch.observationInterval = .milliseconds(50)
            patch.observationAgeMax = .milliseconds(500)
            action = .configure(patch)
        }
        let id = RequestID(unchecked: "r\(pick(6) == 0 ? pick(4) : Int(count))")
        return Request(
            id: id, principal: Principal(unchecked: "ann"), reason: "test",
            validFor: .seconds(60), onlyAt: nil, overrides: [], action: action)
    }
}

extension JournalWorld {
    /// Something is appended to an input topic: mostly where it belongs, sometimes elsewhere,
    /// sometimes nothing that could be read.
    mutating func publishInput() {
        let index = pick(fleets.count)
        let cluster = fleets[index].cluster
        let content = fleets[index].next(
            &random, commands: Array(audit.published[cluster]?.map { ($0, $1) } ?? []))
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
            correlation: "e\(step)", appended: now, head: audit.count(of: cluster))
        _ = append(
            NewRecord(
                place, key: message.key, headers: message.headers, value: message.value))
    }
}
