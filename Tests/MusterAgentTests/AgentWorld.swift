import MusterAgent
import MusterCore
import MusterWire

/// An agent's surroundings, played: a log that acknowledges, a disk that keeps notes, an executor
/// that answers as told. Effects wait until they are performed one by one, so that a crash can be
/// had between any two.
struct AgentWorld {
    static let cluster = ClusterID(unchecked: "orders")
    static let node = NodeID(unchecked: "n1")
    static let store = Identifier(high: 0, low: 1)
    static let group = GroupID(unchecked: "g1")

    var loop: AgentLoop
    /// The notes that are durable.
    var disk: [AgentNote] = []
    /// What lies in the log, acknowledged or not.
    var log: [InputMessage] = []
    /// The commands that the executor was given.
    var carried: [Work] = []
    var remarks: [AgentRemark] = []
    var halted: String?
    var hasEnded = false
    var now: Duration = .zero
    /// The broker's clock; it goes with `now`.
    var broker = Timestamp(milliseconds: 1_000_000)

    /// How the executor ends what it is given; nil: it has not ended.
    var outcome: CommandOutcome? = .succeeded(detail: "done")
    var observation = NodeObservation(blank: true)
    /// Why the disk takes no note; nil: it takes them.
    var diskTrouble: String?
    /// Why the disk is no blank one after all; nil: it is.
    var stillHolds: String?
    /// Why the log takes no record; nil: it takes them.
    var logTrouble: AppendFailure?

    private var queue: [AgentEffect] = []
    private var start: UInt64 = 1

    init(_ change: (inout AgentSettings) -> Void = { _ in }) {
        var settings = AgentSettings(cluster: Self.cluster)
        change(&settings)
        loop = Self.loop(settings, start: 1, AgentMemory(), .zero)
    }

    static func loop(
        _ settings: AgentSettings, start: UInt64, _ memory: AgentMemory, _ now: Duration
    ) -> AgentLoop {
        AgentLoop(
            settings: settings,
            identity: NodeIdentity(node: node, store: store, start: Start(start)),
            boot: Identifier(high: 0, low: start), memory: memory, now: now)
    }

    var identity: NodeIdentity { loop.identity }

    // MARK: Moving on

    mutating func give(_ inputs: AgentInput...) { give(inputs) }

    mutating func give(_ inputs: [AgentInput]) { queue += loop.handle(inputs, now: now) }

    /// Performs everything, and what follows from it, until nothing is left.
    ///
    /// - Parameter steps: at most so many effects.
    /// - Returns: how many were performed.
    @discardableResult
    mutating func settle(steps: Int = .max) -> Int {
        var done = 0
        while done < steps, !queue.isEmpty {
            let answers = perform(queue.removeFirst())
            done += 1
            if !answers.isEmpty { give(answers) }
        }
        return done
    }

    /// Performs the next effect and forgets its answer, as a crash right behind it does.
    mutating func performUnanswered() {
        if !queue.isEmpty { _ = perform(queue.removeFirst()) }
    }

    mutating func wait(_ time: Duration) {
        now += time
        broker = broker + time
        give(.time)
        settle()
    }

    /// The process is gone, and another one begins on the same disk.
    mutating func restart() {
        start += 1
        queue = []
        var memory = AgentMemory()
        for note in disk { memory.fold(note) }
        loop = Self.loop(loop.settings, start: start, memory, now)
    }

    /// Brings the agent up to where it works.
    mutating func begin() {
        give(.time)
        settle()
        wait(.milliseconds(10))
    }

    private mutating func perform(_ effect: AgentEffect) -> [AgentInput] {
        switch effect {
        case .append(let token, let message, _):
            if let logTrouble { return [.appendFailed(token: token, logTrouble)] }
            log.append(message)
            return [.appended(token: token, at: broker)]
        case .note(let token, let note):
            if let diskTrouble { return [.noteFailed(token: token, reason: diskTrouble)] }
            disk.append(note)
            return [.noted(token: token)]
        case .carryOut(let work):
            carried.append(work)
            return outcome.map { [.finished(work.id, $0)] } ?? []
        case .observe: return [.observed(observation)]
        case .renewStore(let id):
            if let stillHolds { return [.storeKept(id, reason: stillHolds)] }
            let new = NodeIdentity(
                node: Self.node, store: Identifier(high: 9, low: 9), start: Start(1))
            return [.storeRenewed(id, new)]
        case .say(let remark):
            remarks.append(remark)
            return []
        case .halt(let error):
            halted = "\(error)"
            return []
        case .ended:
            hasEnded = true
            return []
        }
    }

    // MARK: What it is given

    func command(
        _ number: UInt64, _ action: Command.Action = .removeMember, executor: NodeIdentity? = nil,
        of subject: NodeIdentity? = nil, validFor: Duration = .seconds(20),
        cluster: ClusterID = AgentWorld.cluster
    ) -> CommandRecord {
        let other = NodeIdentity(
            node: NodeID(unchecked: "n2"), store: Identifier(high: 0, low: 2), start: Start(1))
        let subject = subject ?? (action.isOnOwnNode ? identity : other)
        return CommandRecord(
            cluster: cluster,
            id: CommandID(sequence: Sequence(number), index: 0, prefix: number),
            command: Command(
                action: action, group: Self.group, node: subject.node, store: subject.store,
                executor: executor ?? identity, require: nil,
                notAfter: broker + validFor, attempt: 1),
            correlation: "")
    }

    // MARK: What it has said

    var facts: [Fact] {
        log.compactMap { if case .fact(let fact) = $0.content { fact } else { nil } }
    }

    /// The ends of a command that were said.
    func reports(_ id: CommandID) -> [Fact] {
        facts.filter {
            switch $0 {
            case .commandSucceeded(let report), .commandFailed(let report, _),
                .commandOutcomeUnknown(let report):
                report.command == id
            default: false
            }
        }
    }

    func failure(_ id: CommandID) -> CommandFailure? {
        reports(id).compactMap {
            if case .commandFailed(_, let failure) = $0 { failure } else { nil }
        }.first
    }

    var heartbeats: Int {
        log.count { if case .heartbeat = $0.content { true } else { false } }
    }
}
