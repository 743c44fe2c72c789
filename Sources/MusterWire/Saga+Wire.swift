package import MusterCore

extension Saga: WireObject {
    package init(members object: inout JSONObject) throws(JSONReadError) {
        self.init(
            kind: try object.read("kind"), node: try object.read("node"),
            store: try object.read("store"), reason: try object.read("reason"),
            principal: try object.readOptional("principal"),
            requests: try object.optionalList("requests"), role: try object.read("role"),
            groups: try GroupWish(members: &object),
            overrides: try object.optionalList("overrides"), began: try object.read("began"),
            correlation: try object.read("correlation", default: ""))
        phase = try Phase(members: &object)
        newcomer = try object.readOptional("newcomer")
        whole = try object.readOptional("whole")
        steps = try object.map("steps") { value throws(JSONReadError) in
            var entry = try value.object()
            let pair = (
                key: try entry.read("group", as: GroupID.self),
                value: try entry.read("step", as: Step.self)
            )
            try entry.finish()
            return pair
        }
    }

    package func writeMembers(to writer: inout JSONWriter) {
        writer.put("kind", kind)
        writer.put("node", node)
        writer.put("store", store)
        writer.put("reason", reason)
        writer.put("principal", principal)
        writer.put("requests", unlessEmpty: requests)
        writer.put("role", role)
        groups.writeMembers(to: &writer)
        writer.put("overrides", unlessEmpty: overrides)
        writer.put("began", began)
        writer.put("correlation", unlessEmpty: correlation)
        phase.writeMembers(to: &writer)
        writer.put("newcomer", newcomer)
        writer.put("whole", whole)
        writer.put("steps", map: steps) { writer, group, step in
            writer.put("group", group)
            writer.put("step", step)
        }
    }
}

extension Saga.Newcomer: WireObject {
    package init(members object: inout JSONObject) throws(JSONReadError) {
        self.init(node: try object.read("node"), store: try object.read("store"))
    }

    package func writeMembers(to writer: inout JSONWriter) {
        writer.put("node", node)
        writer.put("store", store)
    }
}

extension Saga.Phase {
    private enum Name: WireWord {
        case active, rollingBack, stalled

        static let words = JSONWords<Self>([
            ("active", .active), ("rollingBack", .rollingBack), ("stalled", .stalled),
        ])
    }

    init(members object: inout JSONObject) throws(JSONReadError) {
        switch try object.read("phase", as: Name.self) {
        case .active: self = .active
        case .rollingBack: self = .rollingBack(try object.read("refusal"))
        case .stalled:
            self = .stalled(try object.read("refusal"), retryAt: try object.read("retryAt"))
        }
    }

    func writeMembers(to writer: inout JSONWriter) {
        switch self {
        case .active:
            writer.put("phase", Name.active)
        case .rollingBack(let refusal):
            writer.put("phase", Name.rollingBack)
            writer.put("refusal", refusal)
        case .stalled(let refusal, let retryAt):
            writer.put("phase", Name.stalled)
            writer.put("refusal", refusal)
            writer.put("retryAt", retryAt)
        }
    }
}

extension Step: WireObject {
    package init(members object: inout JSONObject) throws(JSONReadError) {
        let name: Name = try object.read("name")
        let phase = try Phase(members: &object)
        let attempt: UInt32 = try object.read("attempt")
        self.init(name: name, since: try object.read("since"))
        self.phase = phase
        self.attempt = attempt
        notBefore = try object.read("notBefore")
        blocked = try object.readOptional("blocked")
        added = try object.read("added")
        voter = try object.read("voter")
        misses = try object.read("misses")
        removed = try object.read("removed")
    }

    package func writeMembers(to writer: inout JSONWriter) {
        writer.put("name", name)
        phase.writeMembers(to: &writer)
        writer.put("attempt", attempt)
        writer.put("since", since)
        writer.put("notBefore", notBefore)
        writer.put("blocked", blocked)
        writer.put("added", added)
        writer.put("voter", voter)
        writer.put("misses", misses)
        writer.put("removed", removed)
    }
}

extension Step.Phase {
    private enum Name: WireWord {
        case ready, issued, inDoubt, failed

        static let words = JSONWords<Self>([
            ("ready", .ready), ("issued", .issued), ("inDoubt", .inDoubt), ("failed", .failed),
        ])
    }

    init(members object: inout JSONObject) throws(JSONReadError) {
        switch try object.read("phase", as: Name.self) {
        case .ready: self = .ready
        case .issued: self = .issued(try object.read("outstanding"))
        case .inDoubt: self = .inDoubt(try object.read("outstanding"))
        case .failed: self = .failed(try object.read("refusal"))
        }
    }

    func writeMembers(to writer: inout JSONWriter) {
        switch self {
        case .ready:
            writer.put("phase", Name.ready)
        case .issued(let outstanding):
            writer.put("phase", Name.issued)
            writer.put("outstanding", outstanding)
        case .inDoubt(let outstanding):
            writer.put("phase", Name.inDoubt)
            writer.put("outstanding", outstanding)
        case .failed(let refusal):
            writer.put("phase", Name.failed)
            writer.put("refusal", refusal)
        }
    }
}

extension Outstanding: WireObject {
    package init(members object: inout JSONObject) throws(JSONReadError) {
        self.init(
            id: try object.read("id"), command: try object.read("command"),
            issued: try object.read("issued"))
        succeeded = try object.readOptional("succeeded")
        observeAsked = try object.readOptional("observeAsked")
    }

    package func writeMembers(to writer: inout JSONWriter) {
        writer.put("id", id)
        writer.put("command", command)
        writer.put("issued", issued)
        writer.put("succeeded", succeeded)
        writer.put("observeAsked", observeAsked)
    }
}
