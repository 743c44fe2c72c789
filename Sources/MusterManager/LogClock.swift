package import MusterCore

/// The time of the log as a manager knows it: the append time of the newest record read, plus the
/// monotonic time since it was read. No wall clock.
package struct LogClock: Sendable {
    private var appended: Timestamp?
    private var read: Duration = .zero

    package init() {}

    /// A record was read, or an append acknowledged.
    ///
    /// - Parameters:
    ///   - isLive: whether it is from the end of its partition; an older one only moves the clock
    ///     on.
    ///   - now: the monotonic time.
    package mutating func note(_ moment: Timestamp, isLive: Bool, now: Duration) {
        if !isLive, let estimate = time(now), moment <= estimate { return }
        appended = moment
        read = now
    }

    /// The time of the log; nil before any record was read.
    package func time(_ now: Duration) -> Timestamp? {
        appended.map { $0 + max(.zero, now - read) }
    }
}
