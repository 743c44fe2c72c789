internal import MusterCore
internal import MusterWire

/// A note as a JSON document, both directions side by side.
extension AgentNote {
    init(reading value: JSONValue) throws(JSONReadError) {
        var object = try value.object()
        let kind = try object.required("note").string()
        guard let id = CommandID(text: try object.required("command").string()) else {
            throw value.invalid("no command's id")
        }
        switch kind {
        case "began":
            let node = try object.required("node").string()
            guard let store = Identifier(hex: try object.required("store").string()) else {
                throw value.invalid("no store")
            }
            let identity = NodeIdentity(
                node: NodeID(unchecked: node), store: store,
                start: Start(try object.required("start").integer()))
            let action = try object.required("action").string()
            let notAfter: Int64 = try object.required("notAfter").integer()
            self = .began(
                id, executor: identity, action: action,
                notAfter: Timestamp(milliseconds: notAfter))
        case "ended": self = .ended(id, try CommandOutcome(members: &object))
        case "reported": self = .reported(id)
        default: throw value.invalid("a note of an unknown kind")
        }
    }

    var json: [UInt8] {
        var writer = JSONWriter(capacity: 256)
        writer.object { writer in
            switch self {
            case .began(_, let executor, let action, let notAfter):
                writer.member("note", "began")
                writer.member("command", "\(command)")
                writer.member("node", executor.node)
                writer.member("store", executor.store)
                writer.member("start", executor.start)
                writer.member("action", action)
                writer.member("notAfter", notAfter)
            case .ended(_, let outcome):
                writer.member("note", "ended")
                writer.member("command", "\(command)")
                outcome.writeMembers(to: &writer)
            case .reported:
                writer.member("note", "reported")
                writer.member("command", "\(command)")
            }
        }
        return writer.bytes
    }
}

extension CommandOutcome {
    init(members object: inout JSONObject) throws(JSONReadError) {
        let result = try object.required("result").string()
        let detail = try object.required("detail").string()
        switch result {
        case "succeeded":
            let index: UInt64? = try object.member("index")?.integer()
            self = .succeeded(detail: detail, index: index.map { LogIndex($0) })
        case "failed":
            let value = try object.required("code")
            guard let code = CommandFailure.Code(rawValue: try value.string()) else {
                throw value.invalid("no code of a failure")
            }
            let retryable = try object.required("retryable").bool()
            let hint = try object.member("leaderHint")?.string()
            self = .failed(
                code, retryable: retryable, hint: hint.map { NodeID(unchecked: $0) }, detail)
        case "unknown": self = .unknown(detail: detail)
        default: throw object.value.invalid("no result of a command")
        }
    }

    func writeMembers(to writer: inout JSONWriter) {
        switch self {
        case .succeeded(let detail, let index):
            writer.member("result", "succeeded")
            writer.member("detail", detail)
            writer.member("index", index)
        case .failed(let failure, let detail):
            writer.member("result", "failed")
            writer.member("detail", detail)
            writer.member("code", failure.code.rawValue)
            writer.member("retryable", failure.retryable)
            writer.member("leaderHint", failure.leaderHint)
        case .unknown(let detail):
            writer.member("result", "unknown")
            writer.member("detail", detail)
        }
    }
}
