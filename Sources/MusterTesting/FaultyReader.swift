import MusterCore
import MusterLog

/// A reader that sometimes looks late.
final class FaultyReader: LogReader {
    private let base: any LogReader
    private let log: FaultyLog

    init(_ base: any LogReader, of log: FaultyLog) {
        self.base = base
        self.log = log
    }

    func assign(_ partition: TopicPartition, from offset: Offset) {
        base.assign(partition, from: offset)
    }

    func unassign(_ partition: TopicPartition) { base.unassign(partition) }

    func next(max: Int, waitingUpTo limit: Duration) async throws(LogError) -> [RecordBatch] {
        let delay = log.drawReadDelay()
        if delay > .zero { await Doorbell().wait(atMost: delay) }
        if let failure = log.readFailure { throw failure }
        return try await base.next(max: max, waitingUpTo: limit)
    }

    func close() async { await base.close() }
}
