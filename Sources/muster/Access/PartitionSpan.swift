import MusterCore
import MusterLog

/// The records of a stretch of one partition, read once.
struct PartitionSpan {
    let log: any EventLog
    let partition: TopicPartition
    let from: Offset
    let to: Offset

    /// For how long nothing may come before the log counts as one that does not answer.
    private static let silenceMax: Duration = .seconds(10)

    /// Hands out every record of the stretch, in order.
    ///
    /// - Throws: what the log met; `unavailable` when it gives nothing of what it says it has. An
    ///   answer from half of the records would be a wrong one.
    func read(_ body: (LogRecord) throws -> Void) async throws {
        if from >= to { return }
        let reader = try await log.makeReader()
        reader.assign(partition, from: from)
        do {
            var position = from
            var heard = ContinuousClock.now
            while position < to {
                let batches = try await reader.next(max: 4096, waitingUpTo: .milliseconds(200))
                if batches.isEmpty {
                    // Cut away meanwhile: nothing more is there.
                    if try await log.range(of: partition).lowerBound >= to { break }
                    guard ContinuousClock.now - heard < Self.silenceMax else {
                        throw LogError.unavailable(
                            log: log.url,
                            reason: "\(partition) gave nothing of what lies behind \(position)")
                    }
                    continue
                }
                heard = .now
                for batch in batches {
                    for index in batch.indices where batch[index].offset < to {
                        try body(batch.record(at: index))
                    }
                    position = batch.next
                }
            }
        } catch {
            await reader.close()
            throw error
        }
        await reader.close()
    }
}
