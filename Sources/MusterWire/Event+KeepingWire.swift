internal import MusterCore

// Events about what automation leaves alone: holds and pauses, blindness, proposals, and nodes that
// are forgotten.

extension Event {
    static func readKeeping(
        _ type: JSONText, members object: inout JSONObject
    ) throws(JSONReadError) -> Event? {
        switch type {
        case "blinded": .blinded(try object.read("blind"))
        case "sighted": .sighted
        case "automationPaused": .automationPaused(try Interval(members: &object))
        case "automationResumed": .automationResumed(why: try object.read("why"))
        case "nodeHeld": .nodeHeld(try object.read("node"), try Interval(members: &object))
        case "nodeReleased":
            .nodeReleased(try object.read("node"), why: try object.read("why"))
        case "nodeForgotten": .nodeForgotten(try object.read("node"))
        case "changeWithheld":
            .changeWithheld(
                try object.read("rule"), try object.read("node"), try object.read("action"),
                try object.read("refusal"), proofs: try object.optionalList("proofs"))
        case "changeProposed":
            .changeProposed(
                try object.read("rule"), try object.read("node"), try object.read("action"),
                proofs: try object.optionalList("proofs"))
        case "proposalEnded":
            .proposalEnded(
                try object.read("rule"), try object.read("node"),
                try object.readOptional("refusal"))
        default: nil
        }
    }

    func writeKeeping(to writer: inout JSONWriter) {
        switch self {
        case .blinded(let blindness): writer.put("blind", blindness)
        case .automationPaused(let interval): interval.writeMembers(to: &writer)
        case .automationResumed(let why): writer.put("why", why)
        case .nodeHeld(let node, let interval):
            writer.put("node", node)
            interval.writeMembers(to: &writer)
        case .nodeReleased(let node, let why):
            writer.put("node", node)
            writer.put("why", why)
        case .nodeForgotten(let node): writer.put("node", node)
        case .changeWithheld(let rule, let node, let action, let refusal, let proofs):
            writer.put("rule", rule)
            writer.put("node", node)
            writer.put("action", action)
            writer.put("refusal", refusal)
            writer.put("proofs", unlessEmpty: proofs)
        case .changeProposed(let rule, let node, let action, let proofs):
            writer.put("rule", rule)
            writer.put("node", node)
            writer.put("action", action)
            writer.put("proofs", unlessEmpty: proofs)
        case .proposalEnded(let rule, let node, let refusal):
            writer.put("rule", rule)
            writer.put("node", node)
            writer.put("refusal", refusal)
        default: break
        }
    }

    var keepingTypeName: StaticString {
        switch self {
        case .blinded: "blinded"
        case .sighted: "sighted"
        case .automationPaused: "automationPaused"
        case .automationResumed: "automationResumed"
        case .nodeHeld: "nodeHeld"
        case .nodeReleased: "nodeReleased"
        case .nodeForgotten: "nodeForgotten"
        case .changeWithheld: "changeWithheld"
        case .changeProposed: "changeProposed"
        case .proposalEnded: "proposalEnded"
        default: preconditionFailure("not about what automation leaves alone: \(self)")
        }
    }
}
