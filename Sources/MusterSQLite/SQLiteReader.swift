import MusterCore
import MusterLog
import MusterRuntime
import Synchronization

/// A reader with a connection and a thread of its own.
///
/// The thread reads one answer ahead while the last one is being used. A reader that has caught up
/// is served by the writing thread of its own process, right behind the commit: one thread less to
/// wake, and the pages are still at hand.
final class SQLiteReader: LogReader {
    private let file: LogFile
    private let readers: ReaderList
    private let state = Mutex(ReaderState())
    private let watch: Mutex<ChangeWatch?> = Mutex(nil)
    private let ended = Latch()

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
        state.withLock { $0.assign(partition, from: offset) }
        bell()
    }

    func unassign(_ partition: TopicPartition) {
        state.withLock { $0.unassign(partition) }
    }

    func next(max: Int, waitingUpTo limit: Duration) async throws(LogError) -> [RecordBatch] {
        let (ready, isMoreWanted) = state.withLock { ($0.takeReady(max), !$0.isCaughtUp) }
        if !ready.isEmpty {
            if isMoreWanted { bell() }
            return ready
        }
        let deadline = ContinuousClock.now + limit
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { waiting in
                ask(ReaderState.Request(max: max, deadline: deadline, waiting: waiting))
            }
        } onCancel: {
            state.withLock { $0.request?.isCancelled = true }
            bell()
        }
        return try result.get()
    }

    func close() async {
        readers.remove(self)
        state.withLock { state in
            state.positions.isClosed = true
            state.ready = []
        }
        bell()
        await ended.wait()
    }

    /// Something was committed in this process.
    func ring() {
        if state.withLock({ $0.request != nil }) { bell() }
    }

    private func bell() {
        watch.withLock { $0 }?.ring()
    }

    private func ask(_ request: ReaderState.Request) {
        let isClosed = state.withLock { state in
            if state.positions.isClosed { return true }
            precondition(state.request == nil, "two tasks read with one reader")
            state.request = request
            // The handler may have run before the request was there.
            if Task.isCancelled { state.request?.isCancelled = true }
            return false
        }
        if isClosed {
            request.waiting.resume(returning: .failure(.closed(log: file.url)))
        } else {
            bell()
        }
    }

    private func end() {
        let request = state.withLock { state in
            state.positions.isClosed = true
            return state.request.take()
        }
        request?.waiting.resume(returning: .failure(.closed(log: file.url)))
        ended.open()
    }
}

extension SQLiteReader {
    private func run(_ scan: ReaderScan, _ watch: ChangeWatch) {
        var scan = scan
        while true {
            switch state.withLock({ $0.step() }) {
            case .end: return
            case .idle: watch.waitForRing()
            case .answer(let request, let batches):
                request.waiting.resume(returning: .success(batches))
            case .scan(let look):
                let result = scan.next(look.positions, generation: look.generation, max: look.max)
                if deliver(result, of: look) { continue }
                watch.wait(atMost: look.deadline - ContinuousClock.now)
            }
        }
    }

    /// Hands out what was found; false when there is nothing yet and a request goes on waiting.
    private func deliver(_ result: Result<[RecordBatch], LogError>, of look: ReaderState.Look)
        -> Bool
    {
        let delivery = state.withLock { $0.deliver(result, of: look) }
        switch delivery {
        case .answer(let request): request.waiting.resume(returning: result)
        case .kept, .stale: break
        case .nothing: return false
        }
        return true
    }

    /// Called by the writing thread behind a commit: reads what is new for this reader.
    ///
    /// - Parameters:
    ///   - table: the writer's connection.
    ///   - ends: the partitions written to, and where each ends now.
    func serve(from table: LogTable, _ ends: [TopicPartition: Int64]) {
        guard let look = state.withLock({ $0.lookToServe(ends) }) else { return ring() }
        if look.positions.isEmpty { return }
        do throws(DatabaseError) {
            var batches: [RecordBatch] = []
            for position in look.positions {
                if let batch = try table.read(position, max: look.max, bytes: 64 << 10) {
                    batches.append(batch)
                }
            }
            if batches.isEmpty || !deliver(.success(batches), of: look) { return bell() }
            let isWhole = batches.allSatisfy { batch in
                ends[batch.partition].map { Int64(batch.next.value) >= $0 } ?? false
            }
            if isWhole { state.withLock { $0.isCaughtUp = true } }
        } catch {
            // The reader's own thread meets the error too, and says it.
            bell()
        }
    }
}
