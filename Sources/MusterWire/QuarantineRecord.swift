package import MusterCore

/// A record of the quarantine topic: an input that cannot be read as one, with its bytes and what
/// is wrong with it.
package struct QuarantineRecord: Hashable, Sendable {
    package var position: Position
    /// What is wrong, as a sentence; safe to show on a terminal.
    package var reason: String
    /// Where, as a JSON Pointer into the value; nil where no place in it is meant.
    package var pointer: String?
    /// Where, as the number of bytes before it, for a value that is no JSON.
    package var byteOffset: Int?
    /// Bytes of key, headers and value together, as they came.
    package var length: Int
    /// The hash of the value's bytes as they came.
    package var sha256: Hash
    /// nil is no key.
    package var key: [UInt8]?
    package var headers: [Header]
    /// nil is no value.
    package var value: [UInt8]?

    /// The most bytes of key, headers and value that are kept together.
    package static let keptMax = CloudEvent.inputBytesMax

    /// The record for an input that was refused. Of a longer input the key, the headers and the
    /// beginning of the value are kept, as far as they fit.
    ///
    /// - Parameter sha256: the hash of the value's bytes; of no bytes, where there is no value.
    package init(
        _ refusal: UnreadableInput, at position: Position, key: [UInt8]?, headers: [Header],
        value: [UInt8]?, sha256: Hash
    ) {
        self.position = position
        reason = refusal.sentence
        pointer = refusal.pointer
        byteOffset = refusal.offset
        self.sha256 = sha256
        length = (key?.count ?? 0) + (value?.count ?? 0)
        for header in headers { length += header.name.count + (header.value?.count ?? 0) }
        var room = Self.keptMax
        self.key = key.map { Self.taken($0, &room) }
        self.headers = []
        for header in headers where room > 0 {
            self.headers.append(
                Header(
                    name: Self.taken(header.name, &room),
                    value: header.value.map { Self.taken($0, &room) }))
        }
        self.value = value.map { Self.taken($0, &room) }
    }

    private static func taken(_ bytes: [UInt8], _ room: inout Int) -> [UInt8] {
        let count = min(bytes.count, room)
        room -= count
        return count == bytes.count ? bytes : Array(bytes.prefix(count))
    }

    /// The record for the log. Its key is the input's, so it lies with its like.
    package func outgoing() -> OutgoingRecord {
        var writer = JSONWriter()
        write(to: &writer)
        let place = position.partition
        let event = CloudEvent(
            id: "\(place.topic.name)/\(place.partition)/\(position.offset)",
            source: OutgoingRecord.managerSource, type: MessageType.quarantined.name)
        return OutgoingRecord(
            topic: .quarantine, cluster: nil, key: key, headers: event.headers,
            value: writer.bytes)
    }
}

extension QuarantineRecord: WireObject {
    package init(members object: inout JSONObject) throws(JSONReadError) {
        position = try Position(members: &object)
        reason = try object.read("reason")
        pointer = try object.readOptional("pointer")
        byteOffset = try object.readOptional("byteOffset", as: UInt64.self)
            .map { Int(clamping: $0) }
        length = Int(clamping: try object.read("length", as: UInt64.self))
        sha256 = try object.read("sha256")
        key = try object.readOptional("key", as: Base64Text.self)?.bytes
        headers = try object.optionalList("headers")
        value = try object.readOptional("value", as: Base64Text.self)?.bytes
    }

    package func writeMembers(to writer: inout JSONWriter) {
        position.writeMembers(to: &writer)
        writer.put("reason", reason)
        writer.put("pointer", pointer)
        writer.put("byteOffset", byteOffset.map { UInt64($0) })
        writer.put("length", UInt64(length))
        writer.put("sha256", sha256)
        writer.put("key", key.map(Base64Text.init))
        writer.put("headers", unlessEmpty: headers)
        writer.put("value", value.map(Base64Text.init))
    }
}

/// Bytes as a text in base64.
struct Base64Text: WireForm {
    var bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    init(reading value: JSONValue) throws(JSONReadError) {
        guard let bytes = Base64.bytes(of: try value.string()) else {
            throw value.invalid("expected base64, found \(value.found)")
        }
        self.bytes = bytes
    }

    func write(to writer: inout JSONWriter) { writer.string(Base64.text(of: bytes)) }
}

extension Header: WireObject {
    package init(members object: inout JSONObject) throws(JSONReadError) {
        self.init(
            name: try object.read("name", as: Base64Text.self).bytes,
            value: try object.readOptional("value", as: Base64Text.self)?.bytes)
    }

    package func writeMembers(to writer: inout JSONWriter) {
        writer.put("name", Base64Text(name))
        writer.put("value", value.map(Base64Text.init))
    }
}
