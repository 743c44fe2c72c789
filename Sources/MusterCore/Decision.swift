/// One record of the journal: what was put in, and every event decided from it.
package struct Decision: Hashable, Sendable {
    /// The moment of the log at which it was decided; never below the one before.
    package var at: Timestamp
    package var cause: Cause
    /// How far its author had considered the input partitions for this cluster, only where that
    /// differs from the state's: per partition the offset after the last input of the cluster
    /// considered.
    package var considered: [Position]
    /// What of the soft state `decide` was given; nil when nothing.
    package var evidence: Evidence?
    /// Who asked for it, where somebody did.
    package var principal: Principal?
    /// The correlation of the cause, or of the saga that a wake-up moved on; empty when there is
    /// none.
    package var correlation: String
    package var manager: ManagerIdentity
    package var events: [Event]

    /// What a decision answers.
    package enum Cause: Hashable, Sendable {
        /// An input. `event` is the input in CloudEvents' structured form, as the journal holds it;
        /// empty when the reader was told to leave it out.
        case input(Position, appended: Timestamp, event: [UInt8])
        /// A wake-up.
        case timer(Subject)
        /// Something about the manager or the log itself.
        case manager(ManagerCause)
    }

    /// What a manager decides of itself.
    package enum ManagerCause: Hashable, Sendable {
        /// An input whose decision could not be written: it lies in quarantine, and this takes its
        /// place.
        case unreadable(Position, appended: Timestamp)
        /// A damaged record was skipped by request, with its reason.
        case skipped(Sequence, Hash, reason: String)
        /// Inputs are gone from the log that nobody will ever consider; by request, with its
        /// reason. Those of the partition from `from` on are given up, and reading goes on at
        /// `next`: behind a gap, or, where that is before `from`, in a topic made anew.
        case inputsLost(TopicPartition, from: Offset, next: Offset, reason: String)
    }

    package init(
        at: Timestamp, cause: Cause, considered: [Position], evidence: Evidence?,
        principal: Principal?, correlation: String, manager: ManagerIdentity, events: [Event]
    ) {
        self.at = at
        self.cause = cause
        self.considered = considered
        self.evidence = evidence
        self.principal = principal
        self.correlation = correlation
        self.manager = manager
        self.events = events
    }
}

extension Decision {
    /// The commands that the decision holds, with their ids.
    ///
    /// - Parameters:
    ///   - sequence: the decision's place in its chain.
    ///   - hash: the hash of the decision's bytes.
    package func commands(at sequence: Sequence, hash: Hash) -> [(id: CommandID, command: Command)]
    {
        var result: [(id: CommandID, command: Command)] = []
        for (index, event) in events.enumerated() {
            let id = CommandID(
                sequence: sequence, index: UInt32(index), prefix: hash.words.0)
            switch event {
            case .commandIssued(let command, _): result.append((id, command))
            case .observationAsked(let command): result.append((id, command))
            default: continue
            }
        }
        return result
    }
}

/// Which process decided, and which version of the program it runs.
package struct ManagerIdentity: Hashable, Sendable {
    /// Random per process.
    package var id: Identifier
    package var version: String

    package init(id: Identifier, version: String) {
        self.id = id
        self.version = version
    }
}

/// The end of a cluster's chain: what the next record must extend.
package struct Head: Hashable, Sendable {
    package var sequence: Sequence
    package var hash: Hash

    package init(sequence: Sequence, hash: Hash) {
        self.sequence = sequence
        self.hash = hash
    }
}
