import Glibc
import MusterCore
import MusterLog

/// The rows of the table `leases`, on one connection.
///
/// A lease runs on the clock since boot, so that nobody's setting of the wall clock ends it; rows
/// of another boot have run out.
final class LeaseRows {
    private let table: LogTable
    private let boot: String
    let walPath: String?

    init(_ database: Database) {
        table = LogTable(database)
        walPath = database.walPath
        boot = LeaseRows.readBoot()
    }

    func renew(_ group: String, _ name: String, for lease: Duration) throws(DatabaseError) {
        let now = AppendClock.sinceBoot
        let renew = try table.database.prepare(
            "INSERT OR REPLACE INTO leases VALUES (?1, ?2, ?3, ?4)")
        renew.bind(1, copying: group)
        renew.bind(2, copying: name)
        renew.bind(3, copying: boot)
        renew.bind(4, now + lease.milliseconds)
        let drop = try table.database.prepare(
            "DELETE FROM leases WHERE \"group\" = ?1 AND (boot <> ?2 OR expires < ?3)")
        drop.bind(1, copying: group)
        drop.bind(2, copying: boot)
        drop.bind(3, now)
        try table.write { () throws(DatabaseError) in
            try renew.run()
            try drop.run()
        }
    }

    func delete(_ group: String, _ name: String) throws(DatabaseError) {
        let delete = try table.database.prepare(
            "DELETE FROM leases WHERE \"group\" = ?1 AND member = ?2")
        delete.bind(1, copying: group)
        delete.bind(2, copying: name)
        try delete.run()
    }

    /// Those whose lease runs.
    func members(of group: String) throws(DatabaseError) -> [String] {
        let members = try table.database.prepare(
            "SELECT member FROM leases WHERE \"group\" = ?1 AND boot = ?2 AND expires >= ?3")
        members.bind(1, copying: group)
        members.bind(2, copying: boot)
        members.bind(3, AppendClock.sinceBoot)
        var names: [String] = []
        while try members.step() {
            if let name = members.text(0) { names.append(name) }
        }
        return names
    }

    /// How many partitions the journal has; 0 before it exists.
    func partitions() throws(DatabaseError) -> Int32 {
        try table.topics().first { $0.topic == .journal }?.partitions ?? 0
    }

    private static func readBoot() -> String {
        let file = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC)
        if file < 0 { return "" }
        defer { close(file) }
        return withUnsafeTemporaryAllocation(byteCount: 64, alignment: 1) { buffer in
            let count = max(read(file, buffer.baseAddress, 36), 0)
            return String(decoding: buffer[..<count], as: UTF8.self)
        }
    }
}
