internal import MusterLog
internal import Synchronization

/// The readers of a cluster's log that nobody uses just now.
///
/// Closing a reader must be waited for, and whoever drops an iterator waits for nothing: so a
/// dropped reader is kept for the next one, and all are closed with the log.
final class ReaderPool: Sendable {
    private let log: any EventLog
    private let idle = Mutex<[any LogReader]>([])

    init(_ log: any EventLog) { self.log = log }

    func take() async throws(LogError) -> any LogReader {
        if let reader = idle.withLock({ $0.popLast() }) { return reader }
        return try await log.makeReader()
    }

    /// Takes a reader back that reads no partition any more.
    func put(_ reader: any LogReader) { idle.withLock { $0.append(reader) } }
}
