internal import MusterCore

// Events about the cluster as a whole and about requests.

extension Event {
    static func readCluster(
        _ type: JSONText, members object: inout JSONObject
    ) throws(JSONReadError) -> Event? {
        switch type {
        case "requestAccepted":
            .requestAccepted(try object.read("request"), try object.readOptional("node"))
        case "requestRejected":
            .requestRejected(
                try object.read("request"), try object.read("refusal"),
                proofs: try object.optionalList("proofs"))
        case "requestCompleted":
            .requestCompleted(try object.read("request"), try object.readOptional("refusal"))
        case "policyConfigured": .policyConfigured(try object.read("policy"))
        case "clusterIdentified": .clusterIdentified(try object.read("engine"))
        case "timeGap":
            .timeGap(
                from: try object.read("from"), to: try object.read("to"),
                why: try object.read("why"))
        case "frozen": .frozen(silent: try object.list("silent"))
        case "calmed": .calmed
        case "thawed": .thawed
        default: nil
        }
    }

    func writeCluster(to writer: inout JSONWriter) {
        switch self {
        case .requestAccepted(let id, let node):
            writer.put("request", id)
            writer.put("node", node)
        case .requestRejected(let id, let refusal, let proofs):
            writer.put("request", id)
            writer.put("refusal", refusal)
            writer.put("proofs", unlessEmpty: proofs)
        case .requestCompleted(let id, let refusal):
            writer.put("request", id)
            writer.put("refusal", refusal)
        case .policyConfigured(let policy): writer.put("policy", policy)
        case .clusterIdentified(let engine): writer.put("engine", engine)
        case .timeGap(let from, let to, let why):
            writer.put("from", from)
            writer.put("to", to)
            writer.put("why", why)
        case .frozen(let silent): writer.put("silent", list: silent)
        default: break
        }
    }
}
