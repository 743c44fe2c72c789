package import MusterCore

/// A message of one of the three input topics: what nodes, agents and operators say.
package struct InputMessage: Hashable, Sendable {
    package var cluster: ClusterID
    package var content: Content

    /// What a message says.
    package enum Content: Hashable, Sendable {
        case fact(Fact)
        case request(Request)
        case heartbeat(Heartbeat)
        /// A report that changes nothing hard, on the heartbeats topic.
        case report(GroupsReport)
    }

    package init(_ cluster: ClusterID, _ content: Content) {
        self.cluster = cluster
        self.content = content
    }

    package var topic: Topic {
        switch content {
        case .fact: .events
        case .request: .requests
        case .heartbeat, .report: .heartbeats
        }
    }

    package var type: MessageType {
        switch content {
        case .fact(let fact): fact.type
        case .request(let request): request.action.type
        case .heartbeat: .heartbeat
        case .report: .groupObserved
        }
    }

    /// Reads the data of a message.
    init(
        _ type: MessageType, on topic: Topic, reading value: JSONValue
    ) throws(JSONReadError) {
        var object = try value.object()
        let cluster: ClusterID = try object.read("cluster")
        switch topic {
        case .heartbeats where type == .heartbeat:
            self.init(cluster, .heartbeat(try Heartbeat(members: &object)))
        case .heartbeats where type == .groupObserved:
            self.init(cluster, .report(try GroupsReport(members: &object)))
        default:
            if let fact = try Fact(type, members: &object) {
                self.init(cluster, .fact(fact))
            } else if let request = try Request(type, members: &object) {
                self.init(cluster, .request(request))
            } else {
                throw value.invalid("messages of the type \(type.name) are no inputs")
            }
        }
        try object.finish()
    }

    /// Writes the data of the message.
    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.put("cluster", cluster)
            switch content {
            case .fact(let fact): fact.writeMembers(to: &writer)
            case .request(let request): request.writeMembers(to: &writer)
            case .heartbeat(let heartbeat): heartbeat.writeMembers(to: &writer)
            case .report(let report): report.writeMembers(to: &writer)
            }
        }
    }

    /// The record for the log, in binary mode.
    package func outgoing(_ origin: EventOrigin) -> OutgoingRecord {
        var writer = JSONWriter()
        write(to: &writer)
        let subject = node.map { "\(cluster)/\($0)" } ?? cluster.text
        let event = CloudEvent(
            id: origin.id, source: origin.source, type: type.name,
            time: origin.time.map { InternetTime.text(milliseconds: $0.milliseconds) },
            subject: subject, correlation: origin.correlation, causation: origin.causation,
            traceParent: origin.traceParent, traceState: origin.traceState)
        return OutgoingRecord(
            topic: topic, cluster: cluster, key: Array(cluster.text.utf8),
            headers: event.headers, value: writer.bytes)
    }

    private var node: NodeID? {
        switch content {
        case .fact(let fact): fact.node
        case .request(let request): request.action.node
        case .heartbeat(let heartbeat): heartbeat.identity.node
        case .report(let report): report.observer.node
        }
    }
}

/// What a publisher says of an event besides its content.
package struct EventOrigin: Hashable, Sendable {
    /// Unique among the events of the source.
    package var id: String
    /// Who says it, a URI reference.
    package var source: String
    /// When it happened by the publisher's clock; nothing is decided by it.
    package var time: Timestamp?
    package var correlation: String?
    /// The id of the event that this one follows from; of an outcome the command's event.
    package var causation: String?
    package var traceParent: String?
    package var traceState: String?

    package init(
        id: String, source: String, time: Timestamp? = nil, correlation: String? = nil,
        causation: String? = nil, traceParent: String? = nil, traceState: String? = nil
    ) {
        self.id = id
        self.source = source
        self.time = time
        self.correlation = correlation
        self.causation = causation
        self.traceParent = traceParent
        self.traceState = traceState
    }
}
