import Foundation
import MusterCore
import MusterLog
import MusterSQLite
import Testing

/// What the SQLite engine keeps beyond the contract.
@Suite(.timeLimit(.minutes(2)))
struct SQLiteLogTests {
    @Test func `sqlite3 alone exports a partition and looks into values and headers`() async throws
    {
        try await withTemporaryDirectory { directory in
            let file = directory.appending(path: "muster.db")
            let log = try await SQLiteLog.open(path: file.path())
            try await log.createTopics(TopicSettings.standard(partitions: 1))
            let type = Header(name: Array("ce_type".utf8), value: Array("muster.Started.v1".utf8))
            _ = try await log.append(
                NewRecord(
                    journal, key: Array("orders".utf8), headers: [type],
                    value: Array("{\"a\":1}".utf8)))
            _ = try await log.append(record("{\"a\":2}"))
            _ = try await log.append(NewRecord(events, key: [0xFF], value: [0x7B, 0]))
            _ = try await log.append(NewRecord(events, key: nil, value: nil))

            let export =
                "SELECT value FROM records "
                + "WHERE topic = 'journal' AND partition = 0 ORDER BY offset"
            #expect(try sqlite3(file, export) == "{\"a\":1}\n{\"a\":2}\n")
            let types = "SELECT typeof(key), typeof(value) FROM records ORDER BY topic, offset"
            #expect(try sqlite3(file, types) == "blob|blob\nnull|null\ntext|text\ntext|text\n")
            let inside =
                "SELECT key, headers ->> 'ce_type', value ->> 'a' FROM records "
                + "WHERE json_valid(value) AND headers IS NOT NULL"
            #expect(try sqlite3(file, inside) == "orders|muster.Started.v1|1\n")
            #expect(
                try sqlite3(file, "SELECT name FROM topics WHERE retention IS NULL")
                    == "journal\nmembers\nsnapshots\n")
            await log.close()
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: directory.path())
                    == ["muster.db"])
        }
    }

    @Test func `a file of something else is left as it was`() async throws {
        try await withTemporaryDirectory { directory in
            let text = directory.appending(path: "notes.txt")
            try Data("Not a database at all, but a file somebody cares for.\n".utf8).write(to: text)
            let short = directory.appending(path: "short.db")
            try Data("SQLite format 3\0".utf8).write(to: short)
            let foreign = directory.appending(path: "foreign.db")
            _ = try sqlite3(
                foreign, "PRAGMA journal_mode = WAL; CREATE TABLE t(a); INSERT INTO t VALUES (1)")
            let newer = directory.appending(path: "newer.db")
            await (try await SQLiteLog.open(path: newer.path())).close()
            _ = try sqlite3(newer, "PRAGMA user_version = 2")
            for file in [text, short, foreign, newer] {
                let before = try Data(contentsOf: file)
                for isReadOnly in [false, true] {
                    var options = SQLiteLog.Options()
                    options.isReadOnly = isReadOnly
                    let url = "sqlite:\(file.path())"
                    let error = await #expect(throws: LogError.self) {
                        _ = try await SQLiteLog.open(path: file.path(), options: options)
                    }
                    switch error {
                    case .notALog(url, _): #expect(file != newer)
                    case .incompatible(url, found: 2, supported: 1): #expect(file == newer)
                    default: Issue.record("\(file.lastPathComponent): \(String(describing: error))")
                    }
                }
                #expect(try Data(contentsOf: file) == before)
            }
            let names = try FileManager.default.contentsOfDirectory(atPath: directory.path())
            #expect(names.sorted() == ["foreign.db", "newer.db", "notes.txt", "short.db"])
        }
    }

    @Test func `reading creates nothing and says what is missing`() async throws {
        try await withTemporaryDirectory { directory in
            var options = SQLiteLog.Options()
            options.isReadOnly = true
            for path in ["absent.db", "no/such/place.db"] {
                let file = directory.appending(path: path)
                let error = await #expect(throws: LogError.self) {
                    _ = try await SQLiteLog.open(path: file.path(), options: options)
                }
                guard case .missing = error else {
                    Issue.record("\(path): \(String(describing: error))")
                    continue
                }
            }
            await #expect(
                throws: LogError.notALog(
                    log: "sqlite:\(directory.path())", reason: "it is a directory")
            ) {
                _ = try await SQLiteLog.open(path: directory.path())
            }
            let left = try FileManager.default.contentsOfDirectory(atPath: directory.path())
            #expect(left.isEmpty)
        }
    }

    @Test func `a reader needs no writer, and sees what one appends meanwhile`() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending(path: "muster.db").path()
            var log = try await SQLiteLog.open(path: path)
            try await log.createTopics(TopicSettings.standard(partitions: 1))
            _ = try await log.append(record("one"))
            await log.close()
            var options = SQLiteLog.Options()
            options.isReadOnly = true
            let reading = try await SQLiteLog.open(path: path, options: options)
            #expect(try await reading.readAll(of: journal).count == 1)
            await #expect(throws: LogError.readOnly(log: "sqlite:\(path)")) {
                try await reading.createTopics(TopicSettings.standard(partitions: 1))
            }
            let reader = try await reading.makeReader()
            reader.assign(journal, from: Offset(1))
            log = try await SQLiteLog.open(path: path)
            async let next = reader.next(max: 1, waitingUpTo: .seconds(10))
            _ = try await log.append(record("two"))
            let found = try await next
            #expect(found.first?.next == Offset(2))
            await log.close()
            await reading.close()
        }
    }

    @Test func `readers of other handles wake within 20 ms`() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending(path: "muster.db").path()
            let (writing, reading) = (
                try await SQLiteLog.open(path: path), try await SQLiteLog.open(path: path)
            )
            try await writing.createTopics(TopicSettings.standard(partitions: 1))
            let reader = try await reading.makeReader()
            reader.assign(journal, from: .zero)
            var waits: [Duration] = []
            for number in 0..<41 {
                async let found = reader.next(max: 1, waitingUpTo: .seconds(10))
                _ = try await writing.append(record("\(number)"))
                let start = ContinuousClock.now
                let batches = try await found
                #expect(batches.count == 1)
                waits.append(ContinuousClock.now - start)
            }
            // The middle one, since the machine may be busy now and then; a slow look takes 100 ms.
            #expect(waits.sorted()[20] < .milliseconds(20))
            await reading.close()
            await writing.close()
        }
    }

    @Test func `of many that open a new file at once all succeed`() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending(path: "muster.db").path()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for name in 0..<8 {
                    group.addTask {
                        let log = try await SQLiteLog.open(path: path)
                        try await log.createTopics(TopicSettings.standard(partitions: 1))
                        for number in 0..<5 {
                            _ = try await log.append(record("\(name) \(number)"))
                        }
                        await log.close()
                    }
                }
                try await group.waitForAll()
            }
            let log = try await SQLiteLog.open(path: path)
            #expect(try await log.readAll(of: journal).count == 40)
            await log.close()
        }
    }

    @Test func `a file deleted under a running log is noticed, not written to`() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending(path: "muster.db").path()
            let log = try await SQLiteLog.open(path: path)
            try await log.createTopics(TopicSettings.standard(partitions: 1))
            _ = try await log.append(record("one"))
            try FileManager.default.removeItem(atPath: path)
            let error = await #expect(throws: LogError.self) {
                _ = try await log.append(record("two"))
            }
            guard case .damaged = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            await log.close()
        }
    }

    @Test func `a damaged page stops the reading with a sentence`() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending(path: "muster.db").path()
            var log = try await SQLiteLog.open(path: path)
            try await log.createTopics(TopicSettings.standard(partitions: 1))
            for number in 0..<300 {
                log.submit(record("\(number)" + String(repeating: "x", count: 900))) { _ in }
            }
            _ = try await log.append(record("last"))
            await log.close()
            let file = try FileHandle(forUpdating: URL(filePath: path))
            let size = try file.seekToEnd()
            try file.seek(toOffset: size - 3 * 8_192)
            try file.write(contentsOf: Data(repeating: 0x5A, count: 8_192))
            try file.close()
            log = try await SQLiteLog.open(path: path)
            let error = await #expect(throws: LogError.self) {
                _ = try await log.readAll(of: journal)
            }
            guard case .damaged = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect("\(error.map(String.init(describing:)) ?? "")".contains("backup"))
            await log.close()
        }
    }
}
