import MusterCommandLine
import MusterCore
import MusterWire

/// One decision of a chain, for people and for programs.
struct WhyDecision {
    let entry: HistoryEntry
    /// The node that is asked about; nil: everything that was seen is told.
    let node: NodeID?
    private let policy: Policy?
    private let outcomes: WhyOutcomes
    private let cause: CauseView
    private let commands: [CommandID]

    init(
        _ entry: HistoryEntry, about node: NodeID?, policy: Policy?, _ outcomes: WhyOutcomes,
        _ inputs: InputReader
    ) {
        self.entry = entry
        self.node = node
        self.policy = policy
        self.outcomes = outcomes
        cause = CauseView(entry.decision, inputs)
        commands = entry.decision.commands(at: entry.sequence, hash: entry.hash).map(\.id)
    }

    static let shape: ResultShape = .object([
        .init("seq", .id, "the decision"),
        .init("at", .time, "when it was decided"),
        .init("offset", .id, "where it lies in its journal partition"),
        .init("hash", .text, "of its record"),
        .init("kind", .word(CauseView.Kind.allCases.map(\.rawValue)), "what it answers"),
        .init("cause", .text, "the same, for people"),
        .init("event", .text, "the id of the input", isOptional: true),
        .init("principal", .text, "who asked", isOptional: true),
        .init("correlation", .text, "what it belongs to", isOptional: true),
        .init("heard", .array(.text), "what of the soft evidence it rests on"),
        .init(
            "events",
            .array(
                .object([
                    .init("event", .text, "what happened"),
                    .init("sentence", .text, "the same, for people"),
                    .init(
                        "rule", .text, "why, with the values that the policy had then",
                        isOptional: true),
                    .init("command", .text, "the command's id", isOptional: true),
                    .init("outcome", .text, "what became of the command", isOptional: true),
                    .init("proofs", .array(RefusalView.proofShape), "the arithmetic"),
                ])), "what was decided"),
    ])

    var lines: [String] {
        var lines = ["\(Wording.moment(entry.decision.at))  decision \(entry.sequence)"]
        func add(_ label: String, _ text: String) {
            lines.append("    " + label + String(repeating: " ", count: 9 - label.count) + text)
        }
        add(Self.label(cause.kind), cause.sentence)
        for text in heard { add("seen", text) }
        for (index, event) in entry.decision.events.enumerated() {
            for proof in Wording.proofs(event) { add("proof", Wording.line(proof)) }
            let id = command(at: index)
            add(
                id == nil ? "so" : "command",
                Wording.happening(event) + (id.map { " (\($0))" } ?? ""))
            if let rule = Wording.rule(event, policy) { add("rule", rule) }
            if let id, let outcome = outcomes.words(id) { add("outcome", outcome) }
        }
        return lines
    }

    private static func label(_ kind: CauseView.Kind) -> String {
        switch kind {
        case .fact: "fact"
        case .request: "request"
        case .timer: "look"
        case .manager: "manager"
        }
    }

    var value: ResultValue {
        let correlation = entry.decision.correlation
        return .object([
            "seq": .id(entry.sequence), "at": .time(entry.decision.at),
            "offset": .id(entry.position.offset), "hash": .text("\(entry.hash)"),
            "kind": .text(cause.kind.rawValue), "cause": .text(cause.sentence),
            "event": cause.eventID.map { .text($0) },
            "principal": cause.principal.map { .name($0) },
            "correlation": correlation.isEmpty ? nil : .text(correlation),
            "heard": .texts(heard),
            "events": .array(
                entry.decision.events.enumerated().map { index, event in
                    let id = command(at: index)
                    return .object([
                        "event": .text("\(event.typeName)"),
                        "sentence": .text(Wording.sentence(event)),
                        "rule": Wording.rule(event, policy).map { .text($0) },
                        "command": id.map { .text("\($0)") },
                        "outcome": id.flatMap { outcomes.words($0) }.map { .text($0) },
                        "proofs": .array(Wording.proofs(event).map { RefusalView.value($0) }),
                    ])
                }),
        ])
    }

    private func command(at index: Int) -> CommandID? {
        commands.first { $0.index == UInt32(index) }
    }

    private var heard: [String] {
        entry.decision.evidence.map { Wording.seen($0, of: node, at: entry.decision.at) } ?? []
    }
}

extension Wording {
    /// What soft evidence says, in sentences.
    ///
    /// - Parameter node: only what is about this node and its leaders; nil: everything.
    static func seen(_ evidence: Evidence, of node: NodeID?, at moment: Timestamp) -> [String] {
        var lines: [String] = []
        for (name, known) in evidence.nodes where node.map({ $0 == name }) ?? true {
            lines.append(
                "\(name.text) was last heard \(length(moment - known.heard.appended)) before")
        }
        for (group, seen) in evidence.groups {
            guard let view = seen.view else { continue }
            var text =
                "\(view.leader.node.text) led \(group.text) in term \(view.term), seen "
                + "\(length(moment - view.heard.appended)) before"
            for (name, member) in seen.members where node.map({ $0 == name }) ?? true {
                guard let since = member.outOfContactSince else { continue }
                text += ", without contact with \(name.text) for \(length(moment - since))"
            }
            lines.append(text)
        }
        return lines
    }

    /// The sentence of an event, without the word that its label says already, and without what is
    /// said with its proofs.
    static func happening(_ event: Event) -> String {
        if case .commandIssued(let command, _) = event { return action(command) }
        let text = sentence(event)
        return text.hasPrefix("command: ") ? String(text.dropFirst(9)) : text
    }
}
