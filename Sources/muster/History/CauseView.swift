import MusterCore
import MusterWire

/// What a decision answers, in words.
struct CauseView {
    enum Kind: String, CaseIterable {
        case fact
        case request
        case timer
        case manager
    }

    let kind: Kind
    let sentence: String
    /// The node that the input is about; nil for the cluster, and for wake-ups of it.
    let node: NodeID?
    /// The input's id; nil for what is no input.
    let eventID: String?
    let principal: Principal?
    /// What a manager or a person did to the journal itself, in a word; nil for all else.
    let managerWord: String?

    /// - Parameter inputs: reads the input that the decision holds.
    init(_ decision: Decision, _ inputs: InputReader) {
        managerWord =
            if case .manager(let cause) = decision.cause { Self.word(cause) } else { nil }
        switch decision.cause {
        case .timer(let subject):
            kind = .timer
            (sentence, node) = Self.words(subject)
            eventID = nil
            principal = nil
        case .manager(let cause):
            kind = .manager
            sentence = Self.words(cause)
            node = nil
            eventID = nil
            principal = nil
        case .input(let position, _, let event):
            // The manager read it before it decided; a later version may not.
            let incoming = try? inputs.read(position.partition.topic, causeEvent: event)
            eventID = incoming?.event.id
            principal = decision.principal
            kind = position.partition.topic == .requests ? .request : .fact
            node = incoming.flatMap { Self.node(of: $0.message) }
            let place = Self.place(position)
            sentence = (incoming.map { Self.words($0.message) } ?? "an input") + " (\(place))"
        }
    }

    static func place(_ position: Position) -> String {
        "\(position.partition.topic.name)/\(position.partition.partition)/\(position.offset)"
    }

    private static func words(_ subject: Subject) -> (String, NodeID?) {
        switch subject {
        case .liveness: ("the clock, and who was heard", nil)
        case .removal(let node): ("the clock, and the deadline of \(node.text)", node)
        case .saga(let node): ("a look at the change of \(node.text)", node)
        case .step(let node, let group):
            ("a look at the change of \(node.text) in \(group.text)", node)
        case .sight(let blindness?):
            ("the manager's own sight: " + Wording.words(blindness), nil)
        case .sight(nil): ("the manager's own sight: it sees", nil)
        }
    }

    private static func word(_ cause: Decision.ManagerCause) -> String {
        switch cause {
        case .unreadable: "unreadable"
        case .skipped: "skipped"
        case .inputsLost: "inputsLost"
        }
    }

    private static func words(_ cause: Decision.ManagerCause) -> String {
        switch cause {
        case .unreadable(let position, _):
            "the input at \(place(position)) could not be decided and lies in quarantine"
        case .skipped(let sequence, let hash, let reason):
            "the damaged record \(sequence) (\(hash)) was skipped"
                + (reason.isEmpty ? "" : ": \(reason)")
        case .inputsLost(let place, let from, let next, let reason):
            "inputs of \(place.topic.name)/\(place.partition) from \(from) on were lost and given up; "
                + "reading goes on at \(next)" + (reason.isEmpty ? "" : ": \(reason)")
        }
    }

    /// Whom an input is about; nil: the cluster.
    static func node(of message: InputMessage) -> NodeID? {
        switch message.content {
        case .request(let request): request.action.node
        case .heartbeat(let heartbeat): heartbeat.identity.node
        case .report(let report): report.observer.node
        case .fact(let fact): node(of: fact)
        }
    }

    private static func node(of fact: Fact) -> NodeID? {
        switch fact {
        case .nodeUp(let up): up.identity.node
        case .nodeStopping(let who), .nodeLeaving(let who, _), .groupDeleted(let who, _),
            .syncStarted(let who, _, _), .synced(let who, _, _), .syncFailed(let who, _, _, _):
            who.node
        case .nodeReportedDown(let opinion), .nodeReportedUp(let opinion): opinion.node
        case .groupObserved: nil
        case .commandSucceeded(let report), .commandFailed(let report, _),
            .commandOutcomeUnknown(let report):
            report.executor.node
        }
    }

    private static func words(_ message: InputMessage) -> String {
        switch message.content {
        case .request(let request):
            let reason = request.reason.isEmpty ? "" : ", \"\(request.reason)\""
            return "\(request.principal.text) asks: \(Wording.asked(request.action))\(reason)"
        case .heartbeat(let heartbeat): return "a heartbeat of \(heartbeat.identity.node.text)"
        case .report(let report): return "a report of \(report.observer.node.text)"
        case .fact(let fact): return words(fact)
        }
    }

    private static func words(_ fact: Fact) -> String {
        switch fact {
        case .nodeUp(let up): "\(up.identity.node.text) says that it is up"
        case .nodeStopping(let who): "\(who.node.text) says that it stops"
        case .nodeReportedDown(let opinion):
            "\(opinion.observer.text) takes \(opinion.node.text) for dead"
        case .nodeReportedUp(let opinion):
            "\(opinion.observer.text) has seen \(opinion.node.text)"
        case .nodeLeaving(let who, _): "\(who.node.text) asks to leave"
        case .groupObserved(let report): "what \(report.observer.node.text) sees of its groups"
        case .groupDeleted(let who, let group):
            "\(who.node.text) says that \(group.text) is deleted"
        case .syncStarted(let who, let group, let source):
            "\(who.node.text) copies \(group.text) from \(source.text)"
        case .synced(let who, let group, let index):
            "\(who.node.text) has \(group.text) up to entry \(index)"
        case .syncFailed(let who, let group, let reason, _):
            "\(who.node.text) could not copy \(group.text): \(reason)"
        case .commandSucceeded(let report):
            "\(report.executor.node.text) has carried out command \(report.command)"
        case .commandFailed(let report, let failure):
            "\(report.executor.node.text) has not carried out command \(report.command): "
                + Wording.words(failure)
        case .commandOutcomeUnknown(let report):
            "\(report.executor.node.text) does not know what became of command "
                + "\(report.command)"
        }
    }
}
