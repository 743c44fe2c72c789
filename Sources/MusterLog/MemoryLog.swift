import Dispatch
package import MusterCore
import Synchronization

/// A log in memory: one user's handle on a `MemoryStore`.
package final class MemoryLog: EventLog {
    package let url: String
    package let store: MemoryStore
    private let handle = Mutex(Handle())

    private struct Handle {
        var isClosed = false
        var readers: [MemoryReader] = []
        var streams: [UInt64: AsyncStream<Set<Int32>>.Continuation] = [:]
        var replacements: [AsyncStream<Void>.Continuation] = []
    }

    package init(_ store: MemoryStore, url: String = "memory:") {
        self.store = store
        self.url = url
    }

    package func submit(
        _ record: NewRecord,
        completion: @escaping @Sendable (Result<Appended, LogError>) -> Void
    ) {
        handle.withLock { handle in
            let result: Result<Appended, LogError> =
                handle.isClosed ? .failure(.closed(log: url)) : store.append(record, url: url)
            store.completions.async { completion(result) }
        }
    }

    package func makeReader() async throws(LogError) -> any LogReader {
        let reader = MemoryReader(store, url: url)
        let isClosed = handle.withLock { handle in
            if !handle.isClosed { handle.readers.append(reader) }
            return handle.isClosed
        }
        if isClosed { throw .closed(log: url) }
        return reader
    }

    package func readOne(_ position: Position) async throws(LogError) -> LogRecord? {
        try look(at: position.partition) { partition in
            let place = partition.place(of: position.offset)
            guard place < partition.records.count else { return nil }
            let record = partition.records[place]
            return record.position == position ? record : nil
        }
    }

    package func range(of partition: TopicPartition) async throws(LogError) -> Range<Offset> {
        try look(at: partition) { $0.start..<$0.next }
    }

    package func offset(of partition: TopicPartition, since moment: Timestamp)
        async throws(LogError) -> Offset?
    {
        try look(at: partition) { partition in
            partition.records.first { $0.appended >= moment }?.position.offset
        }
    }

    package var library: String { "memory" }

    package func createTopics(_ topics: [TopicSettings]) async throws(LogError) {
        try checkOpen()
        try store.create(topics, url: url)
    }

    package func describeTopics() async throws(LogError) -> [TopicSettings] {
        try checkOpen()
        return store.state.withLock { $0.topics }
    }

    package func assignments(group: String, member: String) -> AsyncStream<Set<Int32>> {
        let (stream, continuation) = AsyncStream.makeStream(of: Set<Int32>.self)
        let id = store.newMember()
        let isClosed = handle.withLock { handle in
            if !handle.isClosed { handle.streams[id] = continuation }
            return handle.isClosed
        }
        if isClosed {
            continuation.finish()
            return stream
        }
        continuation.onTermination = { [store, weak self] _ in
            store.leave(id)
            self?.handle.withLock { _ = $0.streams.removeValue(forKey: id) }
        }
        store.join(.init(id: id, group: group, name: member, stream: continuation))
        return stream
    }

    package var producerReplacements: AsyncStream<Void> {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
        let isClosed = handle.withLock { handle in
            handle.replacements.append(continuation)
            return handle.isClosed
        }
        if isClosed { continuation.finish() }
        return stream
    }

    /// Says that the producer was replaced, as Kafka's engine would.
    package func replaceProducer() {
        for stream in handle.withLock({ $0.replacements }) { stream.yield() }
    }

    package func close() async {
        let before = handle.withLock { handle in
            let before = handle
            handle.isClosed = true
            handle.readers = []
            handle.streams = [:]
            return before
        }
        for reader in before.readers { await reader.close() }
        for stream in before.streams.values { stream.finish() }
        for stream in before.replacements { stream.finish() }
        await withCheckedContinuation { waiting in
            store.completions.async { waiting.resume() }
        }
    }

    private func checkOpen() throws(LogError) {
        if handle.withLock({ $0.isClosed }) { throw .closed(log: url) }
    }

    private func look<Answer: Sendable>(
        at partition: TopicPartition, _ body: @Sendable (MemoryStore.Partition) -> Answer
    ) throws(LogError) -> Answer {
        try checkOpen()
        let answer = store.state.withLock { $0.partitions[partition].map(body) }
        guard let answer else { throw .topicMissing(log: url, partition) }
        return answer
    }
}
