package import MusterCore

/// The first record of a journal partition: how the journal is kept, for ever.
///
/// The first record that begins with `{"journal":` is the header. The `previous` of each cluster's
/// first decision is the SHA-256 of its bytes.
package struct JournalHeader: Hashable, Sendable {
    /// The log's own identity, random: commands of a log made anew have other ids.
    package var log: Identifier
    /// How many partitions the journal has, at least 1.
    package var partitions: UInt32

    package init(log: Identifier, partitions: UInt32) {
        self.log = log
        self.partitions = partitions
    }

    private static let format: StaticString = "1"
    private static let partitioner: StaticString = "murmur2"
    private static let hash: StaticString = "sha256"

    package var bytes: [UInt8] {
        var writer = JSONWriter(capacity: 256)
        writer.object { writer in
            writer.name("journal")
            writer.object { writer in
                writer.member("format", word: Self.format)
                writer.put("log", log)
                writer.member("partitions", string: partitions)
                writer.member("partitioner", word: Self.partitioner)
                writer.member("hash", word: Self.hash)
            }
        }
        return writer.bytes
    }

    /// Whether a value begins as a header does. Nothing else decides which record is the header.
    package static func begins(_ value: UnsafeRawBufferPointer) -> Bool {
        value.starts(with: #"{"journal":"#.utf8)
    }

    /// Whether these bytes begin as a header does.
    package static func begins(_ value: [UInt8]) -> Bool {
        value.withUnsafeBytes { begins($0) }
    }

    /// Reads a header.
    ///
    /// - Throws: what is wrong; a journal with such a header must not be used.
    package init(_ value: [UInt8], reader: JSONReader) throws(JSONReadError) {
        self = try reader.read(value, .exact) { root throws(JSONReadError) -> JournalHeader in
            var outer = try root.object()
            var object = try outer.required("journal").object()
            try Self.expect(Self.format, object.required("format"))
            let header = JournalHeader(
                log: try object.read("log"), partitions: try object.read("partitions"))
            try Self.expect(Self.partitioner, object.required("partitioner"))
            try Self.expect(Self.hash, object.required("hash"))
            try object.finish()
            try outer.finish()
            if header.partitions == 0 { throw root.invalid("the journal has no partitions") }
            return header
        }
    }

    private static func expect(
        _ word: StaticString, _ value: JSONValue
    ) throws(JSONReadError) {
        guard try value.text() == word else { throw value.unknownWord("\"\(word)\"") }
    }

    /// The record for a journal partition.
    package func outgoing(partition: UInt32) -> OutgoingRecord {
        let event = CloudEvent(
            id: "\(log)/\(partition)", source: OutgoingRecord.managerSource,
            type: MessageType.journal.name)
        return OutgoingRecord(
            topic: .journal, cluster: nil, key: nil, headers: event.headers, value: bytes)
    }
}
