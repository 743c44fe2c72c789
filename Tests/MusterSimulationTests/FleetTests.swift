import MusterCore
import MusterSimulation
import MusterTesting
import MusterWire
import Testing

/// What the agents of a fleet do and say, seen from outside: three voters of one group, one node
/// more.
@Suite struct FleetTests {
    /// What a test moves on.
    private final class Stage {
        var fleet: Fleet
        var count: UInt64 = 0

        init(_ fleet: Fleet) { self.fleet = fleet }
    }

    private let stage: Stage
    private var fleet: Fleet {
        get { stage.fleet }
        nonmutating set { stage.fleet = newValue }
    }
    private let group = GroupID(unchecked: "g")
    private let names = ["n1", "n2", "n3", "n4"].map(NodeID.init(unchecked:))

    init() {
        stage = Stage(
            Fleet(
                cluster: ClusterID(unchecked: "c"), now: Timestamp(milliseconds: 1000), seed: 7,
                settings: Fleet.Settings()))
        for name in names { fleet.add(name) }
        fleet.found(
            group, on: names[0], capabilities: Capabilities(seed: .external), commit: 100,
            bytes: 1_000_000)
        for name in names { fleet.start(name) }
        _ = pass(.milliseconds(500))
        for name in names[1...2] {
            _ = give(.startMember(index: nil, minTerm: nil, votedFor: nil), to: name)
            _ = give(.addMember(as: .learner), of: name, to: names[0])
            _ = give(.promoteMember, of: name, to: names[0])
        }
        _ = pass(.milliseconds(500))
    }

    // MARK: Means

    private func pass(_ duration: Duration) -> [InputMessage.Content] {
        fleet.advance(to: fleet.now + duration).map(\.content)
    }

    private var model: SimulatedGroup? { fleet.groups[group] }
    private var voters: [NodeID] {
        model?.members.compactMap { $0.value.role == .voter ? $0.key : nil } ?? []
    }

    private func identity(_ node: NodeID) -> NodeIdentity {
        fleet.nodes[node]?.identity
            ?? NodeIdentity(node: node, store: Identifier(high: 0, low: 0), start: Start(0))
    }

    /// What a command to that agent must say to be carried out now.
    private func record(
        _ action: Command.Action, of subject: NodeID? = nil, to executor: NodeID
    ) -> CommandRecord {
        stage.count += 1
        let count = stage.count
        let node = subject ?? executor
        var require: Command.Require?
        if subject != nil, let model {
            require = Command.Require(
                leader: executor, term: Term(model.term), version: model.version,
                activeAfterMin: 1)
        }
        let command = Command(
            action: action, group: group, node: node, store: identity(node).store,
            executor: identity(executor), require: require, notAfter: fleet.now + .seconds(5),
            attempt: 1)
        return CommandRecord(
            cluster: fleet.cluster,
            id: CommandID(sequence: Sequence(count), index: 0, prefix: count), command: command,
            correlation: "")
    }

    private func give(
        _ action: Command.Action, of subject: NodeID? = nil, to executor: NodeID
    ) -> [String] {
        let record = record(action, of: subject, to: executor)
        return outcome(of: record)
    }

    /// Hands the command over and gives it a moment.
    private func outcome(of record: CommandRecord) -> [String] {
        fleet.receive(record)
        return outcomes(of: record.id, in: pass(.milliseconds(200)))
    }

    private func outcomes(of id: CommandID, in said: [InputMessage.Content]) -> [String] {
        said.compactMap { content in
            switch content {
            case .fact(.commandSucceeded(let report)) where report.command == id: "succeeded"
            case .fact(.commandFailed(let report, let failure)) where report.command == id:
                "\(failure.code)\(failure.leaderHint.map { " \($0)" } ?? "")"
            case .fact(.commandOutcomeUnknown(let report)) where report.command == id: "unknown"
            default: nil
            }
        }
    }

    // MARK: Commands

    @Test func `the leader's agent carries a change out and says so when it is committed`() {
        #expect(voters == Array(names[0...2]))
        let before = model?.version
        #expect(give(.removeMember, of: names[2], to: names[0]) == ["succeeded"])
        #expect(voters == Array(names[0...1]))
        #expect(model?.version != before)
    }

    @Test func `a command is carried out at most once, also after a restart`() {
        let add = record(.addMember(as: .learner), of: names[3], to: names[0])
        #expect(outcome(of: add) == ["succeeded"])
        let version = model?.version
        #expect(outcome(of: add) == [])
        #expect(give(.removeMember, of: names[3], to: names[0]) == ["succeeded"])
        #expect(outcome(of: add) == [])
        fleet.stop(names[0], announced: false)
        fleet.start(names[0])
        #expect(outcome(of: add) == [])
        #expect(model?.members[names[3]] == nil)
        #expect(model?.version != version)
    }

    @Test func `a command for an earlier start or another store is nobody's`() {
        let early = record(.addMember(as: .learner), of: names[3], to: names[0])
        fleet.stop(names[0], announced: false)
        fleet.start(names[0])
        _ = pass(.milliseconds(500))
        #expect(outcome(of: early) == [])
        var other = record(.startMember(index: nil, minTerm: nil, votedFor: nil), to: names[3])
        other.command.executor.store = Identifier(high: 9, low: 9)
        #expect(outcome(of: other) == [])
        #expect(model?.members[names[3]] == nil)
    }

    @Test func `a command whose time is over is not begun`() {
        let late = record(.addMember(as: .learner), of: names[3], to: names[0])
        _ = pass(.seconds(6))
        #expect(outcome(of: late) == ["expired"])
        #expect(model?.members[names[3]] == nil)
    }

    @Test func `whoever does not lead says who does, and forwards nothing`() {
        #expect(
            give(.addMember(as: .learner), of: names[3], to: names[1]) == ["notLeader n1"])
        #expect(model?.members[names[3]] == nil)
    }

    @Test(arguments: ["term", "version", "leader", "active"])
    func `a change is proposed only while the live view is what it requires`(
        part: String
    ) {
        var change = record(.addMember(as: .learner), of: names[3], to: names[0])
        let required = change.command.require
        switch part {
        case "term": change.command.require?.term = Term((model?.term ?? 0) + 1)
        case "version":
            change.command.require?.version = ConfigurationVersion(
                term: Term(model?.term ?? 0), index: LogIndex(1))
        case "leader": change.command.require?.leader = names[1]
        default: change.command.require?.activeAfterMin = 4
        }
        #expect(change.command.require != required)
        #expect(outcome(of: change) == ["preconditionFailed"])
        #expect(model?.members[names[3]] == nil)
    }

    @Test func `a voter that died since the proof stops the removal of another`() {
        var change = record(.removeMember, of: names[2], to: names[0])
        change.command.require?.activeAfterMin = 2
        fleet.stop(names[1], announced: false)
        // The leader notices.
        _ = pass(.milliseconds(100))
        #expect(outcome(of: change) == ["preconditionFailed"])
        #expect(voters == Array(names[0...2]))
    }

    @Test func `what is already so has succeeded, and what names another store fails`() {
        let version = model?.version
        #expect(give(.promoteMember, of: names[1], to: names[0]) == ["succeeded"])
        #expect(give(.removeMember, of: names[3], to: names[0]) == ["succeeded"])
        var other = record(.removeMember, of: names[2], to: names[0])
        other.command.store = Identifier(high: 9, low: 9)
        #expect(outcome(of: other) == ["preconditionFailed"])
        #expect(model?.version == version)
        #expect(voters == Array(names[0...2]))
    }

    @Test func `a member's store is neither wiped nor stopped`() {
        #expect(give(.prepareNode, to: names[1]) == ["preconditionFailed"])
        #expect(give(.stopMember, to: names[1]) == ["preconditionFailed"])
        let old = identity(names[3])
        #expect(give(.prepareNode, to: names[3]) == ["succeeded"])
        #expect(identity(names[3]).store != old.store)
        #expect(give(.removeMember, of: names[2], to: names[0]) == ["succeeded"])
        #expect(give(.stopMember, to: names[2]) == ["succeeded"])
        #expect(fleet.nodes[names[2]]?.servers[group]?.isRunning == false)
    }

    @Test func `a leader that restarts before the commit does not know the outcome`() {
        fleet.settings.catchUp = 0
        fleet.settings.writes = 0
        let change = record(.addMember(as: .learner), of: names[3], to: names[0])
        fleet.receive(change)
        fleet.stop(names[0], announced: false)
        fleet.start(names[0])
        #expect(outcomes(of: change.id, in: pass(.milliseconds(50))) == ["unknown"])
        #expect(outcome(of: change) == [])
    }

    // MARK: Copies

    @Test func `a copy says that it began, how far it is, and where it ends`() {
        let copy = record(.syncGroup(source: names[0], scope: .full), to: names[3])
        fleet.grow(to: 10_000_000)
        fleet.receive(copy)
        let said = pass(.milliseconds(300))
        #expect(
            said.contains(
                .fact(.syncStarted(identity(names[3]), group: group, source: names[0]))))
        let steps = said.compactMap { content -> UInt64? in
            guard case .heartbeat(let beat) = content, beat.identity.node == names[3] else {
                return nil
            }
            return beat.copies.first?.bytes
        }
        #expect(steps.contains { $0 > 0 && $0 < 10_000_000 })
        #expect(outcomes(of: copy.id, in: said) == [])
        let rest = pass(.seconds(1))
        #expect(outcomes(of: copy.id, in: rest) == ["succeeded"])
        #expect(
            rest.contains {
                if case .fact(.synced(let who, group, _)) = $0 {
                    who.node == names[3]
                } else {
                    false
                }
            })
        #expect(fleet.nodes[names[3]]?.servers[group]?.isRunning == false)
    }

    @Test func `a restart in the middle of a copy leaves its outcome unknown`() {
        let copy = record(.syncGroup(source: names[0], scope: .full), to: names[3])
        fleet.grow(to: 10_000_000)
        fleet.receive(copy)
        _ = pass(.milliseconds(100))
        fleet.stop(names[3], announced: false)
        fleet.start(names[3])
        let said = pass(.seconds(2))
        #expect(outcomes(of: copy.id, in: said) == ["unknown"])
        #expect(fleet.nodes[names[3]]?.isBlank == true)
    }

    @Test func `a copy whose source is gone fails and may be tried again`() {
        let copy = record(.syncGroup(source: names[0], scope: .full), to: names[3])
        fleet.grow(to: 10_000_000)
        fleet.receive(copy)
        _ = pass(.milliseconds(100))
        fleet.stop(names[0], announced: false)
        let said = pass(.milliseconds(100))
        #expect(outcomes(of: copy.id, in: said) == ["failed"])
        #expect(
            give(.syncGroup(source: names[0], scope: .full), to: names[3]) == ["failed"])
    }

    // MARK: What is said unasked

    @Test func `a start begins with the node's own word, and counts up`() {
        let before = identity(names[3])
        fleet.stop(names[3], announced: false)
        #expect(!pass(.seconds(1)).contains { isFrom(names[3], $0) })
        fleet.start(names[3])
        let first = pass(.milliseconds(500)).first { isFrom(names[3], $0) }
        guard case .fact(.nodeUp(let up))? = first else {
            Issue.record("the first word was \(String(describing: first))")
            return
        }
        #expect(up.identity.store == before.store)
        #expect(up.identity.start == before.start.next)
        #expect(up.groups.map(\.group) == [group])
    }

    private func isFrom(_ node: NodeID, _ content: InputMessage.Content) -> Bool {
        switch content {
        case .heartbeat(let beat): beat.identity.node == node
        case .report(let report): report.observer.node == node
        case .fact(.groupObserved(let report)): report.observer.node == node
        case .fact(.nodeUp(let up)): up.identity.node == node
        default: false
        }
    }

    @Test func `what is seen is a fact when it is news, and soft when it is not`() {
        _ = pass(.seconds(1))
        let quiet = pass(.seconds(2))
        #expect(quiet.contains { if case .report = $0 { true } else { false } })
        #expect(!quiet.contains { if case .fact = $0 { true } else { false } })
        fleet.stop(names[0], announced: false)
        let news = pass(.seconds(2))
        let leaders = news.compactMap { content -> NodeID? in
            guard case .fact(.groupObserved(let report)) = content else { return nil }
            return report.groups.first.flatMap { $0.view == nil ? nil : report.observer.node }
        }
        #expect(leaders == [model?.leader].compactMap { $0 })
        #expect(model?.leader != names[0])
    }

    @Test func `a leader without a majority says that it could not confirm`() {
        fleet.stop(names[1], announced: false)
        fleet.stop(names[2], announced: false)
        let views = pass(.seconds(1)).compactMap { content -> LeaderView? in
            guard case .report(let report) = content else { return nil }
            return report.groups.first?.view
        }
        #expect(!views.isEmpty)
        #expect(views.allSatisfy { !$0.confirmed && !$0.changePermitted })
        #expect(
            views.last?.members.first { $0.member.node == names[1] }?.contactAge
                ?? .zero > .milliseconds(500))
    }

    @Test func `the same seed says the same`() {
        var (one, other) = (fleet, fleet)
        var random = (SeededGenerator(seed: 3), SeededGenerator(seed: 3))
        for _ in 0..<100 {
            #expect(surprise(&one, &random.0) == surprise(&other, &random.1))
        }
        #expect(one.nodes.map(\.value.identity) == other.nodes.map(\.value.identity))
        #expect(one.groups.map(\.value.term) == other.groups.map(\.value.term))
    }

    private func surprise(
        _ fleet: inout Fleet, _ random: inout SeededGenerator
    ) -> [InputMessage] {
        let node = names[Int(random.next() % 4)]
        if random.happens(perMille: 300) { fleet.stop(node, announced: true) }
        if random.happens(perMille: 300) { fleet.start(node) }
        return fleet.advance(to: fleet.now + .milliseconds(50))
    }
}
