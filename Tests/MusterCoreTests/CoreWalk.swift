import MusterCore
import MusterTesting

/// One cluster's core among nodes and groups that do anything at any time, in an order that a seed
/// gives: the smallest manager, which decides and folds, and a small model of Raft groups that
/// carry out what is commanded, late, in part, doubled or never. After every decision the state is
/// held to its invariants.
struct CoreWalk {
    /// What is wrong, and after which step.
    struct Violation: Error, CustomStringConvertible {
        var description: String
    }

    var random: SeededGenerator
    var state = ClusterState(id: ClusterID(unchecked: "orders"), genesis: .zero)
    var evidence = Evidence()
    var now = Timestamp(milliseconds: 1_000_000)
    var nodes: [WalkNode] = []
    var groups: [WalkGroup] = []
    /// Every command ever decided, each of which may be carried out at any later time.
    var commands: [(id: CommandID, command: Command)] = []
    /// What was said once and may be said again.
    var said: [Fact] = []
    var step = 0
    var decisionCount = 0
    /// The kinds of events that were decided.
    var happened: Set<String> = []
    private var lastSaid: [Event] = []
    var requestCount = 0
    private var offset: UInt64 = 0

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
        nodes = (1...6).map { WalkNode(number: $0) }
        groups = (1...2).map { WalkGroup(number: $0, voters: nodes[0..<3].map(\.identity)) }
    }

    // MARK: The smallest manager

    mutating func ask(_ content: Input.Content) throws {
        offset += 1
        let position = Position(TopicPartition(.events, 0), Offset(offset))
        let input = Input(
            cluster: state.id, source: .record(position, appended: now), content: content,
            correlation: "c\(offset)")
        _ = try decide(input, .input(position, appended: now, event: []))
        try wake()
    }

    /// The manager wakes something of itself.
    mutating func look(at subject: Subject) throws {
        let input = Input(cluster: state.id, source: .manager, content: .wake(subject))
        _ = try decide(input, .timer(subject))
        try wake()
    }

    mutating func heard() -> Evidence.Heard {
        offset += 1
        return Evidence.Heard(
            position: Position(TopicPartition(.heartbeats, 0), Offset(offset)), appended: now)
    }

    /// Wakes everything until nothing has anything to say.
    mutating func wake() throws {
        for _ in 0..<200 {
            var isQuiet = true
            for subject in state.subjects(heardOf: nil) {
                let input = Input(
                    cluster: state.id, source: .manager, content: .wake(subject))
                if try decide(input, .timer(subject)) { isQuiet = false }
            }
            if isQuiet { return try checkRest() }
        }
        throw violation("it does not come to rest:\n\(lastSaid)")
    }

    private mutating func decide(_ input: Input, _ cause: Decision.Cause) throws -> Bool {
        let part = state.extract(for: input, from: evidence)
        let given = part ?? Evidence()
        let events = state.decide(input, evidence: given, at: now)
        if events.isEmpty { return false }
        if events != state.decide(input, evidence: given, at: now) {
            throw violation("the same question has two answers")
        }
        decisionCount += 1
        let origin = state.origin(of: input)
        let decision = Decision(
            at: now, cause: cause, considered: [], evidence: part, principal: origin.principal,
            correlation: origin.correlation,
            manager: ManagerIdentity(id: Identifier(high: 0, low: 0), version: "t"),
            events: events)
        try check(decision)
        lastSaid = lastSaid.suffix(5) + events
        for event in events {
            happened.insert(event.kind)
            if case .sagaStarted(let saga, _) = event { happened.insert("begun: \(saga.kind)") }
            if case .sagaEnded(let node, nil) = event, let kind = state.sagas[node]?.kind {
                happened.insert("done: \(kind)")
            }
            if case .nodeRemoved(_, _, let reason) = event { happened.insert("out: \(reason)") }
        }
        let number = UInt64(decisionCount)
        let hash = Hash(words: (number &* 0x9E37_79B9_7F4A_7C15, number, 0, 0))
        state.evolve(decision, hash: hash)
        commands += decision.commands(at: state.head.sequence, hash: hash)
        if let text = state.checkInvariants().first { throw violation("\(text)\n\(events)") }
        if case .record(let position, _) = input.source,
            state.next[position.partition] != position.offset.next
        {
            throw violation("an input that was decided is still to come")
        }
        return true
    }

    /// No command for a group without a proof in its decision, that allows it, and evidence beside
    /// it.
    private func check(_ decision: Decision) throws {
        for event in decision.events {
            guard case .commandIssued(let command, let proofs) = event else { continue }
            guard let proof = proofs.first, proofs.allSatisfy({ $0.refusal == nil }),
                decision.evidence != nil
            else {
                throw violation("\(command.action) without a proof that allows it")
            }
            let names = decision.evidence?.groups[proof.group]?.view?.view.members
            let voters = names?.filter { $0.member.role == .voter }.count ?? 0
            let after = Int(proof.votersAfter)
            if abs(after - voters) > 1 { throw violation("from \(voters) to \(after) voters") }
        }
    }

    /// What need not hold between two decisions of a turn, and does once all have spoken.
    private func checkRest() throws {
        for (node, known) in state.nodes where known.removal != nil && !state.isMember(node) {
            throw violation("\(node) is to be removed and is no member")
        }
    }

    func violation(_ text: String) -> Violation {
        Violation(description: "step \(step): \(text)")
    }
}

extension Event {
    /// The name of its case.
    fileprivate var kind: String { String("\(self)".prefix { $0 != "(" }) }
}

/// A machine with a disk: it runs or it does not.
struct WalkNode {
    var identity: NodeIdentity
    var boot: Identifier
    var isUp = true
    var isBlank: Bool
    let role: Role

    init(number: Int) {
        role = number > 4 ? .replica : .voter
        identity = NodeIdentity(
            node: NodeID(unchecked: "n\(number)"),
            store: Identifier(high: 1, low: UInt64(number)), start: Start(1))
        boot = Identifier(high: 2, low: UInt64(number))
        isBlank = number > 3
    }

    func up(_ groups: [WalkGroup]) -> NodeUp {
        NodeUp(
            identity: identity, boot: boot, role: role, blank: isBlank,
            engine: isBlank ? nil : EngineIdentity(cluster: "e", recoveryEpoch: 0), address: "",
            zone: "", groupsVersion: 1,
            groups: groups.map {
                NodeGroup(group: $0.id, capabilities: $0.capabilities, applied: nil)
            })
    }
}

/// A Raft group as its leader knows it.
struct WalkGroup {
    let id: GroupID
    var capabilities: Capabilities
    var term: UInt64 = 1
    var version: UInt64 = 1
    var commit: UInt64 = 100
    var leader: NodeID
    var members: [Member]
    var isDeleted = false

    init(number: Int, voters: [NodeIdentity]) {
        id = GroupID(unchecked: "g\(number)")
        capabilities = Capabilities(
            startsAfterAdd: number == 2, seed: number == 1 ? .external : .raft,
            demote: number == 1 || number == 2)
        leader = voters[number - 1].node
        members = voters.map { Member(node: $0.node, store: $0.store, role: .voter) }
    }

    func index(of node: NodeID) -> Int? { members.firstIndex { $0.node == node } }
}
