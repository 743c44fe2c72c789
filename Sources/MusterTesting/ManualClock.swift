package import MusterCore
import Synchronization

/// A clock that stands until it is moved.
package final class ManualClock: Sendable {
    private let state: Mutex<Timestamp>

    package init(_ start: Timestamp = Timestamp(milliseconds: 1_700_000_000_000)) {
        state = Mutex(start)
    }

    package var now: Timestamp { state.withLock { $0 } }

    /// Lets that much time pass.
    package func advance(by duration: Duration) {
        state.withLock { $0 = $0 + duration }
    }

    /// Also backwards, as clocks of machines do.
    package func set(_ moment: Timestamp) {
        state.withLock { $0 = moment }
    }
}
