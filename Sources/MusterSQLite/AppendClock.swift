import Glibc
import MusterCore

/// Append times: the wall clock as it was once, carried on by the clock that runs since boot, so
/// that setting the wall clock moves no deadline.
struct AppendClock: Sendable {
    private var anchor: Int64
    private let override: (@Sendable () -> Timestamp)?

    /// - Parameter override: a clock for tests; nil for the system's.
    init(override: (@Sendable () -> Timestamp)? = nil) {
        self.override = override
        anchor = AppendClock.milliseconds(of: CLOCK_REALTIME) - AppendClock.sinceBoot
    }

    /// The time for a record behind one of `newest`, never below it. Where the log is ahead of this
    /// process its time is taken over, so that time does not stand still until the process catches
    /// up.
    mutating func now(after newest: Timestamp?) -> Timestamp {
        let now = override?() ?? Timestamp(milliseconds: anchor + AppendClock.sinceBoot)
        guard let newest, newest > now else { return now }
        anchor = newest.milliseconds - AppendClock.sinceBoot
        return newest
    }

    /// Milliseconds since the machine started, sleep included.
    static var sinceBoot: Int64 { milliseconds(of: CLOCK_BOOTTIME) }

    private static func milliseconds(of clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }
}
