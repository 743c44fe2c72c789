internal import MusterCore
internal import MusterWire

/// Decides a recorded input again, on the state that the record extends and with the evidence that
/// it carries, and says how the answer differs.
struct DecisionCheck {
    /// One thing that is wrong with a decision.
    struct Problem {
        let kind: AuditFinding.Kind
        let sentence: String
        var decided: [Event] = []
    }

    private let inputs = InputReader()

    /// What is wrong with a decision that extends the state; nothing when it is decided the same
    /// again.
    func problems(of decision: Decision, on state: ClusterState) -> [Problem] {
        var problems = contradictions(decision, state)
        let input: Input
        switch decision.cause {
        case .timer(let subject):
            input = Input(cluster: state.id, source: .manager, content: .wake(subject))
        case .manager:
            if !decision.events.isEmpty {
                problems.append(
                    Problem(
                        kind: .contradictory,
                        sentence: "it is about the manager itself and decides something"))
            }
            return problems
        case .input(let position, let appended, let event):
            do {
                let incoming = try inputs.read(position.partition.topic, causeEvent: event)
                guard let content = incoming.message.content.decided else {
                    return problems + [wrong("it answers what is only heard, never decided")]
                }
                if incoming.message.cluster != state.id {
                    problems.append(
                        wrong("it answers an input of \(incoming.message.cluster)"))
                }
                if decision.at != max(appended, state.at) {
                    problems.append(
                        wrong("its time is \(decision.at), its input's is \(appended)"))
                }
                input = Input(
                    cluster: state.id, source: .record(position, appended: appended),
                    content: content, correlation: incoming.correlation)
            } catch {
                return problems + [
                    Problem(
                        kind: .unreadable,
                        sentence: "the input that it answers cannot be read: \(error)")
                ]
            }
        }
        return problems + again(decision, input, state)
    }

    private func again(
        _ decision: Decision, _ input: Input, _ state: ClusterState
    ) -> [Problem] {
        var problems: [Problem] = []
        let origin = state.origin(of: input)
        if origin.principal != decision.principal {
            problems.append(
                wrong(
                    "it names \(Self.name(decision.principal)) as the one who asked, its input "
                        + Self.name(origin.principal)))
        }
        if origin.correlation != decision.correlation {
            problems.append(
                wrong(
                    "it says that it belongs to \(decision.correlation), its input belongs to "
                        + origin.correlation))
        }
        let evidence = decision.evidence ?? Evidence()
        let events = state.decide(input, evidence: evidence, at: decision.at)
        if events != decision.events {
            if decision.events == ManagerLoop.shortDelayRefusal(of: input, state) {
                return problems
            }
            problems.append(
                Problem(
                    kind: .decidedOtherwise,
                    sentence: "decided again it is something else (it was decided by version "
                        + "\(decision.manager.version))",
                    decided: events))
        } else if events.isEmpty {
            problems.append(wrong("it decides nothing, and no manager writes such a record"))
        }
        return problems
    }

    private func contradictions(_ decision: Decision, _ state: ClusterState) -> [Problem] {
        var problems: [Problem] = []
        if decision.at < state.at {
            problems.append(wrong("its time \(decision.at) is before the last one's, \(state.at)"))
        }
        for position in decision.considered
        where position.offset <= state.next[position.partition] ?? .zero {
            problems.append(
                wrong(
                    "it says that less of \(Self.name(position.partition)) was considered than "
                        + "the decision before it"))
        }
        switch decision.cause {
        case .input(let position, _, _), .manager(.unreadable(let position, _)):
            if position.offset < state.next[position.partition] ?? .zero {
                problems.append(
                    wrong(
                        "its input at \(Self.name(position.partition))/\(position.offset) was "
                            + "passed before: it takes effect twice, or late"))
            }
        case .timer, .manager(.skipped), .manager(.inputsLost): break
        }
        return problems
    }

    private func wrong(_ sentence: String) -> Problem {
        Problem(kind: .contradictory, sentence: sentence)
    }

    private static func name(_ principal: Principal?) -> String { principal?.text ?? "nobody" }

    static func name(_ partition: TopicPartition) -> String {
        "\(partition.topic.name)/\(partition.partition)"
    }
}

extension InputMessage.Content {
    /// What there is to decide upon; nil for what is only heard.
    var decided: Input.Content? {
        switch self {
        case .fact(let fact): .fact(fact)
        case .request(let request): .request(request)
        case .heartbeat, .report: nil
        }
    }
}

extension Input.Content {
    /// Whether what it decides follows from soft evidence too, which nobody but its manager had.
    var restsOnEvidence: Bool {
        switch self {
        case .fact(.nodeReportedDown), .fact(.nodeReportedUp), .fact(.commandFailed), .wake: true
        case .fact, .request: false
        }
    }
}
