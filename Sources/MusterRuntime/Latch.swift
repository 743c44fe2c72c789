import Synchronization

/// Opens once; who waits for it goes on then, and who comes later does not wait.
///
/// For the end of a thread, which its owner waits for without blocking one of the pool.
package final class Latch: Sendable {
    private let state = Mutex(State())

    private struct State {
        var isOpen = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    package init() {}

    package var isOpen: Bool { state.withLock { $0.isOpen } }

    /// Lets everybody on; a second time does nothing.
    package func open() {
        let waiting = state.withLock { state in
            defer { state.waiting = [] }
            state.isOpen = true
            return state.waiting
        }
        for one in waiting { one.resume() }
    }

    /// Returns when it is open, whether the task is cancelled or not.
    package func wait() async {
        await withCheckedContinuation { one in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiting.append(one) }
                return state.isOpen
            }
            if isOpen { one.resume() }
        }
    }
}
