package import MusterCore

/// The state of one cluster as of a journal offset. Losing one costs time, never truth.
package struct Snapshot: Equatable, Sendable {
    /// J: of this cluster, everything below it in its journal partition is in the state.
    package var journalOffset: Offset
    /// Where the head's record lies, so that a reader can check its hash; nil before the first
    /// record.
    package var headOffset: Offset?
    /// Which fold made the state; a reader of another one ignores the snapshot.
    package var foldVersion: UInt32
    package var state: ClusterState

    package init(
        journalOffset: Offset, headOffset: Offset?, foldVersion: UInt32, state: ClusterState
    ) {
        self.journalOffset = journalOffset
        self.headOffset = headOffset
        self.foldVersion = foldVersion
        self.state = state
    }

    /// The most bytes that a snapshot may have; of a larger state none is written.
    package static let bytesMax = 8 << 20

    /// The key under which the snapshots of a cluster replace each other.
    package static func key(of cluster: ClusterID) -> [UInt8] { Array("c/\(cluster)".utf8) }

    init(reading value: JSONValue) throws(JSONReadError) {
        var object = try value.object()
        let id: ClusterID = try object.read("cluster")
        let journalOffset: Offset = try object.read("journalOffset")
        let headOffset: Offset? = try object.readOptional("headOffset")
        let head = Head(sequence: try object.read("seq"), hash: try object.read("hash"))
        let foldVersion: UInt32 = try object.read("foldVersion")
        let state = try ClusterState(
            reading: try object.required("state"), id: id, head: head)
        try object.finish()
        self.init(
            journalOffset: journalOffset, headOffset: headOffset, foldVersion: foldVersion,
            state: state)
    }

    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.put("cluster", state.id)
            writer.put("journalOffset", journalOffset)
            writer.put("headOffset", headOffset)
            writer.put("seq", state.head.sequence)
            writer.put("hash", state.head.hash)
            writer.put("foldVersion", foldVersion)
            writer.name("state")
            state.write(to: &writer)
        }
    }

    /// Reads the value of a snapshot.
    ///
    /// - Throws: why it is not one of this version; the reader goes on without it.
    package init(_ value: UnsafeRawBufferPointer, reader: JSONReader) throws(JSONReadError) {
        self = try reader.read(value, .exact) { root throws(JSONReadError) in
            try Snapshot(reading: root)
        }
    }

    package init(_ value: [UInt8], reader: JSONReader) throws(JSONReadError) {
        self = try reader.read(value, .exact) { root throws(JSONReadError) in
            try Snapshot(reading: root)
        }
    }

    /// The record for the log; nil when it is larger than a snapshot may be.
    package func outgoing() -> OutgoingRecord? {
        var writer = JSONWriter(capacity: 16 << 10)
        write(to: &writer)
        if writer.bytes.count > Self.bytesMax { return nil }
        let event = CloudEvent(
            id: "\(state.id)/\(state.head.sequence)/\(journalOffset)",
            source: OutgoingRecord.managerSource, type: MessageType.snapshot.name,
            subject: state.id.text)
        return OutgoingRecord(
            topic: .snapshots, cluster: state.id, key: Self.key(of: state.id),
            headers: event.headers, value: writer.bytes)
    }
}
