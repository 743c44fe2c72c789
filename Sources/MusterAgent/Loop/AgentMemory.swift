package import MusterCore

/// What an agent writes down of a command, in its local journal.
package enum AgentNote: Hashable, Sendable {
    /// It is about to be carried out. Written durably before anything is done.
    case began(CommandID, executor: NodeIdentity, action: String, notAfter: Timestamp)
    /// It has ended so.
    case ended(CommandID, CommandOutcome)
    /// Its end was said, and the log has acknowledged it.
    case reported(CommandID)

    /// The command that the note is about.
    package var command: CommandID {
        switch self {
        case .began(let id, _, _, _), .ended(let id, _), .reported(let id): id
        }
    }
}

/// What an agent's notes add up to: the fold of its local journal.
package struct AgentMemory: Hashable, Sendable {
    /// The commands begun, by id, with how far each came.
    package private(set) var commands = SortedMap<CommandID, Entry>()

    /// One command begun.
    package struct Entry: Hashable, Sendable {
        package var executor: NodeIdentity
        package var action: String
        package var notAfter: Timestamp
        /// nil: begun, and its end was not written down.
        package var outcome: CommandOutcome?
        package var isReported = false
    }

    package init() {}

    /// Takes one note more.
    package mutating func fold(_ note: AgentNote) {
        switch note {
        case .began(let id, let executor, let action, let notAfter):
            commands[id] = Entry(executor: executor, action: action, notAfter: notAfter)
        case .ended(let id, let outcome): commands.update(id) { $0.outcome = outcome }
        case .reported(let id): commands.update(id) { $0.isReported = true }
        }
    }

    /// Forgets what can no longer matter: commands that were reported and could not be begun any
    /// more when they were still held back by somebody for an hour.
    package mutating func forget(before moment: Timestamp) {
        for (id, entry) in commands
        where entry.isReported && entry.notAfter + .seconds(3600) < moment {
            commands[id] = nil
        }
    }

    /// The notes that fold to this memory.
    package var notes: [AgentNote] {
        commands.flatMap { id, entry -> [AgentNote] in
            var notes: [AgentNote] = [
                .began(
                    id, executor: entry.executor, action: entry.action, notAfter: entry.notAfter)
            ]
            if let outcome = entry.outcome { notes.append(.ended(id, outcome)) }
            if entry.isReported { notes.append(.reported(id)) }
            return notes
        }
    }
}
