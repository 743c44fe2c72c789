internal import CSQLite
internal import MusterCore
internal import MusterLog

/// The baseline of the engine's figures: the same rows by plain calls of the C library, with the
/// same settings and no more. Owner of the handles: this value's user, for one thread; closed by
/// `close`.
struct BareSQLite {
    private let database: OpaquePointer

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    init(path: String) throws {
        var opened: OpaquePointer?
        let code = sqlite3_open_v2(
            path, &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nil)
        guard code == SQLITE_OK, let opened else {
            throw Failure(description: "cannot open \(path): SQLite's code \(code)")
        }
        database = opened
    }

    func close() { sqlite3_close_v2(database) }

    func execute(_ sql: String) throws {
        guard sqlite3_exec(database, sql, nil, nil, nil) == SQLITE_OK else {
            throw Failure(description: "\(sql): \(String(cString: sqlite3_errmsg(database)))")
        }
    }

    /// A table as bare as can be, with the engine's settings.
    func createTable() throws {
        try execute(
            "PRAGMA page_size = 16384; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")
        try execute(
            "CREATE TABLE records (topic TEXT, partition INTEGER, offset INTEGER, time INTEGER, "
                + "key ANY, headers ANY, value ANY, PRIMARY KEY (topic, partition, offset)) "
                + "STRICT, WITHOUT ROWID")
    }

    /// Inserts rows of that value, so many in each durable transaction, and reads each back.
    func insertAndReadBack(_ value: [UInt8], groups: [Int]) throws {
        let insert = try prepare("INSERT INTO records VALUES ('journal', 0, ?1, 0, 'k', NULL, ?2)")
        let select = try prepare(
            "SELECT value FROM records WHERE topic = 'journal' AND partition = 0 "
                + "AND offset >= ?1 ORDER BY offset")
        defer {
            sqlite3_finalize(insert)
            sqlite3_finalize(select)
        }
        var done = 0
        for group in groups {
            let end = done + group
            try execute("BEGIN IMMEDIATE")
            for offset in done..<end {
                sqlite3_bind_int64(insert, 1, Int64(offset))
                value.withUnsafeBytes { bytes in
                    _ = sqlite3_bind_text64(
                        insert, 2, bytes.baseAddress?.assumingMemoryBound(to: CChar.self),
                        UInt64(bytes.count), nil, UInt8(SQLITE_UTF8))
                    sqlite3_step(insert)
                }
                sqlite3_reset(insert)
            }
            try execute("COMMIT")
            sqlite3_bind_int64(select, 1, Int64(done))
            while sqlite3_step(select) == SQLITE_ROW {}
            sqlite3_reset(select)
            done = end
        }
    }

    /// Reads every row of the journal's first partition and hashes its value.
    ///
    /// - Returns: how many rows, and the hash of all hashes' first words, so that nothing is left
    ///   out.
    func readAndHash() throws -> (count: Int, mixed: UInt64) {
        let select = try prepare(
            "SELECT value FROM records WHERE topic = 'journal' AND partition = 0 ORDER BY offset")
        defer { sqlite3_finalize(select) }
        var count = 0
        var mixed: UInt64 = 0
        while sqlite3_step(select) == SQLITE_ROW {
            let bytes = UnsafeRawBufferPointer(
                start: sqlite3_column_blob(select, 0), count: Int(sqlite3_column_bytes(select, 0)))
            mixed = mixed &* 31 &+ SHA256.hash(of: bytes).words.0
            count += 1
        }
        return (count, mixed)
    }

    private func prepare(_ sql: String) throws -> OpaquePointer {
        var statement: OpaquePointer?
        guard sqlite3_prepare_v2(database, sql, -1, &statement, nil) == SQLITE_OK, let statement
        else { throw Failure(description: "\(sql): \(String(cString: sqlite3_errmsg(database)))") }
        return statement
    }
}
