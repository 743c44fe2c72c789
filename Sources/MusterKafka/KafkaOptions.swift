package import MusterLog

/// Where a Kafka log is, and how its clients are set up.
package struct KafkaOptions: Sendable {
    /// As it was given, for messages.
    package let url: String
    /// The bootstrap servers, `host:port,host:port`.
    package let servers: String
    /// What the topics' names begin with, before a dot.
    package let prefix: String
    /// librdkafka's properties, over those that Muster sets by itself.
    package var properties: [(name: String, value: String)] = []
    /// How long one question may take.
    package var timeout: Duration = .seconds(10)
    /// After how long a member of a group of managers that is not heard is missed.
    package var sessionTimeout: Duration = .seconds(6)

    /// - Parameter url: `kafka://HOST:PORT[,HOST:PORT]/PREFIX`; the prefix is `muster` unless it
    ///   says otherwise.
    /// - Throws: `badURL`.
    package init(url: String) throws(LogError) {
        self.url = url
        let form =
            "give kafka://HOST:PORT[,HOST:PORT]/PREFIX, for instance kafka://localhost:9092/muster"
        guard url.hasPrefix("kafka://") else { throw .badURL(url, reason: form) }
        let parts = url.dropFirst("kafka://".count).split(
            separator: "/", omittingEmptySubsequences: false)
        let servers = parts.first.map(String.init) ?? ""
        guard !servers.isEmpty, servers.split(separator: ",").allSatisfy({ !$0.isEmpty }) else {
            throw .badURL(url, reason: "it names no broker; \(form)")
        }
        guard parts.count <= 2 else {
            throw .badURL(url, reason: "the prefix holds a slash; \(form)")
        }
        self.servers = servers
        prefix = parts.count == 2 && !parts[1].isEmpty ? String(parts[1]) : "muster"
        let isPlain = prefix.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "-"):
                true
            default: false
            }
        }
        guard isPlain, prefix.utf8.count <= 200 else {
            throw .badURL(
                url,
                reason:
                    "the prefix may have letters, digits, dots, dashes and underscores, at most 200"
            )
        }
    }

    /// Takes over what the environment says: `MUSTER_KAFKA_SECURITY_PROTOCOL` is
    /// `security.protocol`.
    ///
    /// - Throws: `badURL` for a property that Muster depends on.
    package mutating func takeProperties(from environment: [String: String]) throws(LogError) {
        let start = "MUSTER_KAFKA_"
        for name in environment.keys.sorted() where name.hasPrefix(start) {
            let property = name.dropFirst(start.count).lowercased().split(separator: "_")
                .joined(separator: ".")
            try set(property, environment[name] ?? "")
        }
    }

    /// Sets one of librdkafka's properties.
    ///
    /// - Throws: `badURL` for a property that Muster depends on.
    package mutating func set(_ name: String, _ value: String) throws(LogError) {
        if let reason = Self.reserved[name] {
            throw .badURL(url, reason: "the client property \(name) is not yours to set: \(reason)")
        }
        if name == "session.timeout.ms", let milliseconds = Int64(value), milliseconds > 0 {
            sessionTimeout = .milliseconds(milliseconds)
            return
        }
        properties.append((name, value))
    }

    private static let reserved = [
        "bootstrap.servers": "the URL names the brokers",
        "metadata.broker.list": "the URL names the brokers",
        "acks": "an append counts only when all in-sync replicas have it",
        "request.required.acks": "an append counts only when all in-sync replicas have it",
        "enable.idempotence": "appends must keep their order",
        "transactional.id": "Muster uses no transactions",
        "max.in.flight.requests.per.connection": "appends must keep their order",
        "message.max.bytes": "a snapshot must fit",
        "isolation.level": "the journal is read as it lies, inputs as they are committed",
        "auto.offset.reset": "a history that was cut must be noticed",
        "enable.auto.commit": "positions are in the checkpoints",
        "enable.auto.offset.store": "positions are in the checkpoints",
        "enable.partition.eof": "readers must know where they are",
        "partition.assignment.strategy": "managers share partitions by range",
        "group.id": "managers share partitions by --manager-group",
        "partitioner": "Muster names each partition itself",
    ]
}
