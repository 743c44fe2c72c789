import Dispatch
import MusterCore
import MusterLog
import MusterRuntime
import Synchronization

/// The thread that writes: it takes everything submitted so far and commits it as one transaction,
/// so that the disk is waited for once however many appends are in flight.
final class AppendThread: Sendable {
    private let file: LogFile
    private let options: SQLiteLog.Options
    private let readers: ReaderList
    private let state = Mutex(State())
    private let wake = DispatchSemaphore(value: 0)
    private let ended = Latch()

    struct Submission: Sendable {
        let record: NewRecord
        let completion: @Sendable (Result<Appended, LogError>) -> Void
    }

    private typealias Job = @Sendable (LogTable) -> Void

    private struct State {
        var submissions: [Submission] = []
        var jobs: [Job] = []
        /// Nothing more is taken.
        var isClosing = false
        /// The connection may go, since no other of this log is left: the last one that may write
        /// folds the `-wal` file into the main one.
        var mayEnd = false
        var isWaiting = false
    }

    /// One transaction takes at most about so many records and bytes, so that none waits for long.
    private static let groupRecordsMax = 4096
    private static let groupBytesMax = 8 << 20
    /// Behind a commit of so few the readers are served on this thread, which answers soonest;
    /// behind a larger one they read themselves, so that it goes on writing.
    private static let servedMax = 16

    init(_ file: LogFile, options: SQLiteLog.Options, readers: ReaderList) {
        self.file = file
        self.options = options
        self.readers = readers
    }

    /// Opens the file, creating it where it is absent, and starts.
    func start() async throws(LogError) {
        let result: Result<Void, LogError> = await withCheckedContinuation { waiting in
            EngineThread.start { [self] in
                do throws(LogError) {
                    let database = try file.open(.append)
                    waiting.resume(returning: .success(()))
                    run(LogTable(database))
                } catch {
                    waiting.resume(returning: .failure(error))
                }
                end()
            }
        }
        try result.get()
    }

    func submit(_ submission: Submission) {
        let isClosed = state.withLock { state in
            if state.isClosing { return true }
            state.submissions.append(submission)
            wakeUp(&state)
            return false
        }
        // Never inside `submit`, and never on the caller's thread: that is the seam's promise.
        if isClosed {
            DispatchQueue.global().async { [file] in
                submission.completion(.failure(.closed(log: file.url)))
            }
        }
    }

    /// Runs a transaction on this thread.
    func write<Answer: Sendable>(
        _ body: @escaping @Sendable (LogTable) throws(DatabaseError) -> Answer
    ) async throws(LogError) -> Answer {
        let result: Result<Answer, LogError> = await withCheckedContinuation { waiting in
            let job: Job = { [file] table in
                do throws(DatabaseError) {
                    let answer = try body(table)
                    waiting.resume(returning: .success(answer))
                } catch {
                    waiting.resume(returning: .failure(file.describe(error)))
                }
            }
            let isClosed = state.withLock { state in
                if state.isClosing { return true }
                state.jobs.append(job)
                wakeUp(&state)
                return false
            }
            if isClosed { waiting.resume(returning: .failure(.closed(log: file.url))) }
        }
        return try result.get()
    }

    /// Takes nothing more.
    func refuse() {
        state.withLock { $0.isClosing = true }
    }

    /// Commits what was submitted, ends, and returns when the thread has let go of the file.
    func close() async {
        state.withLock { state in
            state.isClosing = true
            state.mayEnd = true
            wakeUp(&state)
        }
        await ended.wait()
    }

    private func wakeUp(_ state: inout State) {
        if !state.isWaiting { return }
        state.isWaiting = false
        wake.signal()
    }

    private func end() {
        state.withLock { $0.isClosing = true }
        ended.open()
    }
}

extension AppendThread {
    private enum Work {
        case some([Submission], [Job])
        case due
        case none
    }

    private func run(_ table: LogTable) {
        let walPath = table.database.walPath
        var group = AppendGroup(file: file, clock: AppendClock(override: options.clock))
        var upkeep = Upkeep(interval: options.upkeepInterval)
        while true {
            switch take(until: upkeep.due) {
            case .none: return
            case .due:
                if upkeep.step(table, now: group.now()) { announce(walPath) }
            case .some(let submissions, let jobs):
                for job in jobs { job(table) }
                if !jobs.isEmpty { group.forget() }
                var rest = submissions[...]
                while !rest.isEmpty {
                    let some = rest.prefix(AppendThread.size(of: rest))
                    rest = rest.dropFirst(some.count)
                    commit(some, with: &group, to: table, walPath: walPath)
                }
                if !jobs.isEmpty { announce(walPath) }
            }
        }
    }

    private func commit(
        _ submissions: ArraySlice<Submission>, with group: inout AppendGroup, to table: LogTable,
        walPath: String?
    ) {
        switch group.commit(submissions, to: table) {
        case .success(let results):
            options.onCommit?(submissions.count)
            if submissions.count <= AppendThread.servedMax {
                readers.serve(from: table, group.written)
            } else {
                readers.ring()
            }
            for (submission, result) in zip(submissions, results) { submission.completion(result) }
            ChangeWatch.announce(walPath: walPath)
        case .failure(let error):
            for submission in submissions { submission.completion(.failure(error)) }
        }
    }

    private func announce(_ walPath: String?) {
        readers.ring()
        ChangeWatch.announce(walPath: walPath)
    }

    /// What is to be done; waits until there is something.
    private func take(until due: ContinuousClock.Instant) -> Work {
        while true {
            let work: Work? = state.withLock { state in
                if state.submissions.isEmpty && state.jobs.isEmpty {
                    if state.mayEnd { return Work.none }
                    if ContinuousClock.now >= due { return .due }
                    state.isWaiting = true
                    return nil
                }
                let work = Work.some(state.submissions, state.jobs)
                (state.submissions, state.jobs) = ([], [])
                return work
            }
            if let work { return work }
            let left = max(due - ContinuousClock.now, .zero).milliseconds
            _ = wake.wait(timeout: .now() + .milliseconds(Int(min(left, 3_600_000)) + 1))
            state.withLock { $0.isWaiting = false }
        }
    }

    /// How many of these go into one transaction, at least one.
    private static func size(of submissions: ArraySlice<Submission>) -> Int {
        var (count, bytes) = (0, 0)
        for submission in submissions.prefix(groupRecordsMax) {
            bytes += submission.record.bytes
            if count > 0 && bytes > groupBytesMax { break }
            count += 1
        }
        return count
    }
}
