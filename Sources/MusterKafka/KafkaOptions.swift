import Glibc
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
    /// - Throws: `badProperty`.
    package mutating func takeProperties(from environment: [String: String]) throws(LogError) {
        let start = "MUSTER_KAFKA_"
        for name in environment.keys.sorted() where name.hasPrefix(start) {
            let property = name.dropFirst(start.count).lowercased().split(separator: "_")
                .joined(separator: ".")
            try set(property, environment[name] ?? "")
        }
    }

    /// Sets one of librdkafka's properties, which counts more than one set before. The name of a
    /// secret with `.file` behind it names the file that holds it.
    ///
    /// - Throws: `badProperty` for one that Muster depends on, and for a file that cannot be read.
    package mutating func set(_ name: String, _ value: String) throws(LogError) {
        if let reason = Self.reserved[name] {
            throw .badProperty(name, reason: "it is not yours to set, because \(reason)")
        }
        if name.hasSuffix(".file"), Self.secrets.contains(String(name.dropLast(5))) {
            properties.append((String(name.dropLast(5)), try Self.secret(in: value, name)))
            return
        }
        if name == "session.timeout.ms", let milliseconds = Int64(value), milliseconds > 0 {
            sessionTimeout = .milliseconds(milliseconds)
            return
        }
        properties.append((name, value))
    }

    static let secrets: Set<String> = [
        "sasl.password", "ssl.key.password", "ssl.keystore.password", "ssl.key.pem",
        "sasl.oauthbearer.client.secret", "sasl.oauthbearer.config",
    ]

    /// What a file holds, without the end of its last line.
    private static func secret(in path: String, _ name: String) throws(LogError) -> String {
        guard let file = fopen(path, "r") else {
            throw .badProperty(name, reason: "\(path): \(String(cString: strerror(errno)))")
        }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: secretMax + 1)
        let count = fread(&bytes, 1, bytes.count, file)
        if ferror(file) != 0 {
            throw .badProperty(name, reason: "\(path): \(String(cString: strerror(errno)))")
        }
        guard count <= secretMax, !bytes.prefix(count).contains(0) else {
            throw .badProperty(
                name, reason: "\(path) holds no secret: a text of at most \(secretMax) bytes")
        }
        var text = String(decoding: bytes.prefix(count), as: UTF8.self)
        if text.hasSuffix("\r\n") || text.hasSuffix("\n") { text.removeLast() }
        if text.isEmpty { throw .badProperty(name, reason: "\(path) is empty") }
        return text
    }

    private static let secretMax = 64 << 10

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
        "statistics.interval.ms": "a manager is alive for its group by what is due with it",
    ]
}
