import Synchronization

/// Asks running services to stop, once; the first cause counts.
package final class StopRequest: Sendable {
    private let state = Mutex(State())

    private struct State {
        var cause: StopCause?
        var waiting: [CheckedContinuation<StopCause, Never>] = []
        var observers: [@Sendable (StopCause) -> Void] = []
    }

    /// - Parameter supervisor: is told when a stop is asked for.
    package init(telling supervisor: Supervisor? = nil) {
        guard let supervisor else { return }
        observe { _ in supervisor.tell(.stopping) }
    }

    /// Asks the services to stop; from any thread, also before they run.
    package func stop() { request(.asked) }

    /// What was asked for; nil while nothing was.
    package var cause: StopCause? { state.withLock { $0.cause } }

    func request(_ cause: StopCause) {
        let woken = state.withLock { state -> State? in
            guard state.cause == nil else { return nil }
            state.cause = cause
            let woken = state
            state.waiting = []
            state.observers = []
            return woken
        }
        guard let woken else { return }
        for observer in woken.observers { observer(cause) }
        for waiting in woken.waiting { waiting.resume(returning: cause) }
    }

    /// Calls `observer` when a stop is asked for, at once if it was; on the asking thread.
    func observe(_ observer: @escaping @Sendable (StopCause) -> Void) {
        let cause = state.withLock { state in
            if state.cause == nil { state.observers.append(observer) }
            return state.cause
        }
        if let cause { observer(cause) }
    }

    /// Waits until a stop is asked for. A cancelled task asks for it itself.
    func wait() async -> StopCause {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let cause = state.withLock { state in
                    if state.cause == nil { state.waiting.append(continuation) }
                    return state.cause
                }
                if let cause { continuation.resume(returning: cause) }
            }
        } onCancel: {
            stop()
        }
    }
}
