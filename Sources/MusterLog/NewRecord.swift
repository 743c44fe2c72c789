package import MusterCore

/// A record to be appended.
package struct NewRecord: Hashable, Sendable {
    package var partition: TopicPartition
    /// What compaction goes by; nil is no key, which is not the same as an empty one.
    package var key: [UInt8]?
    /// In order; names may repeat.
    package var headers: [Header]
    /// The bytes; nil is a tombstone, which is not the same as an empty value.
    package var value: [UInt8]?

    package init(
        _ partition: TopicPartition, key: [UInt8]?, headers: [Header] = [], value: [UInt8]?
    ) {
        self.partition = partition
        self.key = key
        self.headers = headers
        self.value = value
    }

    /// The most bytes that key, headers and value of a record may have together, on every engine: a
    /// snapshot of 8 MiB and 64 KiB around it.
    package static let bytesMax = (8 << 20) + (64 << 10)

    /// What counts against `bytesMax`.
    package var bytes: Int {
        var sum = (key?.count ?? 0) + (value?.count ?? 0)
        for header in headers { sum += header.name.count + (header.value?.count ?? 0) }
        return sum
    }
}

/// What the log says of a record that it has taken.
package struct Appended: Hashable, Sendable {
    package var offset: Offset
    /// The append time, which is the record's time for everything Muster decides.
    package var appended: Timestamp

    package init(offset: Offset, appended: Timestamp) {
        self.offset = offset
        self.appended = appended
    }
}
