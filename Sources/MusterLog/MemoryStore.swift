import Dispatch
package import MusterCore
import Synchronization

/// What a log in memory holds, shared by the `MemoryLog`s of everybody who uses it: each stands for
/// one process.
///
/// For tests and the simulator. It keeps every promise of the seam but durability, and adds what
/// tests want to say: the clock, who owns what, when retention and compaction happen.
package final class MemoryStore: Sendable {
    let state: Mutex<State>
    /// Where completions run, one after another, so in the order of the appends.
    let completions = DispatchQueue(label: "muster.memory-log")
    private let clock: @Sendable () -> Timestamp

    struct State {
        var topics: [TopicSettings] = []
        var partitions: [TopicPartition: Partition] = [:]
        var doorbells: [ObjectIdentifier: Doorbell] = [:]
        var members: [Member] = []
        var memberNext: UInt64 = 0
        var script: [String: Set<Int32>] = [:]
    }

    struct Partition {
        var records: [LogRecord] = []
        var start = Offset.zero
        var next = Offset.zero
        var newest = Timestamp(milliseconds: .min)

        /// The place in `records` of the first at or behind the offset.
        func place(of offset: Offset) -> Int {
            var (low, high) = (0, records.count)
            while low < high {
                let middle = (low + high) / 2
                if records[middle].position.offset < offset {
                    low = middle + 1
                } else {
                    high = middle
                }
            }
            return low
        }
    }

    struct Member {
        let id: UInt64
        let group: String
        let name: String
        let stream: AsyncStream<Set<Int32>>.Continuation
        var last: Set<Int32>?
    }

    /// An empty store whose append times come from `clock`; a time below the last record's is
    /// raised to that.
    package init(clock: @escaping @Sendable () -> Timestamp) {
        self.clock = clock
        state = Mutex(State())
    }

    /// Leaves out `offsets` many offsets, as a log does that keeps records of its own between ours.
    package func skip(_ offsets: UInt64, in partition: TopicPartition) {
        state.withLock { state in
            guard let next = state.partitions[partition]?.next else { return }
            state.partitions[partition]?.next = Offset(next.value + offsets)
        }
    }

    /// Does retention and compaction now, by the clock's time. Offsets are kept.
    package func maintain() {
        let now = clock()
        state.withLock { state in
            for settings in state.topics {
                for index in 0..<settings.partitions {
                    let partition = TopicPartition(settings.topic, index)
                    state.partitions[partition]?.maintain(settings.cleanup, now: now)
                }
            }
        }
    }

    func append(_ record: NewRecord, url: String) -> Result<Appended, LogError> {
        if record.bytes > NewRecord.bytesMax {
            return .failure(
                .tooLarge(log: url, bytes: record.bytes, limit: NewRecord.bytesMax))
        }
        let now = clock()
        let (result, doorbells): (Result<Appended, LogError>, [Doorbell]) = state.withLock {
            state in
            guard let appended = state.partitions[record.partition]?.append(record, now: now) else {
                return (.failure(.topicMissing(log: url, record.partition)), [])
            }
            return (.success(appended), Array(state.doorbells.values))
        }
        for doorbell in doorbells { doorbell.ring() }
        return result
    }

    func create(_ topics: [TopicSettings], url: String) throws(LogError) {
        let result: Result<Void, LogError> = state.withLock { state in
            for wanted in topics {
                let found = state.topics.first { $0.topic == wanted.topic }
                if let error = wanted.conflict(with: found, url: url) { return .failure(error) }
            }
            for wanted in topics {
                state.topics.removeAll { $0.topic == wanted.topic }
                state.topics.append(wanted)
                for index in 0..<wanted.partitions {
                    state.partitions[TopicPartition(wanted.topic, index), default: Partition()]
                        .start =
                        state.partitions[TopicPartition(wanted.topic, index)]?.start ?? .zero
                }
            }
            state.topics.sort { $0.topic < $1.topic }
            state.share()
            return .success(())
        }
        try result.get()
    }
}

extension MemoryStore.Partition {
    mutating func append(_ record: NewRecord, now: Timestamp) -> Appended {
        let appended = max(now, newest)
        let offset = next
        records.append(
            LogRecord(
                position: Position(record.partition, offset), appended: appended, key: record.key,
                headers: record.headers, value: record.value))
        (next, newest) = (offset.next, appended)
        return Appended(offset: offset, appended: appended)
    }

    mutating func maintain(_ cleanup: TopicSettings.Cleanup, now: Timestamp) {
        switch cleanup {
        case .delete(nil):
            break
        case .delete(let retention?):
            let cut = records.firstIndex { $0.appended >= now - retention } ?? records.count
            guard cut > 0 else { return }
            records.removeFirst(cut)
            start = records.first?.position.offset ?? next
        case .compact:
            var newest: [[UInt8]: Offset] = [:]
            for record in records {
                if let key = record.key { newest[key] = record.position.offset }
            }
            let tombstoneEnd = now - .seconds(24 * 60 * 60)
            records.removeAll { record in
                guard let key = record.key else { return false }
                if record.value == nil && record.appended < tombstoneEnd { return true }
                return newest[key] != record.position.offset
            }
        }
    }
}
