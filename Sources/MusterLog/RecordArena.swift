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
            decodeHeaders: { HeaderCoding.decode($0) })
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
