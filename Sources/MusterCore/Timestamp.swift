/// A moment of the log: milliseconds since 1970, as brokers stamp records.
package struct Timestamp: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let milliseconds: Int64

    package init(milliseconds: Int64) { self.milliseconds = milliseconds }

    package static let zero = Timestamp(milliseconds: 0)

    package static func < (left: Self, right: Self) -> Bool {
        left.milliseconds < right.milliseconds
    }

    /// The moment `duration` later; stays at the end of the range instead of trapping.
    package static func + (moment: Self, duration: Duration) -> Self {
        let (sum, overflow) = moment.milliseconds.addingReportingOverflow(duration.milliseconds)
        return Timestamp(milliseconds: overflow ? .max : sum)
    }

    package static func - (moment: Self, duration: Duration) -> Self {
        let (sum, overflow) = moment.milliseconds.subtractingReportingOverflow(
            duration.milliseconds)
        return Timestamp(milliseconds: overflow ? .min : sum)
    }

    /// The time from `right` to `left`; negative when `left` is earlier.
    package static func - (left: Self, right: Self) -> Duration {
        let (difference, overflow) = left.milliseconds.subtractingReportingOverflow(
            right.milliseconds)
        return .milliseconds(overflow ? Int64.max : difference)
    }

    package var description: String { String(milliseconds) }
}

extension Duration {
    /// Whole milliseconds, rounded towards zero; at the end of the range where it does not fit.
    package var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        if overflow { return seconds < 0 ? .min : .max }
        let (sum, carried) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000_000_000)
        return carried ? (seconds < 0 ? .min : .max) : sum
    }
}
