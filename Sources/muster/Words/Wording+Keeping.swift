import MusterCore

extension Wording {
    /// What an event says of holds, pauses, blindness and proposals; nil when it is about another
    /// thing.
    static func keepingSentence(_ event: Event) -> String? {
        switch event {
        case .blinded(let blindness): "the manager may be blind: \(words(blindness))"
        case .sighted: "the manager sees again; removal deadlines start again"
        case .automationPaused(let interval): "automation is paused \(words(interval))"
        case .automationResumed(let why): "automation goes on (\(why.rawValue))"
        case .nodeHeld(let node, let interval): "\(node.text) is held \(words(interval))"
        case .nodeReleased(let node, let why):
            "\(node.text) is no longer held (\(why.rawValue))"
        case .nodeForgotten(let node): "\(node.text) is forgotten"
        case .changeWithheld(_, _, let action, let refusal, _):
            "not done: \(asked(action)); \(sentence(refusal))"
        case .changeProposed(_, _, let action, _):
            "proposed: \(asked(action)); `muster approve` sends it"
        case .proposalEnded(let rule, let node, nil):
            "the \(rule.rawValue) proposed for \(node.text) is approved"
        case .proposalEnded(let rule, let node, let why?):
            "the \(rule.rawValue) of \(node.text) is no longer proposed: \(sentence(why))"
        default: nil
        }
    }

    private static func words(_ interval: Interval) -> String {
        "until \(moment(interval.until)) by \(interval.principal.text)"
            + (interval.reason.isEmpty ? "" : ": \(interval.reason)")
    }

    /// Why a manager may be blind.
    static func words(_ blindness: Blindness) -> String {
        switch blindness.kind {
        case .fleet:
            "\(blindness.count) of the \(blindness.of) nodes that it serves fell silent at once"
        case .lag: "it reads what was said \(length(.milliseconds(blindness.count))) ago"
        }
    }

    /// What a request asks for.
    static func asked(_ action: Request.Action) -> String {
        switch action {
        case .configure: "configure the policy"
        case .add(let node, let role, _, _): "add \(node.text) as \(role.rawValue)"
        case .remove(let node): "remove \(node.text)"
        case .promote(let node): "make \(node.text) a voter"
        case .demote(let node): "make \(node.text) a learner"
        case .transfer(let group, let node):
            "give the leadership of \(group.text) to \(node.text)"
        case .replace(let node, let newcomer):
            "replace \(node.text)" + (newcomer.map { " with \($0.text)" } ?? "")
        case .cancel(let node): "cancel what is planned for \(node.text)"
        case .extend(let node, let by):
            "put the removal of \(node.text) off by \(length(by))"
        case .hold(let node, let lasting): "hold \(node.text) for \(length(lasting))"
        case .release(let node): "release \(node.text)"
        case .pause(let lasting): "pause automation for \(length(lasting))"
        case .resume: "let automation go on"
        case .retry(let node): "try again what is stalled of \(node.text)"
        case .approve(let proposal): "approve proposal \(proposal)"
        case .adopt(let node):
            "adopt what is observed" + (node.map { ", and whose data \($0.text) holds" } ?? "")
        case .forget(let node): "forget \(node.text)"
        }
    }
}
