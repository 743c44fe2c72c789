package import MusterCore

/// A record of the commands topic: what an agent is to do.
package struct CommandRecord: Hashable, Sendable {
    package var cluster: ClusterID
    package var id: CommandID
    package var command: Command
    /// The correlation of the decision that holds it; empty when there is none.
    package var correlation: String

    package init(cluster: ClusterID, id: CommandID, command: Command, correlation: String) {
        self.cluster = cluster
        self.id = id
        self.command = command
        self.correlation = correlation
    }

    package var type: MessageType { .command(command.action.wireName) }

    /// Reads the data of a command's record.
    ///
    /// - Parameter correlation: what the event's `correlationid` says.
    package init(
        reading value: JSONValue, correlation: String
    ) throws(JSONReadError) {
        var object = try value.object()
        self.init(
            cluster: try object.read("cluster"), id: try object.read("command"),
            command: try Command(members: &object), correlation: correlation)
        try object.finish()
    }

    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.put("cluster", cluster)
            writer.put("command", id)
            command.writeMembers(to: &writer)
        }
    }

    /// The record for the log. Its `causationid` is the decision's id; whoever publishes it, and
    /// how often, the event is the same.
    package func outgoing() -> OutgoingRecord {
        var writer = JSONWriter()
        write(to: &writer)
        let event = CloudEvent(
            id: "\(cluster)/\(id)", source: OutgoingRecord.managerSource, type: type.name,
            subject: "\(cluster)/\(command.executor.node)",
            correlation: correlation.isEmpty ? nil : correlation,
            causation: JournalRecord.reference(cluster, id.sequence, prefix: id.prefix))
        return OutgoingRecord(
            topic: .commands, cluster: cluster, key: Array(cluster.text.utf8),
            headers: event.headers, value: writer.bytes)
    }
}

extension CommandRecord {
    /// Reads a record of the commands topic.
    ///
    /// - Throws: what is wrong with it; agents skip such a record and say so.
    package init(
        headers: [Header], value: [UInt8]?, reader: CloudEventReader
    ) throws(UnreadableInput) {
        self = try reader.read(key: nil, headers: headers, value: value) {
            event, data throws(JSONReadError) -> CommandRecord in
            let record = try CommandRecord(reading: data, correlation: event.correlation ?? "")
            guard NameOrder.areEqual(record.type.name, event.type) else {
                throw data.invalid(
                    "the event's type \(JSONExcerpt.quoted(event.type)) is not the action's")
            }
            return record
        }
    }
}
