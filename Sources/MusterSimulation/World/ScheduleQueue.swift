internal import Synchronization

/// Gives out schedules by their numbers, and adds up what they come to in that order, whichever
/// ends first: so the sum is the same for any number of jobs. Nobody gets so far ahead of the first
/// that has not ended that what waits to be added could grow.
package final class ScheduleQueue: Sendable {
    private struct Books {
        var begun = 0
        var ended = 0
        /// The first that is not in the summary yet.
        var added = 0
        var waiting: [Int: Simulation.Outcome] = [:]
        var summary = Simulation.Summary()
        var hasFailed = false
    }

    private let count: Int
    private let stopsAtFailure: Bool
    private let ahead: Int
    private let books = Mutex(Books())

    /// - Parameter ahead: how far behind the first that has not ended schedules are begun.
    package init(count: Int, stopsAtFailure: Bool, ahead: Int) {
        self.count = count
        self.stopsAtFailure = stopsAtFailure
        self.ahead = ahead
    }

    package var summary: Simulation.Summary { books.withLock { $0.summary } }

    /// How many have overtaken one that has not ended.
    package var waiting: Int { books.withLock { $0.waiting.count } }

    /// Where the next schedule stands: `.wait` until one before it has ended.
    package enum Next: Equatable {
        case schedule(Int)
        case wait
        case none
    }

    /// The number of the next schedule, from 0.
    package func take() -> Next {
        books.withLock {
            if $0.begun >= count || stopsAtFailure && $0.hasFailed { return .none }
            if $0.begun >= $0.added + ahead { return .wait }
            $0.begun += 1
            return .schedule($0.begun - 1)
        }
    }

    /// Notes what a schedule came to.
    ///
    /// - Returns: how many have ended.
    package func end(_ index: Int, _ outcome: Simulation.Outcome) -> Int {
        books.withLock {
            $0.ended += 1
            if outcome.failure != nil { $0.hasFailed = true }
            $0.waiting[index] = outcome
            while let next = $0.waiting.removeValue(forKey: $0.added) {
                $0.added += 1
                // Those before it were all begun before it: which is the first is always the same.
                if stopsAtFailure, $0.summary.failed > 0 { continue }
                $0.summary.add(next)
            }
            return $0.ended
        }
    }
}
