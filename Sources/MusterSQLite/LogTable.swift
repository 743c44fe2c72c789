import MusterCore
import MusterLog

/// The statements of a log on one connection, prepared once each and typed.
///
/// Thread: the connection's.
final class LogTable {
    let database: Database
    private var statements: [Statement?]
    private var dataVersion: Statement?

    init(_ database: Database) {
        self.database = database
        statements = Array(repeating: nil, count: Query.allCases.count * Topic.allCases.count)
    }

    /// What is asked of one topic; its name stands in the text, so that nothing is bound again and
    /// again, and the index for compaction can be used.
    enum Query: Int, CaseIterable {
        case insert, last, cut, saveCut, read, one, at, expired, delete, fresh, superseded,
            tombstones

        func text(_ topic: Topic) -> String {
            let place = "FROM records WHERE topic = '\(topic.name)' AND partition = ?1"
            switch self {
            case .insert:
                return "INSERT INTO records VALUES ('\(topic.name)', ?1, ?2, ?3, ?4, ?5, ?6)"
            case .last: return "SELECT offset, time \(place) ORDER BY offset DESC LIMIT 1"
            case .cut:
                return "SELECT first, next, time, compacted FROM cuts "
                    + "WHERE topic = '\(topic.name)' AND partition = ?1"
            case .saveCut:
                return "INSERT OR REPLACE INTO cuts VALUES ('\(topic.name)', ?1, ?2, ?3, ?4, ?5)"
            case .read:
                return "SELECT offset, time, key, headers, value \(place) AND offset >= ?2 "
                    + "ORDER BY offset LIMIT ?3"
            case .one: return "SELECT time, key, headers, value \(place) AND offset = ?2"
            case .at:
                return "SELECT offset, time \(place) AND offset >= ?2 ORDER BY offset LIMIT 1"
            case .expired:
                return "SELECT max(offset) FROM (SELECT offset, time \(place) "
                    + "ORDER BY offset LIMIT ?3) WHERE time < ?2"
            case .delete: return "DELETE \(place) AND offset <= ?2"
            case .fresh:
                return "SELECT offset, key \(place) AND offset >= ?2 AND key IS NOT NULL "
                    + "ORDER BY offset LIMIT ?3"
            case .superseded: return "DELETE \(place) AND key = ?2 AND offset < ?3"
            case .tombstones:
                return "DELETE \(place) AND value IS NULL AND key IS NOT NULL AND time < ?2"
            }
        }
    }

    /// What the next record of a partition may not be below.
    struct Head {
        var next: Int64
        var newest: Timestamp?
    }

    /// What retention and compaction took from a partition.
    struct Cut {
        var first: Int64 = 0
        var next: Int64 = 0
        var newest: Int64 = .min
        var compacted: Int64 = 0
    }

    /// The statement, with its partition bound.
    func statement(_ query: Query, _ partition: TopicPartition) throws(DatabaseError) -> Statement {
        let place = query.rawValue * Topic.allCases.count + Int(partition.topic.rawValue)
        let statement: Statement
        if let known = statements[place] {
            statement = known
        } else {
            statement = try database.prepare(query.text(partition.topic))
            statements[place] = statement
        }
        statement.bind(1, Int64(partition.partition))
        return statement
    }

    func insert(_ record: NewRecord, offset: Int64, time: Timestamp) throws(DatabaseError) {
        let statement = try statement(.insert, record.partition)
        statement.bind(2, offset)
        statement.bind(3, time.milliseconds)
        let headers = HeaderCoding.encode(record.headers)
        try statement.run(binding: (4, record.key), (5, headers), (6, record.value))
    }

    func cut(of partition: TopicPartition) throws(DatabaseError) -> Cut {
        let statement = try statement(.cut, partition)
        guard try statement.step() else { return Cut() }
        defer { statement.reset() }
        guard (0..<4).allSatisfy(statement.isInteger) else {
            throw .contradiction("what was cut off of a partition is told by no numbers")
        }
        return Cut(
            first: statement.integer(0), next: statement.integer(1), newest: statement.integer(2),
            compacted: statement.integer(3))
    }

    func save(_ cut: Cut, of partition: TopicPartition) throws(DatabaseError) {
        let statement = try statement(.saveCut, partition)
        statement.bind(2, cut.first)
        statement.bind(3, cut.next)
        statement.bind(4, cut.newest)
        statement.bind(5, cut.compacted)
        try statement.run()
    }

    func head(of partition: TopicPartition) throws(DatabaseError) -> Head {
        let cut = try cut(of: partition)
        var head = Head(
            next: cut.next,
            newest: cut.newest == .min ? nil : Timestamp(milliseconds: cut.newest))
        let last = try statement(.last, partition)
        if try last.step() {
            defer { last.reset() }
            guard 0..<Int64.max ~= last.integer(0) else {
                throw .contradiction("a record has the offset \(last.integer(0))")
            }
            head.next = max(head.next, last.integer(0) + 1)
            let time = Timestamp(milliseconds: last.integer(1))
            head.newest = max(head.newest ?? time, time)
        }
        return head
    }

    func range(of partition: TopicPartition) throws(DatabaseError) -> Range<Offset> {
        let end = try head(of: partition).next
        let first = try cut(of: partition).first
        guard first >= 0, end >= 0 else {
            throw .contradiction("a partition lies from \(first) to \(end)")
        }
        return Offset(UInt64(min(first, end)))..<Offset(UInt64(end))
    }

    func topics() throws(DatabaseError) -> [TopicSettings] {
        let statement = try database.prepare("SELECT * FROM topics")
        var topics: [TopicSettings] = []
        while try statement.step() {
            // A topic that this program does not know is a later one's, and none of its business.
            guard let topic = statement.text(0).flatMap(Topic.init(name:)) else { continue }
            let retention = statement.isNull(3) ? nil : statement.integer(3)
            topics.append(
                TopicSettings(
                    topic, partitions: Int32(clamping: statement.integer(1)),
                    cleanup: statement.text(2) == "compact"
                        ? .compact : .delete(retention: retention.map { .milliseconds($0) })))
        }
        return topics.sorted { $0.topic < $1.topic }
    }

    func exists(_ partition: TopicPartition) throws(DatabaseError) -> Bool {
        let count = try topics().first { $0.topic == partition.topic }?.partitions ?? 0
        return partition.partition >= 0 && partition.partition < count
    }

    func save(_ settings: TopicSettings) throws(DatabaseError) {
        let statement = try database.prepare(
            "INSERT OR REPLACE INTO topics VALUES (?1, ?2, ?3, ?4)")
        statement.bind(1, copying: settings.topic.name)
        statement.bind(2, Int64(settings.partitions))
        switch settings.cleanup {
        case .compact: statement.bind(3, copying: "compact")
        case .delete(let retention):
            statement.bind(3, copying: "delete")
            if let retention { statement.bind(4, retention.milliseconds) }
        }
        try statement.run()
    }

    /// A number that changes when another connection has committed.
    func version() throws(DatabaseError) -> Int64 {
        let statement: Statement
        if let dataVersion {
            statement = dataVersion
        } else {
            statement = try database.prepare("PRAGMA data_version")
            dataVersion = statement
        }
        guard try statement.step() else { return 0 }
        defer { statement.reset() }
        return statement.integer(0)
    }

    /// Runs the body on one state of the log.
    func reading<Answer>(_ body: () throws(DatabaseError) -> Answer)
        throws(DatabaseError) -> Answer
    {
        try database.execute("BEGIN")
        // Ending a read can do nothing worse than fail, and then the next one says so.
        defer { try? database.execute("COMMIT") }
        return try body()
    }

    /// Runs the body in a transaction that holds the write lock; all of it lands, or nothing.
    func write<Answer>(_ body: () throws(DatabaseError) -> Answer) throws(DatabaseError) -> Answer {
        try database.execute("BEGIN IMMEDIATE")
        do throws(DatabaseError) {
            let answer = try body()
            try database.execute("COMMIT")
            return answer
        } catch {
            rollBack()
            throw error
        }
    }

    private func rollBack() {
        // SQLite has rolled back by itself after some errors; another error here changes nothing.
        if database.isInTransaction { try? database.execute("ROLLBACK") }
    }
}

extension Statement {
    /// Binds each value, as TEXT where it is UTF-8 without NUL and as a BLOB otherwise, and runs.
    func run(binding values: (Int32, [UInt8]?)...) throws(DatabaseError) {
        try bind(values[...])
    }

    private func bind(_ values: ArraySlice<(Int32, [UInt8]?)>) throws(DatabaseError) {
        guard let (place, value) = values.first else { return try run() }
        guard let value else {
            bindNull(place)
            return try bind(values.dropFirst())
        }
        // The bytes stay where they are until the innermost call has run the statement.
        let result: Result<Void, DatabaseError> = value.withUnsafeBytes { bytes in
            bind(place, bytes, isText: TextCheck.isText(value))
            do throws(DatabaseError) {
                return .success(try bind(values.dropFirst()))
            } catch {
                return .failure(error)
            }
        }
        try result.get()
    }
}

/// What is stored as TEXT.
enum TextCheck {
    /// Whether the bytes are well-formed UTF-8 without NUL.
    static func isText(_ bytes: [UInt8]) -> Bool {
        !bytes.span.containsZero && HeaderCoding.isUTF8(bytes)
    }
}

extension Span<UInt8> {
    fileprivate var containsZero: Bool {
        var least: UInt8 = .max
        for index in indices { least = Swift.min(least, self[unchecked: index]) }
        return least == 0
    }
}
