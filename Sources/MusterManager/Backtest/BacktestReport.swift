package import MusterCore

/// What two policies would have decided, side by side.
package struct BacktestReport: Sendable {
    /// How one thing differs.
    package enum Verdict: String, CaseIterable, Sendable {
        case same
        case earlier
        case later
        /// The recorded policy decides it, the other does not.
        case onlyRecorded
        case onlyOther
    }

    /// Whether a removal was right, as far as the recording shows.
    package enum Judgement: String, CaseIterable, Sendable {
        case right
        /// The node was heard again within the time that was asked for.
        case wrong
        /// The recording ends too early to say.
        case unknown
    }

    /// One thing under both policies; at least one of them decided it.
    package struct Comparison<Value: Hashable & Sendable>: Sendable {
        /// What the journal itself says; nil: nothing.
        package var journal: Value?
        package var recorded: Value?
        package var other: Value?
        package var verdict: Verdict
    }

    /// A removal under both policies, and whether it was right.
    package struct Removal: Sendable {
        package var comparison: Comparison<PolicyOutcome.Removal>
        package var recordedJudgement: Judgement?
        package var otherJudgement: Judgement?
        /// When the node was first heard after the earlier of the two.
        package var heardAgain: Timestamp?
    }

    package private(set) var removals: [Removal] = []
    package private(set) var promotions: [Comparison<PolicyOutcome.Promotion>] = []
    package private(set) var freezes: [Comparison<PolicyOutcome.Freeze>] = []
    package let recordedSpares: SortedMap<GroupID, PolicyOutcome.Spare>
    package let otherSpares: SortedMap<GroupID, PolicyOutcome.Spare>
    /// When the two first part; nil: they never do.
    package private(set) var firstDifference: Timestamp?
    /// The removals of the journal that the recorded policy, folded again, does not decide, and the
    /// other way round.
    package private(set) var unlikeJournal: [NodeID] = []

    init(
        journal: PolicyOutcome, recorded: PolicyOutcome, other: PolicyOutcome, to: Timestamp,
        until: Timestamp, wrongWithin: Duration, tolerance: Duration,
        signs: [StoreID: [Timestamp]]
    ) {
        recordedSpares = recorded.spares
        otherSpares = other.spares
        let removed = Self.compare(
            journal.removals, recorded.removals, other.removals, to: to, tolerance, began: \.began
        ) { $0.store == $1.store }
        removals = removed.map {
            Self.judge($0, until: until, wrongWithin: wrongWithin, signs: signs)
        }
        promotions = Self.compare(
            journal.promotions, recorded.promotions, other.promotions, to: to, tolerance,
            began: \.began
        ) { $0.store == $1.store && $0.group == $1.group }
        freezes = Self.compare(
            journal.freezes, recorded.freezes, other.freezes, to: to, tolerance, began: \.began
        ) { one, two in
            one.began <= two.ended ?? to && two.began <= one.ended ?? to
        }
        let parted =
            Self.parted(removed, \.began) + Self.parted(promotions, \.began)
            + Self.parted(freezes, \.began)
        firstDifference = parted.min()
        unlikeJournal = removed.filter { ($0.journal == nil) != ($0.recorded == nil) }
            .compactMap { ($0.journal ?? $0.recorded)?.node }
    }

    /// Pairs what both policies decided, in the order of time.
    private static func compare<Value: Hashable & Sendable>(
        _ journal: [Value], _ recorded: [Value], _ other: [Value], to: Timestamp,
        _ tolerance: Duration, began: KeyPath<Value, Timestamp>, isSame: (Value, Value) -> Bool
    ) -> [Comparison<Value>] {
        var journal = journal.filter { $0[keyPath: began] <= to }
        var other = other.filter { $0[keyPath: began] <= to }
        // Of several the nearest in time.
        func take(_ value: Value, _ list: inout [Value]) -> Value? {
            func distance(_ index: Int) -> Duration {
                let apart = list[index][keyPath: began] - value[keyPath: began]
                return max(apart, .zero - apart)
            }
            let best = list.indices.filter { isSame(value, list[$0]) }
                .min { distance($0) < distance($1) }
            return best.map { list.remove(at: $0) }
        }
        var result: [Comparison<Value>] = []
        for value in recorded where value[keyPath: began] <= to {
            let match = take(value, &other)
            let distance = match.map { $0[keyPath: began] - value[keyPath: began] } ?? .zero
            let verdict: Verdict =
                match == nil
                ? .onlyRecorded
                : distance > tolerance ? .later : distance < .zero - tolerance ? .earlier : .same
            result.append(
                Comparison(
                    journal: take(value, &journal), recorded: value, other: match,
                    verdict: verdict))
        }
        for value in other {
            result.append(
                Comparison(
                    journal: take(value, &journal), recorded: nil, other: value,
                    verdict: .onlyOther))
        }
        return result.sorted { first($0, began) < first($1, began) }
    }

    private static func first<Value>(
        _ comparison: Comparison<Value>, _ began: KeyPath<Value, Timestamp>
    ) -> Timestamp {
        [comparison.recorded, comparison.other].compactMap { $0?[keyPath: began] }.min() ?? .zero
    }

    private static func parted<Value>(
        _ comparisons: [Comparison<Value>], _ began: KeyPath<Value, Timestamp>
    ) -> [Timestamp] {
        comparisons.filter { $0.verdict != .same }.map { first($0, began) }
    }

    private static func judge(
        _ comparison: Comparison<PolicyOutcome.Removal>, until: Timestamp, wrongWithin: Duration,
        signs: [StoreID: [Timestamp]]
    ) -> Removal {
        func judgement(_ removal: PolicyOutcome.Removal?) -> Judgement? {
            guard let removal else { return nil }
            let back = signs[removal.store]?.first { $0 > removal.began }
            if let back, back - removal.began <= wrongWithin { return .wrong }
            return until - removal.began >= wrongWithin ? .right : .unknown
        }
        let began = first(comparison, \.began)
        let store = (comparison.recorded ?? comparison.other)?.store
        return Removal(
            comparison: comparison, recordedJudgement: judgement(comparison.recorded),
            otherJudgement: judgement(comparison.other),
            heardAgain: store.flatMap { signs[$0]?.first { $0 > began } })
    }
}
