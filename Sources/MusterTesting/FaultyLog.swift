import Dispatch
package import MusterCore
package import MusterLog
import Synchronization

/// A log that makes faults as a seed says: everything that the seam allows to go wrong.
///
/// It stands for one process's way to the log; several on one store reorder against each other.
/// What it did is in `history` and, as it happens, in `happenings`. Which fault an append meets
/// depends on the seed and on how many appends came before it, and on nothing else.
package final class FaultyLog: EventLog {
    package let url: String
    /// The log that is really written.
    package let base: any EventLog
    private let state: Mutex<State>
    private let queue = DispatchQueue(label: "muster.faulty-log")
    private let stream: AsyncStream<Happening>.Continuation
    /// What happens, as it happens. One reader.
    package let happenings: AsyncStream<Happening>

    /// A fault that was made.
    package enum Happening: Hashable, Sendable {
        case failed(NewRecord)
        case answerLost(NewRecord, Appended)
        case promisedLate(NewRecord)
        case landedLate(NewRecord, Appended)
        case doubled(NewRecord)
        case delayed(NewRecord, Duration)
    }

    fileprivate struct State {
        var faults: Faults
        var generator: SeededGenerator
        var history: [Happening] = []
        var waiting: [Waiting] = []
        var isBusy = false
        /// Why nothing can be read any more; nil: it can.
        var readFailure: LogError?
        /// Records promised late that have not been appended yet, and how many are being appended.
        var late: [Int: NewRecord] = [:]
        var lateNext = 0
        var landing = 0
        var settling: [CheckedContinuation<Void, Never>] = []
    }

    fileprivate struct Waiting {
        let record: NewRecord
        let fate: Fate
        let completion: @Sendable (Result<Appended, LogError>) -> Void
    }

    fileprivate enum Fate {
        case good, failure, lostAnswer, lateLanding(Duration), double, delay(Duration)
    }

    package init(_ base: any EventLog, faults: Faults, seed: UInt64) {
        self.base = base
        url = base.url
        state = Mutex(State(faults: faults, generator: SeededGenerator(seed: seed)))
        (happenings, stream) = AsyncStream.makeStream(of: Happening.self)
    }

    /// Every fault made so far.
    package var history: [Happening] { state.withLock { $0.history } }

    /// From now on other faults; `Faults.none` heals the log.
    package func set(_ faults: Faults) {
        state.withLock { $0.faults = faults }
    }

    /// From now on every reader of this handle fails so.
    package func failReads(with error: LogError) {
        state.withLock { $0.readFailure = error }
    }

    /// Why a reader fails; nil: it does not.
    var readFailure: LogError? { state.withLock { $0.readFailure } }

    /// Lands what was promised late, now, and returns when that and everything delayed has landed.
    package func settle() async {
        for late in state.withLock({ $0.late.keys.sorted() }) { landLate(late) }
        await withCheckedContinuation { continuation in
            let isQuiet = state.withLock { state in
                if !state.isQuiet { state.settling.append(continuation) }
                return state.isQuiet
            }
            if isQuiet { continuation.resume() }
        }
    }

    package func submit(
        _ record: NewRecord,
        completion: @escaping @Sendable (Result<Appended, LogError>) -> Void
    ) {
        state.withLock { state in
            let fate = state.drawFate()
            state.waiting.append(Waiting(record: record, fate: fate, completion: completion))
            if state.isBusy { return }
            state.isBusy = true
            queue.async { self.work() }
        }
    }

    package func makeReader() async throws(LogError) -> any LogReader {
        FaultyReader(try await base.makeReader(), of: self)
    }

    package func readOne(_ position: Position) async throws(LogError) -> LogRecord? {
        try await base.readOne(position)
    }

    package func range(of partition: TopicPartition) async throws(LogError) -> Range<Offset> {
        try await base.range(of: partition)
    }

    package func offset(of partition: TopicPartition, since moment: Timestamp)
        async throws(LogError) -> Offset?
    {
        try await base.offset(of: partition, since: moment)
    }

    package var library: String { base.library }

    package func createTopics(_ topics: [TopicSettings]) async throws(LogError) {
        try await base.createTopics(topics)
    }

    package func describeTopics() async throws(LogError) -> [TopicSettings] {
        try await base.describeTopics()
    }

    package func assignments(group: String, member: String) -> AsyncStream<Set<Int32>> {
        base.assignments(group: group, member: member)
    }

    package var producerReplacements: AsyncStream<Void> { base.producerReplacements }

    package func close() async {
        await settle()
        await base.close()
        stream.finish()
    }

    /// How long the next read waits before it looks.
    func drawReadDelay() -> Duration {
        state.withLock { state in
            guard state.generator.happens(perMille: state.faults.lateRead) else { return .zero }
            return state.drawDelay()
        }
    }
}

extension FaultyLog {
    /// Passes on what waits, in order, until something is delayed.
    private func work() {
        while true {
            let waiting: Waiting? = state.withLock { state in
                if state.waiting.isEmpty {
                    state.isBusy = false
                    return nil
                }
                return state.waiting.removeFirst()
            }
            guard let waiting else { return tellSettling() }
            if case .delay(let duration) = waiting.fate {
                note(.delayed(waiting.record, duration))
                let good = Waiting(
                    record: waiting.record, fate: .good, completion: waiting.completion)
                queue.asyncAfter(deadline: .now() + .milliseconds(Int(duration.milliseconds))) {
                    self.pass(good)
                    self.work()
                }
                return
            }
            pass(waiting)
        }
    }

    private func pass(_ waiting: Waiting) {
        let (record, completion) = (waiting.record, waiting.completion)
        let failure = LogError.unavailable(log: url, reason: "a fault was made on purpose")
        switch waiting.fate {
        case .good, .delay:
            base.submit(record, completion: completion)
        case .failure:
            note(.failed(record))
            queue.async { completion(.failure(failure)) }
        case .lostAnswer:
            base.submit(record) { result in
                if case .success(let appended) = result {
                    self.note(.answerLost(record, appended))
                }
                completion(.failure(failure))
            }
        case .double:
            note(.doubled(record))
            base.submit(record, completion: completion)
            base.submit(record) { _ in }
        case .lateLanding(let duration):
            note(.promisedLate(record))
            let late = state.withLock { state in
                state.lateNext += 1
                state.late[state.lateNext] = record
                return state.lateNext
            }
            queue.async { completion(.failure(failure)) }
            let time = DispatchTime.now() + .milliseconds(Int(duration.milliseconds))
            queue.asyncAfter(deadline: time) { [weak self] in self?.landLate(late) }
        }
    }

    private func landLate(_ late: Int) {
        let record: NewRecord? = state.withLock { state in
            let record = state.late.removeValue(forKey: late)
            if record != nil { state.landing += 1 }
            return record
        }
        guard let record else { return }
        base.submit(record) { result in
            if case .success(let appended) = result { self.note(.landedLate(record, appended)) }
            self.state.withLock { $0.landing -= 1 }
            self.tellSettling()
        }
    }

    private func note(_ happening: Happening) {
        state.withLock { $0.history.append(happening) }
        stream.yield(happening)
    }

    private func tellSettling() {
        let settling = state.withLock { state in
            if !state.isQuiet { return [CheckedContinuation<Void, Never>]() }
            defer { state.settling = [] }
            return state.settling
        }
        for continuation in settling { continuation.resume() }
    }
}

extension FaultyLog.State {
    fileprivate var isQuiet: Bool { !isBusy && late.isEmpty && landing == 0 }

    fileprivate mutating func drawFate() -> FaultyLog.Fate {
        if generator.happens(perMille: faults.failure) { return .failure }
        if generator.happens(perMille: faults.lostAnswer) { return .lostAnswer }
        if generator.happens(perMille: faults.lateLanding) { return .lateLanding(drawDelay()) }
        if generator.happens(perMille: faults.double) { return .double }
        if generator.happens(perMille: faults.delay) { return .delay(drawDelay()) }
        return .good
    }

    fileprivate mutating func drawDelay() -> Duration {
        .milliseconds(Int64(generator.next() % UInt64(max(faults.delayMax.milliseconds, 1))) + 1)
    }
}
