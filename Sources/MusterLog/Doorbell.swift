import Dispatch
import Synchronization

/// Lets one task wait until somebody rings, or a limit has passed. A ring while nobody waits is
/// kept.
package final class Doorbell: Sendable {
    private let state = Mutex(State())

    private struct State {
        var isRung = false
        var waiting: CheckedContinuation<Void, Never>?
        var turn: UInt64 = 0
    }

    package init() {}

    /// Ends the wait under way, or else the next one.
    package func ring() {
        let waiting = state.withLock { state in
            let waiting = state.waiting.take()
            if waiting == nil { state.isRung = true }
            return waiting
        }
        waiting?.resume()
    }

    /// Waits; returns at once when the task is cancelled. For one task at a time.
    package func wait(atMost limit: Duration) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { wait(atMost: limit, resuming: $0) }
        } onCancel: {
            ring()
        }
    }

    private func wait(atMost limit: Duration, resuming waiting: CheckedContinuation<Void, Never>) {
        let turn: UInt64? = state.withLock { state in
            precondition(state.waiting == nil, "two tasks wait at one doorbell")
            if state.isRung {
                state.isRung = false
                return nil
            }
            state.waiting = waiting
            state.turn += 1
            return state.turn
        }
        guard let turn else { return waiting.resume() }
        let (seconds, attoseconds) = limit.components
        let nanoseconds = min(seconds, 1_000_000) * 1_000_000_000 + attoseconds / 1_000_000_000
        let time = DispatchTime.now() + .nanoseconds(Int(max(nanoseconds, 0)))
        DispatchQueue.global().asyncAfter(deadline: time) { [weak self] in self?.end(turn) }
    }

    private func end(_ turn: UInt64) {
        let waiting = state.withLock { $0.turn == turn ? $0.waiting.take() : nil }
        waiting?.resume()
    }
}
