package import MusterCore

/// Reads the records of the input topics, strictly: what it refuses goes to quarantine.
///
/// One per thread, kept; see `CloudEventReader`, which it owns.
package final class InputReader {
    private let events = CloudEventReader()
    private let json = JSONReader()
    private let signs = JSONReader()

    package init() {}

    /// An input that was read.
    package struct Incoming: Hashable, Sendable {
        package var message: InputMessage
        /// The event's attributes: id, correlation and trace among them.
        package var event: CloudEvent

        /// What ties together everything that follows from this input: its correlation, or its id.
        package var correlation: String { event.correlation ?? event.id }
    }

    /// Reads a record of an input topic.
    ///
    /// Key and headers but for CloudEvents' own are not looked at: the cluster is named in the
    /// data.
    ///
    /// - Parameters:
    ///   - keyBytes: how long the record's key is; 0 without one.
    ///   - value: nil is a tombstone.
    package func read(
        _ topic: Topic, keyBytes: Int, headers: [Header], value: UnsafeRawBufferPointer?
    ) throws(UnreadableInput) -> Incoming {
        try events.read(keyBytes: keyBytes, headers: headers, value: value) {
            event, data throws(JSONReadError) -> Incoming in
            let type = try Self.type(of: event, on: topic)
            let message = try InputMessage(type, on: topic, reading: data)
            return Incoming(message: message, event: event)
        }
    }

    /// Reads a sign of life, a heartbeat or a report, in its common form.
    ///
    /// - Returns: nil for anything else, and for anything wrong: `read` then reads it, or says why
    ///   not.
    package func signOfLife(
        _ headers: PlainHeaders, keyBytes: Int, value: UnsafeRawBufferPointer?
    ) -> InputMessage? {
        guard let value, let type = headers.signOfLife(further: keyBytes + value.count) else {
            return nil
        }
        let document = UnsafeRawBufferPointer(
            rebasing: value.dropFirst(RegistryFrame.size(of: value)))
        // What is wrong is met again by `read`, which says it.
        return try? signs.read(document, .input) { root throws(JSONReadError) -> InputMessage in
            try InputMessage(type, on: .heartbeats, reading: root)
        }
    }

    /// Reads a record whose bytes are owned; see above.
    package func read(
        _ topic: Topic, key: [UInt8]?, headers: [Header], value: [UInt8]?
    ) throws(UnreadableInput) -> Incoming {
        let keyBytes = key?.count ?? 0
        guard let value else {
            return try read(topic, keyBytes: keyBytes, headers: headers, value: nil)
        }
        return try value.withUnsafeBufferPointer { bytes throws(UnreadableInput) -> Incoming in
            try read(
                topic, keyBytes: keyBytes, headers: headers, value: UnsafeRawBufferPointer(bytes))
        }
    }

    /// Reads the `cause.event` of a decision again, as those do who decide it again.
    package func read(_ topic: Topic, causeEvent: [UInt8]) throws(JSONReadError) -> Incoming {
        try json.read(causeEvent, .journaled) { root throws(JSONReadError) -> Incoming in
            let event = try CloudEvent(reading: root)
            let type = try Self.type(of: event, on: topic)
            let data = try CloudEvent.structuredData(of: root)
            return Incoming(
                message: try InputMessage(type, on: topic, reading: data), event: event)
        }
    }

    /// The type of an event that may lie on the topic.
    private static func type(
        of event: CloudEvent, on topic: Topic
    ) throws(JSONReadError) -> MessageType {
        guard let type = MessageType(name: event.type), type.topics.contains(topic) else {
            throw wrongType(event, on: topic)
        }
        return type
    }

    @inline(never)
    private static func wrongType(_ event: CloudEvent, on topic: Topic) -> JSONReadError {
        let name = JSONExcerpt.quoted(event.type)
        let sentence: String
        if let type = MessageType(name: event.type) {
            let wanted = type.topics.map(\.name).joined(separator: " or ")
            sentence =
                "events of the type \(name) belong on the topic \(wanted), not on \(topic.name)"
        } else {
            sentence = "the type \(name) is none of Muster's\(hint(event.type))"
        }
        return JSONReadError(
            reason: .unknownWord, sentence: sentence,
            pointer: event.mode == .structured ? "/type" : "")
    }

    /// What to say of a name that differs from a known one by its version or its frame.
    private static func hint(_ name: String) -> String {
        for type in MessageType.all {
            let stem = "muster.\(type.shortName).v"
            if name.utf8.starts(with: stem.utf8) {
                return " in that version; this manager reads \(type.name)"
            }
            if NameOrder.areEqual(name, type.shortName) { return "; write \(type.name)" }
        }
        return ""
    }
}
