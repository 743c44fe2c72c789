import MusterCore
import MusterLog
import MusterRuntime
import Synchronization

/// A reader with consumers and a thread of its own.
///
/// The thread alone calls into the consumers' reading; `assign`, `unassign` and `next` leave it
/// notes and ring. It sleeps on a pipe into which librdkafka writes when a queue is no longer
/// empty, and drains every queue to the end before it sleeps.
final class KafkaReader: LogReader {
    private let options: KafkaOptions
    private let query: KafkaQuery
    private let bell = WakePipe()
    private let ended = Latch()
    private let state = Mutex(State())

    private struct State {
        var changes: [Change] = []
        var request: Request?
        var isClosed = false
    }

    private enum Change {
        case assign(TopicPartition, Offset)
        case unassign(TopicPartition)
    }

    private struct Request {
        let max: Int
        let deadline: ContinuousClock.Instant
        let waiting: CheckedContinuation<Result<[RecordBatch], LogError>, Never>
        var isCancelled = false
    }

    init(_ options: KafkaOptions, query: KafkaQuery) throws(LogError) {
        self.options = options
        self.query = query
        let consumers = KafkaConsumers(options, bell: bell, query: query)
        EngineThread.start { [self] in run(consumers) }
    }

    var hasEnded: Bool { ended.isOpen }

    func assign(_ partition: TopicPartition, from offset: Offset) {
        state.withLock { $0.changes.append(.assign(partition, offset)) }
        bell.ring()
    }

    func unassign(_ partition: TopicPartition) {
        state.withLock { $0.changes.append(.unassign(partition)) }
        bell.ring()
    }

    func next(max: Int, waitingUpTo limit: Duration) async throws(LogError) -> [RecordBatch] {
        let deadline = ContinuousClock.now + limit
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { waiting in
                ask(Request(max: max, deadline: deadline, waiting: waiting))
            }
        } onCancel: {
            state.withLock { $0.request?.isCancelled = true }
            bell.ring()
        }
        return try result.get()
    }

    func close() async {
        state.withLock { $0.isClosed = true }
        bell.ring()
        await ended.wait()
    }

    private func ask(_ request: Request) {
        let isClosed = state.withLock { state in
            if state.isClosed { return true }
            precondition(state.request == nil, "two tasks read with one reader")
            state.request = request
            // The handler may have run before the request was there.
            if Task.isCancelled { state.request?.isCancelled = true }
            return false
        }
        if isClosed {
            request.waiting.resume(returning: .failure(.closed(log: options.url)))
        } else {
            bell.ring()
        }
    }

    // MARK: The thread

    private func run(_ consumers: KafkaConsumers) {
        while true {
            let (changes, request, isClosed) = state.withLock { state in
                let changes = state.changes
                state.changes = []
                return (changes, state.request, state.isClosed)
            }
            if isClosed { break }
            for change in changes {
                switch change {
                case .assign(let partition, let offset): consumers.assign(partition, from: offset)
                case .unassign(let partition): consumers.unassign(partition)
                }
            }
            guard let request else {
                bell.wait(atMost: nil)
                continue
            }
            if request.isCancelled {
                answer(.success([]))
                continue
            }
            do throws(LogError) {
                let batches = try consumers.drain(max: request.max)
                if !batches.isEmpty || ContinuousClock.now >= request.deadline {
                    answer(.success(batches))
                } else {
                    let wake = min(request.deadline, consumers.nextLook ?? request.deadline)
                    bell.wait(atMost: max(.zero, wake - .now))
                }
            } catch {
                answer(.failure(error))
            }
        }
        consumers.close()
        state.withLock { $0.request.take() }?
            .waiting.resume(returning: .failure(.closed(log: options.url)))
        ended.open()
    }

    private func answer(_ result: Result<[RecordBatch], LogError>) {
        state.withLock { $0.request.take() }?.waiting.resume(returning: result)
    }
}
