import MusterCore
import MusterLog

/// Looks for records behind some positions, and does not look again while nothing has changed.
struct ReaderScan {
    private let table: LogTable
    private let file: LogFile
    /// What the last look that found nothing was of.
    private var seen: (generation: UInt64, version: Int64)?
    private var partitions: [Topic: Int32] = [:]
    private var bytes = ReaderScan.bytesMin

    private static let bytesMin = 16 << 10
    private static let bytesMax = 4 << 20

    init(_ table: LogTable, file: LogFile) {
        self.table = table
        self.file = file
    }

    /// - Parameter generation: changes whenever the positions do.
    mutating func next(_ positions: [Position], generation: UInt64, max: Int)
        -> Result<[RecordBatch], LogError>
    {
        do throws(DatabaseError) {
            let version = try table.version()
            if let seen, seen == (generation, version) { return .success([]) }
            seen = nil
            let result = try table.reading { () throws(DatabaseError) in
                try look(at: positions, max: max)
            }
            // `version` was asked before: a commit in between is looked for once more.
            if case .success(let batches) = result, batches.isEmpty { seen = (generation, version) }
            return result
        } catch {
            return .failure(file.describe(error))
        }
    }

    private mutating func look(at positions: [Position], max: Int)
        throws(DatabaseError) -> Result<[RecordBatch], LogError>
    {
        var batches: [RecordBatch] = []
        var left = max
        for position in positions where left > 0 {
            if try !exists(position.partition) {
                return .failure(.topicMissing(log: file.url, position.partition))
            }
            let batch = try table.read(position, max: left, bytes: bytes)
            if let batch {
                batches.append(batch)
                left -= batch.count
                bytes = min(Swift.max(bytes, 2 * batch.bytes), ReaderScan.bytesMax)
                if batch[0].offset == position.offset { continue }
            }
            // Nothing there, or a gap: the end of the log, what compaction left, or what is gone.
            let kept = try table.range(of: position.partition)
            if position.offset < kept.lowerBound || position.offset > kept.upperBound {
                return .failure(.offsetOutOfRange(position, kept: kept))
            }
            if batch == nil, position.offset < kept.upperBound { try table.checkFound(position) }
        }
        if batches.isEmpty { bytes = ReaderScan.bytesMin }
        return .success(batches)
    }

    private mutating func exists(_ partition: TopicPartition) throws(DatabaseError) -> Bool {
        if partitions[partition.topic] == nil {
            for topic in try table.topics() { partitions[topic.topic] = topic.partitions }
        }
        return 0..<(partitions[partition.topic] ?? 0) ~= partition.partition
    }
}
