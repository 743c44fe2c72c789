internal import MusterCore
internal import MusterLog
internal import MusterWire

extension Cluster {
    /// Asks for a change, and waits for what becomes of it.
    ///
    /// ```swift
    /// let answer = try await orders.ask(.remove("n3"), because: "its rack is emptied", as: "ops")
    /// ```
    public func ask(
        _ wish: Wish, because reason: String, as principal: String,
        waitingUpTo limit: Duration = .seconds(30)
    ) async throws -> Answer {
        try await ask(Request(wish, because: reason, as: principal), waitingUpTo: limit)
    }

    /// Asks for a change, and waits for what becomes of it.
    ///
    /// A request whose id was used before is not appended again; its outcome is answered.
    ///
    /// - Parameter limit: how long to wait; what is not over then goes on without the caller.
    /// - Throws: `ClientError`. After `unavailable` the request may lie in the log all the same:
    ///   ask it again with its id.
    public func ask(
        _ request: Request, waitingUpTo limit: Duration = .seconds(30)
    ) async throws -> Answer {
        let asked = try request.core()
        return try await ClientError.translating {
            let follower = try await ClusterFollower(id, log, readers)
            var answer = Answer(id: request.id)
            if !remembered(asked.id, follower, &answer) {
                _ = try await append(
                    .request(asked), id: asked.id.text, correlation: asked.id.text)
            }
            let end = ContinuousClock.now + limit
            while !answer.isFinal, ContinuousClock.now < end {
                let steps = try await follower.next(
                    waitingUpTo: min(.seconds(5), end - ContinuousClock.now))
                for step in steps where Self.concerns(asked.id, step.decision) {
                    answer.sequence = step.sequence.value
                }
                _ = remembered(asked.id, follower, &answer)
            }
            return answer
        }
    }

    /// Whether the state knows the request; then the answer says what of it.
    private func remembered(
        _ request: RequestID, _ follower: ClusterFollower, _ answer: inout Answer
    ) -> Bool {
        guard let record = follower.state?.requests.first(where: { $0.id == request }) else {
            return false
        }
        answer.take(record)
        return true
    }

    private static func concerns(_ request: RequestID, _ decision: Decision) -> Bool {
        decision.events.contains { event in
            switch event {
            case .requestAccepted(request, _), .requestCompleted(request, _),
                .requestRejected(request, _, _):
                true
            default: false
            }
        }
    }
}
