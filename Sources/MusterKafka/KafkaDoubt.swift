import MusterCore

/// What a broker said of a partition that may pass by itself, and that is looked at again: it is
/// told only when it stays so.
struct KafkaDoubt {
    enum Kind {
        /// There is no such partition. One that has just started, or that did not yet hear of a
        /// new topic, says so of one that there is.
        case absent
        /// The position lies outside of what is kept. A broker that has just come to lead may say
        /// so of one that it has a moment later.
        case outOfRange
    }

    enum Verdict: Equatable { case pass, wait, stands }

    let kind: Kind
    var from: Offset
    let since = ContinuousClock.now
    var isTold = false
    /// When to look again; none while an attempt is under way.
    var again: ContinuousClock.Instant?

    static let patience: Duration = .seconds(5)

    init(_ kind: Kind, from: Offset) {
        self.kind = kind
        self.from = from
    }

    var isOld: Bool { .now - since >= Self.patience }

    /// What to think of a position, given what is kept: what was cut off at the start stays away,
    /// and the end may still come.
    ///
    /// - Returns: `pass` where it lies within, `stands` where it does not and that is to be told.
    func verdict(kept: Range<Offset>, isOld: Bool) -> Verdict {
        if from < kept.lowerBound { return .stands }
        if from <= kept.upperBound { return .pass }
        return isOld ? .stands : .wait
    }
}
