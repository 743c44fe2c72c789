import MusterCore
import MusterLog

/// Commits a run of records as one transaction, giving each its offset and its time.
///
/// What it knows of the partitions' ends it keeps from transaction to transaction, until another
/// connection has committed in between.
struct AppendGroup {
    private let file: LogFile
    private var clock: AppendClock
    private var heads: [TopicPartition: LogTable.Head] = [:]
    /// Where the partitions end that the last commit wrote to.
    private(set) var written: [TopicPartition: Int64] = [:]
    private var partitions: [Topic: Int32] = [:]
    private var version: Int64?

    init(file: LogFile, clock: AppendClock) {
        self.file = file
        self.clock = clock
    }

    mutating func now() -> Timestamp { clock.now(after: nil) }

    /// Asks the file again next time.
    mutating func forget() {
        heads = [:]
        partitions = [:]
        version = nil
    }

    /// All land, but for those that could never, or none does.
    mutating func commit(_ submissions: ArraySlice<AppendThread.Submission>, to table: LogTable)
        -> Result<[Result<Appended, LogError>], LogError>
    {
        if table.database.hasMoved {
            return .failure(
                .damaged(log: file.url, reason: "its file was moved or deleted while in use"))
        }
        written = [:]
        do throws(DatabaseError) {
            var results: [Result<Appended, LogError>] = []
            results.reserveCapacity(submissions.count)
            try table.write { () throws(DatabaseError) in
                try refresh(table)
                for submission in submissions {
                    results.append(try insert(submission.record, table))
                }
            }
            return .success(results)
        } catch {
            forget()
            return .failure(file.describe(error))
        }
    }

    private mutating func refresh(_ table: LogTable) throws(DatabaseError) {
        let current = try table.version()
        if current != version { forget() }
        version = current
    }

    private mutating func insert(_ record: NewRecord, _ table: LogTable)
        throws(DatabaseError) -> Result<Appended, LogError>
    {
        let partition = record.partition
        if record.bytes > NewRecord.bytesMax {
            return .failure(
                .tooLarge(log: file.url, bytes: record.bytes, limit: NewRecord.bytesMax))
        }
        if partitions.isEmpty {
            for topic in try table.topics() { partitions[topic.topic] = topic.partitions }
        }
        guard partition.partition >= 0, partition.partition < partitions[partition.topic] ?? 0
        else {
            return .failure(.topicMissing(log: file.url, partition))
        }
        var head: LogTable.Head
        if let known = heads[partition] {
            head = known
        } else {
            head = try table.head(of: partition)
        }
        let time = clock.now(after: head.newest)
        let offset = head.next
        try table.insert(record, offset: offset, time: time)
        head.next += 1
        head.newest = time
        heads[partition] = head
        written[partition] = head.next
        return .success(Appended(offset: Offset(UInt64(offset)), appended: time))
    }
}
