internal import MusterCore

// Events about pending removals and sagas.

extension Event {
    static func readSaga(
        _ type: JSONText, members object: inout JSONObject
    ) throws(JSONReadError) -> Event? {
        switch type {
        case "removalScheduled":
            .removalScheduled(
                try object.read("node"), store: try object.read("store"),
                due: try object.read("due"))
        case "removalRescheduled":
            .removalRescheduled(
                try object.read("node"), due: try object.read("due"),
                why: try object.read("why"))
        case "removalCancelled":
            .removalCancelled(try object.read("node"), why: try object.read("why"))
        case "removalBlocked":
            .removalBlocked(
                try object.read("node"), try object.read("refusal"),
                proofs: try object.optionalList("proofs"))
        case "sagaStarted":
            .sagaStarted(try object.read("saga"), proofs: try object.optionalList("proofs"))
        case "sagaRollingBack":
            .sagaRollingBack(try object.read("node"), try object.read("refusal"))
        case "sagaStalled":
            .sagaStalled(
                try object.read("node"), try object.read("refusal"),
                retryAt: try object.read("retryAt"))
        case "sagaResumed": .sagaResumed(try object.read("node"))
        case "sagaSuperseded":
            .sagaSuperseded(try object.read("node"), by: try object.read("by"))
        case "sagaEnded":
            .sagaEnded(try object.read("node"), try object.readOptional("refusal"))
        default: nil
        }
    }

    func writeSaga(to writer: inout JSONWriter) {
        switch self {
        case .removalScheduled(let node, let store, let due):
            writer.put("node", node)
            writer.put("store", store)
            writer.put("due", due)
        case .removalRescheduled(let node, let due, let why):
            writer.put("node", node)
            writer.put("due", due)
            writer.put("why", why)
        case .removalCancelled(let node, let why):
            writer.put("node", node)
            writer.put("why", why)
        case .removalBlocked(let node, let refusal, let proofs):
            writer.put("node", node)
            writer.put("refusal", refusal)
            writer.put("proofs", unlessEmpty: proofs)
        case .sagaStarted(let saga, let proofs):
            writer.put("saga", saga)
            writer.put("proofs", unlessEmpty: proofs)
        case .sagaRollingBack(let node, let refusal):
            writer.put("node", node)
            writer.put("refusal", refusal)
        case .sagaStalled(let node, let refusal, let retryAt):
            writer.put("node", node)
            writer.put("refusal", refusal)
            writer.put("retryAt", retryAt)
        case .sagaResumed(let node): writer.put("node", node)
        case .sagaSuperseded(let node, let kind):
            writer.put("node", node)
            writer.put("by", kind)
        case .sagaEnded(let node, let refusal):
            writer.put("node", node)
            writer.put("refusal", refusal)
        default: break
        }
    }
}
