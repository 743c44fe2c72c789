import MusterCore
import MusterLog

/// What a reader stands for: its positions, what is read ahead, and who waits.
///
/// A look takes the positions and their generation; what it finds counts only if the generation is
/// still the same, so that several threads may look, and `assign` may come at any moment.
struct ReaderState {
    /// Behind what was given and what is `ready`.
    var positions = ReaderPositions()
    var request: Request?
    /// Read ahead, in order.
    var ready: [RecordBatch] = []
    /// Whether the last look found nothing more.
    var isCaughtUp = true
    /// Counts what changed the positions.
    private var generation: UInt64 = 0
    /// How many records were asked for last.
    private var max = 0

    /// So many batches are kept for a reader that does not ask.
    private static let readyMax = 64
    /// So many records are read at once on the writing thread.
    private static let servedMax = 256

    struct Request {
        let max: Int
        let deadline: ContinuousClock.Instant
        let waiting: CheckedContinuation<Result<[RecordBatch], LogError>, Never>
        var isCancelled = false
    }

    struct Look {
        let positions: [Position]
        let generation: UInt64
        let max: Int
        let deadline: ContinuousClock.Instant
    }

    enum Step {
        case end
        case idle
        case answer(Request, [RecordBatch])
        case scan(Look)
    }

    enum Delivery {
        /// For the request that waited.
        case answer(Request)
        /// Read ahead, or an error found ahead, which the next request will meet.
        case kept
        /// The positions have changed meanwhile; look again.
        case stale
        /// There is nothing, and somebody waits for it.
        case nothing
    }

    mutating func assign(_ partition: TopicPartition, from offset: Offset) {
        unassign(partition)
        positions.assign(partition, from: offset)
        isCaughtUp = false
    }

    mutating func unassign(_ partition: TopicPartition) {
        generation += 1
        ready.removeAll { $0.partition == partition }
        positions.unassign(partition)
    }

    /// Of what is ready, at most `max` records.
    mutating func takeReady(_ max: Int) -> [RecordBatch] {
        self.max = max
        var (taken, left): ([RecordBatch], Int) = ([], max)
        while left > 0, let batch = ready.first {
            ready.removeFirst()
            if batch.count > left {
                let (head, tail) = batch.split(at: left)
                taken.append(head)
                ready.insert(tail, at: 0)
                break
            }
            taken.append(batch)
            left -= batch.count
        }
        return taken
    }

    /// What the reader's thread does next.
    mutating func step() -> Step {
        if positions.isClosed { return .end }
        if let request {
            if request.isCancelled || !ready.isEmpty {
                self.request = nil
                return .answer(request, request.isCancelled ? [] : takeReady(request.max))
            }
            max = request.max
            return .scan(look(positions.inTurn(), until: request.deadline))
        }
        if max == 0 || isCaughtUp || !ready.isEmpty { return .idle }
        return .scan(look(positions.inTurn(), until: .now))
    }

    /// The positions that a commit of this process lies behind; nil when it shall not be read on
    /// the writing thread.
    mutating func lookToServe(_ ends: [TopicPartition: Int64]) -> Look? {
        if positions.isClosed || !isCaughtUp || max == 0 || ready.count >= Self.readyMax {
            isCaughtUp = false
            return nil
        }
        let behind = positions.inTurn().filter { ends[$0.partition] != nil }
        return Look(
            positions: behind, generation: generation,
            max: min(request?.max ?? max, Self.servedMax),
            deadline: .now)
    }

    mutating func deliver(_ result: Result<[RecordBatch], LogError>, of look: Look) -> Delivery {
        if generation != look.generation { return .stale }
        switch result {
        case .failure: isCaughtUp = true
        case .success(let batches):
            isCaughtUp = batches.isEmpty
            if batches.isEmpty, let request, ContinuousClock.now < request.deadline {
                return .nothing
            }
            for batch in batches { positions.advance(batch.partition, to: batch.next) }
            if !batches.isEmpty { generation += 1 }
            if request == nil { ready += batches }
        }
        return request.take().map(Delivery.answer) ?? .kept
    }

    private func look(_ positions: [Position], until deadline: ContinuousClock.Instant) -> Look {
        Look(positions: positions, generation: generation, max: max, deadline: deadline)
    }
}
