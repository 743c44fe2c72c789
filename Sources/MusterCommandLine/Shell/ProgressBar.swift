package import MusterRuntime
import Synchronization

/// Says on standard error how far long work is: a bar that is painted anew on a terminal, a line
/// every ten seconds elsewhere. Nothing is said about work that is done within half a second.
package final class ProgressBar: Sendable {
    private let title: EscapedText
    private let total: Int64?
    private let context: ProcessContext
    private let state: Mutex<State>

    private struct State {
        let start: Int64
        var painted: Int64?
        var isOver = false
    }

    /// - Parameters:
    ///   - total: how much there is to do; nil when that is not known.
    package init(_ title: EscapedText, total: Int64?, _ context: ProcessContext) {
        self.title = title
        self.total = total
        self.context = context
        state = Mutex(State(start: context.now()))
    }

    /// Says how much is done; cheap enough to be called for every piece.
    package func update(_ done: Int64) {
        let now = context.now()
        let text = state.withLock { state -> String? in
            let pause: Int64 = context.errorIsTerminal ? 100 : 10_000
            let due =
                state.painted.map { $0 + pause }
                ?? state.start + (context.errorIsTerminal ? 500 : 10_000)
            guard now >= due, !state.isOver else { return nil }
            state.painted = now
            return line(done, elapsed: now - state.start)
        }
        guard let text else { return }
        context.writeError(context.errorIsTerminal ? "\r" + text + "\u{1B}[K" : text + "\n")
    }

    /// Takes the bar away.
    package func end() {
        let wasPainted = state.withLock { state in
            defer { state.isOver = true }
            return state.painted != nil && !state.isOver
        }
        if wasPainted, context.errorIsTerminal { context.writeError("\r\u{1B}[K") }
    }

    private func line(_ done: Int64, elapsed: Int64) -> String {
        let rate = elapsed > 0 ? Double(done) * 1000 / Double(elapsed) : 0
        let speed = " \(done) done, \(Int64(rate))/s"
        guard let total, total > 0 else { return title.text + speed }
        let share = min(Double(done) / Double(total), 1)
        let filled = Int(share * 24)
        let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: 24 - filled)
        let left = rate > 0 ? Int64(Double(max(total - done, 0)) / rate * 1000) : 0
        return title.text + " [" + bar + "] \(Int(share * 100)) %" + speed
            + ", " + DurationText.text(milliseconds: left) + " left"
    }
}
