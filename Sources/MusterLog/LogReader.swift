package import MusterCore

/// Reads some partitions of a log, each from a position of its own.
///
/// Used by one task at a time; `assign`, `unassign` and `close` may be called from any task, also
/// while `next` waits.
package protocol LogReader: AnyObject, Sendable {
    /// Reads this partition too, from the offset on; anew from there when it is read already.
    /// Batches of before are not given any more once this returns, except by a `next` under way.
    func assign(_ partition: TopicPartition, from offset: Offset)

    /// Reads this partition no longer.
    func unassign(_ partition: TopicPartition)

    /// What lies behind the positions, which move past it: batches of one partition each, in the
    /// partition's order, all together about `max` records at most. A batch without a record only
    /// moves the position: what lay there is no record (the mark of a transaction on Kafka).
    ///
    /// Waits when there is nothing, and returns promptly when something is appended by anybody, in
    /// this process or another. Empty at the time-out, when the task is cancelled, and now and then
    /// for no reason.
    ///
    /// - Throws: `offsetOutOfRange` when a position was cut off by retention or lies beyond the end
    ///   (records were lost): decide, and `assign` or `unassign` it; until then other partitions
    ///   may be given or not. `topicMissing` when a partition does not exist. `closed` after
    ///   `close`.
    func next(max: Int, waitingUpTo limit: Duration) async throws(LogError) -> [RecordBatch]

    /// Ends a `next` that waits and frees the reader's means. Batches given stay valid.
    func close() async
}
