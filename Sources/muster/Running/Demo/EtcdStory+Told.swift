import MusterCommandLine
import MusterCore

extension EtcdStory {
    /// A part that was told: what is shown of it.
    struct Told: Sendable {
        let part: EtcdPart
        let end: End
        let start: Timestamp
        let duration: Duration
        /// What was decided from its beginning to its end.
        let events: [Moment]
        /// How many writes were acknowledged since the part before; all of them were found.
        let written: Int
    }

    /// What was commanded, in order, each once: etcd refuses changes for some seconds after a voter
    /// was away or a leader new, and Muster asks again.
    var commands: [String] { Self.commands(in: events) }

    fileprivate static func commands(in events: [Moment]) -> [String] {
        var found: [String] = []
        for moment in events {
            guard case .commandIssued(let command, _) = moment.event else { continue }
            let text = "\(command.action.name) \(command.node.text)"
            if !found.contains(text) { found.append(text) }
        }
        return found
    }

    /// - Throws: `Failure`, when anything else was commanded.
    func expectCommands(_ wanted: [String]) throws {
        guard commands == wanted else {
            throw Failure(
                description: "commanded were [\(commands.joined(separator: ", "))], and not "
                    + "[\(wanted.joined(separator: ", "))]")
        }
    }
}

extension EtcdStory.Told {
    /// How it ended, for people.
    var sentence: String {
        let times = (moments + [("done", duration)]).map { "\($0) after \(Self.seconds($1))" }
        return "\(end.sentence): \(times.joined(separator: ", ")); \(written) writes acknowledged, "
            + "none lost. Look: muster why \(end.look.text)"
    }

    /// As a result.
    var value: ResultValue {
        let times = Dictionary(moments.map { ($0.0, $0.1.milliseconds) }) { first, _ in first }
        return .object([
            "part": .text(part.name), "sentence": .text(part.sentence), "end": .text(end.sentence),
            "began": .time(start.milliseconds),
            "detected": times["detected"].map { .duration($0) },
            "decided": times["decided"].map { .duration($0) },
            "commanded": times["commanded"].map { .duration($0) },
            "done": .duration(duration.milliseconds),
            "commands": .texts(EtcdStory.commands(in: events)),
            "written": .number(Int64(written)), "look": .text("muster why \(end.look.text)"),
        ])
    }

    /// A part as a result before it is told.
    static func listed(_ part: EtcdPart) -> ResultValue {
        .object(["part": .text(part.name), "sentence": .text(part.sentence)])
    }

    /// The shape of both.
    static let shape: ResultShape = .object([
        .init("part", .word(EtcdPart.all.map(\.name)), "its name"),
        .init("sentence", .text, "what befalls"),
        .init("end", .text, "what has happened", isOptional: true),
        .init("began", .time, "when it began", isOptional: true),
        .init(
            "detected", .duration,
            "from the part's beginning to when a node was down, or a change by others told",
            isOptional: true),
        .init(
            "decided", .duration, "when a change was begun or a removal cancelled",
            isOptional: true),
        .init("commanded", .duration, "when the first command was issued", isOptional: true),
        .init("done", .duration, "when it was over", isOptional: true),
        .init("commands", .array(.text), "what was commanded, each once", isOptional: true),
        .init(
            "written", .number, "how many writes were acknowledged meanwhile, all of them found",
            isOptional: true),
        .init("look", .text, "the command that says why", isOptional: true),
    ])

    /// The first of each, from the beginning, as the journal has them.
    private var moments: [(String, Duration)] {
        var found: [(String, Duration)] = []
        for moment in events where moment.at >= start {
            guard let word = Self.word(moment.event), !found.contains(where: { $0.0 == word })
            else { continue }
            found.append((word, moment.at - start))
        }
        return found
    }

    private static func word(_ event: Event) -> String? {
        switch event {
        case .nodeDown, .driftDetected: "detected"
        case .sagaStarted, .removalCancelled: "decided"
        case .commandIssued: "commanded"
        default: nil
        }
    }

    private static func seconds(_ duration: Duration) -> String {
        let tenths = duration.milliseconds / 100
        return "\(tenths / 10).\(abs(tenths % 10)) s"
    }
}
