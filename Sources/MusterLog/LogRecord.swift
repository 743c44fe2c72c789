package import MusterCore

/// A record as it lies in the log, owned: it stays as long as it is held.
///
/// Readers that see many records use `RecordBatch` and its views, which copy nothing.
package struct LogRecord: Hashable, Sendable {
    package var position: Position
    package var appended: Timestamp
    /// nil is no key, which is not the same as an empty one.
    package var key: [UInt8]?
    package var headers: [Header]
    /// nil is a tombstone.
    package var value: [UInt8]?

    package init(
        position: Position, appended: Timestamp, key: [UInt8]?, headers: [Header], value: [UInt8]?
    ) {
        self.position = position
        self.appended = appended
        self.key = key
        self.headers = headers
        self.value = value
    }
}
