internal import MusterCore
internal import MusterLog

/// The log as a value: partitions of records in the order in which they landed, with append times.
struct SimulatedLog {
    /// How many partitions the topics had when the journal began.
    static let partitions: Int32 = 2

    /// How many they have now.
    let width: Int32
    private var partitions: [[LogRecord]]

    init(width: Int32 = SimulatedLog.partitions) {
        self.width = width
        partitions = Array(repeating: [], count: Topic.allCases.count * Int(Self.most))
    }

    /// So many that the cluster would live elsewhere by that number.
    static let most: Int32 = 5

    private static func place(_ partition: TopicPartition) -> Int {
        Int(partition.topic.rawValue) * Int(most) + Int(partition.partition)
    }

    func records(of partition: TopicPartition) -> [LogRecord] { partitions[Self.place(partition)] }

    func end(of partition: TopicPartition) -> Offset {
        Offset(UInt64(partitions[Self.place(partition)].count))
    }

    func record(at position: Position) -> LogRecord? {
        let all = partitions[Self.place(position.partition)]
        return position.offset.value < all.count ? all[Int(position.offset.value)] : nil
    }

    mutating func append(_ record: NewRecord, at moment: Timestamp) -> LogRecord {
        let position = Position(record.partition, end(of: record.partition))
        let found = LogRecord(
            position: position, appended: moment, key: record.key, headers: record.headers,
            value: record.value)
        partitions[Self.place(record.partition)].append(found)
        return found
    }

    /// What lies there from an offset on, at most so many; nil when nothing does.
    func batch(of partition: TopicPartition, from: Offset, upTo limit: Int = 256) -> RecordBatch? {
        let all = partitions[Self.place(partition)]
        guard from.value < all.count else { return nil }
        let end = min(all.count, Int(from.value) + limit)
        return .copying(Array(all[Int(from.value)..<end]), of: partition)
    }

    /// The first offset of a partition whose record was appended then or later; the end without
    /// one.
    func offset(of partition: TopicPartition, since moment: Timestamp) -> Offset {
        let all = partitions[Self.place(partition)]
        let found = all.firstIndex { $0.appended >= moment } ?? all.count
        return Offset(UInt64(found))
    }

    /// Journal and snapshots as an engine, for the loader that a manager begins with.
    func engine(at now: Timestamp) async throws -> MemoryLog {
        let clock = EngineClock(now)
        let log = MemoryLog(MemoryStore(clock: { clock.now }))
        try await log.createTopics(TopicSettings.standard(partitions: width))
        for topic in [Topic.journal, .snapshots] {
            for partition in 0..<width {
                let place = TopicPartition(topic, partition)
                for record in records(of: place) {
                    clock.now = record.appended
                    _ = try await log.append(
                        NewRecord(
                            place, key: record.key, headers: record.headers, value: record.value))
                }
            }
        }
        return log
    }
}
