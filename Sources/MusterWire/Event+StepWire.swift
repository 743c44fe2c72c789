internal import MusterCore

// Events about steps and commands.

extension Event {
    static func readStep(
        _ type: JSONText, members object: inout JSONObject
    ) throws(JSONReadError) -> Event? {
        switch type {
        case "stepStarted":
            .stepStarted(
                try object.read("node"), try object.readOptional("group"),
                try object.read("step"))
        case "stepBlocked":
            .stepBlocked(
                try object.read("node"), try object.readOptional("group"),
                try object.read("refusal"), proof: try object.readOptional("proof"))
        case "stepDone":
            .stepDone(
                try object.read("node"), try object.readOptional("group"),
                try object.read("step"), next: try object.readOptional("next"))
        case "stepFailed":
            .stepFailed(
                try object.read("node"), try object.readOptional("group"),
                try object.read("step"), try object.read("refusal"))
        case "commandIssued":
            .commandIssued(
                try object.read("command"), proofs: try object.optionalList("proofs"))
        case "observationAsked": .observationAsked(try object.read("command"))
        case "commandReported", "commandFailed", "commandInDoubt", "doubtResolved":
            try readOutcome(type, members: &object)
        default: nil
        }
    }

    /// What became of a command, or that nobody knows.
    private static func readOutcome(
        _ type: JSONText, members object: inout JSONObject
    ) throws(JSONReadError) -> Event? {
        let id: CommandID = try object.read("command")
        let node: NodeID = try object.read("node")
        let group: GroupID? = try object.readOptional("group")
        return switch type {
        case "commandReported": .commandReported(id, node, group)
        case "commandFailed":
            .commandFailed(
                id, node, group, try CommandFailure(members: &object),
                notBefore: try object.read("notBefore"))
        case "commandInDoubt": .commandInDoubt(id, node, group)
        case "doubtResolved": .doubtResolved(id, node, group, effect: try object.read("effect"))
        default: nil
        }
    }

    func writeStep(to writer: inout JSONWriter) {
        switch self {
        case .stepStarted(let node, let group, let step):
            writer.put("node", node)
            writer.put("group", group)
            writer.put("step", step)
        case .stepBlocked(let node, let group, let refusal, let proof):
            writer.put("node", node)
            writer.put("group", group)
            writer.put("refusal", refusal)
            writer.put("proof", proof)
        case .stepDone(let node, let group, let step, let next):
            writer.put("node", node)
            writer.put("group", group)
            writer.put("step", step)
            writer.put("next", next)
        case .stepFailed(let node, let group, let step, let refusal):
            writer.put("node", node)
            writer.put("group", group)
            writer.put("step", step)
            writer.put("refusal", refusal)
        case .commandIssued(let command, let proofs):
            writer.put("command", command)
            writer.put("proofs", unlessEmpty: proofs)
        case .observationAsked(let command): writer.put("command", command)
        case .commandReported(let id, let node, let group),
            .commandInDoubt(let id, let node, let group):
            writer.putOutcome(id, node, group)
        case .commandFailed(let id, let node, let group, let failure, let notBefore):
            writer.putOutcome(id, node, group)
            failure.writeMembers(to: &writer)
            writer.put("notBefore", notBefore)
        case .doubtResolved(let id, let node, let group, let effect):
            writer.putOutcome(id, node, group)
            writer.put("effect", effect)
        default: break
        }
    }
}

extension JSONWriter {
    fileprivate mutating func putOutcome(_ id: CommandID, _ node: NodeID, _ group: GroupID?) {
        put("command", id)
        put("node", node)
        put("group", group)
    }
}
