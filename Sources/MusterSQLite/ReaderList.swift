import MusterCore
import MusterLog
import Synchronization

/// The readers of one log in this process, which its commits wake.
final class ReaderList: Sendable {
    private let state = Mutex(State())

    private struct State {
        var readers: [ObjectIdentifier: SQLiteReader] = [:]
        var isClosed = false
    }

    /// Whether the reader was taken; not any more once the log is closed.
    func add(_ reader: SQLiteReader) -> Bool {
        state.withLock { state in
            if !state.isClosed { state.readers[ObjectIdentifier(reader)] = reader }
            return !state.isClosed
        }
    }

    func remove(_ reader: SQLiteReader) {
        state.withLock { _ = $0.readers.removeValue(forKey: ObjectIdentifier(reader)) }
    }

    func ring() {
        state.withLock { state in
            for reader in state.readers.values { reader.ring() }
        }
    }

    /// Gives readers that have caught up what was committed just now.
    func serve(from table: LogTable, _ ends: [TopicPartition: Int64]) {
        let readers = state.withLock { Array($0.readers.values) }
        for reader in readers { reader.serve(from: table, ends) }
    }

    func close() async {
        let readers = state.withLock { state in
            state.isClosed = true
            return Array(state.readers.values)
        }
        for reader in readers { await reader.close() }
    }
}
