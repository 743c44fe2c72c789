import MusterCommandLine
import MusterCore
import MusterLog
import MusterRuntime
import MusterWire

/// Goes back along a cluster's chain from its head.
///
/// A record is taken when its bytes have the hash that the record behind it names. So what lost a
/// race is passed over, exactly as by a reader that folds from the start, and what was decided last
/// is found without folding what came before.
struct ChainWalk {
    /// One record of the chain.
    struct Link {
        let sequence: MusterCore.Sequence
        let hash: Hash
        let record: LogRecord
        fileprivate let cluster: ClusterID
    }

    let log: any EventLog
    let cluster: ClusterID
    let head: Head
    let partition: Int32
    private let output: Output
    private let search: ChainSearch?

    init?(_ query: Query, _ state: ClusterState) {
        guard let partition = query.projection.reader.partition(of: state.id) else { return nil }
        log = query.log
        output = query.call.output
        cluster = state.id
        head = state.head
        self.partition = partition
        let reader = query.projection.reader
        search = reader.index(of: state.id).flatMap { reader.clusters[$0].headOffset }.map {
            ChainSearch(
                query.log, TopicPartition(.journal, partition), cluster: state.id,
                head: state.head, at: $0)
        }
    }

    /// Hands out the records from the head back to the decision `oldest`, newest first.
    ///
    /// - Returns: the oldest that was found; later than `oldest` where a record was changed or is
    ///   missing.
    @discardableResult
    func back(
        to oldest: MusterCore.Sequence, _ body: (Link) throws -> Void
    ) async throws -> MusterCore.Sequence {
        let place = TopicPartition(.journal, partition)
        let range = try await log.range(of: place)
        var (end, size) = (range.upperBound.value, UInt64(256))
        var wanted = head
        while end > range.lowerBound.value, wanted.sequence >= oldest, wanted.sequence.value > 0 {
            let from = end - min(size, end - range.lowerBound.value)
            var records: [LogRecord] = []
            let span = PartitionSpan(
                log: log, partition: place, from: Offset(from), to: Offset(end))
            try await span.read { records.append($0) }
            for record in records.reversed() {
                guard let value = record.value, let envelope = JournalEnvelope(of: value),
                    envelope.cluster == cluster, envelope.sequence == wanted.sequence,
                    SHA256.hash(of: value) == wanted.hash
                else { continue }
                let link = Link(
                    sequence: wanted.sequence, hash: wanted.hash, record: record,
                    cluster: cluster)
                try body(link)
                if wanted.sequence <= oldest { return wanted.sequence }
                wanted = Head(
                    sequence: MusterCore.Sequence(wanted.sequence.value - 1),
                    hash: envelope.previous)
            }
            end = from
            size = min(size * 4, 16_384)
        }
        return wanted.sequence.next
    }

    /// The decisions with these numbers, oldest first.
    func decisions(numbered wanted: Set<MusterCore.Sequence>) async throws -> [HistoryEntry] {
        guard let oldest = wanted.min() else { return [] }
        // Their places are guessed; where that fails, the chain is followed back to the oldest.
        if let found = try await search?.find(wanted.sorted()) {
            return found.map { each in
                HistoryEntry(
                    cluster: cluster, sequence: each.sequence, hash: each.hash,
                    decision: each.decision, position: each.position, appended: each.appended)
            }
        }
        return try await decisions(from: oldest) { wanted.contains($0) }
    }

    /// The decisions from one on, up to the head or to `newest`, oldest first.
    func decisions(
        from oldest: MusterCore.Sequence, through newest: MusterCore.Sequence? = nil
    ) async throws -> [HistoryEntry] {
        try await decisions(from: oldest) { $0 <= newest ?? $0 }
    }

    private func decisions(
        from oldest: MusterCore.Sequence, where isWanted: (MusterCore.Sequence) -> Bool
    ) async throws -> [HistoryEntry] {
        let reader = JournalRecordReader()
        var found: [HistoryEntry] = []
        let reached = try await back(to: oldest) { link in
            if isWanted(link.sequence) { found.append(try HistoryEntry(link, reader)) }
        }
        if reached > oldest {
            output.note(
                """
                warning: the journal cannot be followed back past decision \(reached): the record \
                before it was changed or is missing
                """)
        }
        return found.reversed()
    }
}

extension HistoryEntry {
    init(_ link: ChainWalk.Link, _ reader: JournalRecordReader) throws {
        self.init(
            cluster: link.cluster, sequence: link.sequence, hash: link.hash,
            decision: try reader.decision(of: link.record.value ?? [], withEvent: true),
            position: link.record.position, appended: link.record.appended)
    }
}
