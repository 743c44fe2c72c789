internal import MusterCore
internal import MusterRuntime
internal import Synchronization

/// Writes notes into the local journal on a thread of its own, those that wait together with one
/// write to the disk.
final class JournalThread: Sendable {
    private let state = Mutex(State())
    private let bell = WakePipe()
    private let ended = Latch()
    private let onDone: @Sendable (_ token: UInt64, LocalProblem?) -> Void

    private struct State {
        var waiting: [(token: UInt64, note: AgentNote)] = []
        var isEnding = false
    }

    /// - Parameter onDone: called on the thread for each note: it is durable, or why not.
    init(
        _ journal: LocalJournal,
        onDone: @escaping @Sendable (_ token: UInt64, LocalProblem?) -> Void
    ) {
        self.onDone = onDone
        EngineThread.start { [self] in work(journal) }
    }

    func write(_ token: UInt64, _ note: AgentNote) {
        state.withLock { $0.waiting.append((token, note)) }
        bell.ring()
    }

    /// Writes what waits, and ends.
    func end() async {
        state.withLock { $0.isEnding = true }
        bell.ring()
        await ended.wait()
    }

    private func work(_ start: LocalJournal) {
        var journal = start
        // The newest moment that a command named: an estimate of the broker's time that is good to
        // forget by.
        var newest: Timestamp?
        while true {
            let (waiting, isEnding) = state.withLock { state in
                defer { state.waiting = [] }
                return (state.waiting, state.isEnding)
            }
            if waiting.isEmpty {
                if isEnding { return ended.open() }
                bell.wait(atMost: nil)
                continue
            }
            for case .began(_, _, _, let notAfter) in waiting.map(\.note) {
                newest = max(newest ?? notAfter, notAfter)
            }
            var problem: LocalProblem?
            do throws(LocalProblem) {
                try journal.append(waiting.map(\.note))
                // The old file goes on as it was; the next note tries again.
                try? journal.compact(at: newest)
            } catch {
                problem = error
            }
            for (token, _) in waiting { onDone(token, problem) }
        }
    }
}
