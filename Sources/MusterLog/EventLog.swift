package import MusterCore

/// The log under Muster: topics, each of some partitions, each an ordered run of records.
///
/// This is the only seam between Muster and storage. Its engines are memory, SQLite and Kafka, and
/// a wrapper that makes faults; one contract suite runs against all of them. What every engine
/// keeps:
///
/// - A partition's order is one and the same for every reader, in every process, for ever.
/// - An offset, once given, is never given again in that partition; offsets may have gaps.
/// - A completed append is durable as far as the engine promises (SQLite: survives a power cut) and
///   is seen by every read that starts later.
/// - Append times do not decrease within a partition on the engines of this repository. Readers
///   must bear a decrease all the same: Kafka promises nothing.
///
/// A value may be used from any task or thread. Nothing here blocks a thread of the cooperative
/// pool.
package protocol EventLog: AnyObject, Sendable {
    /// The URL by which the log was opened, for messages.
    var url: String { get }

    /// The library that keeps it, and its version, for people.
    var library: String { get }

    /// Appends a record without waiting for it.
    ///
    /// Appends are pipelined: submit as many as wanted. Those of one partition submitted through
    /// one `EventLog` one after another land in that order, and complete in that order. Each
    /// completes exactly once, on a thread of the engine and never inside `submit`; the completion
    /// must not block.
    ///
    /// A failure does not say that the record is not in the log, nor that it will never come (a
    /// produce to Kafka may land late): only reading tells. After a failure later records may have
    /// landed without the earlier one.
    func submit(
        _ record: NewRecord,
        completion: @escaping @Sendable (Result<Appended, LogError>) -> Void)

    /// A reader with positions of its own, for one task at a time. Close it when done.
    func makeReader() async throws(LogError) -> any LogReader

    /// The record at exactly that position; nil where there is none (cut, compacted, a gap, beyond
    /// the end).
    func readOne(_ position: Position) async throws(LogError) -> LogRecord?

    /// Where the partition starts (the first offset that can be read) and ends (the offset that the
    /// next record gets, or more), asked of the log and never cached. Empty when nothing is kept.
    func range(of partition: TopicPartition) async throws(LogError) -> Range<Offset>

    /// The offset of the first record kept whose append time is `moment` or later; nil when there
    /// is none.
    func offset(of partition: TopicPartition, since moment: Timestamp)
        async throws(LogError) -> Offset?

    /// Creates the topics that do not exist.
    ///
    /// - Throws: `topicDiffers` when one exists with another number of partitions or cleanup; then
    ///   nothing was created. A shorter or longer retention is taken over.
    func createTopics(_ topics: [TopicSettings]) async throws(LogError)

    /// Looks at everything about the topics that matters: for a manager that starts, and for
    /// people.
    func inspect() async throws(LogError) -> LogReport

    /// How many partitions each topic has that exists. Needs no right but to see them.
    func partitionCounts() async throws(LogError) -> [Topic: Int32]

    /// The topics that exist, in the order of `Topic`.
    func describeTopics() async throws(LogError) -> [TopicSettings]

    /// The journal partitions that `member` of `group` shall work on: the whole set each time it
    /// changes, first as soon as it is known.
    ///
    /// It is advice: two members may own a partition for a moment. While the stream is read the
    /// member belongs to the group; ending it (cancelling the task, dropping the stream) or closing
    /// the log releases the partitions, so that a successor takes over at once. A member that dies
    /// is missed after the engine's lease. Two members must not share a name.
    func assignments(group: String, member: String) -> AsyncStream<Set<Int32>>

    /// An element whenever the engine has replaced its producer: appends in flight then may have
    /// landed or not, and a late one may still come. Never on SQLite and in memory.
    var producerReplacements: AsyncStream<Void> { get }

    /// Completes what was submitted, releases what is owned, ends every stream and reader.
    /// Everything asked later fails with `closed`.
    func close() async
}

extension EventLog {
    /// Engines of our own keep their topics as Muster needs them.
    package func inspect() async throws(LogError) -> LogReport {
        let topics = try await describeTopics().map { settings in
            LogReport.Detail(
                settings.topic, name: settings.topic.name, partitions: settings.partitions,
                replication: nil,
                settings: [.init("cleanup", settings.cleanup.description)])
        }
        return LogReport(topics: topics, findings: LogReport.missing(of: topics))
    }

    /// As `describeTopics` has it.
    package func partitionCounts() async throws(LogError) -> [Topic: Int32] {
        var counts: [Topic: Int32] = [:]
        for settings in try await describeTopics() { counts[settings.topic] = settings.partitions }
        return counts
    }

    /// Appends a record and waits until it is in the log.
    ///
    /// - Throws: as `submit` says: after a failure only reading tells whether the record landed.
    package func append(_ record: NewRecord) async throws(LogError) -> Appended {
        let result: Result<Appended, LogError> = await withCheckedContinuation { waiting in
            submit(record) { waiting.resume(returning: $0) }
        }
        return try result.get()
    }
}
