package import MusterCore

extension Decision {
    /// The version of the form below. A reader that meets another one stops the cluster
    /// ("upgrade").
    package static let format: StaticString = "1"

    /// Reads the content of a record of the journal.
    ///
    /// - Parameter event: the bytes of `cause.event`; empty when they are not wanted.
    init(members object: inout JSONObject, event: [UInt8]) throws(JSONReadError) {
        let format = try object.required("format")
        guard try format.text() == Self.format else {
            throw format.unknownWord("the format \(Self.format)")
        }
        self.init(
            at: try object.read("at"),
            cause: try Cause(reading: try object.required("cause"), event: event),
            considered: try object.optionalList("considered", of: NextOffset.self).map(\.position),
            evidence: try object.readOptional("evidence"),
            principal: try object.readOptional("principal"),
            correlation: try object.read("correlation", default: ""),
            manager: try object.read("manager"), events: try object.list("events"))
    }

    func writeMembers(to writer: inout JSONWriter) {
        writer.member("format", word: Self.format)
        writer.put("at", at)
        writer.name("cause")
        cause.write(to: &writer)
        writer.put("considered", unlessEmpty: considered.map(NextOffset.init))
        writer.put("evidence", evidence)
        writer.put("principal", principal)
        writer.put("correlation", unlessEmpty: correlation)
        writer.put("manager", manager)
        writer.put("events", list: events)
    }
}

extension Decision.Cause {
    init(reading value: JSONValue, event: [UInt8]) throws(JSONReadError) {
        var object = try value.object()
        // The other causes have one member each, and inputs, which are nearly all, have five.
        if object.count > 2 {
            self = .input(
                try Position(members: &object), appended: try object.read("appended"),
                event: event)
            _ = try object.required("event")
        } else if let timer = object.member("timer") {
            self = .timer(try Subject(reading: timer))
        } else {
            self = .manager(try object.read("manager"))
        }
        try object.finish()
    }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            switch self {
            case .input(let position, let appended, let event):
                precondition(!event.isEmpty, "a decision was read without its event and is written")
                position.writeMembers(to: &writer)
                writer.put("appended", appended)
                writer.name("event")
                writer.raw(event)
            case .timer(let subject): writer.put("timer", subject)
            case .manager(let cause): writer.put("manager", cause)
            }
        }
    }
}

extension Decision.ManagerCause: WireObject {
    private enum Kind: WireWord {
        case unreadable, skipped, inputsLost

        static let words = JSONWords<Self>([
            ("unreadable", .unreadable), ("skipped", .skipped), ("inputsLost", .inputsLost),
        ])
    }

    package init(members object: inout JSONObject) throws(JSONReadError) {
        switch try object.read("kind", as: Kind.self) {
        case .unreadable:
            self = .unreadable(
                try Position(members: &object), appended: try object.read("appended"))
        case .skipped:
            self = .skipped(
                try object.read("seq"), try object.read("hash"),
                reason: try object.read("reason", default: ""))
        case .inputsLost:
            self = .inputsLost(
                try TopicPartition(members: &object), from: try object.read("from"),
                next: try object.read("next"), reason: try object.read("reason", default: ""))
        }
    }

    package func writeMembers(to writer: inout JSONWriter) {
        switch self {
        case .unreadable(let position, let appended):
            writer.put("kind", Kind.unreadable)
            position.writeMembers(to: &writer)
            writer.put("appended", appended)
        case .skipped(let sequence, let hash, let reason):
            writer.put("kind", Kind.skipped)
            writer.put("seq", sequence)
            writer.put("hash", hash)
            writer.put("reason", unlessEmpty: reason)
        case .inputsLost(let place, let from, let next, let reason):
            writer.put("kind", Kind.inputsLost)
            place.writeMembers(to: &writer)
            writer.put("from", from)
            writer.put("next", next)
            writer.put("reason", unlessEmpty: reason)
        }
    }
}

extension Subject: WireObject {
    private enum Kind: WireWord {
        case liveness, removal, saga, step, sight

        static let words = JSONWords<Self>([
            ("liveness", .liveness), ("removal", .removal), ("saga", .saga), ("step", .step),
            ("sight", .sight),
        ])
    }

    package init(members object: inout JSONObject) throws(JSONReadError) {
        switch try object.read("subject", as: Kind.self) {
        case .liveness: self = .liveness
        case .removal: self = .removal(try object.read("node"))
        case .saga: self = .saga(try object.read("node"))
        case .step: self = .step(try object.read("node"), try object.read("group"))
        case .sight: self = .sight(try object.readOptional("blind"))
        }
    }

    package func writeMembers(to writer: inout JSONWriter) {
        switch self {
        case .liveness: writer.put("subject", Kind.liveness)
        case .removal(let node):
            writer.put("subject", Kind.removal)
            writer.put("node", node)
        case .saga(let node):
            writer.put("subject", Kind.saga)
            writer.put("node", node)
        case .step(let node, let group):
            writer.put("subject", Kind.step)
            writer.put("node", node)
            writer.put("group", group)
        case .sight(let blindness):
            writer.put("subject", Kind.sight)
            writer.put("blind", blindness)
        }
    }
}

extension ManagerIdentity: WireObject {
    package init(members object: inout JSONObject) throws(JSONReadError) {
        self.init(id: try object.read("id"), version: try object.read("version"))
    }

    package func writeMembers(to writer: inout JSONWriter) {
        writer.put("id", id)
        writer.put("version", version)
    }
}
