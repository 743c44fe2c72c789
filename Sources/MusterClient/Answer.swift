internal import MusterCore

/// What became of a request.
public struct Answer: Hashable, Sendable {
    /// The request's id.
    public let id: String
    /// How far it came.
    public internal(set) var outcome: Outcome
    /// The newest decision about it; nil while there is none.
    public internal(set) var sequence: UInt64?

    /// How far a request came.
    public enum Outcome: Hashable, Sendable {
        /// It lies in the log, and no manager has decided it in the time that was waited.
        case unanswered
        /// It was accepted and is under way.
        case accepted
        case completed
        /// It was refused: nothing was changed.
        case rejected(Refusal)
        /// It was accepted, and not carried out in the end.
        case failed(Refusal)
    }

    /// Why not.
    public struct Refusal: Hashable, Sendable, CustomStringConvertible {
        /// For programs: `floor`, `quorumAfter`, `unknownNode`, …
        public let code: String
        /// For people.
        public let sentence: String

        /// The sentence with its code.
        public var description: String { "\(sentence) (\(code))" }

        init(_ refusal: MusterCore.Refusal) {
            code = refusal.code.rawValue
            sentence = refusal.sentence
        }
    }

    init(id: String) {
        self.id = id
        outcome = .unanswered
    }

    /// Whether nothing more is to come.
    public var isFinal: Bool {
        switch outcome {
        case .unanswered, .accepted: false
        case .completed, .rejected, .failed: true
        }
    }

    /// What the state remembers of a request.
    mutating func take(_ record: RequestRecord) {
        switch record.outcome {
        case .accepted: outcome = .accepted
        case .completed: outcome = .completed
        case .rejected(let refusal): outcome = .rejected(Refusal(refusal))
        case .failed(let refusal): outcome = .failed(Refusal(refusal))
        }
    }
}
