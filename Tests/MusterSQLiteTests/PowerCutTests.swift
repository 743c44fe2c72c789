import Foundation
import MusterCore
import MusterLog
import MusterSQLite
import MusterTesting
import Testing

/// From every state that a power cut could leave, the log opens and holds what was acknowledged.
///
/// A kill leaves what the system was given; only a cut tells whether it was asked to keep it. So a
/// run's writes and synchronisations are recorded, and cuts are made up from them.
@Suite(.timeLimit(.minutes(10)))
struct PowerCutTests {
    private static let isLong = ProcessInfo.processInfo.environment["MUSTER_LONG"] == "1"

    @Test(arguments: [1, 2, 3])
    func `what was acknowledged outlasts a power cut at any moment`(seed: UInt64) async throws {
        try await withTemporaryDirectory { directory in
            let trace = try await PowerCutRun.recordRun(in: directory)
            let cuts = Self.isLong ? 3_000 : 150
            let outcome = try await PowerCutRun.cut(
                trace, times: cuts, disk: Disk(liesAboutSyncs: false), seed: seed, in: directory)
            #expect(outcome.lost.isEmpty, "\(outcome.lost.prefix(5))")
            #expect(outcome.largest > 300, "the cuts all came early")
        }
    }

    @Test func `a disk that lies about synchronisation is found out`() async throws {
        try await withTemporaryDirectory { directory in
            let trace = try await PowerCutRun.recordRun(in: directory)
            let outcome = try await PowerCutRun.cut(
                trace, times: 40, disk: Disk(liesAboutSyncs: true), seed: 7, in: directory)
            #expect(!outcome.lost.isEmpty)
        }
    }
}

/// A run that is recorded, and cuts of it.
private enum PowerCutRun {
    struct Outcome {
        /// Sentences about what was not as promised.
        var lost: [String] = []
        /// The most records that were found after a cut.
        var largest = 0
    }

    /// Creation, single appends, bursts, large values, compaction, leases, many checkpoints, a
    /// close and a start anew.
    static func recordRun(in directory: URL) async throws -> FileTrace {
        let layer = try #require(FileLayer())
        let path = directory.appending(path: "recorded.db").path()
        var options = SQLiteLog.Options()
        options.fileLayer = layer.name
        options.checkpointPages = 12
        options.lease = .milliseconds(60)
        var number = 0
        for _ in 0..<2 {
            let log = try await SQLiteLog.open(path: path, options: options)
            try await log.createTopics(TopicSettings.standard(partitions: 1))
            let owned = log.assignments(group: "g", member: "m")
            for _ in 0..<40 {
                try await append([number], to: log, layer)
                number += 1
            }
            try await log.maintain()
            for _ in 0..<2 {
                try await append(Array(number..<number + 100), to: log, layer)
                number += 100
            }
            withExtendedLifetime(owned) {}
            await log.close()
        }
        return layer.recorded
    }

    private static func append(_ numbers: [Int], to log: SQLiteLog, _ layer: FileLayer)
        async throws
    {
        let last = try #require(numbers.last)
        for number in numbers {
            let view = NewRecord(
                TopicPartition(.members, 0), key: Array("\(number % 5)".utf8),
                value: Array("\(number)".utf8))
            if number % 3 == 0 { log.submit(view) { _ in } }
            if number == last { break }
            log.submit(record(value(number))) { result in
                if case .success = result { layer.mark(.acknowledged(number + 1)) }
            }
        }
        _ = try await log.append(record(value(last)))
        layer.mark(.acknowledged(last + 1))
    }

    static func value(_ number: Int) -> String {
        "\(number) " + String(repeating: "x", count: number % 50 == 7 ? 40_000 : number * 131 % 900)
    }

    static func cut(
        _ trace: FileTrace, times: Int, disk: Disk, seed: UInt64, in directory: URL
    ) async throws -> Outcome {
        var (generator, disk, outcome) = (SeededGenerator(seed: seed), disk, Outcome())
        // Every fourth cut is an early one, into the creation of the file.
        let moments = (0..<times).map { time in
            let end = time % 4 == 0 ? min(80, trace.steps.count) : trace.steps.count
            return Int(generator.next() % UInt64(end + 1))
        }
        var (done, acknowledged) = (0, 0)
        for moment in moments.sorted() {
            for step in trace.steps[done..<moment] {
                disk.apply(step)
                if case .acknowledged(let count) = step { acknowledged = count }
            }
            done = moment
            let place = directory.appending(path: "cut\(seed)")
            try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
            for (file, bytes) in disk.cut(&generator) {
                try Data(bytes).write(to: place.appending(path: "muster.db" + file.suffix))
            }
            do {
                let found = try await check(place, acknowledged)
                outcome.largest = max(outcome.largest, found)
            } catch {
                outcome.lost.append("after \(moment) of \(trace.steps.count) steps: \(error)")
            }
            try FileManager.default.removeItem(at: place)
        }
        return outcome
    }

    private struct Loss: Error, CustomStringConvertible {
        let description: String
    }

    /// Opens what a cut left.
    ///
    /// - Returns: how many records there are.
    private static func check(_ place: URL, _ acknowledged: Int) async throws -> Int {
        let file = place.appending(path: "muster.db")
        let log = try await SQLiteLog.open(path: file.path())
        do {
            try await log.createTopics(TopicSettings.standard(partitions: 1))
            let records = try await log.readAll(of: journal)
            for (number, record) in records.enumerated() {
                guard record.position.offset.value == UInt64(number),
                    record.value == Array(value(number).utf8)
                else { throw Loss(description: "record \(number) is another: \(record.position)") }
            }
            if records.count < acknowledged {
                throw Loss(description: "\(acknowledged) acknowledged, \(records.count) there")
            }
            _ = try await log.readAll(of: TopicPartition(.members, 0))
            let next = try await log.append(record("next"))
            if next.offset.value != UInt64(records.count) {
                throw Loss(description: "the next offset is \(next.offset)")
            }
            await log.close()
            let sound = try sqlite3(file, "PRAGMA integrity_check")
            if sound != "ok\n" { throw Loss(description: sound) }
            return records.count
        } catch {
            await log.close()
            throw error
        }
    }
}
