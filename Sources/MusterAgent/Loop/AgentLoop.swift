package import MusterCore
internal import MusterWire

/// What an agent does, as a value: one input in, effects out. No clock, no disk, no network.
///
/// The idea (DOMAIN §5): a command is carried out at most once, whatever crashes when. So "began"
/// is durable before anything is done, and whoever finds a command begun and not ended says that
/// its outcome is unknown. What the agent has to say stands in `outbox` until the log has
/// acknowledged it; saying something twice does no harm.
///
/// Time is monotonic time since some moment of this process, given with every input. The broker's
/// time is estimated by `BrokerClock`.
package struct AgentLoop: Sendable {
    package let settings: AgentSettings
    package let boot: BootID
    package internal(set) var identity: NodeIdentity
    package internal(set) var phase: Phase = .looking

    /// What is to be said on the events topic, in order; removed when acknowledged.
    var outbox: [Letter] = []
    var commands = SortedMap<CommandID, Order>()
    var roster = SortedMap<NodeID, MemberRecord>()
    var copies = SortedMap<CommandID, CopyProgress>()
    var seen: NodeObservation?
    /// What the log has acknowledged of each group on the events topic.
    var told = SortedMap<GroupID, Told>()
    var groupsVersion: UInt64 = 1
    var clock = BrokerClock()
    var effects: [AgentEffect] = []
    var now: Duration = .zero
    var heartbeatDue: Duration?
    var observationDue: Duration?
    var isObserving = false
    /// Records under way that nobody repeats, with when they were sent.
    var soft = SortedMap<UInt64, Duration>()
    /// Which command a note under way is about.
    var notes = SortedMap<UInt64, AgentNote>()
    /// When the log took this store's first announcement, by its clock; nil before.
    var announced: Timestamp?
    /// Whether the node was taken out since it asked to leave.
    var isTakenOut = false
    var failures = 0
    var retryAt: Duration = .zero
    /// What was said last about each kind of trouble, so that it is said once.
    var said = SortedMap<String, String>()
    private var tokens: UInt64 = 0

    /// Where the agent stands.
    package enum Phase: Hashable, Sendable {
        /// Before anything is known of the node's servers.
        case looking
        /// Who the node is was said and not acknowledged yet.
        case announcing
        case working
        /// It asked to be taken out and is still up; until then at the latest.
        case leaving(until: Duration)
        /// Nothing new is begun; what is under way is waited for until then.
        case stopping(until: Duration)
        case ended
    }

    /// A fact on its way.
    struct Letter: Sendable {
        var fact: Fact
        var meaning: Meaning
        var causation: String?
        /// The append under way, and when it was sent; nil: it is to be sent.
        var token: UInt64?
        var sent: Duration = .zero
    }

    /// What an acknowledgement of a fact is good for.
    enum Meaning: Sendable {
        case announcement
        case observation(SortedMap<GroupID, Told>)
        case report(CommandID)
        case farewell
        case other
    }

    /// What was said of a group as a fact.
    struct Told: Hashable, Sendable {
        var state: ServerState
        var leader: NodeID?
        var term: Term
        var members: [Member]
        var pending: Bool
    }

    /// A command that this agent has taken, and how far it came.
    struct Order: Sendable {
        var executor: NodeIdentity
        /// nil: known from the local journal only.
        var command: Command?
        var notAfter: Timestamp
        var stage: Stage

        enum Stage: Sendable {
            /// To be looked at once the broker's time is known.
            case waiting
            /// "Began" is being made durable.
            case beginning
            case running
            /// The end is being made durable, or said.
            case ended(CommandOutcome)
            case reported
        }
    }

    /// An agent that begins, on the disk and with the journal that its process found.
    ///
    /// - Parameters:
    ///   - identity: with the start that this process has made durable.
    ///   - memory: what earlier processes have written down.
    package init(
        settings: AgentSettings, identity: NodeIdentity, boot: BootID, memory: AgentMemory,
        now: Duration
    ) {
        self.settings = settings
        self.identity = identity
        self.boot = boot
        self.now = now
        recall(memory)
    }

    /// Takes what has happened, in order.
    package mutating func handle(_ inputs: [AgentInput], now: Duration) -> [AgentEffect] {
        self.now = max(self.now, now)
        for input in inputs where phase != .ended { handle(input) }
        if phase != .ended { goOn() }
        defer { effects = [] }
        return effects
    }

    /// When the loop wants to hear of the time at the latest; nil: never.
    package var wakeUp: Duration? {
        var moments = [heartbeatDue, isObserving ? nil : observationDue ?? now]
        if outbox.contains(where: mayGo) { moments.append(retryAt) }
        switch phase {
        case .leaving(let until), .stopping(let until): moments.append(until)
        case .looking, .announcing, .working, .ended: break
        }
        return moments.compactMap { $0 }.min()
    }

    private mutating func handle(_ input: AgentInput) {
        switch input {
        case .command(let record): receive(record)
        case .member(let record): hear(record)
        case .appended(let token, let moment): acknowledge(token, moment)
        case .appendFailed(let token, let failure): fail(token, failure)
        case .noted(let token):
            if let note = notes[token] {
                notes[token] = nil
                wrote(note)
            }
        case .noteFailed(let token, let reason):
            if let note = notes[token] {
                notes[token] = nil
                couldNotWrite(note, reason)
            }
        case .observed(let observation): observed(observation)
        case .notObserved(let reason):
            isObserving = false
            sayOnce("observation", .warning, "the node's servers cannot be looked at: \(reason)")
        case .foreign(let reason): halt(.halted(reason))
        case .failed(let error): halt(error)
        case .progress(let id, let progress): self.progress(id, progress)
        case .finished(let id, let outcome): finished(id, outcome)
        case .storeRenewed(let id, let identity): renewed(id, identity)
        case .storeKept(let id, let reason): notRenewed(id, reason)
        case .said(let fact): post(fact, .other)
        case .time: break
        case .stop(let leave, let reason): stop(leave: leave, reason: reason)
        }
    }

    /// What follows from the time and from everything that was heard.
    private mutating func goOn() {
        if observationDue.map({ now >= $0 }) ?? true, !isObserving {
            isObserving = true
            observationDue = now + settings.observationInterval
            effects.append(.observe)
        }
        if phase != .looking, phase != .announcing {
            beginWaiting()
            if heartbeatDue.map({ now >= $0 }) ?? true { beat() }
        }
        goOnStopping()
        flush()
    }

    mutating func token() -> UInt64 {
        tokens += 1
        return tokens
    }

    mutating func say(_ level: AgentRemark.Level, _ text: String) {
        effects.append(.say(AgentRemark(level, text)))
    }

    /// Says it unless it is what was said of that trouble last. An empty text: the trouble is over.
    mutating func sayOnce(_ trouble: String, _ level: AgentRemark.Level, _ text: String) {
        if said[trouble] == text || text.isEmpty && said[trouble] == nil { return }
        said[trouble] = text.isEmpty ? nil : text
        if !text.isEmpty { say(level, text) }
    }

    mutating func halt(_ error: AgentError) {
        phase = .ended
        effects.append(.halt(error))
    }
}
