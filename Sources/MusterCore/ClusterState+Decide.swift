extension ClusterState {
    /// What follows from an input, given the state and the evidence that was extracted for it.
    ///
    /// Changes nothing. Every input is safe to repeat; an empty answer means that there is nothing
    /// to do. The same arguments give the same answer in every process.
    ///
    /// - Parameters:
    ///   - evidence: what `extract(for:from:)` gave for this input.
    ///   - at: the moment of the log, not before the state's `at`.
    package func decide(_ input: Input, evidence: Evidence, at: Timestamp) -> [Event] {
        if case .record(let position, _) = input.source,
            let passed = next[position.partition], position.offset < passed
        {
            return []
        }
        switch input.content {
        case .fact(let fact):
            return decideFact(fact, said: input.said ?? at, evidence: evidence, at: at)
        case .request(let request):
            return decideRequest(request, input, evidence: evidence, at: at)
        case .wake(let subject):
            return decideWake(subject, evidence: evidence, at: at)
        }
    }

    private func decideWake(_ subject: Subject, evidence: Evidence, at: Timestamp) -> [Event] {
        // Whoever has heard less than the newest decision rests on has nothing to say.
        if let newest = evidence.newest, newest.appended < heard { return [] }
        switch subject {
        case .sight(let blindness):
            return decideSight(blindness, at: at)
        case .liveness:
            return decideLiveness(evidence: evidence, at: at)
        case .removal(let node):
            return decideRemoval(of: node, evidence: evidence, at: at)
        case .saga(let node):
            return decideSaga(of: node, evidence: evidence, at: at)
        case .step(let node, let group):
            return StepMachine(self, node, group, evidence: evidence, at: at)?.move() ?? []
        }
    }

    /// Whose decision it is and what it belongs to: the principal and the correlation of an input.
    package func origin(of input: Input) -> (principal: Principal?, correlation: String) {
        switch input.content {
        case .fact:
            return (nil, input.correlation)
        case .request(let request):
            return (request.principal, input.correlation)
        case .wake(let subject):
            switch subject {
            case .liveness, .removal, .sight: return (nil, "")
            case .saga(let node), .step(let node, _):
                return (sagas[node]?.principal, sagas[node]?.correlation ?? "")
            }
        }
    }
}
