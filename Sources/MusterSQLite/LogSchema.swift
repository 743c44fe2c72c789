// How a log lies in a SQLite file, so that `sqlite3` alone can query it:
//
//     sqlite3 muster.db "SELECT value FROM records
//                        WHERE topic = 'journal' AND partition = 0 ORDER BY offset"
//
// exports a journal partition, one value a line; `headers ->> 'ce_type'` is the type of an input
// and `value ->> '$.considered'` looks into a value where `json_valid(value)`.
//
// - `records`: one row a record, in the order in which it is read. `time` is the append time in
//   milliseconds since 1970; `datetime(time / 1000, 'unixepoch')` is for people. `key` and `value`
//   are TEXT where they are UTF-8 without NUL and a BLOB otherwise, their bytes never changed; NULL
//   is no key, and a tombstone. `headers` is a JSON object of one line, in their order (a BLOB
//   where one is not UTF-8); NULL is none.
// - `topics`: one row a topic. `retention` is in milliseconds; NULL keeps records for ever.
// - `cuts`: a partition from which retention or compaction has taken records: `first` is where
//   reading may start, `next` and `time` are what the next record may not be below, `compacted` is
//   how far compaction has come.
// - `leases`: who works on what (advisory): `expires` is milliseconds of the clock that runs since
//   `boot`.
//
// The table is its own index, and a page has 8 KiB, so that decisions of a kilobyte or two lie
// within it: measured, this takes appends as fast as a bare rowid table, and reads faster. The
// main file itself carries the application id and format from its first page on, since both are
// written before the journal mode becomes WAL; so a foreign file is told from a log without running
// any SQL on it.

/// The tables of a log and the settings that its promises rest on.
enum LogSchema {
    /// "Must" in ASCII, as `file` and others show it.
    static let applicationID: UInt32 = 0x4D75_7374
    /// Counts up when an older program could no longer use the file.
    static let format = 1

    /// Makes the tables; within a transaction, in an empty file, before WAL.
    static func create(in database: Database) throws(DatabaseError) {
        try database.execute(
            """
            CREATE TABLE topics (
              name TEXT PRIMARY KEY,
              partitions INTEGER NOT NULL,
              cleanup TEXT NOT NULL CHECK (cleanup IN ('delete', 'compact')),
              retention INTEGER
            ) STRICT, WITHOUT ROWID;
            CREATE TABLE records (
              topic TEXT,
              partition INTEGER,
              offset INTEGER,
              time INTEGER NOT NULL,
              key ANY,
              headers ANY,
              value ANY,
              PRIMARY KEY (topic, partition, offset)
            ) STRICT, WITHOUT ROWID;
            CREATE INDEX keys ON records (topic, partition, key, offset)
              WHERE topic IN ('members', 'snapshots');
            CREATE TABLE cuts (
              topic TEXT,
              partition INTEGER,
              first INTEGER NOT NULL,
              next INTEGER NOT NULL,
              time INTEGER NOT NULL,
              compacted INTEGER NOT NULL,
              PRIMARY KEY (topic, partition)
            ) STRICT, WITHOUT ROWID;
            CREATE TABLE leases (
              "group" TEXT,
              member TEXT,
              boot TEXT NOT NULL,
              expires INTEGER NOT NULL,
              PRIMARY KEY ("group", member)
            ) STRICT, WITHOUT ROWID;
            PRAGMA application_id = \(applicationID);
            PRAGMA user_version = \(format);
            """)
    }
}
