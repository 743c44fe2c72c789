import Dispatch
package import MusterCore
package import MusterLog
import Synchronization

/// A log in one SQLite file: the embedded engine. Durable at every acknowledged append, for several
/// processes on one machine; `LogSchema` says how the file looks to `sqlite3`.
///
/// One thread writes, with one transaction for everything that waits; every reader has a thread and
/// a connection of its own; another answers questions. Close it: the last connection to leave folds
/// the `-wal` file into the main one.
package final class SQLiteLog: EventLog {
    package let url: String
    private let options: Options
    private let appender: AppendThread?
    private let queries: QueryThread
    private let leases: LeaseThread
    private let file: LogFile
    private let readers: ReaderList
    private let replacements = Mutex(Replacements())

    /// What may differ between uses.
    package struct Options: Sendable {
        /// Only read: an absent file is an error, and nothing is ever created, changed or owned.
        package var isReadOnly = false
        /// Append times for tests; nil is the machine's clock.
        package var clock: (@Sendable () -> Timestamp)?
        /// How long a member that died keeps its partitions.
        package var lease: Duration = .seconds(2)
        /// How often retention and compaction run.
        package var upkeepInterval: Duration = .seconds(60)
        /// How long to wait for another process that holds the file's write lock.
        package var patience: Duration = .seconds(10)
        /// How many pages of 8 KiB the `-wal` file takes before they are folded into the main
        /// file.
        package var checkpointPages = 1_000
        /// The SQLite file layer to use; nil for the system's. For tests that record what is
        /// written.
        package var fileLayer: String?
        /// Told of every transaction how many records it had, on the engine's thread: for
        /// measuring.
        package var onCommit: (@Sendable (Int) -> Void)?

        package init() {}
    }

    private struct Replacements {
        var streams: [AsyncStream<Void>.Continuation] = []
        var isClosed = false
    }

    private init(
        _ file: LogFile, _ options: Options, _ readers: ReaderList, _ appender: AppendThread?
    ) {
        self.file = file
        self.options = options
        self.appender = appender
        self.readers = readers
        url = file.url
        queries = QueryThread(file)
        leases = LeaseThread(file, lease: options.lease)
    }

    /// Opens the log at that path, creating it unless it is opened for reading only.
    ///
    /// - Throws: `missing`; `notALog` and `incompatible`, which leave the file as it was;
    ///   `unsafePlace`, `permission`, `damaged`, `full`; `unavailable` when another process keeps
    ///   it locked.
    package static func open(path: String, options: Options = Options())
        async throws(LogError) -> SQLiteLog
    {
        let file = LogFile(
            url: "sqlite:\(path)", path: path, vfs: options.fileLayer, patience: options.patience,
            checkpointPages: options.checkpointPages)
        let readers = ReaderList()
        let appender =
            options.isReadOnly ? nil : AppendThread(file, options: options, readers: readers)
        try await appender?.start()
        let log = SQLiteLog(file, options, readers, appender)
        do throws(LogError) {
            try await log.queries.start()
        } catch {
            await log.close()
            throw error
        }
        return log
    }

    package func submit(
        _ record: NewRecord,
        completion: @escaping @Sendable (Result<Appended, LogError>) -> Void
    ) {
        let submission = AppendThread.Submission(record: record, completion: completion)
        if let appender { return appender.submit(submission) }
        let url = url
        DispatchQueue.global().async { completion(.failure(.readOnly(log: url))) }
    }

    package func makeReader() async throws(LogError) -> any LogReader {
        let reader = SQLiteReader(file, readers: readers)
        guard readers.add(reader) else { throw .closed(log: url) }
        do throws(LogError) {
            try await reader.start()
        } catch {
            readers.remove(reader)
            throw error
        }
        return reader
    }

    package func readOne(_ position: Position) async throws(LogError) -> LogRecord? {
        try await ask(position.partition) { table throws(DatabaseError) in
            try table.readOne(position)
        }
    }

    package func range(of partition: TopicPartition) async throws(LogError) -> Range<Offset> {
        try await ask(partition) { table throws(DatabaseError) in try table.range(of: partition) }
    }

    package func offset(of partition: TopicPartition, since moment: Timestamp)
        async throws(LogError) -> Offset?
    {
        try await ask(partition) { table throws(DatabaseError) in
            try table.offset(of: partition, since: moment)
        }
    }

    package func describeTopics() async throws(LogError) -> [TopicSettings] {
        try await queries.ask { table throws(DatabaseError) in try table.topics() }
    }

    package var library: String { "SQLite \(Database.version)" }

    package func createTopics(_ topics: [TopicSettings]) async throws(LogError) {
        guard let appender else { throw .readOnly(log: url) }
        let url = url
        let conflict = try await appender.write { table throws(DatabaseError) -> LogError? in
            try table.write { () throws(DatabaseError) in
                let present = try table.topics()
                for wanted in topics {
                    let found = present.first { $0.topic == wanted.topic }
                    if let conflict = wanted.conflict(with: found, url: url) { return conflict }
                }
                for wanted in topics where !present.contains(wanted) { try table.save(wanted) }
                return nil
            }
        }
        if let conflict { throw conflict }
    }

    /// Does retention and compaction now. They happen by themselves as well.
    package func maintain() async throws(LogError) {
        guard let appender else { throw .readOnly(log: url) }
        var clock = AppendClock(override: options.clock)
        let now = clock.now(after: nil)
        try await appender.write { table throws(DatabaseError) in try Upkeep.run(table, now: now) }
    }

    package func assignments(group: String, member: String) -> AsyncStream<Set<Int32>> {
        if appender == nil { return AsyncStream { $0.finish() } }
        return leases.join(group: group, name: member)
    }

    package var producerReplacements: AsyncStream<Void> {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
        let isClosed = replacements.withLock { replacements in
            replacements.streams.append(continuation)
            return replacements.isClosed
        }
        if isClosed { continuation.finish() }
        return stream
    }

    package func close() async {
        appender?.refuse()
        await leases.close()
        await readers.close()
        await queries.close()
        await appender?.close()
        let streams = replacements.withLock { replacements in
            replacements.isClosed = true
            return replacements.streams
        }
        for stream in streams { stream.finish() }
    }

    private func ask<Answer: Sendable>(
        _ partition: TopicPartition,
        _ body: @escaping @Sendable (LogTable) throws(DatabaseError) -> Answer
    ) async throws(LogError) -> Answer {
        let answer = try await queries.ask { table throws(DatabaseError) -> Answer? in
            try table.exists(partition) ? try body(table) : nil
        }
        guard let answer else { throw .topicMissing(log: url, partition) }
        return answer
    }
}
