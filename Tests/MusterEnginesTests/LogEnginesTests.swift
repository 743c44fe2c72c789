import Foundation
import MusterCore
import MusterEngines
import MusterLog
import Testing

@Suite(.timeLimit(.minutes(1)))
struct LogEnginesTests {
    @Test func `a SQLite URL opens the file at its path`() async throws {
        let directory = FileManager.default.temporaryDirectory
            .appending(path: "muster-engines-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }  // a left-over harms nobody
        let url = "sqlite:\(directory.path())/muster.db"

        let error = await #expect(throws: LogError.self) {
            _ = try await LogEngines.open(url, for: .read)
        }
        guard case .missing(url, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        let log = try await LogEngines.open(url, for: .write)
        #expect(log.url == url)
        try await log.createTopics(TopicSettings.standard(partitions: 1))
        let reader = try await LogEngines.open(url, for: .read)
        #expect(try await reader.describeTopics().count == 8)
        let record = NewRecord(TopicPartition(.events, 0), key: nil, value: [1])
        await #expect(throws: LogError.readOnly(log: url)) { _ = try await reader.append(record) }
        await reader.close()
        await log.close()
    }

    @Test func `memory is a new log each time`() async throws {
        let log = try await LogEngines.open("memory:", for: .write)
        try await log.createTopics(TopicSettings.standard(partitions: 1))
        let appended = try await log.append(
            NewRecord(TopicPartition(.events, 0), key: nil, value: [1]))
        #expect(appended.appended > Timestamp(milliseconds: 1_600_000_000_000))
        let other = try await LogEngines.open("memory:", for: .read)
        #expect(try await other.describeTopics().isEmpty)
        await log.close()
        await other.close()
    }

    @Test(arguments: [
        ("", "which engine"), ("muster.db", "sqlite:PATH"), ("sqlite:", "sqlite:muster.db"),
        ("sqlite://muster.db", "sqlite:muster.db"), ("sqlite::memory:", "memory:"),
        ("memory:x", "nothing may follow"), ("mysql://db/x", "no engine \"mysql\""),
        ("kafka:///muster", "names no broker"), ("kafka://b:9092/a/b", "slash"),
        ("sqlite:a\0b", "NUL"),
        ("SQLITE:x.db", "sqlite:PATH"),
    ])
    func `a URL that names no log is answered with the forms that do`(url: String, word: String)
        async throws
    {
        let error = await #expect(throws: LogError.self) {
            _ = try await LogEngines.open(url, for: .read)
        }
        guard case .badURL(url, _) = error else {
            Issue.record("not a bad URL but \(String(describing: error))")
            return
        }
        #expect("\(error.map(String.init(describing:)) ?? "")".contains(word))
    }
}
