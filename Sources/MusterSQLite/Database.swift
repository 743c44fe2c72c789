import CSQLite
import Glibc

// The one file of this module that reaches the C library. Its handles, codes and strings become
// Swift's here; nothing else of the module sees C.

/// One connection to a database file.
///
/// Owner: whoever made it; closed when released. Thread: one, for its whole life, because it is
/// opened without SQLite's own locks; it is not `Sendable`, so the compiler sees to that. Lifetime:
/// longer than that of its statements, which keep it.
final class Database {
    /// How to open a file.
    enum Mode: Sendable {
        /// Reading and writing; an absent file is created, empty.
        case create
        /// Reading; an absent file is an error.
        case read
        /// Reading a file that nobody changes and beside which nothing can be written.
        case immutable
    }

    fileprivate let handle: OpaquePointer
    private let patience: Patience

    /// Opens a file; nothing of it is read or changed yet.
    ///
    /// - Parameters:
    ///   - vfs: the name of a registered file layer; nil for the system's.
    ///   - patience: how long to wait for another connection's lock before `busy` is thrown.
    init(path: String, mode: Mode, vfs: String? = nil, patience: Duration)
        throws(DatabaseError)
    {
        var name = path
        var flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
        switch mode {
        case .create: flags |= SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
        case .read: flags |= SQLITE_OPEN_READONLY
        case .immutable:
            flags |= SQLITE_OPEN_READONLY | SQLITE_OPEN_URI
            name = "file:" + Database.escaped(path) + "?immutable=1"
        }
        var opened: OpaquePointer?
        let code = sqlite3_open_v2(name, &opened, flags, vfs)
        guard let opened else {
            throw DatabaseError(code: code, message: "out of memory", errno: 0)
        }
        handle = opened
        self.patience = Patience(patience)
        if code != SQLITE_OK { throw error(code) }
        // Owner of the context: `self.patience`, which lives as long as the connection; called on
        // the connection's thread only.
        let context = Unmanaged.passUnretained(self.patience).toOpaque()
        sqlite3_busy_handler(
            handle,
            { context, attempt in
                guard let context else { return 0 }
                let patience = Unmanaged<Patience>.fromOpaque(context).takeUnretainedValue()
                return patience.wait(attempt: attempt) ? 1 : 0
            }, context)
    }

    deinit { sqlite3_close_v2(handle) }

    /// The version of the library that runs, for instance "3.40.1".
    static var version: String { String(cString: sqlite3_libversion()) }

    func prepare(_ text: String) throws(DatabaseError) -> Statement {
        var statement: OpaquePointer?
        let flags = UInt32(SQLITE_PREPARE_PERSISTENT)
        let code = sqlite3_prepare_v3(handle, text, -1, flags, &statement, nil)
        guard code == SQLITE_OK, let statement else { throw error(code) }
        return Statement(statement, of: self)
    }

    /// Runs statements that answer nothing of interest.
    func execute(_ text: String) throws(DatabaseError) {
        let code = sqlite3_exec(handle, text, nil, nil, nil)
        if code != SQLITE_OK { throw error(code) }
    }

    /// The first column of the first row; nil when there is no row or it is NULL.
    func integer(_ text: String) throws(DatabaseError) -> Int64? {
        let statement = try prepare(text)
        guard try statement.step(), !statement.isNull(0) else { return nil }
        return statement.integer(0)
    }

    /// The first column of the first row as text; nil when there is no row or it is NULL.
    func text(_ text: String) throws(DatabaseError) -> String? {
        let statement = try prepare(text)
        guard try statement.step() else { return nil }
        return statement.text(0)
    }

    /// Whether a transaction is open.
    var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }

    /// Whether the file was moved or deleted since it was opened, so that what is written is lost.
    var hasMoved: Bool {
        var moved: Int32 = 0
        let code = sqlite3_file_control(handle, nil, SQLITE_FCNTL_HAS_MOVED, &moved)
        return code == SQLITE_OK && moved != 0
    }

    /// The absolute path of the file beside the database that holds what was last committed.
    var walPath: String? {
        guard let name = sqlite3_db_filename(handle, nil), let wal = sqlite3_filename_wal(name)
        else {
            return nil
        }
        return String(cString: wal)
    }

    /// The first bytes of the file, at most `count`, read beside SQLite's own reading.
    ///
    /// Through SQLite's file and not through one of ours, because closing any descriptor of the
    /// file would drop the locks that this process holds on it.
    func firstBytes(_ count: Int) throws(DatabaseError) -> [UInt8] {
        var pointer: UnsafeMutablePointer<sqlite3_file>?
        let code = sqlite3_file_control(handle, nil, SQLITE_FCNTL_FILE_POINTER, &pointer)
        guard code == SQLITE_OK, let file = pointer, let methods = file.pointee.pMethods?.pointee
        else { throw error(code) }
        var size: sqlite3_int64 = 0
        let sized = methods.xFileSize(file, &size)
        if sized != SQLITE_OK { throw error(sized) }
        let length = Swift.min(count, Int(size))
        if length == 0 { return [] }
        var bytes = [UInt8](repeating: 0, count: length)
        let read = bytes.withUnsafeMutableBytes {
            methods.xRead(file, $0.baseAddress, Int32(length), 0)
        }
        if read != SQLITE_OK { throw error(read) }
        return bytes
    }

    fileprivate func error(_ code: Int32) -> DatabaseError {
        DatabaseError(
            code: code, message: String(cString: sqlite3_errmsg(handle)),
            errno: sqlite3_system_errno(handle))
    }

    private static func escaped(_ path: String) -> String {
        var out = ""
        for byte in path.utf8 {
            switch byte {
            case UInt8(ascii: "%"), UInt8(ascii: "?"), UInt8(ascii: "#"), 0..<0x21, 0x7F...0xFF:
                let hex = String(byte, radix: 16, uppercase: true)
                out += hex.utf8.count == 1 ? "%0\(hex)" : "%\(hex)"
            default: out.unicodeScalars.append(Unicode.Scalar(byte))
            }
        }
        return out
    }
}

/// Waits for a lock: short at first, since commits take a fraction of a millisecond, then longer.
private final class Patience {
    private let limit: Duration
    private var start = ContinuousClock.now

    init(_ limit: Duration) { self.limit = limit }

    func wait(attempt: Int32) -> Bool {
        if attempt == 0 { start = ContinuousClock.now }
        if ContinuousClock.now - start > limit { return false }
        usleep(attempt < 20 ? 50 << UInt32(attempt / 4) : 2_000)
        return true
    }
}

/// A prepared statement of one connection; used on its thread.
final class Statement {
    private let handle: OpaquePointer
    private let database: Database

    fileprivate init(_ handle: OpaquePointer, of database: Database) {
        self.handle = handle
        self.database = database
    }

    deinit { sqlite3_finalize(handle) }

    /// Moves to the next row; false when there is none, and then the statement is at its start
    /// again.
    func step() throws(DatabaseError) -> Bool {
        let code = sqlite3_step(handle)
        if code == SQLITE_ROW { return true }
        if code == SQLITE_DONE {
            sqlite3_reset(handle)
            return false
        }
        let error = database.error(code)
        sqlite3_reset(handle)
        throw error
    }

    /// Runs a statement that answers no row.
    func run() throws(DatabaseError) {
        while try step() {}
    }

    /// Back to the start; what is bound stays bound. Ends the read that a row held open.
    func reset() { sqlite3_reset(handle) }

    func bind(_ place: Int32, _ number: Int64) { sqlite3_bind_int64(handle, place, number) }

    func bindNull(_ place: Int32) { sqlite3_bind_null(handle, place) }

    func bind(_ place: Int32, copying text: String) {
        // SQLITE_TRANSIENT: the library copies before it returns.
        sqlite3_bind_text(
            handle, place, text, -1, unsafeBitCast(-1, to: sqlite3_destructor_type.self))
    }

    /// Binds bytes that stay where they are until the statement has run: as TEXT, or as a BLOB.
    func bind(_ place: Int32, _ bytes: UnsafeRawBufferPointer, isText: Bool) {
        guard let base = bytes.baseAddress, bytes.count > 0 else {
            if isText {
                sqlite3_bind_text(handle, place, "", 0, nil)
            } else {
                sqlite3_bind_zeroblob(handle, place, 0)
            }
            return
        }
        if isText {
            let characters = base.assumingMemoryBound(to: CChar.self)
            sqlite3_bind_text64(
                handle, place, characters, UInt64(bytes.count), nil, UInt8(SQLITE_UTF8))
        } else {
            sqlite3_bind_blob64(handle, place, base, UInt64(bytes.count), nil)
        }
    }

    @inline(__always)
    func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }

    func isNull(_ column: Int32) -> Bool { sqlite3_column_type(handle, column) == SQLITE_NULL }

    func isInteger(_ column: Int32) -> Bool {
        sqlite3_column_type(handle, column) == SQLITE_INTEGER
    }

    func text(_ column: Int32) -> String? {
        sqlite3_column_text(handle, column).map { String(cString: $0) }
    }

    /// The bytes of a TEXT or BLOB, valid until the next `step` or `reset`; nil for NULL.
    @inline(__always)
    func bytes(_ column: Int32) -> UnsafeRawBufferPointer? {
        if let base = sqlite3_column_blob(handle, column) {
            let count = Int(sqlite3_column_bytes(handle, column))
            return UnsafeRawBufferPointer(start: base, count: count)
        }
        return isNull(column) ? nil : UnsafeRawBufferPointer(start: nil, count: 0)
    }
}

/// What the library answered.
struct DatabaseError: Error {
    /// The extended result code.
    let code: Int32
    let message: String
    /// The system's error behind it; 0 when there is none.
    let errno: Int32

    /// What it means.
    enum Kind {
        case busy, full, damaged, notDatabase, permission, cannotOpen, tooBig, sharedMemory, input
        case other
    }

    var kind: Kind {
        if code == SQLITE_IOERR | (19 << 8) || code == SQLITE_IOERR | (20 << 8)
            || code == SQLITE_IOERR | (21 << 8)
        {
            return isNoSpace ? .full : .sharedMemory
        }
        switch code & 0xFF {
        case SQLITE_BUSY, SQLITE_LOCKED, SQLITE_PROTOCOL: return .busy
        case SQLITE_FULL: return .full
        case SQLITE_CORRUPT: return .damaged
        case SQLITE_NOTADB: return .notDatabase
        case SQLITE_PERM, SQLITE_AUTH, SQLITE_READONLY: return .permission
        case SQLITE_CANTOPEN: return .cannotOpen
        case SQLITE_TOOBIG: return .tooBig
        case SQLITE_IOERR: return isNoSpace ? .full : .input
        default: return .other
        }
    }

    /// The system's words for `errno`, or the library's where there are none.
    var reason: String {
        errno == 0 ? message : "\(message) (\(DatabaseError.words(for: errno)))"
    }

    /// The system's words for an error number.
    static func words(for errno: Int32) -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard strerror_r(errno, &buffer, buffer.count) == 0 else { return "error \(errno)" }
        let words = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return String(decoding: words, as: UTF8.self)
    }

    /// The file says two things that cannot both be true, which SQLite itself does not look for.
    static func contradiction(_ what: String) -> DatabaseError {
        DatabaseError(code: SQLITE_CORRUPT, message: what, errno: 0)
    }

    private var isNoSpace: Bool { errno == ENOSPC || errno == EDQUOT }
}
