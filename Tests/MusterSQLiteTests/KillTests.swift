import Foundation
import MusterCore
import MusterLog
import MusterSQLite
import MusterTesting
import Testing

/// Processes that write are killed at random moments, again and again on the same file; what was
/// acknowledged is there afterwards.
///
/// A further kind of process joins as a `Victim` of its own with its own `check`.
@Suite(.timeLimit(.minutes(30)))
struct KillTests {
    private static let isLong = ProcessInfo.processInfo.environment["MUSTER_LONG"] == "1"
    private static let rounds = isLong ? 1_000 : 100

    @Test func `nothing acknowledged is lost when writers are killed`() async throws {
        try await withTemporaryDirectory { directory in
            var generator = SeededGenerator(seed: 20_240_511)
            var scene = KillScene(directory: directory)
            for round in 0..<Self.rounds {
                if round % 25 == 0 { try await scene.startNewFile() }
                let victims = try scene.start(writers: ["anna", "bert"])
                for victim in victims { try await victim.waitForFirstLine() }
                usleep(UInt32(generator.next() % 250_000))
                let order = generator.next() % 2 == 0 ? victims : victims.reversed()
                for victim in order { victim.kill() }
                try await scene.check(victims, round: round)
            }
            try await scene.checkTakeover()
            #expect(scene.acknowledged > Self.rounds, "the writers hardly wrote")
        }
    }
}

/// A process that a test kills, and the lines it has said.
final class Victim: @unchecked Sendable {
    // `@unchecked`: `said` is guarded by `lock`; the process is started and killed by one task.
    let name: String
    private let process = Process()
    private let output = Pipe()
    private let lock = NSLock()
    private var said = Data()

    init(_ executable: String, name: String, arguments: [String]) throws {
        self.name = name
        let own = URL(
            filePath: try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
        process.executableURL = own.deletingLastPathComponent().appending(path: executable)
        process.arguments = arguments
        process.standardOutput = output
        output.fileHandleForReading.readabilityHandler = { [weak self] handle in
            let data = handle.availableData
            guard let self, !data.isEmpty else { return }
            lock.withLock { said.append(data) }
        }
        try process.run()
    }

    /// - Throws: when the process ends by itself, or says nothing within 20 s.
    func waitForFirstLine() async throws {
        let limit = ContinuousClock.now + .seconds(20)
        while lock.withLock({ said.isEmpty }) {
            try #require(process.isRunning, "\(name) ended by itself")
            try #require(ContinuousClock.now < limit, "\(name) says nothing")
            await Doorbell().wait(atMost: .milliseconds(2))
        }
    }

    func kill() {
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        output.fileHandleForReading.readabilityHandler = nil
        if let rest = try? output.fileHandleForReading.readToEnd() {  // nothing is left: fine
            lock.withLock { said.append(rest) }
        }
    }

    /// The whole lines; what was cut off in the middle was not said.
    var lines: [Substring] {
        let text = String(decoding: lock.withLock { said }, as: UTF8.self)
        return text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
    }
}

/// The file that the rounds share, and what must be in it.
private struct KillScene {
    let directory: URL
    private(set) var acknowledged = 0
    private var file: URL
    private var files = 0
    /// The number that each writer writes next.
    private var next: [String: Int] = [:]
    private var end = Offset.zero

    init(directory: URL) {
        self.directory = directory
        file = directory
    }

    /// Files do not grow for ever, so that every round can check its own whole.
    mutating func startNewFile() async throws {
        files += 1
        file = directory.appending(path: "muster\(files).db")
        (next, end) = ([:], .zero)
        let log = try await SQLiteLog.open(path: file.path())
        try await log.createTopics(TopicSettings.standard(partitions: 2))
        await log.close()
    }

    func start(writers: [String]) throws -> [Victim] {
        try writers.map { writer in
            try Victim(
                "muster-log-torture", name: writer,
                arguments: [file.path(), writer, "\(next[writer] ?? 0)"])
        }
    }

    /// Opens the file as a survivor would and compares.
    mutating func check(_ victims: [Victim], round: Int) async throws {
        let log = try await SQLiteLog.open(path: file.path())
        let records = try await log.readAll(of: events, from: end)
        let place: Comment = "round \(round), file \(files)"
        #expect(
            records.map(\.position.offset.value)
                == (0..<UInt64(records.count)).map { end.value + $0 }, place)
        var found: [String: [Int: Offset]] = [:]
        for record in records {
            let words = String(decoding: record.value ?? [], as: UTF8.self).split(separator: " ")
            let (writer, number) = (String(words[0]), try #require(Int(words[1])))
            let padding = String(repeating: "x", count: number * 7919 % 3000)
            #expect(record.value == Array("\(writer) \(number) \(padding)".utf8), place)
            #expect(number == next[writer, default: 0], "\(place): \(writer) is out of order")
            next[writer] = number + 1
            found[writer, default: [:]][number] = record.position.offset
        }
        for victim in victims {
            for line in victim.lines {
                let words = line.split(separator: " ").compactMap { UInt64($0) }
                try #require(words.count == 2, "\(victim.name) said \(line)")
                let lies = found[victim.name]?[Int(words[0])]
                #expect(
                    lies == Offset(words[1]), "\(place): \(victim.name) \(line) was acknowledged")
                acknowledged += 1
            }
        }
        end = try await log.range(of: events).upperBound
        _ = try await log.readAll(of: TopicPartition(.members, 0))
        await log.close()
        #expect(try sqlite3(file, "PRAGMA integrity_check") == "ok\n", place)
    }

    /// What the killed had leased is free after the lease.
    func checkTakeover() async throws {
        let victim = try start(writers: ["carl"])[0]
        try await victim.waitForFirstLine()
        let log = try await SQLiteLog.open(path: file.path())
        var owned = log.assignments(group: "torture", member: "dora").makeAsyncIterator()
        var sets = [await owned.next()]
        while sets.last != [1] { sets.append(await owned.next()) }
        victim.kill()
        while sets.last != [0, 1] { sets.append(await owned.next()) }
        #expect(sets.count <= 3)
        await log.close()
    }
}
