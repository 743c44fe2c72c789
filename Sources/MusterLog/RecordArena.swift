package import MusterCore

/// Builds a batch over one allocation, for engines that copy records out of their store.
///
/// Owner: whoever builds, until `finish` hands the allocation to the batch or the arena goes
/// unused. Thread: the builder's alone. Lifetime of the bytes: the batch's.
package struct RecordArena: ~Copyable {
    private let memory: Memory
    private var used = 0
    private var views: [RecordView] = []

    /// Room for `bytes` of keys, headers and values, and about `records` records.
    package init(bytes: Int, records: Int) {
        memory = Memory(bytes: max(bytes, 1))
        views.reserveCapacity(records)
    }

    package var count: Int { views.count }

    /// Whether so many bytes more fit.
    package func hasRoom(for bytes: Int) -> Bool { memory.capacity - used >= bytes }

    /// Copies a record in; there must be room.
    package mutating func add(
        offset: Offset, appended: Timestamp, key: UnsafeRawBufferPointer?,
        headers: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?
    ) {
        views.append(
            RecordView(
                offset: offset, appended: appended, key: copy(key), value: copy(value),
                headerBytes: copy(headers)))
    }

    /// The batch of what was added; headers are in `HeaderCoding`'s form.
    package consuming func finish(partition: TopicPartition, next: Offset) -> RecordBatch {
        RecordBatch(
            partition: partition, next: next, views: views, bytes: used, owner: memory,
            decodeHeaders: { HeaderCoding.decode($0) },
            walkHeaders: { HeaderCoding.walk($0, $1) })
    }

    private mutating func copy(_ bytes: UnsafeRawBufferPointer?) -> UnsafeRawBufferPointer? {
        guard let bytes else { return nil }
        precondition(hasRoom(for: bytes.count), "no room for \(bytes.count) bytes in the arena")
        let target = memory.base + used
        if let source = bytes.baseAddress {
            target.copyMemory(from: source, byteCount: bytes.count)
        }
        used += bytes.count
        return UnsafeRawBufferPointer(start: target, count: bytes.count)
    }
}

extension RecordBatch {
    /// A batch of records that somebody holds, in the order of their offsets.
    ///
    /// - Parameter next: where to read on; nil: behind the last record.
    package static func copying(
        _ records: [LogRecord], of partition: TopicPartition, next: Offset? = nil
    ) -> RecordBatch {
        let headers = records.map { HeaderCoding.encode($0.headers) }
        var bytes = 0
        for (record, headers) in zip(records, headers) {
            bytes += (record.key?.count ?? 0) + (record.value?.count ?? 0) + (headers?.count ?? 0)
        }
        var arena = RecordArena(bytes: bytes, records: records.count)
        for (record, headers) in zip(records, headers) {
            borrow(record.key) { key in
                borrow(headers) { headers in
                    borrow(record.value) { value in
                        arena.add(
                            offset: record.position.offset, appended: record.appended, key: key,
                            headers: headers, value: value)
                    }
                }
            }
        }
        let end = next ?? records.last?.position.offset.next ?? .zero
        return arena.finish(partition: partition, next: end)
    }

    /// Hands out the bytes for the time of the call; nil stays nil.
    private static func borrow(
        _ bytes: [UInt8]?, _ body: (UnsafeRawBufferPointer?) -> Void
    ) {
        guard let bytes else { return body(nil) }
        bytes.withUnsafeBytes { body($0) }
    }
}

extension RecordArena {
    /// The allocation. `@unchecked Sendable`: written only while it is built, read only afterwards.
    private final class Memory: @unchecked Sendable {
        let base: UnsafeMutableRawPointer
        let capacity: Int

        init(bytes: Int) {
            capacity = bytes
            base = .allocate(byteCount: bytes, alignment: 16)
        }

        deinit { base.deallocate() }
    }
}
