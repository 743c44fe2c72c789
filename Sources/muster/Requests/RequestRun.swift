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
        let outcome = try await run.outcome()
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
                return repeated(known, state)
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

    private func repeated(_ known: RequestRecord, _ state: ClusterState) -> RequestOutcome {
        call.output.note(
            """
            the request id \(request.id.text) was used before: nothing was appended, this is its \
            outcome
            """)
        var outcome = RequestOutcome(cluster: state.id, request: request.id, .accepted)
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
        var outcome = RequestOutcome(cluster: state.id, request: request.id, .possible)
        _ = outcome.take(events)
        if outcome.word != .rejected { outcome.word = .possible }
        outcome.version = state.membershipVersion
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
        let follower = try await JournalFollower(query.projection, query.log)
        do {
            let place = try await query.log.append(
                NewRecord(
                    partition, key: record.key, headers: record.headers, value: record.value))
            var outcome = RequestOutcome(cluster: state.id, request: request.id, .appended)
            outcome.position = Position(partition, place.offset)
            outcome.version = state.membershipVersion
            if !call.flag("no-wait") { try await follow(follower, &outcome) }
            await follower.close()
            return outcome
        } catch {
            await follower.close()
            throw error
        }
    }

    private func follow(
        _ follower: JournalFollower, _ outcome: inout RequestOutcome
    ) async throws {
        outcome.word = .unanswered
        let clock = ContinuousClock()
        let end = clock.now + (call.duration("timeout") ?? .seconds(30))
        let progress = ProgressBar("waiting for the outcome", total: nil, call.context)
        defer { progress.end() }
        while clock.now < end {
            let limit = min(end - clock.now, .seconds(1))
            for entry in try await follower.next(waitingUpTo: limit)
            where entry.cluster == outcome.cluster && concerns(entry, outcome) {
                outcome.sequence = entry.sequence
                outcome.at = entry.decision.at
                outcome.version = entry.after.membershipVersion
                if outcome.take(entry.decision.events) { return }
            }
        }
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
