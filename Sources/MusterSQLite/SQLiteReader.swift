import MusterCore
import MusterLog
import Synchronization

/// A reader with a connection and a thread of its own.
final class SQLiteReader: LogReader {
    private let file: LogFile
    private let readers: ReaderList
    private let state = Mutex(State())
    private let watch: Mutex<ChangeWatch?> = Mutex(nil)

    private struct State {
        var positions = ReaderPositions()
        /// Counts what changed the positions from outside.
        var generation: UInt64 = 0
        var request: Request?
        var isWaitingForChange = false
        var hasEnded = false
        var ended: [CheckedContinuation<Void, Never>] = []
    }

    private struct Request {
        let max: Int
        let deadline: ContinuousClock.Instant
        let waiting: CheckedContinuation<Result<[RecordBatch], LogError>, Never>
        var isCancelled = false
    }

    init(_ file: LogFile, readers: ReaderList) {
        self.file = file
        self.readers = readers
    }

    /// Opens the file and starts the thread.
    func start() async throws(LogError) {
        let result: Result<Void, LogError> = await withCheckedContinuation { waiting in
            EngineThread.start { [self] in
                do throws(LogError) {
                    let table = LogTable(try file.open(.read))
                    let watch = ChangeWatch(walPath: table.database.walPath)
                    self.watch.withLock { $0 = watch }
                    waiting.resume(returning: .success(()))
                    run(ReaderScan(table, file: file), watch)
                } catch {
                    waiting.resume(returning: .failure(error))
                }
                end()
            }
        }
        try result.get()
    }

    func assign(_ partition: TopicPartition, from offset: Offset) {
        change { $0.assign(partition, from: offset) }
    }

    func unassign(_ partition: TopicPartition) {
        change { $0.unassign(partition) }
    }

    func next(max: Int, waitingUpTo limit: Duration) async throws(LogError) -> [RecordBatch] {
        let deadline = ContinuousClock.now + limit
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { waiting in
                ask(Request(max: max, deadline: deadline, waiting: waiting))
            }
        } onCancel: {
            state.withLock { $0.request?.isCancelled = true }
            bell()
        }
        return try result.get()
    }

    func close() async {
        readers.remove(self)
        state.withLock { $0.positions.isClosed = true }
        bell()
        await withCheckedContinuation { waiting in
            let hasEnded = state.withLock { state in
                if !state.hasEnded { state.ended.append(waiting) }
                return state.hasEnded
            }
            if hasEnded { waiting.resume() }
        }
    }

    /// Something was committed in this process.
    func ring() {
        if state.withLock({ $0.isWaitingForChange }) { bell() }
    }

    private func bell() {
        watch.withLock { $0 }?.ring()
    }

    private func change(_ body: (inout ReaderPositions) -> Void) {
        state.withLock { state in
            state.generation += 1
            body(&state.positions)
        }
        bell()
    }

    private func ask(_ request: Request) {
        let isClosed = state.withLock { state in
            if state.positions.isClosed { return true }
            precondition(state.request == nil, "two tasks read with one reader")
            state.request = request
            return false
        }
        if isClosed {
            request.waiting.resume(returning: .failure(.closed(log: file.url)))
        } else if Task.isCancelled {
            // The handler may have run before the request was there.
            state.withLock { $0.request?.isCancelled = true }
            bell()
        } else {
            bell()
        }
    }

    private func end() {
        let (ended, request) = state.withLock { state in
            state.hasEnded = true
            state.positions.isClosed = true
            return (state.ended, state.request.take())
        }
        request?.waiting.resume(returning: .failure(.closed(log: file.url)))
        for waiting in ended { waiting.resume() }
    }
}

extension SQLiteReader {
    private enum Step {
        case end
        case idle
        case scan([Position], generation: UInt64, max: Int, deadline: ContinuousClock.Instant)
    }

    private func run(_ scan: ReaderScan, _ watch: ChangeWatch) {
        var scan = scan
        while true {
            switch step() {
            case .end: return
            case .idle: watch.waitForRing(atMost: nil)
            case .scan(let positions, let generation, let max, let deadline):
                let result = scan.next(positions, generation: generation, max: max)
                if deliver(result, generation: generation) { continue }
                watch.wait(atMost: deadline - ContinuousClock.now)
                state.withLock { $0.isWaitingForChange = false }
            }
        }
    }

    private func step() -> Step {
        let (step, cancelled) = state.withLock { state -> (Step, Request?) in
            if state.positions.isClosed { return (.end, nil) }
            guard let request = state.request else { return (.idle, nil) }
            if request.isCancelled {
                state.request = nil
                return (.idle, request)
            }
            // Before the scan, so that a commit after it rings.
            state.isWaitingForChange = true
            let positions = state.positions.inTurn()
            return (
                .scan(
                    positions, generation: state.generation, max: request.max,
                    deadline: request.deadline), nil
            )
        }
        cancelled?.waiting.resume(returning: .success([]))
        return step
    }

    /// Hands out what was found; false when there is nothing yet and the request goes on waiting.
    private func deliver(_ result: Result<[RecordBatch], LogError>, generation: UInt64) -> Bool {
        let request: Request? = state.withLock { state in
            // Positions that changed meanwhile: what was found is of before.
            if state.generation != generation { return nil }
            if case .success(let batches) = result {
                let isOver = state.request.map { ContinuousClock.now >= $0.deadline } ?? true
                if batches.isEmpty && !isOver { return nil }
                for batch in batches { state.positions.advance(batch.partition, to: batch.next) }
                if !batches.isEmpty { state.generation += 1 }
            }
            state.isWaitingForChange = false
            return state.request.take()
        }
        guard let request else { return state.withLock { $0.generation != generation } }
        request.waiting.resume(returning: result)
        return true
    }
}
