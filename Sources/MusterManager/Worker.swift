internal import MusterCore
internal import MusterLog

/// What a manager holds of one cluster beside the confirmed state, which the journal's reader has.
struct Worker: Sendable {
    /// The confirmed state plus the decisions in flight; nil while there are none.
    var ahead: ClusterState?
    /// Decisions appended and not read back, oldest first.
    var inFlight: [InFlight] = []
    /// Every input considered, also those that decided nothing, until an accepted record or a
    /// checkpoint covers it; in the order in which they were considered.
    var waiting: [Waiting] = []
    /// Inputs to be considered, oldest first: after a reset those of before, then what arrived
    /// since.
    var queue: [Waiting] = []
    /// Per input partition the offset after the last input considered; what a reset takes back is
    /// not in it until it is considered again.
    var considered = SortedMap<TopicPartition, Offset>()
    /// Per input partition the offset below which every input was considered and is no longer
    /// waited for: a checkpoint has passed it. What a reset leaves of `considered`.
    var settled = SortedMap<TopicPartition, Offset>()
    /// Per input partition the first input that was not considered because the cluster stands
    /// still.
    var held = SortedMap<TopicPartition, Offset>()
    var evidence = Evidence()
    /// Signs of life to be heard once what is considered now is decided.
    var later: [(NodeUp, Evidence.Heard)] = []
    var reset: Reset = .none
    var look: Look = .nothing
    /// When the clock alone may give something to decide.
    var due: Timestamp?
    var snapshot: SnapshotMark?
    /// Set when another manager's decision was late: nothing is appended until nothing is in
    /// flight, so that the other one has its turn.
    var isYielding = false
    var isOnAgenda = false
    /// After a failed append: when to try again, in monotonic time.
    var notBefore: Duration = .zero
    var failures: Int = 0

    /// A decision on its way to the journal and back.
    struct InFlight: Sendable {
        let token: UInt64
        let hash: Hash
        /// The head that it extends.
        let previous: Hash
        /// Where it was acknowledged; nil before.
        var offset: Offset?
    }

    /// An input, with what its decision rests on.
    struct Waiting: Sendable {
        let position: Position
        let appended: Timestamp
        let input: Input
        /// The input in CloudEvents' structured form.
        let event: [UInt8]
        /// The decision in flight that it caused; nil when it decided nothing.
        var own: UInt64?
        /// The newest decision in flight when it was considered; nil when there was none.
        var basis: UInt64?
    }

    /// Where a reset stands: `ahead` was dropped, the journal is read to the end known after that,
    /// then what waits is considered again.
    enum Reset: Sendable {
        case none
        /// With the token of the question; an older one's answer does not count.
        case asking(UInt64)
        case reading(to: Offset)
    }

    /// What is to be looked at.
    enum Look: Sendable {
        case nothing
        case groups([GroupID])
        case everything
    }

    /// The newest snapshot that was written.
    struct SnapshotMark: Sendable {
        var sequence: MusterCore.Sequence
        /// As of this journal offset.
        var journal: Offset
        /// Set once the log has it.
        var isInLog: Bool
    }

    mutating func look(at group: GroupID) {
        switch look {
        case .nothing: look = .groups([group])
        case .groups(let list) where !list.contains(group): look = .groups(list + [group])
        case .groups, .everything: break
        }
    }

    /// Remembers the first input of each partition that was left to another manager.
    mutating func hold(_ position: Position) {
        held.update(position.partition, default: position.offset) {
            $0 = min($0, position.offset)
        }
    }

    var isResetting: Bool {
        if case .none = reset { return false }
        return true
    }
}
