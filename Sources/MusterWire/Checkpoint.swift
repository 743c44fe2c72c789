package import MusterCore

/// Where to resume reading a partition's inputs. Every checkpoint ever written stays true; an older
/// one only costs time.
package struct Checkpoint: Hashable, Sendable {
    package var partition: Int32
    /// Per input partition the offset to resume at.
    package var positions: SortedMap<TopicPartition, Offset>
    /// An offset of the journal partition below which every cluster has a snapshot.
    package var journalFloor: Offset
    /// Which fold made those snapshots.
    package var foldVersion: UInt32
    /// Every cluster with a record below the floor, in order; where one's snapshot is missing the
    /// journal is read from its start.
    package var clusters: [ClusterID]

    package init(
        partition: Int32, positions: SortedMap<TopicPartition, Offset>, journalFloor: Offset,
        foldVersion: UInt32, clusters: [ClusterID]
    ) {
        self.partition = partition
        self.positions = positions
        self.journalFloor = journalFloor
        self.foldVersion = foldVersion
        self.clusters = clusters
    }

    /// The key under which the checkpoints of a partition replace each other.
    package static func key(of partition: Int32) -> [UInt8] { Array("p/\(partition)".utf8) }

    init(reading value: JSONValue) throws(JSONReadError) {
        var object = try value.object()
        let partition: Int32 = try object.read("partition")
        let positions = try object.map("positions") { value throws(JSONReadError) in
            let next = try NextOffset(reading: value)
            return (key: next.position.partition, value: next.position.offset)
        }
        self.init(
            partition: partition, positions: positions,
            journalFloor: try object.read("journalFloor"),
            foldVersion: try object.read("foldVersion"), clusters: try object.list("clusters"))
        try object.finish()
    }

    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.put("partition", partition)
            writer.put(
                "positions", list: positions.map { NextOffset(Position($0.key, $0.value)) })
            writer.put("journalFloor", journalFloor)
            writer.put("foldVersion", foldVersion)
            writer.put("clusters", list: clusters)
        }
    }

    /// Reads the value of a checkpoint.
    ///
    /// - Throws: why it is not one of this version; the reader goes on without it.
    package init(_ value: UnsafeRawBufferPointer, reader: JSONReader) throws(JSONReadError) {
        self = try reader.read(value, .exact) { root throws(JSONReadError) in
            try Checkpoint(reading: root)
        }
    }

    package init(_ value: [UInt8], reader: JSONReader) throws(JSONReadError) {
        self = try reader.read(value, .exact) { root throws(JSONReadError) in
            try Checkpoint(reading: root)
        }
    }

    /// The record for the log; it belongs in the partition that it is about.
    package func outgoing() -> OutgoingRecord {
        var writer = JSONWriter()
        write(to: &writer)
        let event = CloudEvent(
            id: "p/\(partition)/\(contentID(writer.bytes))",
            source: OutgoingRecord.managerSource, type: MessageType.checkpoint.name)
        return OutgoingRecord(
            topic: .snapshots, cluster: nil, key: Self.key(of: partition),
            headers: event.headers, value: writer.bytes)
    }

    /// FNV-1a in hex: an id of the content, so that the same checkpoint is the same event.
    private func contentID(_ bytes: [UInt8]) -> String {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return String(hash, radix: 16)
    }
}
