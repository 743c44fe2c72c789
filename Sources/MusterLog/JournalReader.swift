package import MusterCore
package import MusterWire

/// Folds the journal: the one reader that manager, queries, audits and tests share.
///
/// A record is accepted only if it lies in its cluster's partition and extends the head that is
/// held; any other is void at that place. An accepted record whose content cannot be read stops its
/// cluster, and is never skipped. A value but for the JSON reader inside, which is why one thread
/// at a time uses it and its copies.
package struct JournalReader {
    /// What became of one record of the journal.
    package enum Reading {
        /// The header of the partition.
        case header
        /// It extends its cluster's head. The state has been folded.
        case accepted(Accepted)
        /// It does not: it has never happened. With the cluster that it was meant for, as a place
        /// in `clusters`, when it names one that is known, in its partition.
        case void(Int?)
        /// It is accepted and cannot be read: the cluster stands here until another program reads
        /// it.
        case stopped(ClusterID, DecisionError)
    }

    /// An accepted decision with its place.
    package struct Accepted {
        /// Which of `clusters` it belongs to.
        package var index: Int
        package var sequence: MusterCore.Sequence
        package var hash: Hash
        package var decision: Decision
    }

    /// One cluster as it was read so far.
    package struct Cluster {
        package var state: ClusterState
        /// The offset of the head; nil before the first record.
        package var headOffset: Offset?
        /// Records below this offset are part of the snapshot that the cluster began with.
        package var from: Offset
        /// Why nothing of it is read any more; nil while it is read.
        package var stopped: DecisionError?
        /// Of a cluster that stopped the end of its chain all the same, record by record, whatever
        /// they hold: a record that passes over the newest of them goes on from there.
        package var beyond: Head?
        /// Whether records lie behind the head that extend something else than the chain.
        package var cut = ChainCut()
        package let partition: Int32
    }

    /// Something that forbids using this journal at all.
    package enum Failure: Error, Hashable, Sendable {
        /// A partition holds decisions and no header before them, or its start was deleted.
        case noHeader(Int32)
        case badHeader(Int32, String)
        /// A partition is empty although the topics beside it hold what was decided from it.
        case lost(Int32)
        /// Two partitions say different things.
        case headersDiffer(Int32)
    }

    /// The clusters in the order in which they were first seen; look them up by `index(of:)`.
    package private(set) var clusters: [Cluster] = []
    private var places: [ClusterID: Int] = [:]
    /// Clusters of which records were read and no first one, with the first such offset.
    package private(set) var rootless: [ClusterID: Offset] = [:]
    /// The hash of each partition's header: what the first record of a cluster extends.
    package private(set) var headers: [Int32: Hash] = [:]
    package private(set) var header: JournalHeader?
    /// Per partition where to read on.
    package private(set) var positions: [Int32: Offset] = [:]
    /// Per partition the last record that was read, with its hash: what a lost tail is noticed by.
    package private(set) var last: [Int32: (offset: Offset, hash: Hash)] = [:]
    package private(set) var acceptedCount: UInt64 = 0
    package private(set) var voidCount: UInt64 = 0
    /// Whether `cause.event` is kept in the decisions that `read` gives.
    package var withEvents = false

    /// Decisions that this process wrote and has read from their bytes, by the hash of these, until
    /// they are read back.
    private var expected: [Hash: Decision] = [:]

    private let records = JournalRecordReader()

    package init() {}

    /// Says what is read from the bytes of that hash, so that it need not be read again.
    package mutating func expect(_ decision: Decision, hash: Hash) { expected[hash] = decision }

    /// Takes it back.
    package mutating func expectNoMore(_ hash: Hash) { expected[hash] = nil }

    /// Which of `clusters` that one is; nil when nothing of it was read.
    package func index(of cluster: ClusterID) -> Int? { places[cluster] }

    /// The state of a cluster; nil when nothing of it was read.
    package func state(of cluster: ClusterID) -> ClusterState? {
        places[cluster].map { clusters[$0].state }
    }

    /// The clusters in the order of their names.
    package var sorted: [Cluster] { clusters.sorted { $0.state.id < $1.state.id } }

    /// The partition of a cluster; nil before any header was read.
    package func partition(of cluster: ClusterID) -> Int32? {
        header.map { Partitioner.partition(of: cluster, count: $0.partitions) }
    }

    /// Reads the next record of a partition.
    ///
    /// - Parameters:
    ///   - value: the bytes as they lie in the log; nil is a tombstone, which is void.
    ///   - hash: the hash of these bytes, where somebody has computed it already.
    ///   - judge: told of an accepted decision before it is folded, with the state that it extends.
    package mutating func read(
        _ value: UnsafeRawBufferPointer?, hash known: Hash? = nil, at offset: Offset,
        of partition: Int32, judge: ((ClusterState, Decision) -> Void)? = nil
    ) throws(Failure) -> Reading {
        positions[partition] = offset.next
        guard let value else { return void() }
        if headers[partition] == nil {
            return try begin(partition, value, at: offset)
        }
        guard let envelope = JournalEnvelope(of: value) else {
            return JournalHeader.begins(value) ? .header : void()
        }
        guard let index = place(of: envelope, in: partition, at: offset) else {
            if places[envelope.cluster] == nil, self.partition(of: envelope.cluster) == partition {
                rootless[envelope.cluster] = rootless[envelope.cluster] ?? offset
            }
            return void()
        }
        if offset < clusters[index].from { return .void(nil) }
        let hash = known ?? SHA256.hash(of: value)
        if clusters[index].stopped != nil, !passes(envelope, value, hash, index) {
            return .void(nil)
        }
        guard envelope.extends(clusters[index].state.head) else {
            clusters[index].cut.note(envelope, hash, at: offset, head: clusters[index].state.head)
            return void(index)
        }
        clusters[index].cut = ChainCut()
        last[partition] = (offset, hash)
        let decision: Decision
        do {
            decision = try read(value, hash)
        } catch {
            return stop(index, envelope, hash, error)
        }
        if case .manager(.skipped(let sequence, _, _)) = decision.cause,
            clusters[index].beyond == nil
        {
            return stop(index, envelope, hash, .disputed(sequence))
        }
        clusters[index].beyond = nil
        judge?(clusters[index].state, decision)
        clusters[index].state.evolve(decision, hash: hash)
        clusters[index].headOffset = offset
        acceptedCount += 1
        return .accepted(
            Accepted(
                index: index, sequence: envelope.sequence, hash: hash, decision: decision))
    }

    private mutating func read(
        _ value: UnsafeRawBufferPointer, _ hash: Hash
    ) throws(DecisionError) -> Decision {
        if let known = expected.removeValue(forKey: hash) { return known }
        return try records.decision(of: value, withEvent: withEvents)
    }

    /// Reads the next record of a partition, from bytes of one's own.
    package mutating func read(
        _ value: [UInt8]?, at offset: Offset, of partition: Int32
    ) throws(Failure) -> Reading {
        guard let value else { return try read(nil, hash: nil, at: offset, of: partition) }
        return try value.withUnsafeBufferPointer { bytes throws(Failure) -> Reading in
            try read(UnsafeRawBufferPointer(bytes), hash: nil, at: offset, of: partition)
        }
    }

    private mutating func stop(
        _ index: Int, _ envelope: JournalEnvelope, _ hash: Hash, _ error: DecisionError
    ) -> Reading {
        clusters[index].stopped = error
        clusters[index].beyond = Head(sequence: envelope.sequence, hash: hash)
        return .stopped(envelope.cluster, error)
    }

    /// Whether a record of a cluster that stopped passes over what could not be read: it then
    /// extends the head of the chain, which is taken as it is.
    private mutating func passes(
        _ envelope: JournalEnvelope, _ value: UnsafeRawBufferPointer, _ hash: Hash, _ index: Int
    ) -> Bool {
        guard let beyond = clusters[index].beyond, envelope.extends(beyond) else { return false }
        // What cannot be read passes over nothing.
        let decision = try? records.decision(of: value)
        guard case .manager(.skipped(beyond.sequence, beyond.hash, _))? = decision?.cause else {
            clusters[index].beyond = Head(sequence: envelope.sequence, hash: hash)
            return false
        }
        clusters[index].state.head = beyond
        clusters[index].stopped = nil
        return true
    }

    private mutating func void(_ index: Int? = nil) -> Reading {
        voidCount += 1
        return .void(index)
    }

    private mutating func begin(
        _ partition: Int32, _ value: UnsafeRawBufferPointer, at offset: Offset
    ) throws(Failure) -> Reading {
        guard JournalHeader.begins(value) else {
            if JournalEnvelope(of: value) != nil { throw .noHeader(partition) }
            return void()
        }
        return try begin(partition, [UInt8](value), at: offset)
    }

    private mutating func begin(
        _ partition: Int32, _ value: [UInt8], at offset: Offset
    ) throws(Failure) -> Reading {
        let found: JournalHeader
        do {
            found = try JournalHeader(value, reader: JSONReader())
        } catch {
            throw .badHeader(partition, "\(error)")
        }
        if let header, header != found { throw .headersDiffer(partition) }
        header = found
        let hash = SHA256.hash(of: value)
        headers[partition] = hash
        last[partition] = (offset, hash)
        return .header
    }

    private mutating func place(
        of envelope: JournalEnvelope, in partition: Int32, at offset: Offset
    ) -> Int? {
        if let index = places[envelope.cluster] {
            return clusters[index].partition == partition ? index : nil
        }
        guard self.partition(of: envelope.cluster) == partition,
            envelope.sequence.value == 1, headers[partition] == envelope.previous
        else { return nil }
        return enter(envelope.cluster)
    }

    /// Makes room for a cluster of which nothing was read: it has no record yet.
    ///
    /// - Returns: its place in `clusters`; nil before its partition's header was read.
    package mutating func enter(_ cluster: ClusterID) -> Int? {
        if let index = places[cluster] { return index }
        guard let partition = partition(of: cluster), let genesis = headers[partition] else {
            return nil
        }
        rootless[cluster] = nil
        places[cluster] = clusters.count
        clusters.append(
            Cluster(
                state: ClusterState(id: cluster, genesis: genesis), headOffset: nil, from: .zero,
                stopped: nil, partition: partition))
        return clusters.count - 1
    }

    /// Takes a partition's header as known, for a reader that starts behind it.
    package mutating func take(header value: [UInt8], of partition: Int32) throws(Failure) {
        if headers[partition] != nil { return }
        _ = try begin(partition, value, at: .zero)
    }

    /// Begins a cluster with a snapshot: the state as of journal offset `from`.
    package mutating func take(_ state: ClusterState, headOffset: Offset, from: Offset) {
        guard let partition = partition(of: state.id), places[state.id] == nil else { return }
        places[state.id] = clusters.count
        clusters.append(
            Cluster(
                state: state, headOffset: headOffset, from: from, stopped: nil,
                partition: partition))
    }

    /// Notes, once its records were read, that a batch of the journal was read: where to read on,
    /// and the last record, void or not.
    package mutating func finish(_ batch: RecordBatch) {
        let partition = batch.partition.partition
        skip(to: batch.next, of: partition)
        guard batch.count > 0 else { return }
        note(batch[batch.count - 1], of: partition)
    }

    private mutating func note(_ view: RecordView, of partition: Int32) {
        if let known = last[partition], known.offset >= view.offset { return }
        let hash = view.value.map { SHA256.hash(of: $0) } ?? SHA256.hash(of: [])
        last[partition] = (view.offset, hash)
    }

    /// Says that everything of the partition below the offset was read, or need not be.
    package mutating func skip(to offset: Offset, of partition: Int32) {
        positions[partition] = max(positions[partition] ?? .zero, offset)
    }
}

extension JournalReader.Failure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .noHeader(let partition):
            "journal partition \(partition) has no header before its decisions: its start is gone or "
                + "it is no journal; restore the topic, or use another log"
        case .lost(let partition):
            "journal partition \(partition) is empty, but the topics beside it hold what was decided "
                + "from it: it was deleted or made anew; restore it from a copy, or begin another log "
                + "and adopt the clusters"
        case .badHeader(let partition, let reason):
            "the header of journal partition \(partition) cannot be read: \(reason); use the "
                + "version of Muster that made this log"
        case .headersDiffer(let partition):
            "the header of journal partition \(partition) differs from that of another partition: "
                + "the topic was put together from two logs; restore it"
        }
    }
}
