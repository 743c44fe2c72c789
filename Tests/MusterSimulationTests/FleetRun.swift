import MusterCore
import MusterLog
import MusterSimulation
import MusterTesting
import MusterWire

/// A fleet and the core's two functions in one process, on time that is moved by hand: every
/// decision is accepted, every command arrives. What the model must never show is collected on the
/// way.
final class FleetRun {
    var fleet: Fleet
    var state: ClusterState
    private(set) var events: [Event] = []
    /// The journal's records, as they would lie in the log.
    private(set) var journal: [[UInt8]] = []
    /// What was decided of an input from the log, by the place of the decision in the journal.
    private(set) var causes: [Int: Input] = [:]
    /// What must never be, and was.
    var violations: [String] = []
    var evidence = Evidence()
    private var offsets: [Topic: UInt64] = [:]
    var commands: [CommandRecord] = []
    /// What was heard on the heartbeats topic, as a manager that takes over reads it again.
    var heartbeats: [(content: InputMessage.Content, heard: Evidence.Heard)] = []
    var mischief = Mischief()
    private var asked = 0
    private var lastUp: [StoreID: Timestamp] = [:]
    private var hung: Set<NodeID> = []

    static let names = ["n1", "n2", "n3", "n4", "n5"].map(NodeID.init(unchecked:))
    static let groups = ["g1", "g2"].map(GroupID.init(unchecked:))

    /// - Parameter capabilities: of the engine of both groups.
    init(_ capabilities: Capabilities, seed: UInt64 = 1) {
        let cluster = ClusterID(unchecked: "c")
        let start = Timestamp(milliseconds: 1_000_000)
        fleet = Fleet(cluster: cluster, now: start, seed: seed, settings: Fleet.Settings())
        state = ClusterState(id: cluster, genesis: .zero)
        for name in Self.names { fleet.add(name) }
        for group in Self.groups {
            fleet.found(
                group, on: Self.names[0], capabilities: capabilities, commit: 1000,
                bytes: 2_000_000)
        }
        ask(.configure(Self.policy))
    }

    /// The same run once more, to go on otherwise.
    init(copying run: FleetRun, disturbed by: Disturbance?) {
        fleet = run.fleet
        state = run.state
        events = run.events
        journal = run.journal
        causes = run.causes
        evidence = run.evidence
        offsets = run.offsets
        commands = run.commands
        heartbeats = run.heartbeats
        asked = run.asked
        lastUp = run.lastUp
        mischief.disturbance = by
    }

    static var policy: PolicyPatch {
        var patch = DevStory.policy
        patch.votersMin = 2
        patch.backoffMax = .seconds(1)
        patch.stallRetry = .seconds(5)
        patch.changeLimit = .seconds(2)
        patch.transferLimit = .seconds(2)
        patch.startLimit = .seconds(2)
        patch.copyLimit = .seconds(2)
        return patch
    }

    /// Brings up the first nodes and waits until all of them vote.
    func form(_ count: Int) -> Bool {
        fleet.start(Self.names[0])
        guard run(.seconds(10), until: { $0.vote(1) }) else { return false }
        for name in Self.names[1..<count] { fleet.start(name) }
        return run(.seconds(60)) { $0.vote(count) && $0.state.sagas.isEmpty }
    }

    func ask(_ action: Request.Action, _ overrides: [Request.Override] = []) {
        asked += 1
        hear(
            .request(
                Request(
                    id: RequestID(unchecked: "r\(asked)"), principal: Principal(unchecked: "ann"),
                    reason: "test", validFor: .seconds(60), onlyAt: nil, overrides: overrides,
                    action: action)))
    }

    /// Whether both groups have so many voters, in the model and as the core knows it.
    func vote(_ count: Int) -> Bool {
        Self.groups.allSatisfy { group in
            let voters = fleet.groups[group]?.members.filter { $0.value.role == .voter }.count
            return voters == count && state.groups[group]?.voters.count == count
        }
    }

    /// Whether the node is in a configuration of any group, by the model itself.
    func isInside(_ node: NodeID) -> Bool {
        fleet.groups.contains { $0.value.latest[node] != nil }
    }

    /// Whether nothing is under way, and the core knows each group's members as they are.
    var isCalm: Bool {
        state.sagas.isEmpty
            && Self.groups.allSatisfy { group in
                let real = fleet.groups[group]?.members.keys ?? []
                let known = state.groups[group]?.configuration?.members ?? []
                return fleet.groups[group]?.leader != nil && real == known.map(\.node)
            }
    }

    /// Moves on until something is so.
    ///
    /// - Returns: whether it came to be so within the limit.
    func run(_ limit: Duration, until isTrue: (FleetRun) -> Bool) -> Bool {
        let end = fleet.now + limit
        while fleet.now < end {
            if isTrue(self) { return true }
            step()
        }
        return isTrue(self)
    }

    func run(_ duration: Duration) { _ = run(duration) { _ in false } }

    func step() {
        let before = fleet.groups
        for (_, known) in fleet.nodes where known.isUp {
            lastUp[known.identity.store] = fleet.now
        }
        deliver()
        for message in fleet.advance(to: fleet.now + .milliseconds(20)) {
            for content in disturbed(message.content) { hear(content) }
        }
        wake()
        check(before)
    }

    // MARK: The manager's part

    func hear(_ content: InputMessage.Content) {
        let topic = InputMessage(fleet.cluster, content).topic
        let offset = offsets[topic, default: 0]
        offsets[topic] = offset + 1
        let position = Position(TopicPartition(topic, 0), Offset(offset))
        let heard = Evidence.Heard(position: position, appended: fleet.now)
        let lease = state.policy?.lease ?? Policy().lease
        switch content {
        case .heartbeat, .report:
            heartbeats.append((content, heard))
            hearSoftly(content, heard)
        case .fact(let fact):
            answer(.fact(fact), position)
            if case .groupObserved(let report) = fact, state.listens(to: report.observer) {
                evidence.hear(report, heard, lease: lease)
            } else if case .nodeUp(let up) = fact {
                let isCurrent = state.nodes[up.identity.node]?.identity == up.identity
                evidence.hear(up, heard, lease: lease, isCurrent: isCurrent)
            }
        case .request(let request): answer(.request(request), position)
        }
    }

    private func answer(_ content: Input.Content, _ position: Position) {
        let source = Input.Source.record(position, appended: fleet.now)
        let input = Input(cluster: state.id, source: source, content: content)
        _ = decide(input, .input(position, appended: fleet.now, event: Array("{}".utf8)))
    }

    private func wake() {
        for _ in 0..<50 {
            var isNews = false
            for subject in state.subjects(heardOf: nil) {
                let input = Input(cluster: state.id, source: .manager, content: .wake(subject))
                if decide(input, .timer(subject)) { isNews = true }
            }
            if !isNews { return }
        }
        violations.append("wake-ups never end")
    }

    private func decide(_ input: Input, _ cause: Decision.Cause) -> Bool {
        let at = max(fleet.now, state.at)
        let seen = state.extract(for: input, from: evidence)
        let decided = state.decide(input, evidence: seen ?? Evidence(), at: at)
        if decided.isEmpty { return false }
        let origin = state.origin(of: input)
        let decision = Decision(
            at: at, cause: cause, considered: [], evidence: seen, principal: origin.principal,
            correlation: origin.correlation,
            manager: ManagerIdentity(id: Identifier(high: 0, low: 0), version: "test"),
            events: decided)
        let envelope = JournalEnvelope(extending: state.head, of: state.id)
        let value = JournalRecord(envelope, decision).bytes
        if case .input = cause { causes[journal.count] = input }
        journal.append(value)
        let hash = SHA256.hash(of: value)
        state.evolve(decision, hash: hash)
        violations += state.checkInvariants()
        events += decided
        for (id, command) in decision.commands(at: state.head.sequence, hash: hash) {
            check(command)
            publish(CommandRecord(cluster: state.id, id: id, command: command, correlation: ""))
        }
        noteDecision()
        return true
    }

    // MARK: Chance

    /// Something happens to some node, or an operator asks for something.
    func surprise(_ random: inout SeededGenerator) {
        let node = Self.names[Int(random.next() % 5)]
        let isUp = fleet.nodes[node]?.isUp == true
        switch random.next() % 60 {
        case 0, 1: stop(node, announced: random.happens(perMille: 500))
        case 2: hang(node)
        case 3, 4, 5, 6: if !isUp { start(node) }
        case 7: ask(.remove(node: node))
        case 8: ask(.add(node: node, role: .voter, groups: .all, wipe: nil))
        case 9: ask(.cancel(node: node))
        default: break
        }
    }

    private func stop(_ node: NodeID, announced: Bool) {
        fleet.stop(node, announced: announced)
        hung.remove(node)
    }

    private func hang(_ node: NodeID) {
        if fleet.nodes[node]?.isUp == true { hung.insert(node) }
        fleet.stop(node, announced: false)
    }

    /// A process that hung goes on; any other node is started.
    func start(_ node: NodeID) {
        if hung.remove(node) != nil { fleet.resume(node) } else { fleet.start(node) }
    }

    // MARK: What must never be

    /// Whoever was alive within the delay is not removed for silence, and nobody below the floor.
    private func check(_ command: Command) {
        guard case .removeMember = command.action, let group = command.group,
            state.sagas[command.node]?.kind == .remove
        else { return }
        let delay = Self.policy.removalDelay ?? .zero
        if state.sagas[command.node]?.reason == .silence, let up = lastUp[command.store],
            fleet.now - up < delay
        {
            violations.append("\(command.node) was alive and is removed for silence")
        }
        let voters = state.groups[group]?.voters ?? []
        if voters.contains(command.node), voters.count <= 2 {
            violations.append("\(group) falls below its floor")
        }
    }

    private func check(_ before: SortedMap<GroupID, SimulatedGroup>) {
        for (name, group) in fleet.groups {
            if group.losses > 0 { violations.append("\(name) lost a committed entry") }
            guard let old = before[name], old.latest != group.latest else { continue }
            let had = alive(old) >= old.quorum
            if had && alive(group) < group.quorum {
                violations.append("a change took the majority of \(name)")
            }
        }
    }

    /// How many voters run now on the store that the configuration names.
    private func alive(_ group: SimulatedGroup) -> Int {
        group.latest.filter { node, seat in
            guard let known = fleet.nodes[node], seat.role == .voter else { return false }
            return known.isUp && known.identity.store == seat.store
                && known.servers[group.id]?.isRunning == true
        }.count
    }
}
