package import MusterCore
package import MusterWire

/// What the journal says, read from a log up to its end: the clusters, and how fresh that is.
///
/// Manager, command line and audit load it the same way: snapshots first, then the journal from the
/// lowest offset that they leave open. Without snapshots it is read from the start; that costs time
/// and changes nothing.
package struct Projection {
    package var reader = JournalReader()
    /// The newest checkpoint of each partition that has one, in order.
    package var checkpoints: [Checkpoint] = []
    /// The append time of the newest journal record that was read; nil when there was none.
    package var newest: Timestamp?
    /// How many records of the journal were read.
    package var recordCount: UInt64 = 0
    /// How many clusters began with a snapshot.
    package var snapshotCount = 0

    package init() {}

    /// The clusters in the order of their names.
    package var clusters: [ClusterState] { reader.sorted.map(\.state) }

    /// Which fold makes a state of decisions. A snapshot of another one is ignored.
    package static let foldVersion: UInt32 = 4
}

/// Why a projection cannot be had.
package enum ProjectionError: Error, Sendable {
    case log(LogError)
    case journal(JournalReader.Failure)
    /// There is a log, and no manager has ever begun a journal on it.
    case empty(log: String)
}

extension ProjectionError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .log(let error): "\(error)"
        case .journal(let failure): "\(failure)"
        case .empty(let log):
            "the log \(log) has no journal yet; start a manager on it, which begins one"
        }
    }
}

/// Loads a projection.
package struct ProjectionLoader {
    /// Whether snapshots are used; without them everything is folded from the start.
    package var usesSnapshots = true
    /// Whether `cause.event` is kept in what `onAccepted` is given.
    package var withEvents = false
    /// Only this partition of the journal is read; nil: all of them.
    package var onlyPartition: Int32?
    /// Per partition the offset to read up to, where that is before its end.
    package var ends: [Int32: Offset] = [:]
    /// Told of every record read: how many so far, and how many there are in all.
    package var onProgress: ((UInt64, UInt64) -> Void)?
    /// Told of every accepted decision, with its place, after it was folded.
    package var onAccepted:
        ((JournalReader.Accepted, Position, Timestamp, JournalReader) throws -> Void)?

    package init() {}

    /// Reads the journal of a log up to the end that it has now.
    package func load(_ log: any EventLog) async throws -> Projection {
        var projection = Projection()
        projection.reader.withEvents = withEvents
        let partitions = try await partitionCount(log)
        let ranges = try await journalRanges(log, partitions)
        try await readHeaders(log, ranges, &projection)
        if usesSnapshots { try await readSnapshots(log, partitions, &projection) }
        try await readJournal(log, ranges, &projection)
        return projection
    }

    private func partitionCount(_ log: any EventLog) async throws -> Int32 {
        guard let count = try await log.partitionCounts()[.journal] else {
            // Says so where it may only not be seen.
            do {
                _ = try await log.range(of: TopicPartition(.journal, 0))
            } catch LogError.topicMissing {
                throw ProjectionError.empty(log: log.url)
            }
            throw ProjectionError.empty(log: log.url)
        }
        return count
    }

    private func journalRanges(
        _ log: any EventLog, _ partitions: Int32
    ) async throws -> [(partition: Int32, range: Range<Offset>)] {
        var result: [(partition: Int32, range: Range<Offset>)] = []
        for partition in 0..<partitions where onlyPartition.map({ $0 == partition }) ?? true {
            let range = try await log.range(of: TopicPartition(.journal, partition))
            let end = min(ends[partition] ?? range.upperBound, range.upperBound)
            result.append((partition, min(range.lowerBound, end)..<end))
        }
        return result
    }

    /// The header is the first record that begins as one; normally the very first.
    private func readHeaders(
        _ log: any EventLog, _ ranges: [(partition: Int32, range: Range<Offset>)],
        _ projection: inout Projection
    ) async throws {
        for (partition, range) in ranges {
            var offset = range.lowerBound
            while offset < range.upperBound {
                let position = Position(TopicPartition(.journal, partition), offset)
                if let value = try await log.readOne(position)?.value {
                    if JournalHeader.begins(value) {
                        try projection.reader.take(header: value, of: partition)
                        break
                    }
                    if JournalEnvelope(of: value) != nil {
                        throw JournalReader.Failure.noHeader(partition)
                    }
                }
                offset = offset.next
            }
            let isCut = range.lowerBound > .zero && projection.reader.headers[partition] == nil
            if isCut { throw JournalReader.Failure.noHeader(partition) }
        }
        if projection.reader.header == nil { throw ProjectionError.empty(log: log.url) }
    }

    private func readJournal(
        _ log: any EventLog, _ ranges: [(partition: Int32, range: Range<Offset>)],
        _ projection: inout Projection
    ) async throws {
        let reader = try await log.makeReader()
        var open: [Int32: Offset] = [:]
        var total: UInt64 = 0
        for (partition, range) in ranges {
            let from = max(projection.reader.positions[partition] ?? .zero, range.lowerBound)
            projection.reader.skip(to: from, of: partition)
            if from < range.upperBound {
                open[partition] = range.upperBound
                total += range.upperBound.value - from.value
                reader.assign(TopicPartition(.journal, partition), from: from)
            }
        }
        do {
            var current = open.isEmpty ? [] : try await Self.fetch(reader)
            while !open.isEmpty || !current.isEmpty {
                let ends = open
                finish(current, reader, &open)
                if current.isEmpty { try await closeGaps(log, &open) }
                // One thread reads and hashes what comes next while this one folds.
                let isOver = open.isEmpty
                async let following = isOver ? [] : Self.fetch(reader)
                for batch in current {
                    try fold(batch, ends[batch.records.partition.partition], &projection)
                }
                onProgress?(projection.recordCount, total)
                current = try await following
            }
        } catch {
            await reader.close()
            throw error
        }
        await reader.close()
    }

    /// Records with the hashes of their values, made where they were read.
    private struct HashedBatch: Sendable {
        let records: RecordBatch
        let hashes: [Hash]
    }

    private static func fetch(_ reader: any LogReader) async throws -> [HashedBatch] {
        try await reader.next(max: 4096, waitingUpTo: .seconds(5)).map { batch in
            withExtendedLifetime(batch) {
                HashedBatch(
                    records: batch,
                    hashes: batch.indices.map { index in
                        batch[index].value.map { SHA256.hash(of: $0) } ?? .zero
                    })
            }
        }
    }

    private func finish(
        _ batches: [HashedBatch], _ reader: any LogReader, _ open: inout [Int32: Offset]
    ) {
        for batch in batches {
            let partition = batch.records.partition
            if let end = open[partition.partition], batch.records.next >= end {
                open[partition.partition] = nil
                reader.unassign(partition)
            }
        }
    }

    /// An end behind a gap may never be reached by a record.
    private func closeGaps(_ log: any EventLog, _ open: inout [Int32: Offset]) async throws {
        for partition in open.keys.sorted() {
            let range = try await log.range(of: TopicPartition(.journal, partition))
            if range.isEmpty { open[partition] = nil }
        }
    }

    private func fold(
        _ batch: HashedBatch, _ end: Offset?, _ projection: inout Projection
    ) throws {
        let records = batch.records
        let partition = records.partition.partition
        try withExtendedLifetime(records) {
            for index in records.indices {
                let view = records[index]
                if let end, view.offset >= end { return }
                let reading = try projection.reader.read(
                    view.value, hash: batch.hashes[index], at: view.offset, of: partition)
                projection.recordCount += 1
                projection.newest = max(projection.newest ?? view.appended, view.appended)
                if case .accepted(let accepted) = reading {
                    try onAccepted?(
                        accepted, Position(records.partition, view.offset), view.appended,
                        projection.reader)
                }
            }
            projection.reader.finish(records)
        }
    }
}
