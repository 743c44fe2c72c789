import MusterCore
import Synchronization

/// Reads a `MemoryStore`: copies of its records, in batches like any engine's.
final class MemoryReader: LogReader {
    private let store: MemoryStore
    private let url: String
    private let doorbell = Doorbell()
    private let state = Mutex(ReaderPositions())

    init(_ store: MemoryStore, url: String) {
        self.store = store
        self.url = url
        store.state.withLock { $0.doorbells[ObjectIdentifier(self)] = doorbell }
    }

    func assign(_ partition: TopicPartition, from offset: Offset) {
        state.withLock { $0.assign(partition, from: offset) }
        doorbell.ring()
    }

    func unassign(_ partition: TopicPartition) {
        state.withLock { $0.unassign(partition) }
    }

    func next(max: Int, waitingUpTo limit: Duration) async throws(LogError) -> [RecordBatch] {
        let deadline = ContinuousClock.now + limit
        while true {
            let batches = try take(max)
            let left = deadline - ContinuousClock.now
            if !batches.isEmpty || left <= .zero || Task.isCancelled { return batches }
            await doorbell.wait(atMost: left)
        }
    }

    func close() async {
        state.withLock { $0.isClosed = true }
        store.state.withLock { _ = $0.doorbells.removeValue(forKey: ObjectIdentifier(self)) }
        doorbell.ring()
    }

    private func take(_ max: Int) throws(LogError) -> [RecordBatch] {
        let result: Result<[RecordBatch], LogError> = state.withLock { positions in
            if positions.isClosed { return .failure(.closed(log: url)) }
            do throws(LogError) {
                return .success(try collect(max, &positions))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    private func collect(
        _ max: Int, _ positions: inout ReaderPositions
    ) throws(LogError) -> [RecordBatch] {
        var batches: [RecordBatch] = []
        var left = max
        for position in positions.inTurn() where left > 0 {
            let partition = store.state.withLock { $0.partitions[position.partition] }
            guard let partition else { throw .topicMissing(log: url, position.partition) }
            let kept = partition.start..<partition.next
            if position.offset < kept.lowerBound || position.offset > kept.upperBound {
                // What was found in partitions before this one is found again after the error.
                throw .offsetOutOfRange(position, kept: kept)
            }
            let records = partition.records[partition.place(of: position.offset)...].prefix(left)
            if records.isEmpty { continue }
            batches.append(batch(of: records, in: position.partition))
            left -= records.count
        }
        for batch in batches { positions.advance(batch.partition, to: batch.next) }
        return batches
    }

    private func batch(of records: ArraySlice<LogRecord>, in partition: TopicPartition)
        -> RecordBatch
    {
        let encoded = records.map { HeaderCoding.encode($0.headers) }
        var bytes = 0
        for (record, headers) in zip(records, encoded) {
            bytes += (record.key?.count ?? 0) + (record.value?.count ?? 0) + (headers?.count ?? 0)
        }
        var arena = RecordArena(bytes: bytes, records: records.count)
        var next = Offset.zero
        for (record, headers) in zip(records, encoded) {
            withBytes(record.key) { key in
                withBytes(headers) { headers in
                    withBytes(record.value) { value in
                        arena.add(
                            offset: record.position.offset, appended: record.appended, key: key,
                            headers: headers, value: value)
                    }
                }
            }
            next = record.position.offset.next
        }
        return arena.finish(partition: partition, next: next)
    }

    private func withBytes(_ bytes: [UInt8]?, _ body: (UnsafeRawBufferPointer?) -> Void) {
        if let bytes { bytes.withUnsafeBytes { body($0) } } else { body(nil) }
    }
}
