import MusterCore

/// What became of commands, as later decisions tell it.
struct WhyOutcomes {
    private var found: [CommandID: [(sequence: MusterCore.Sequence, text: String)]] = [:]

    init(_ entries: [HistoryEntry]) {
        var issued: [CommandID: Timestamp] = [:]
        for entry in entries {
            for (id, _) in entry.decision.commands(at: entry.sequence, hash: entry.hash) {
                issued[id] = entry.decision.at
            }
            for event in entry.decision.events {
                guard let id = Self.command(event), var text = Self.words(event) else { continue }
                // Its agent is done with it, and knows no more than that.
                if case .commandReported = event, found[id]?.last?.sequence == entry.sequence {
                    continue
                }
                if let began = issued[id] {
                    text += " after " + Wording.length(entry.decision.at - began)
                }
                if case .commandInDoubt = event { text += ", and looked for, not sent again" }
                found[id, default: []].append((entry.sequence, text))
            }
        }
    }

    /// What became of a command, in words; nil when no later decision says.
    func words(_ id: CommandID) -> String? {
        guard let all = found[id] else { return nil }
        return all.map { "\($0.text) (decision \($0.sequence))" }.joined(separator: ", ")
    }

    /// The command of which the event tells the outcome; nil for any other event.
    static func command(_ event: Event) -> CommandID? {
        switch event {
        case .commandReported(let id, _, _), .commandFailed(let id, _, _, _, _),
            .commandInDoubt(let id, _, _), .doubtResolved(let id, _, _, _):
            id
        default: nil
        }
    }

    private static func words(_ event: Event) -> String? {
        switch event {
        case .commandReported: "reported done"
        case .commandFailed(_, _, _, let failure, _): "not done (\(Wording.words(failure)))"
        case .commandInDoubt: "unknown"
        case .doubtResolved(_, _, _, let effect): effect ? "seen done" : "seen not done"
        default: nil
        }
    }
}
