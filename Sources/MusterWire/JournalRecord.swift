package import MusterCore

/// One record of the journal: a decision and its place in its cluster's chain.
package struct JournalRecord: Hashable, Sendable {
    package var envelope: JournalEnvelope
    package var decision: Decision

    package init(_ envelope: JournalEnvelope, _ decision: Decision) {
        self.envelope = envelope
        self.decision = decision
    }

    /// The value's bytes, whose SHA-256 is the record's hash: the same for the same record in every
    /// process.
    package var bytes: [UInt8] {
        var writer = JSONWriter(capacity: 2048)
        write(to: &writer)
        return writer.bytes
    }

    /// Writes the value, the first and only one of the writer.
    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.put("cluster", envelope.cluster)
            writer.put("seq", envelope.sequence)
            writer.put("previous", envelope.previous)
            writer.name("decision")
            writer.object { decision.writeMembers(to: &$0) }
        }
    }

    /// The most bytes that a record may have.
    package static let bytesMax = 512 << 10

    /// The record for the log. Key and headers repeat things for people and tools; nothing in them
    /// is ever read back.
    ///
    /// - Parameters:
    ///   - hash: the hash of `value`.
    ///   - cause: the event that the decision answers; nil for a wake-up.
    package func outgoing(value: [UInt8], hash: Hash, cause: CloudEvent?) -> OutgoingRecord {
        let id = Self.reference(envelope.cluster, envelope.sequence, prefix: hash.words.0)
        let event = CloudEvent(
            id: id, source: OutgoingRecord.managerSource, type: MessageType.decision.name,
            subject: envelope.cluster.text,
            correlation: decision.correlation.isEmpty ? nil : decision.correlation,
            causation: cause?.id, traceParent: cause?.traceParent, traceState: cause?.traceState)
        return OutgoingRecord(
            topic: .journal, cluster: envelope.cluster, key: Array(envelope.cluster.text.utf8),
            headers: event.headers, value: value)
    }

    /// How a decision is named in `id` and `causationid`: CLUSTER/SEQ:PREFIX.
    package static func reference(
        _ cluster: ClusterID, _ sequence: MusterCore.Sequence, prefix: UInt64
    ) -> String {
        let id = CommandID(sequence: sequence, index: 0, prefix: prefix).description
        return "\(cluster)/\(sequence):\(id.suffix(16))"
    }
}

/// Why the content of an accepted record cannot be read; the cluster stops there.
package enum DecisionError: Error, Hashable, Sendable {
    /// The record has a format of which this program knows nothing: a newer one reads it.
    case upgrade(format: String)
    /// The format is known and the content is none of it: the record was damaged or made by hand.
    case damaged(JSONReadError)
    /// It passes over the record before it, which this program could read all the same: whoever
    /// wrote it could not, and holds another state.
    case disputed(MusterCore.Sequence)
}

extension DecisionError: CustomStringConvertible {
    /// A sentence part that completes "the record …", safe to show on a terminal.
    package var description: String {
        switch self {
        case .upgrade(let format):
            "has the format \(JSONExcerpt.quoted(format)), which this version cannot read; "
                + "use the version of Muster that wrote it"
        case .damaged(let error):
            "is damaged: \(error)"
        case .disputed(let sequence):
            "passes over decision \(sequence) as damaged, which this version can read; look at it "
                + "with the version that could not"
        }
    }
}

/// Reads the records of the journal, exactly. One per thread, kept; see `JSONReader`, which it
/// owns.
package final class JournalRecordReader {
    private let json: JSONReader

    package init() { json = JSONReader(capacity: 1 << 16) }

    /// Reads the decision of a candidate record.
    ///
    /// - Parameter withEvent: whether the bytes of `cause.event` are wanted; folding needs none.
    package func decision(
        of value: UnsafeRawBufferPointer, withEvent: Bool = false
    ) throws(DecisionError) -> Decision {
        do {
            return try json.read(value, .exact) { root throws(JSONReadError) -> Decision in
                var record = try root.object()
                for name in Self.envelope { _ = record.member(name) }
                var content = try record.required("decision").object()
                let event = withEvent ? Self.event(in: value) : []
                let decision = try Decision(members: &content, event: event)
                try content.finish()
                try record.finish()
                return decision
            }
        } catch {
            if let format = foreignFormat(of: value) { throw .upgrade(format: format) }
            throw .damaged(error)
        }
    }

    /// Reads a decision whose bytes are owned; see above.
    package func decision(
        of value: [UInt8], withEvent: Bool = false
    ) throws(DecisionError) -> Decision {
        try value.withUnsafeBufferPointer { bytes throws(DecisionError) -> Decision in
            try decision(of: UnsafeRawBufferPointer(bytes), withEvent: withEvent)
        }
    }

    private static let envelope: [StaticString] = ["cluster", "seq", "previous"]

    private static func event(in value: UnsafeRawBufferPointer) -> [UInt8] {
        let path: [StaticString] = ["decision", "cause", "event"]
        guard let range = JSONSource.range(at: path, in: value) else { return [] }
        return [UInt8](value[range])
    }

    /// The format that a record says it has, when that is not ours.
    private func foreignFormat(of value: UnsafeRawBufferPointer) -> String? {
        // A record whose format cannot be read at all is damaged: the first error says how.
        let format = try? json.read(value, .exact) { root throws(JSONReadError) -> String in
            var record = try root.object()
            var content = try record.required("decision").object()
            return try content.required("format").string()
        }
        guard let format, !NameOrder.areEqual(format, Decision.format.description) else {
            return nil
        }
        return format
    }
}
