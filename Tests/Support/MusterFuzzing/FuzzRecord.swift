package import MusterCore
import MusterLog

/// A record of the log as a fuzzer has it: anything that may lie there, as one run of bytes.
///
/// The bytes are the topic's number (with 0x80 for a tombstone), the length of the headers in two
/// bytes, the headers as `HeaderCoding` has them, and the value. Every run of bytes is a record.
package struct FuzzRecord: Hashable, Sendable {
    package var topic: Topic
    package var headers: [Header]
    /// nil is a tombstone.
    package var value: [UInt8]?

    package init(topic: Topic, headers: [Header], value: [UInt8]?) {
        self.topic = topic
        self.headers = headers
        self.value = value
    }

    package init(_ bytes: some Collection<UInt8>) {
        let bytes = Array(bytes)
        let first = bytes.first ?? 0
        topic = Topic(rawValue: first & 0x7F % 8) ?? .events
        let length = bytes.count < 3 ? 0 : Int(bytes[1]) << 8 | Int(bytes[2])
        let rest = bytes.dropFirst(3)
        headers = length == 0 ? [] : Array(rest.prefix(length)).withUnsafeBytes(HeaderCoding.decode)
        value = first & 0x80 == 0 ? Array(rest.dropFirst(length)) : nil
    }

    package var bytes: [UInt8] {
        let coded = (HeaderCoding.encode(headers) ?? []).prefix(0xFFFF)
        let first = topic.rawValue | (value == nil ? 0x80 : 0)
        return [first, UInt8(coded.count >> 8), UInt8(coded.count & 0xFF)] + coded + (value ?? [])
    }

    /// Records in a row, each behind its length.
    package static func row(_ records: [FuzzRecord]) -> [UInt8] {
        var row: [UInt8] = []
        for record in records {
            let bytes = record.bytes
            for shift in [16, 8, 0] { row.append(UInt8(truncatingIfNeeded: bytes.count >> shift)) }
            row += bytes
        }
        return row
    }

    /// What `row` made; of anything else what there is.
    package static func records(in row: [UInt8]) -> [FuzzRecord] {
        var rest = row[...]
        var records: [FuzzRecord] = []
        while rest.count >= 3 {
            let length = rest.prefix(3).reduce(0) { $0 << 8 | Int($1) }
            rest = rest.dropFirst(3)
            records.append(FuzzRecord(rest.prefix(length)))
            rest = rest.dropFirst(length)
        }
        return records
    }
}
