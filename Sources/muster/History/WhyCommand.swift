import MusterCommandLine
import MusterCore
import MusterEngines
import MusterLog
import MusterRuntime
import MusterWire

/// `why`: the chain from fact to decision to command to outcome, for one node.
enum WhyCommand {
    static let command = MusterCommandLine.Command(
        "why", "say how a node came to be what it is",
        discussion: """
            Prints the decisions about the node, oldest first: what was answered, what was \
            decided, the proof behind it and the command that followed, refusals included. \
            Without --all the last \(Trail.countMax) of them.
            """,
        examples: [
            .init("why n3", "the story of n3"), .init("why n3 -o json", "the same for a program"),
        ],
        arguments: [CommonOptions.node],
        options: [
            CommonOptions.cluster,
            CommandOption(flag: "all", summary: "every decision, however old"),
        ],
        exitCodes: [.notFound, .notPermitted], shape: shape,
        layout: ResultLayout([.lines("story")], rows: "decisions", name: "seq")
    ) { call in
        let name: NodeID = try call.name(argument: "NODE", "node")
        return try await call.withLog(for: .read) { log in
            try await tell(name, call, log)
            return .ok
        }
    }

    private static let shape: ResultShape = .object([
        .init("cluster", .text, "the cluster's name"),
        .init("node", .text, "the node's name"),
        .init("story", .array(.text), "everything below, for people"),
        .init(
            "decisions",
            .array(
                .object([
                    .init("seq", .id, "the decision"),
                    .init("at", .time, "when it was decided"),
                    .init("offset", .id, "where it lies in its journal partition"),
                    .init("hash", .text, "of its record"),
                    .init(
                        "kind", .word(CauseView.Kind.allCases.map(\.rawValue)), "what it answers"),
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
                                .init("command", .text, "the command's id", isOptional: true),
                                .init("proofs", .array(RefusalView.proofShape), "the arithmetic"),
                            ])), "what was decided"),
                ])), "oldest first"),
    ])

    private static func tell(
        _ name: NodeID, _ call: Invocation, _ log: any EventLog
    ) async throws {
        let id = try await Query(call, log).cluster().id
        let inputs = InputReader()
        let history = try await History(call, log) { entry, state in
            entry.cluster == id && concerns(entry, name, state, inputs)
        }
        history.query.sayFreshness()
        guard let state = history.projection.reader.state(of: id),
            !history.entries.isEmpty || state.nodes[name] != nil
        else {
            throw CommandError(
                .notFound, "nothing was ever decided about a node \"\(name.text)\" in \(id.text)",
                advice: "`muster nodes` lists those that are there")
        }
        let all = history.entries
        let shown = call.flag("all") ? all : Array(all.suffix(Trail.countMax))
        let chain = shown.map { WhyDecision($0, name, inputs) }
        var story = [headline(name, state)]
        if shown.count < all.count {
            story.append("(\(all.count - shown.count) older decisions are left out; see --all)")
        }
        for decision in chain { story += [""] + decision.lines }
        try call.show(
            .object([
                "cluster": .name(id), "node": .name(name), "story": .texts(story),
                "decisions": .array(chain.map(\.value)),
            ]))
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

    private static func concerns(
        _ entry: HistoryEntry, _ node: NodeID, _ state: ClusterState, _ inputs: InputReader
    ) -> Bool {
        for event in entry.decision.events {
            if event.subject.node == node { return true }
            switch event {
            case .leaderObserved(_, let leader, _) where leader == node: return true
            case .driftDetected(_, let appeared, let vanished, let changed)
            where (appeared + vanished + changed).contains(node):
                return true
            case .frozen(let silent) where silent.contains(node): return true
            case .calmed where state.nodes[node]?.removal != nil: return true
            case .thawed where state.nodes[node]?.removal != nil: return true
            case .timeGap where state.nodes[node]?.removal != nil: return true
            case .configurationObserved(_, _, let members, _)
            where members.contains { $0.node == node }:
                return true
            case .requestRejected, .requestCompleted:
                if CauseView(entry.decision, inputs).node == node { return true }
            default: continue
            }
        }
        return false
    }
}

/// One decision of the chain, for people and for programs.
struct WhyDecision {
    let entry: HistoryEntry
    let node: NodeID
    private let cause: CauseView
    private let commands: [CommandID]

    init(_ entry: HistoryEntry, _ node: NodeID, _ inputs: InputReader) {
        self.entry = entry
        self.node = node
        cause = CauseView(entry.decision, inputs)
        commands = entry.decision.commands(at: entry.sequence, hash: entry.hash).map(\.id)
    }

    var lines: [String] {
        var lines = ["\(Wording.moment(entry.decision.at))  #\(entry.sequence)  \(cause.sentence)"]
        lines += heard.map { "    seen: " + $0 }
        for (index, event) in entry.decision.events.enumerated() {
            let id = command(at: index).map { " (\($0))" } ?? ""
            lines.append("    " + Wording.sentence(event) + id)
            lines += Wording.proofs(event).map { "        " + Wording.line($0) }
        }
        return lines
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
                    .object([
                        "event": .text("\(event.typeName)"),
                        "sentence": .text(Wording.sentence(event)),
                        "command": command(at: index).map { .text("\($0)") },
                        "proofs": .array(Wording.proofs(event).map { RefusalView.value($0) }),
                    ])
                }),
        ])
    }

    private func command(at index: Int) -> CommandID? {
        commands.first { $0.index == UInt32(index) }
    }

    /// What of the evidence is about the node.
    private var heard: [String] {
        guard let evidence = entry.decision.evidence else { return [] }
        var lines: [String] = []
        let at = entry.decision.at
        if let known = evidence.nodes[node] {
            let age = Wording.length(at - known.heard.appended)
            lines.append("\(node.text) was last heard \(age) before")
        }
        for (group, seen) in evidence.groups {
            guard let view = seen.view else { continue }
            var text =
                "\(view.leader.node.text) led \(group.text) in term \(view.term), "
                + "\(Wording.length(at - view.heard.appended)) before"
            if let since = seen.members[node]?.outOfContactSince {
                text += ", without contact with \(node.text) for \(Wording.length(at - since))"
            }
            lines.append(text)
        }
        return lines
    }
}
