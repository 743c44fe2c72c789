import MusterLog
import MusterRuntime
import Synchronization

/// A thread with a connection that only reads, for questions that are answered at once.
final class QueryThread: Sendable {
    private let file: LogFile
    private let state = Mutex(State())
    private let bell = WakePipe()
    private let ended = Latch()

    private typealias Job = @Sendable (LogTable) -> Void

    private struct State {
        var jobs: [Job] = []
        var isClosing = false
    }

    init(_ file: LogFile) { self.file = file }

    /// Opens the file and starts.
    func start() async throws(LogError) {
        let result: Result<Void, LogError> = await withCheckedContinuation { waiting in
            EngineThread.start { [self] in
                do throws(LogError) {
                    let table = LogTable(try file.open(.read))
                    waiting.resume(returning: .success(()))
                    run(table)
                } catch {
                    waiting.resume(returning: .failure(error))
                }
                end()
            }
        }
        try result.get()
    }

    /// Asks one state of the log.
    func ask<Answer: Sendable>(
        _ body: @escaping @Sendable (LogTable) throws(DatabaseError) -> Answer
    ) async throws(LogError) -> Answer {
        let result: Result<Answer, LogError> = await withCheckedContinuation { waiting in
            let job: Job = { [file] table in
                do throws(DatabaseError) {
                    let answer = try table.reading { () throws(DatabaseError) in try body(table) }
                    waiting.resume(returning: .success(answer))
                } catch {
                    waiting.resume(returning: .failure(file.describe(error)))
                }
            }
            let isClosed = state.withLock { state in
                if !state.isClosing { state.jobs.append(job) }
                return state.isClosing
            }
            if isClosed {
                waiting.resume(returning: .failure(.closed(log: file.url)))
            } else {
                bell.ring()
            }
        }
        return try result.get()
    }

    /// Answers what was asked, ends, and returns when the thread has let go of the file.
    func close() async {
        state.withLock { $0.isClosing = true }
        bell.ring()
        await ended.wait()
    }

    private func run(_ table: LogTable) {
        while true {
            let (jobs, isClosing) = state.withLock { state in
                let jobs = state.jobs
                state.jobs = []
                return (jobs, state.isClosing)
            }
            for job in jobs { job(table) }
            if isClosing { return }
            if jobs.isEmpty { bell.wait(atMost: nil) }
        }
    }

    private func end() {
        state.withLock { $0.isClosing = true }
        ended.open()
    }
}
