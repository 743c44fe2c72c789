import Foundation
import MusterCore
import MusterLog
import MusterSQLite
import Testing

/// A disk that is full, or fails to synchronise: nothing is half done, and it goes on afterwards.
@Suite(.timeLimit(.minutes(1)))
struct FailingDiskTests {
    @Test func `a full disk fails appends, not reads, and appending goes on with space`()
        async throws
    {
        try await withTemporaryDirectory { directory in
            let (log, layer) = try await open(in: directory)
            for number in 0..<10 { _ = try await log.append(record("\(number)")) }
            layer.fail(with: .noSpace)
            let burst = (10..<60).map { number in
                Task { try await log.append(record("lost \(number)")) }
            }
            for append in burst {
                let error = await #expect(throws: LogError.self) { _ = try await append.value }
                guard case .full = error else {
                    Issue.record("\(String(describing: error))")
                    continue
                }
            }
            #expect(try await log.readAll(of: journal).count == 10)
            layer.fail(with: nil)
            let next = try await log.append(record("10"))
            #expect(next.offset == Offset(10))
            let values = try await log.readAll(of: journal).map {
                String(decoding: $0.value ?? [], as: UTF8.self)
            }
            #expect(values == (0...10).map { "\($0)" })
            await log.close()
        }
    }

    @Test func `an append whose synchronisation fails is not acknowledged`() async throws {
        try await withTemporaryDirectory { directory in
            let (log, layer) = try await open(in: directory)
            _ = try await log.append(record("0"))
            layer.fail(with: .syncFails)
            let error = await #expect(throws: LogError.self) {
                _ = try await log.append(record("unsure"))
            }
            #expect(error?.isTransient == true)
            layer.fail(with: nil)
            let after = try await log.append(record("after"))
            let records = try await log.readAll(of: journal)
            #expect(records.last?.position.offset == after.offset)
            #expect(records.last?.value == Array("after".utf8))
            await log.close()
        }
    }

    private func open(in directory: URL) async throws -> (SQLiteLog, FileLayer) {
        let layer = try #require(FileLayer())
        var options = SQLiteLog.Options()
        options.fileLayer = layer.name
        let path = directory.appending(path: "muster.db").path()
        let log = try await SQLiteLog.open(path: path, options: options)
        try await log.createTopics(TopicSettings.standard(partitions: 1))
        return (log, layer)
    }
}
