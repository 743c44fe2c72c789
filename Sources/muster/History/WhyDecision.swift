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
        for (index, event) in entry.decision.events.enumerated() where !isOfAnother(event) {
            for proof in Wording.proofs(event) { add("proof", Wording.line(proof)) }
            let id = command(at: index)
            add(
                id == nil ? "so" : "command",
                Wording.happening(event) + (id.map { " (\($0))" } ?? ""))
            if let rule = Wording.rule(event, policy) { add("rule", rule) }
            if let id, let outcome = outcomes.words(id) { add("outcome", outcome) }
        }
        let others = Set(entry.decision.events.filter { isOfAnother($0) }.map(\.subject.node))
        if !others.isEmpty {
            let names = others.compactMap { $0 }.sorted().map(\.text).joined(separator: " ")
            add("also", "the like of \(names)")
        }
        return lines
    }

    /// Whether an event says of another node what the decision says of the one that is asked about:
    /// nodes fall silent, and come back, together.
    private func isOfAnother(_ event: Event) -> Bool {
        guard let node, let subject = event.subject.node, subject != node else { return false }
        switch event {
        case .nodeSuspected, .nodeDown, .nodeReturned, .matchNoted, .removalScheduled,
            .removalRescheduled, .removalCancelled:
            return entry.decision.events.contains { $0.subject.node == node }
        default: return false
        }
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

    /// Whom what was seen is told of: the node that is asked about, and who fell silent with it.
    private var meant: Set<NodeID>? {
        guard let node else { return nil }
        var nodes: Set<NodeID> = [node]
        for case .frozen(let silent) in entry.decision.events { nodes.formUnion(silent) }
        return nodes
    }

    private var heard: [String] {
        entry.decision.evidence.map { Wording.seen($0, of: meant, at: entry.decision.at) } ?? []
    }
}

extension Wording {
    /// The sentence of an event, without the word that its label says already, and without what is
    /// said with its proofs.
    static func happening(_ event: Event) -> String {
        if case .commandIssued(let command, _) = event { return action(command) }
        let text = sentence(event)
        return text.hasPrefix("command: ") ? String(text.dropFirst(9)) : text
    }
}
