package import MusterCore

/// Some consecutive records of one partition, borrowed from the engine.
///
/// Owner of the bytes: the engine's object given as `owner`, which frees them when the last
/// reference to the batch goes. Every pointer in a `RecordView` is valid as long as the batch lives
/// and no longer: keep the batch (`withExtendedLifetime`) while using a view, or take
/// `record(at:)`, a copy. Thread: any; nothing changes after `init`, which is why `@unchecked
/// Sendable` is right although the views hold pointers.
package final class RecordBatch: @unchecked Sendable {
    package let partition: TopicPartition
    /// Where to read on: behind the last record, or further where the engine knows of a gap.
    package let next: Offset

    private let views: [RecordView]
    private let decodeHeaders: @Sendable (UnsafeRawBufferPointer) -> [Header]
    private let walkHeaders: HeaderWalk?
    private let owner: any AnyObject & Sendable

    /// Calls with each header that a view's `headerBytes` point at, in order, name and value
    /// borrowed for the call.
    package typealias HeaderWalk =
        @Sendable (
            UnsafeRawBufferPointer,
            (UnsafeRawBufferPointer, UnsafeRawBufferPointer?) -> Void
        ) -> Void

    /// A batch of the engine.
    ///
    /// - Parameters:
    ///   - views: in the order of their offsets; their pointers stay valid as long as `owner`
    ///     lives.
    ///   - bytes: those of keys, headers and values together.
    ///   - owner: frees in its `deinit` what the views point at.
    ///   - decodeHeaders: reads what a view's `headerBytes` points at, which is the engine's own
    ///     form.
    ///   - walkHeaders: the same without a copy, where the engine can.
    package init(
        partition: TopicPartition, next: Offset, views: [RecordView], bytes: Int,
        owner: any AnyObject & Sendable,
        decodeHeaders: @escaping @Sendable (UnsafeRawBufferPointer) -> [Header],
        walkHeaders: HeaderWalk? = nil
    ) {
        self.partition = partition
        self.next = next
        self.views = views
        self.bytes = bytes
        self.owner = owner
        self.decodeHeaders = decodeHeaders
        self.walkHeaders = walkHeaders
    }

    /// The first `count` records and the rest, as two batches over the same bytes; both have some.
    package func split(at count: Int) -> (RecordBatch, RecordBatch) {
        precondition(
            views.indices.contains(count) && count > 0, "a batch of \(views.count) at \(count)")
        func part(_ views: ArraySlice<RecordView>, next: Offset) -> RecordBatch {
            let bytes = views.reduce(0) { sum, view in
                sum + (view.key?.count ?? 0) + (view.value?.count ?? 0)
                    + (view.headerBytes?.count ?? 0)
            }
            return RecordBatch(
                partition: partition, next: next, views: Array(views), bytes: bytes, owner: owner,
                decodeHeaders: decodeHeaders, walkHeaders: walkHeaders)
        }
        return (
            part(views[..<count], next: views[count].offset), part(views[count...], next: next)
        )
    }

    package var count: Int { views.count }
    /// The bytes of all keys, headers and values together.
    package let bytes: Int
    package var indices: Range<Int> { 0..<views.count }

    /// The record at that place of the batch: valid while the batch lives.
    @inline(__always)
    package subscript(index: Int) -> RecordView { views[index] }

    /// The headers of a record, in order, decoded only now: most readers need none.
    package func headers(at index: Int) -> [Header] {
        guard let bytes = views[index].headerBytes else { return [] }
        return decodeHeaders(bytes)
    }

    /// Calls with each header of a record, in order; name and value are borrowed for the call.
    package func eachHeader(
        at index: Int, _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer?) -> Void
    ) {
        guard let bytes = views[index].headerBytes else { return }
        if let walkHeaders { return walkHeaders(bytes, body) }
        for header in decodeHeaders(bytes) {
            header.name.withUnsafeBytes { name in
                guard let value = header.value else { return body(name, nil) }
                value.withUnsafeBytes { body(name, $0) }
            }
        }
    }

    /// An owned copy.
    package func record(at index: Int) -> LogRecord {
        let view = views[index]
        return LogRecord(
            position: Position(partition, view.offset), appended: view.appended,
            key: view.key.map { [UInt8]($0) }, headers: headers(at: index),
            value: view.value.map { [UInt8]($0) })
    }
}

/// One record of a batch: pointers into it, valid while the batch lives.
package struct RecordView {
    package let offset: Offset
    package let appended: Timestamp
    /// nil is no key, which is not the same as an empty one.
    package let key: UnsafeRawBufferPointer?
    /// nil is a tombstone.
    package let value: UnsafeRawBufferPointer?
    /// The headers in the engine's own form, see `RecordBatch.headers(at:)`; nil is none.
    package let headerBytes: UnsafeRawBufferPointer?

    package init(
        offset: Offset, appended: Timestamp, key: UnsafeRawBufferPointer?,
        value: UnsafeRawBufferPointer?, headerBytes: UnsafeRawBufferPointer?
    ) {
        self.offset = offset
        self.appended = appended
        self.key = key
        self.value = value
        self.headerBytes = headerBytes
    }
}
