import Glibc
import MusterLog

/// A log's file: opens connections to it that keep what the engine promises, or says why not.
struct LogFile: Sendable {
    let url: String
    let path: String
    /// The file layer to use; nil for the system's. Tests put one of their own in between.
    var vfs: String?
    /// How long a connection waits for another's lock.
    var patience: Duration
    /// After how many pages a commit folds the `-wal` file into the main one.
    var checkpointPages: Int

    /// What a connection is for.
    enum Purpose: Sendable {
        /// Records: durable at every commit. An absent file is made into an empty log.
        case append
        /// Advice that a power cut may take back: no commit waits for the disk.
        case advise
        /// Reading; changes nothing, and creates no log.
        case read
    }

    /// A connection.
    ///
    /// - Throws: `missing`, `notALog`, `incompatible` (left untouched), `unsafePlace`,
    ///   `permission`, `damaged`, `unavailable`, `full`.
    func open(_ purpose: Purpose) throws(LogError) -> Database {
        switch purpose {
        case .append: try openForWriting(synchronous: 2)
        case .advise: try openForWriting(synchronous: 1)
        case .read: try openForReading()
        }
    }

    /// Runs something of the database and says its error in the log's words.
    func asking<Answer>(_ body: () throws(DatabaseError) -> Answer) throws(LogError) -> Answer {
        do throws(DatabaseError) {
            return try body()
        } catch {
            throw describe(error)
        }
    }

    private func openForWriting(synchronous level: Int64) throws(LogError) -> Database {
        let database = try asking { () throws(DatabaseError) in
            try Database(path: path, mode: .create, vfs: vfs, patience: patience)
        }
        try checkHeader(of: database)
        try asking { () throws(DatabaseError) in try createWhereEmpty(database) }
        let mode = try asking { () throws(DatabaseError) in try switchToWAL(database) }
        guard mode == "wal" else {
            throw .unsafePlace(
                log: url, reason: "SQLite gave the journal mode \"\(mode)\", not WAL")
        }
        let granted = try asking { () throws(DatabaseError) in
            try database.execute("PRAGMA wal_autocheckpoint = \(checkpointPages)")
            try database.execute("PRAGMA synchronous = \(level)")
            return try database.integer("PRAGMA synchronous")
        }
        guard granted == level else {
            throw .unsafePlace(log: url, reason: "SQLite refused to synchronise every commit")
        }
        try checkFormat(of: database)
        return database
    }

    private func openForReading() throws(LogError) -> Database {
        let database = try asking { () throws(DatabaseError) in
            try Database(path: path, mode: .read, vfs: vfs, patience: patience)
        }
        if try checkHeader(of: database) == 0 {
            throw .missing(log: url, reason: "the file is empty")
        }
        do throws(DatabaseError) {
            _ = try database.integer("PRAGMA application_id")
        } catch {
            return try openUnchanging(after: error, wal: database.walPath)
        }
        try checkFormat(of: database)
        return database
    }

    /// Opens a log beside which nothing can be written: a copy on a read-only file system.
    private func openUnchanging(after error: DatabaseError, wal: String?) throws(LogError)
        -> Database
    {
        switch error.kind {
        case .cannotOpen, .permission, .sharedMemory: break
        case .busy, .full, .damaged, .notDatabase, .tooBig, .input, .other: throw describe(error)
        }
        if let wal, Self.size(of: wal) > 0 {
            throw .permission(
                log: url,
                reason: "its newest records lie in \(wal), which cannot be read without writing "
                    + "beside it; copy both files to a place that can be written")
        }
        let database = try asking { () throws(DatabaseError) in
            try Database(path: path, mode: .immutable, vfs: vfs, patience: patience)
        }
        try checkFormat(of: database)
        return database
    }

    private static func size(of path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : 0
    }
}

extension LogFile {
    /// Looks at the file's first page before any SQL runs, so that a foreign file stays as it is.
    ///
    /// - Returns: how many bytes of a header there are: none in an empty file, or where it was
    ///   never written.
    @discardableResult
    private func checkHeader(of database: Database) throws(LogError) -> Int {
        let header = try asking { () throws(DatabaseError) in try database.firstBytes(100) }
        // Zeros are what a power cut during the creation may leave, with a journal that takes them
        // back; without one the first SQL says that it is no database.
        if header.allSatisfy({ $0 == 0 }) { return 0 }
        guard header.count == 100, header.starts(with: Array("SQLite format 3\0".utf8)) else {
            throw .notALog(log: url, reason: "it is no SQLite database")
        }
        func word(_ place: Int) -> UInt32 {
            header[place..<place + 4].reduce(0) { $0 << 8 | UInt32($1) }
        }
        try check(application: word(68), format: word(60))
        return header.count
    }

    /// The same of what was committed last, which need not be in the main file yet.
    private func checkFormat(of database: Database) throws(LogError) {
        let (application, format) = try asking { () throws(DatabaseError) in
            (
                try database.integer("PRAGMA application_id") ?? 0,
                try database.integer("PRAGMA user_version") ?? 0
            )
        }
        try check(
            application: UInt32(truncatingIfNeeded: application),
            format: UInt32(truncatingIfNeeded: format))
    }

    private func check(application: UInt32, format: UInt32) throws(LogError) {
        if application != LogSchema.applicationID {
            throw .notALog(
                log: url, reason: "it is the SQLite database of another application")
        }
        if format > UInt32(LogSchema.format) {
            throw .incompatible(log: url, found: Int(format), supported: LogSchema.format)
        }
        if format == 0 { throw .damaged(log: url, reason: "it has no format number") }
    }

    /// Makes the tables where there are none: in a new file, or after a creation that was cut short
    /// and has just been rolled back. Of several processes at once one does it.
    private func createWhereEmpty(_ database: Database) throws(DatabaseError) {
        if try database.integer("PRAGMA application_id") != 0 { return }
        try database.execute("PRAGMA page_size = 8192")
        try database.execute("BEGIN EXCLUSIVE")
        do throws(DatabaseError) {
            if try database.integer("SELECT count(*) FROM sqlite_schema") == 0 {
                try LogSchema.create(in: database)
            }
            try database.execute("COMMIT")
        } catch {
            if database.isInTransaction { try database.execute("ROLLBACK") }
            throw error
        }
    }

    /// SQLite asks nobody to wait when the mode changes, so this does.
    private func switchToWAL(_ database: Database) throws(DatabaseError) -> String {
        let deadline = ContinuousClock.now + patience
        while true {
            do throws(DatabaseError) {
                return try database.text("PRAGMA journal_mode = WAL") ?? ""
            } catch {
                if error.kind != .busy || ContinuousClock.now > deadline { throw error }
                usleep(1_000)
            }
        }
    }
}
