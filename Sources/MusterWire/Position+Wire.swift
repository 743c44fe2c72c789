package import MusterCore

extension Position: WireObject {
    @inline(__always)
    package init(members object: inout JSONObject) throws(JSONReadError) {
        self.init(
            try TopicPartition(members: &object), try object.read("offset"))
    }

    package func writeMembers(to writer: inout JSONWriter) {
        partition.writeMembers(to: &writer)
        writer.put("offset", offset)
    }
}

extension TopicPartition: WireObject {
    @inline(__always)
    package init(members object: inout JSONObject) throws(JSONReadError) {
        self.init(try object.read("topic"), try object.read("partition"))
    }

    package func writeMembers(to writer: inout JSONWriter) {
        writer.put("topic", topic)
        writer.put("partition", partition)
    }
}

/// How far a partition was considered: the offset after the last record considered.
struct NextOffset: WireObject {
    var position: Position

    init(_ position: Position) { self.position = position }

    init(members object: inout JSONObject) throws(JSONReadError) {
        self.init(Position(try TopicPartition(members: &object), try object.read("next")))
    }

    func writeMembers(to writer: inout JSONWriter) {
        position.partition.writeMembers(to: &writer)
        writer.put("next", position.offset)
    }
}
