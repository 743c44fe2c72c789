import MusterCore
import MusterLog
import MusterSimulation
import MusterWire

/// One thing that goes wrong in a run, once, at a place that is counted.
struct Disturbance: Sendable {
    var kind: Kind
    /// The how manieth decision or command of the run it concerns, from 0.
    var index: Int

    /// What goes wrong.
    enum Kind: String, CaseIterable, Sendable {
        // After a decision
        /// The manager dies when the decision is written and nothing of it published. Another one
        /// folds the journal, reads the heartbeats again and publishes what is outstanding.
        case managerCrashes
        case groupOpens, groupCloses
        // To a command
        /// Nobody gets it, until another manager publishes what is outstanding.
        case commandLost
        case commandDoubled, commandLate, executorRestarts
        // To its outcome
        case reportLost, reportDoubled, reportLate
        /// The command has its effect, and its agent cannot say so.
        case unknownWithEffect
        case unknownWithoutEffect

        var isAfterDecision: Bool {
            switch self {
            case .managerCrashes, .groupOpens, .groupCloses: true
            default: false
            }
        }
    }
}

/// What a disturbed run remembers of its disturbance.
struct Mischief {
    var disturbance: Disturbance?
    /// So many decisions and commands there were.
    var decisions = 0
    var commands = 0
    /// The command that the disturbance is about.
    var command: CommandRecord?
    var takeOverAt: Timestamp?
    var laterCommands: [(due: Timestamp, record: CommandRecord)] = []
    var laterFacts: [(due: Timestamp, content: InputMessage.Content)] = []
}

extension FleetRun {
    static let newcomer = GroupID(unchecked: "g3")

    // MARK: After a decision

    func noteDecision() {
        mischief.decisions += 1
        guard let disturbance = mischief.disturbance, disturbance.kind.isAfterDecision,
            disturbance.index == mischief.decisions - 1
        else { return }
        switch disturbance.kind {
        case .managerCrashes: takeOver()
        case .groupOpens:
            // Its only voter is nobody whom a saga is about: the last voter is never removed.
            let founder = Self.names.first { state.sagas[$0] == nil && state.isMember($0) }
            let engine = fleet.groups[Self.groups[0]]?.capabilities ?? Capabilities()
            fleet.open(
                Self.newcomer, on: founder ?? Self.names[0], capabilities: engine, commit: 1000,
                bytes: 1000)
        case .groupCloses: fleet.close(Self.groups[1])
        default: break
        }
    }

    /// Another manager, which knows what lies in the log and nothing else.
    private func takeOver() {
        var folded = ClusterState(id: state.id, genesis: .zero)
        let records = JournalRecordReader()
        do {
            for value in journal {
                folded.evolve(try records.decision(of: value), hash: SHA256.hash(of: value))
            }
        } catch {
            violations.append("the journal cannot be read: \(error)")
        }
        if folded != state { violations.append("the journal folds to another state") }
        state = folded
        evidence = Evidence()
        let policy = state.policy ?? Policy()
        var from = fleet.now - policy.lease * (Policy.downLeases + 1) - policy.stabilization
        for known in state.nodes.values {
            if let removal = known.removal { from = min(from, removal.since - policy.lease * 4) }
        }
        for (content, heard) in heartbeats where heard.appended >= from {
            hearSoftly(content, heard)
        }
        commands = state.outstandingCommands.map {
            CommandRecord(cluster: state.id, id: $0.id, command: $0.command, correlation: "")
        }
    }

    func hearSoftly(_ content: InputMessage.Content, _ heard: Evidence.Heard) {
        let lease = state.policy?.lease ?? Policy().lease
        switch content {
        case .heartbeat(let heartbeat): evidence.hear(heartbeat, heard, lease: lease)
        case .report(let report):
            if state.listens(to: report.observer) { evidence.hear(report, heard, lease: lease) }
        case .fact, .request: break
        }
    }

    // MARK: Commands and their outcomes

    /// A command goes to the agents, as far as nothing comes between.
    func publish(_ record: CommandRecord) {
        mischief.commands += 1
        guard let disturbance = mischief.disturbance, !disturbance.kind.isAfterDecision,
            disturbance.index == mischief.commands - 1
        else { return commands.append(record) }
        mischief.command = record
        switch disturbance.kind {
        case .commandLost: mischief.takeOverAt = record.command.notAfter + .seconds(2)
        case .commandDoubled:
            commands.append(record)
            mischief.laterCommands.append((fleet.now + .milliseconds(500), record))
        case .commandLate:
            mischief.laterCommands.append((record.command.notAfter + .seconds(1), record))
        case .unknownWithoutEffect:
            mischief.laterFacts.append((fleet.now, .fact(.commandOutcomeUnknown(record.report))))
        default: commands.append(record)
        }
    }

    func deliver() {
        if let due = mischief.takeOverAt, due <= fleet.now {
            mischief.takeOverAt = nil
            takeOver()
        }
        let due = mischief.laterCommands.filter { $0.due <= fleet.now }
        mischief.laterCommands.removeAll { $0.due <= fleet.now }
        for record in commands + due.map(\.record) {
            fleet.receive(record)
            guard mischief.disturbance?.kind == .executorRestarts,
                mischief.command?.id == record.id
            else { continue }
            fleet.stop(record.command.executor.node, announced: false)
            fleet.start(record.command.executor.node)
        }
        commands = []
        let facts = mischief.laterFacts.filter { $0.due <= fleet.now }
        mischief.laterFacts.removeAll { $0.due <= fleet.now }
        for fact in facts { hear(fact.content) }
    }

    /// What arrives of a message: of the outcome that the disturbance is about something else.
    func disturbed(_ content: InputMessage.Content) -> [InputMessage.Content] {
        guard let kind = mischief.disturbance?.kind, let record = mischief.command,
            content.outcome == record.id
        else { return [content] }
        switch kind {
        case .reportLost: return []
        case .reportDoubled:
            mischief.laterFacts.append((fleet.now + .milliseconds(700), content))
            return [content, content]
        case .reportLate:
            mischief.laterFacts.append((record.command.notAfter + .seconds(2), content))
            return []
        case .unknownWithEffect: return [.fact(.commandOutcomeUnknown(record.report))]
        default: return [content]
        }
    }
}

extension CommandRecord {
    fileprivate var report: CommandReport {
        CommandReport(command: id, executor: command.executor, detail: "")
    }
}

extension InputMessage.Content {
    /// The command whose outcome the message reports; nil when it reports none.
    fileprivate var outcome: CommandID? {
        switch self {
        case .fact(.commandSucceeded(let report)), .fact(.commandFailed(let report, _)),
            .fact(.commandOutcomeUnknown(let report)):
            report.command
        default: nil
        }
    }
}
