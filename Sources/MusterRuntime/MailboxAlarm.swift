import Dispatch
import Synchronization

/// One timer that is set again only when it must ring earlier.
///
/// A reader with a rolling deadline waits thousands of times a second and mostly is woken by an
/// element. Setting a timer for each wait would cost more than the wait; so the timer keeps the
/// earliest time it was asked for, and whoever is rung too early asks again.
final class MailboxAlarm: Sendable {
    private let state: Mutex<State>
    private let queue = DispatchQueue(label: "muster.mailbox")

    private struct State {
        var ringing: ContinuousClock.Instant?
        var turn: UInt64 = 0
        var action: @Sendable () -> Void = {}
    }

    init() { state = Mutex(State()) }

    func onRing(_ action: @escaping @Sendable () -> Void) {
        state.withLock { $0.action = action }
    }

    /// Rings once at `moment`, or already at an earlier one that was asked for before.
    func ring(at moment: ContinuousClock.Instant) {
        let turn: UInt64? = state.withLock { state in
            if let ringing = state.ringing, ringing <= moment { return nil }
            state.ringing = moment
            state.turn += 1
            return state.turn
        }
        guard let turn else { return }
        let (seconds, attoseconds) = ContinuousClock.now.duration(to: moment).components
        // At most a day at a time: the reader asks again.
        let nanoseconds = min(seconds, 86_400) * 1_000_000_000 + attoseconds / 1_000_000_000
        // One nanosecond more, since what was cut off would let it ring before the moment.
        let time = DispatchTime.now() + .nanoseconds(Int(max(nanoseconds + 1, 0)))
        queue.asyncAfter(deadline: time) { [weak self] in self?.ring(turn) }
    }

    private func ring(_ turn: UInt64) {
        let action: (@Sendable () -> Void)? = state.withLock { state in
            guard state.turn == turn else { return nil }
            state.ringing = nil
            return state.action
        }
        action?()
    }
}
