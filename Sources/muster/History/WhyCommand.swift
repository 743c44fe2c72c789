import MusterCommandLine
import MusterCore
import MusterEngines
import MusterLog
import MusterRuntime
import MusterWire

/// `why`: the chain from fact to evidence, rule, proof, command and outcome.
enum WhyCommand {
    static let command = MusterCommandLine.Command(
        "why", "say why a node, a group, a command or a decision came to be as it is",
        discussion: """
            Prints decisions, oldest first: the fact or request that each answers, what was seen, \
            the rule with the values that the policy had then, the proof, what was decided, the \
            command and what became of it. Refusals are decisions like any other.

            Of a node or a group these are the last \(Trail.countMax) about it, or all with --all. \
            Of a decision or a command they are the beginning of the change that it belongs to, \
            the decision itself, and what its commands came to.
            """,
        examples: [
            .init("why n3", "the story of n3"), .init("why g1 --all", "everything about g1"),
            .init("why 41", "decision 41, and what it led to"),
            .init("why 41:0", "who wanted the first command of it, and how it ended"),
            .init("why n3 -o json", "the same for a program"),
        ],
        arguments: [WhySubject.argument],
        options: [
            CommonOptions.cluster,
            CommandOption(flag: "all", summary: "every decision, however old"),
        ],
        exitCodes: [.notFound, .notPermitted], shape: shape,
        layout: ResultLayout([.lines("story")], rows: "decisions", name: "seq")
    ) { call in
        try await Query.run(call) { query in
            let state = try query.cluster()
            let subject = try WhySubject(call, state)
            let chain = try await WhyChain.find(subject, query, state, isWhole: call.flag("all"))
            try call.show(value(subject, state, chain))
            return .ok
        }
    }

    private static let shape: ResultShape = .object([
        .init("cluster", .text, "the cluster's name"),
        .init("kind", .word(WhySubject.Kind.allCases.map(\.rawValue)), "what was asked about"),
        .init("name", .text, "its name, number or id"),
        .init("story", .array(.text), "everything below, for people"),
        .init("decisions", .array(WhyDecision.shape), "oldest first"),
    ])

    private static func value(
        _ subject: WhySubject, _ state: ClusterState, _ chain: WhyChain
    ) -> ResultValue {
        var story = [headline(subject, state)]
        if let rest = chain.rest { story.append(rest) }
        for decision in chain.decisions { story += [""] + decision.lines }
        return .object([
            "cluster": .name(state.id), "kind": .text(subject.kind.rawValue),
            "name": .text(subject.name), "story": .texts(story),
            "decisions": .array(chain.decisions.map(\.value)),
        ])
    }

    private static func headline(_ subject: WhySubject, _ state: ClusterState) -> String {
        switch subject {
        case .node(let node): headline(node, state)
        case .group(let group): headline(group, state)
        case .decision(let sequence): "decision \(sequence) of \(state.id.text)"
        case .command, .place: "command \(subject.name) of \(state.id.text)"
        }
    }

    private static func headline(_ name: NodeID, _ state: ClusterState) -> String {
        guard let view = NodeView(state, name) else {
            return "\(name.text) is not known to \(state.id.text)"
        }
        let groups = Wording.standing(view.record)
        var text =
            "\(name.text) is \(view.record.membership.rawValue) and "
            + "\(view.record.liveness.rawValue) since \(Wording.moment(view.record.livenessSince))"
        if !groups.isEmpty { text += ", in " + groups.joined(separator: " ") }
        if let due = view.record.removalDue {
            text += "; its removal is due at \(Wording.moment(due))"
        }
        if let blocked = view.node.removal?.blocked {
            text += ", held back: \(Wording.sentence(blocked))"
        }
        return text
    }

    private static func headline(_ name: GroupID, _ state: ClusterState) -> String {
        guard let group = state.groups[name] else {
            return "\(name.text) is not known to \(state.id.text)"
        }
        let leader = group.leader.map { "is led by \($0.text) in term \(group.term)" }
        let voters = group.voters.map(\.text).joined(separator: " ")
        let version = group.configuration.map { " as of \($0.version)" } ?? ""
        return "\(name.text) \(leader ?? "has no known leader"), voters "
            + (voters.isEmpty ? "unknown" : voters + version)
            + "; \(group.desired) are desired, at least \(state.floor(of: name)) must remain"
    }
}
