package import MusterCore
package import MusterLog
package import MusterWire

/// Folds recorded inputs twice, under the policy that was and under another one, and says where
/// automation would have decided otherwise.
///
/// Both runs are the manager's own code on the same records, so that what differs is the policy's
/// doing. The world does not answer: observations stay those that were recorded, whatever a run
/// commands. A removal that never happened is therefore noted and taken back, and everything behind
/// the first difference is what the policy would have decided on the world as it went.
package struct Backtest {
    /// What was recorded, apart from its inputs.
    package struct Recording: Sendable {
        package var header: JournalHeader
        /// The cluster as it was when the back-test begins.
        package var state: ClusterState
        package var from: Timestamp
        /// The accepted decisions since, in order.
        package var decisions: [RecordedDecision]

        package init(
            header: JournalHeader, state: ClusterState, from: Timestamp,
            decisions: [RecordedDecision]
        ) {
            self.header = header
            self.state = state
            self.from = from
            self.decisions = decisions
        }
    }

    /// Why a back-test cannot be made.
    package enum Failure: Error, Sendable {
        case journal(JournalReader.Failure)
        /// The policy would have been refused.
        case invalidPolicy(Refusal)
        /// A run could not go on.
        case stopped(String)
    }

    package private(set) var inputCount: UInt64 = 0
    package private(set) var heardCount: UInt64 = 0
    /// The newest record that was given.
    package private(set) var until: Timestamp
    private let recording: Recording
    private let patch: PolicyPatch
    /// Both runs; nil before the first record that is not older than the beginning.
    private var runs: Runs?
    private let starts: SortedMap<TopicPartition, Offset>
    private let followed: FollowedRemovals
    /// What was said before the beginning: a manager that takes over reads it again.
    private var lead: [RecordedInput] = []
    private var commands: [CommandID: Command] = [:]
    /// When each store was heard after the first removal of it.
    private var signs: [StoreID: [Timestamp]] = [:]
    private var heardNext = Offset.zero
    private var requests: UInt64 = 0
    private let home: Int32

    /// - Parameters:
    ///   - patch: what of the recorded policy is replaced, at the beginning and whenever the
    ///     recorded one is changed.
    ///   - starts: per input partition the first offset that will be given.
    package init(
        _ recording: Recording, patch: PolicyPatch, starts: SortedMap<TopicPartition, Offset>
    ) throws(Failure) {
        self.recording = recording
        self.patch = patch
        until = recording.from
        home = Partitioner.partition(
            of: recording.state.id, count: recording.header.partitions)
        for (id, command) in recording.state.outstandingCommands { commands[id] = command }
        for each in recording.decisions {
            for (id, command) in each.decision.commands(at: each.sequence, hash: each.hash) {
                commands[id] = command
            }
        }
        self.starts = starts
        followed = FollowedRemovals(recording.decisions)
        if let policy = recording.state.policy, let refusal = patch.applied(to: policy).invalidity {
            throw .invalidPolicy(refusal)
        }
    }

    private struct Runs {
        var recorded: ReplayedManager
        var other: ReplayedManager
    }

    /// Starts both runs as a manager that takes over: what was heard before is heard first.
    private mutating func begin() throws(Failure) {
        let heard = lead.filter { !$0.isInput }
        let place = TopicPartition(.heartbeats, home)
        let records = heard.enumerated().map { index, record in
            let outgoing = record.message.outgoing(record.origin)
            return LogRecord(
                position: Position(place, Offset(UInt64(index))), appended: record.appended,
                key: outgoing.key, headers: outgoing.headers, value: outgoing.value)
        }
        heardNext = Offset(UInt64(records.count))
        do {
            let run = try ReplayedManager(
                recording.state, header: recording.header, starts: starts, followed: followed,
                from: recording.from, heard: RecordBatch.copying(records, of: place))
            runs = Runs(recorded: run, other: run)
        } catch {
            throw .journal(error)
        }
        if let policy = recording.state.policy { try configure(policy, at: recording.from) }
        for record in lead where record.isInput { try give(record, at: recording.from) }
        lead = []
    }

    /// What the journal itself says was decided.
    private static func outcome(of decisions: [RecordedDecision]) -> PolicyOutcome {
        var outcome = PolicyOutcome()
        for each in decisions { outcome.note(each.decision) }
        return outcome
    }

    /// Puts the other policy in force over a recorded one.
    private mutating func configure(_ policy: Policy, at moment: Timestamp) throws(Failure) {
        if let refusal = patch.applied(to: policy).invalidity { throw .invalidPolicy(refusal) }
        requests += 1
        runs?.other.ask(
            Request(
                id: RequestID(unchecked: "back-test policy \(requests)"),
                principal: Principal(unchecked: "back-test"), reason: "the other policy",
                validFor: .seconds(1 << 40), onlyAt: nil, overrides: [],
                action: .configure(patch)),
            at: moment)
    }

    // MARK: Records

    /// The next record of the recorded world, in the order of append times.
    package mutating func take(_ record: RecordedInput) throws(Failure) {
        guard record.message.cluster == recording.state.id else { return }
        until = max(until, record.appended)
        if record.isInput { inputCount += 1 } else { heardCount += 1 }
        if record.appended < recording.from {
            lead.append(record)
            return
        }
        if runs == nil { try begin() }
        note(record.message.content, at: record.appended)
        var placed = record
        if !record.isInput {
            placed.position = Position(TopicPartition(.heartbeats, home), heardNext)
            heardNext = heardNext.next
        }
        try give(placed, at: record.appended)
    }

    private mutating func give(
        _ record: RecordedInput, at moment: Timestamp
    ) throws(Failure) {
        guard var runs = self.runs else { return }
        self.runs = nil
        runs.recorded.take([batch(record, runs.recorded)], at: moment)
        let before = runs.other.state?.policy
        runs.other.take([batch(record, runs.other)], at: moment)
        switch record.message.content {
        case .report(let report), .fact(.groupObserved(let report)):
            runs.recorded.look(at: report.groups.map(\.group), moment)
            runs.other.look(at: report.groups.map(\.group), moment)
        case .heartbeat, .request, .fact: break
        }
        self.runs = runs
        if case .request(let request) = record.message.content,
            case .configure = request.action, let policy = runs.other.state?.policy,
            policy != before
        {
            try configure(policy, at: moment)
        }
        if let trouble = runs.recorded.trouble ?? runs.other.trouble { throw .stopped(trouble) }
    }

    /// The clock runs on to the end.
    package mutating func finish(at moment: Timestamp) throws(Failure) {
        if runs == nil { try begin() }
        until = max(until, moment)
        runs?.recorded.run(until: moment)
        runs?.other.run(until: moment)
    }

    /// A report on a recorded command is one on what the run itself has commanded. That a request
    /// was for one version of the membership is left out: a run counts its own.
    private func batch(_ record: RecordedInput, _ run: ReplayedManager) -> RecordBatch {
        var message = record.message
        switch message.content {
        case .fact(.commandSucceeded(var report)):
            translate(&report, run)
            message.content = .fact(.commandSucceeded(report))
        case .fact(.commandFailed(var report, let failure)):
            translate(&report, run)
            message.content = .fact(.commandFailed(report, failure))
        case .fact(.commandOutcomeUnknown(var report)):
            translate(&report, run)
            message.content = .fact(.commandOutcomeUnknown(report))
        case .request(var request):
            request.onlyAt = nil
            message.content = .request(request)
        case .fact, .heartbeat, .report: break
        }
        let outgoing = message.outgoing(record.origin)
        return RecordBatch.copying(
            [
                LogRecord(
                    position: record.position, appended: record.appended, key: outgoing.key,
                    headers: outgoing.headers, value: outgoing.value)
            ], of: record.position.partition)
    }

    private func translate(_ report: inout CommandReport, _ run: ReplayedManager) {
        guard let command = commands[report.command] else { return }
        let own = run.state?.outstandingCommands.first { _, mine in
            mine.action.name == command.action.name && mine.group == command.group
                && mine.node == command.node && mine.store == command.store
        }
        if let own { report.command = own.id }
    }

    /// Who is heard, for whoever was removed before.
    private mutating func note(_ content: InputMessage.Content, at moment: Timestamp) {
        let store: StoreID
        switch content {
        case .heartbeat(let heartbeat): store = heartbeat.identity.store
        case .fact(.nodeUp(let up)): store = up.identity.store
        default: return
        }
        func isRemoved(_ run: ReplayedManager?) -> Bool {
            run?.outcome.removals.contains { $0.store == store && $0.began < moment } ?? false
        }
        if isRemoved(runs?.recorded) || isRemoved(runs?.other) {
            signs[store, default: []].append(moment)
        }
    }

    // MARK: What came of it

    /// What differs, once everything was given.
    ///
    /// - Parameters:
    ///   - to: what was decided later is left out.
    ///   - wrongWithin: a removal is wrong when the node was heard again within this time.
    package func report(to: Timestamp, wrongWithin: Duration) -> BacktestReport {
        // Two moments of the same decision may lie so far apart: wake-ups are no more exact.
        let lease = recording.state.policy?.lease ?? runs?.recorded.state?.policy?.lease
        let tolerance = min((lease ?? .zero) / 2, .seconds(2))
        return BacktestReport(
            journal: Self.outcome(of: recording.decisions.filter { $0.decision.at <= to }),
            recorded: runs?.recorded.outcome ?? PolicyOutcome(),
            other: runs?.other.outcome ?? PolicyOutcome(), to: to, until: until,
            wrongWithin: wrongWithin, tolerance: tolerance, signs: signs)
    }
}

/// A record of an input topic, or one as it must have been.
package struct RecordedInput: Sendable {
    package var message: InputMessage
    package var origin: EventOrigin
    package var position: Position
    package var appended: Timestamp

    package init(
        _ message: InputMessage, _ origin: EventOrigin, at position: Position, appended: Timestamp
    ) {
        self.message = message
        self.origin = origin
        self.position = position
        self.appended = appended
    }

    /// Whether it is decided upon; else it is only heard.
    var isInput: Bool { message.content.decided != nil }

    package init(_ incoming: InputReader.Incoming, at position: Position, appended: Timestamp) {
        let event = incoming.event
        self.init(
            incoming.message,
            EventOrigin(
                id: event.id, source: event.source, correlation: event.correlation,
                causation: event.causation),
            at: position, appended: appended)
    }
}

/// An accepted decision of the recorded journal.
package struct RecordedDecision: Sendable {
    package var sequence: MusterCore.Sequence
    package var hash: Hash
    package var decision: Decision
    package var appended: Timestamp

    package init(
        sequence: MusterCore.Sequence, hash: Hash, decision: Decision, appended: Timestamp
    ) {
        self.sequence = sequence
        self.hash = hash
        self.decision = decision
        self.appended = appended
    }
}
