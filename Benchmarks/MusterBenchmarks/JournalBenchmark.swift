internal import Foundation
package import MusterCore
internal import MusterLog
internal import MusterSQLite
internal import MusterWire
internal import Synchronization

/// The journal on the embedded engine: writing decisions and reading them back, and rebuilding from
/// them.
package struct JournalBenchmark {
    private let directory: String

    /// - Parameter directory: an empty folder for the log files; the caller removes it.
    package init(directory: String) { self.directory = directory }

    private static let partition = TopicPartition(.journal, 0)

    /// Decides facts, appends the decisions and reads them back, `window` in flight.
    ///
    /// - Returns: the seconds it took, a record's bytes, the hash of the chain's end, and how many
    ///   records each transaction had.
    package func decideAppendReadBack(
        _ count: Int, window: Int
    ) async throws -> (seconds: Double, bytes: [UInt8], head: Hash, groups: [Int]) {
        let groups = Mutex<[Int]>([])
        var options = SQLiteLog.Options()
        options.onCommit = { count in groups.withLock { $0.append(count) } }
        let log = try await SQLiteLog.open(
            path: directory + "/append-\(window).db", options: options)
        let genesis = try await begin(log)
        groups.withLock { $0 = [] }
        var chain = SampleChain(genesis: genesis)
        var journal = JournalReader()
        try journal.take(header: chain.header.bytes, of: 0)
        let reader = try await log.makeReader()
        reader.assign(Self.partition, from: Offset(1))
        var (sent, read) = (0, 0)
        var last: [UInt8] = []
        let began = ContinuousClock.now
        while read < count {
            while sent < count && sent - read < window {
                last = chain.next()
                log.submit(NewRecord(Self.partition, key: SampleChain.key, value: last)) { _ in }
                sent += 1
            }
            for batch in try await reader.next(max: window, waitingUpTo: .seconds(1)) {
                try withExtendedLifetime(batch) {
                    for index in batch.indices {
                        let view = batch[index]
                        guard
                            case .accepted = try journal.read(
                                view.value, at: view.offset, of: 0)
                        else { continue }
                        read += 1
                    }
                }
            }
        }
        let seconds = Double((ContinuousClock.now - began) / .nanoseconds(1)) / 1e9
        await reader.close()
        await log.close()
        return (
            seconds, last, journal.state(of: SampleChain.cluster)?.head.hash ?? .zero,
            groups.withLock { $0 }
        )
    }

    /// The same rows by the bare library, in the same transactions, each read back.
    package func bareAppendReadBack(
        _ value: [UInt8], groups: [Int], name: String
    ) throws -> Double {
        let bare = try BareSQLite(path: "\(directory)/bare-\(name).db")
        try bare.createTable()
        let seconds = try Stopwatch.seconds {
            try bare.insertAndReadBack(value, groups: groups)
        }
        bare.close()
        return seconds
    }

    /// Writes a journal of `count` decisions for the rebuild.
    package func fill(_ count: Int) async throws {
        let log = try await SQLiteLog.open(path: directory + "/journal.db")
        var chain = SampleChain(genesis: try await begin(log))
        for index in 0..<count {
            let record = NewRecord(Self.partition, key: SampleChain.key, value: chain.next())
            if index % 4096 == 4095 || index == count - 1 {
                _ = try await log.append(record)
            } else {
                log.submit(record) { _ in }
            }
        }
        await log.close()
    }

    /// Rebuilds the projection from that journal.
    ///
    /// - Returns: the seconds, and how many decisions were accepted.
    package func rebuild() async throws -> (seconds: Double, accepted: UInt64) {
        var options = SQLiteLog.Options()
        options.isReadOnly = true
        let log = try await SQLiteLog.open(path: directory + "/journal.db", options: options)
        var loader = ProjectionLoader()
        loader.usesSnapshots = false
        let began = ContinuousClock.now
        let projection = try await loader.load(log)
        let seconds = Double((ContinuousClock.now - began) / .nanoseconds(1)) / 1e9
        await log.close()
        return (seconds, projection.reader.acceptedCount)
    }

    /// Reads and hashes the same rows by the bare library.
    package func bareRead() throws -> (seconds: Double, count: Int) {
        let bare = try BareSQLite(path: directory + "/journal.db")
        var count = 0
        let seconds = try Stopwatch.seconds { count = try bare.readAndHash().count }
        bare.close()
        return (seconds, count)
    }

    private func begin(_ log: SQLiteLog) async throws -> Hash {
        try await log.createTopics(TopicSettings.standard(partitions: 1))
        let header = SampleChain.header.bytes
        _ = try await log.append(NewRecord(Self.partition, key: nil, value: header))
        return SHA256.hash(of: header)
    }
}
