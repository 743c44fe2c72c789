package import MusterCore

/// Something that an audit of the journal found, with its place.
package struct AuditFinding: Hashable, Sendable {
    /// What is wrong.
    package enum Kind: String, CaseIterable, Sendable {
        /// A partition has no header, or one that cannot be read.
        case header
        /// A record was changed: its bytes are not those that the next one names.
        case changed
        /// A record is not there: its place in the chain is empty.
        case missing
        /// A record lies before the one that it extends.
        case reordered
        /// A record lies there twice. The second one is void and changes nothing.
        case repeated
        /// A record lies in a partition that is not its cluster's.
        case misplaced
        /// An accepted record cannot be read by this version.
        case unreadable
        /// Decided again, it is something else.
        case decidedOtherwise
        /// What a record says of time, of inputs passed, or of who asked contradicts its chain.
        case contradictory
        /// The record that was noted elsewhere is not the one that lies there.
        case unexpected
        /// The input is not the one that lies in the input topic.
        case inputDiffers
        /// The input that was decided is not in the input topic.
        case inputMissing
        /// An input was passed without a record although it would have decided something.
        case inputSkipped

        /// Whether the history can be relied on all the same.
        package var isHarmless: Bool { self == .repeated }
    }

    package var kind: Kind
    /// Where it lies; nil when it lies nowhere.
    package var position: Position?
    package var cluster: ClusterID?
    package var sequence: MusterCore.Sequence?
    /// What is wrong, for people; quotes names as they are.
    package var sentence: String
    /// What the record says was decided.
    package var recorded: [Event] = []
    /// What is decided now.
    package var decided: [Event] = []
    /// Who wrote the record, where it could be read.
    package var manager: ManagerIdentity?

    package init(
        _ kind: Kind, _ position: Position?, _ cluster: ClusterID? = nil,
        _ sequence: MusterCore.Sequence? = nil, _ sentence: String
    ) {
        self.kind = kind
        self.position = position
        self.cluster = cluster
        self.sequence = sequence
        self.sentence = sentence
    }
}

/// Why a record of the journal is void.
package enum VoidKind: String, CaseIterable, Sendable {
    /// Another record was accepted at its place, or at that of a record before it.
    case lostRace
    /// Word for word another record that lies before it.
    case repeated
    /// It extends a record that is nowhere: an append before it has failed.
    case orphan
    /// Its cluster belongs in another partition, or has no first record.
    case homeless
    /// Another header than the first.
    case header
    /// No record of a journal, or none at all.
    case noRecord
}

/// A void record, with its place.
package struct VoidRecord: Hashable, Sendable {
    package var kind: VoidKind
    package var position: Position
    package var cluster: ClusterID?
    package var sequence: MusterCore.Sequence?
}
