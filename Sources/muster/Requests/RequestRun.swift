import MusterCommandLine
import MusterCore
import MusterEngines
import MusterLog
import MusterRuntime
import MusterWire

/// Sends a request and waits for what becomes of it; or says what would become of it.
struct RequestRun {
    let call: Invocation
    let request: Request
    /// Whether the request may be the first thing that is said of a cluster.
    let foundsCluster: Bool

    static func run(
        _ call: Invocation, foundsCluster: Bool = false, _ action: Request.Action
    ) async throws -> ExitCode {
        let run = RequestRun(
            call: call, request: try RequestOptions.request(call, action),
            foundsCluster: foundsCluster)
        var outcome = try await run.outcome()
        let words = call.command.arguments.flatMap { call.all($0.name) }
        outcome.line = (["muster"] + call.path + words).joined(separator: " ")
        try call.show(outcome.value)
        return outcome.exitCode
    }

    private func outcome() async throws -> RequestOutcome {
        if call.flag("dry-run") {
            return try await call.withLog(for: .read) { log in
                let query = try await Query(call, log)
                query.sayFreshness()
                return try await dryRun(query)
            }
        }
        return try await call.withExistingLog { log in
            let query = try await Query(call, log)
            let state = try target(query)
            if let known = state.requests.first(where: { $0.id == request.id }) {
                return try await repeated(known, state, query)
            }
            return try await send(query, state)
        }
    }

    private func target(_ query: Query) throws -> ClusterState {
        if foundsCluster, let name: ClusterID = try call.name(option: CommonOptions.cluster.name),
            query.projection.reader.state(of: name) == nil
        {
            return ClusterState(id: name, genesis: .zero)
        }
        return try query.cluster()
    }

    /// What became of the request when it was first asked; while it is under way that is waited
    /// for, as it was then.
    private func repeated(
        _ known: RequestRecord, _ state: ClusterState, _ query: Query
    ) async throws -> RequestOutcome {
        call.output.note(
            """
            the request id \(request.id.text) was used before: nothing was appended, this is its \
            outcome
            """)
        var outcome = RequestOutcome(cluster: state.id, request: request, .accepted)
        switch known.outcome {
        case .accepted: break
        case .completed: outcome.word = .completed
        case .rejected(let refusal):
            outcome.word = .rejected
            outcome.refusal = refusal
        case .failed(let refusal):
            outcome.word = .failed
            outcome.refusal = refusal
        }
        outcome.version = state.membershipVersion
        outcome.policy = state.policy
        if outcome.word == .accepted, !call.flag("no-wait") {
            let begun = outcome
            outcome = try await withFollower(query) { try await follow($0, begun) }
        }
        return outcome
    }

    // MARK: Dry run

    private func dryRun(_ query: Query) async throws -> RequestOutcome {
        let state = try target(query)
        let evidence = try await query.evidence(of: state)
        let input = Input(
            cluster: state.id, source: .dryRun, content: .request(request),
            correlation: request.id.text)
        let part = state.extract(for: input, from: evidence) ?? Evidence()
        let events = state.decide(input, evidence: part, at: max(query.now, state.at))
        var outcome = RequestOutcome(
            cluster: state.id, request: request, .possible, isDry: true)
        _ = outcome.take(events)
        if let node {
            outcome.about = Wording.silence(of: node, state, evidence, at: query.now)
        }
        if outcome.word != .rejected { outcome.word = .possible }
        outcome.version = state.membershipVersion
        outcome.policy = state.policy
        return outcome
    }

    // MARK: Sending

    private func send(_ query: Query, _ state: ClusterState) async throws -> RequestOutcome {
        let partitions = query.projection.reader.header?.partitions ?? 1
        let message = InputMessage(state.id, .request(request))
        let record = message.outgoing(
            EventOrigin(
                id: request.id.text, source: "/muster/cli/\(request.principal.text)",
                time: Timestamp(milliseconds: call.context.now()),
                correlation: request.id.text))
        let partition = TopicPartition(
            record.topic, Partitioner.partition(of: state.id, count: partitions))
        return try await withFollower(query) { follower in
            let place = try await query.log.append(
                NewRecord(
                    partition, key: record.key, headers: record.headers, value: record.value))
            var outcome = RequestOutcome(cluster: state.id, request: request, .appended)
            outcome.position = Position(partition, place.offset)
            outcome.appended = place.appended
            outcome.version = state.membershipVersion
            if call.flag("no-wait") { return outcome }
            outcome.word = .unanswered
            return try await follow(follower, outcome)
        }
    }

    /// Lets the body read on in the journal from where the query ends.
    private func withFollower(
        _ query: Query, _ body: (JournalFollower) async throws -> RequestOutcome
    ) async throws -> RequestOutcome {
        let follower = try await JournalFollower(query.projection, query.log)
        do {
            let outcome = try await body(follower)
            await follower.close()
            return outcome
        } catch {
            await follower.close()
            throw error
        }
    }

    /// Waits for the end of the request, at most as long as was asked for.
    private func follow(
        _ follower: JournalFollower, _ begun: RequestOutcome
    ) async throws -> RequestOutcome {
        var outcome = begun
        let clock = ContinuousClock()
        let begin = clock.now
        let end = begin + (call.duration("timeout") ?? .seconds(30))
        let live = LiveLines(call.context)
        defer { live.end() }
        while clock.now < end {
            show(live, follower, outcome, since: clock.now - begin)
            let pause: Duration = live.isShown ? .milliseconds(250) : .seconds(1)
            for entry in try await follower.next(waitingUpTo: min(end - clock.now, pause))
            where entry.cluster == outcome.cluster && concerns(entry, outcome) {
                if take(entry, &outcome) { return outcome }
            }
        }
        let state = follower.states.first { $0.id == outcome.cluster }
        if let state, let change = ChangeProgress(state, request: request.id, node: node) {
            outcome.steps = ChangeProgress.rows(change.saga)
        }
        return outcome
    }

    private func take(
        _ entry: JournalFollower.Entry, _ outcome: inout RequestOutcome
    ) -> Bool {
        outcome.sequence = entry.sequence
        outcome.at = entry.decision.at
        outcome.version = entry.after.membershipVersion
        outcome.policy = entry.after.policy
        let isOver = outcome.take(entry.decision.events)
        if outcome.word == .rejected, let node, let evidence = entry.decision.evidence {
            outcome.about = Wording.silence(
                of: node, entry.after, evidence, at: entry.decision.at)
        }
        return isOver
    }

    /// A line for each group of the change that is waited for, as the journal tells it.
    private func show(
        _ live: LiveLines, _ follower: JournalFollower, _ outcome: RequestOutcome,
        since elapsed: Duration
    ) {
        guard live.isShown else { return }
        let now = Timestamp(milliseconds: call.context.now())
        let state = follower.states.first { $0.id == outcome.cluster }
        if outcome.word == .accepted, let state,
            let change = ChangeProgress(state, request: request.id, node: node)
        {
            live.show(change.lines(now: now))
        } else if elapsed > .milliseconds(500) {
            let what = EscapedText(Wording.asked(request.action))
            live.show([.init("\(what): waiting for a manager, \(Wording.length(elapsed))")])
        }
    }

    /// Whom the request is about; nil: the cluster.
    private var node: NodeID? {
        CauseView.node(of: InputMessage(ClusterID(unchecked: ""), .request(request)))
    }

    /// Whether a decision is about the request: its answer, or what follows from it.
    private func concerns(
        _ entry: JournalFollower.Entry, _ outcome: RequestOutcome
    ) -> Bool {
        if entry.decision.correlation == request.id.text { return true }
        if case .input(let position, _, _) = entry.decision.cause,
            position == outcome.position
        {
            return true
        }
        return entry.decision.events.contains { event in
            switch event {
            case .requestAccepted(let id, _), .requestCompleted(let id, _),
                .requestRejected(let id, _, _):
                id == request.id
            default: false
            }
        }
    }
}
