import MusterCore
import MusterLog

/// The records of a stretch of one partition, read once.
struct PartitionSpan {
    let log: any EventLog
    let partition: TopicPartition
    let from: Offset
    let to: Offset

    /// Hands out every record of the stretch, in order.
    func read(_ body: (LogRecord) throws -> Void) async throws {
        if from >= to { return }
        let reader = try await log.makeReader()
        reader.assign(partition, from: from)
        do {
            var position = from
            while position < to {
                let batches = try await reader.next(max: 4096, waitingUpTo: .milliseconds(200))
                // What is missing at the end was cut or compacted away: nothing more is there.
                if batches.isEmpty { break }
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
