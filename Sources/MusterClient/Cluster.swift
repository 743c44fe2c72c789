package import MusterCore
internal import MusterEngines
package import MusterLog
package import MusterRuntime
internal import MusterWire

/// One cluster on one log, as a service or a tool of it sees it.
///
/// ```swift
/// let orders = try await Cluster("orders", log: "kafka://broker:9092/muster")
/// try await orders.withLease(of: Node("n1", data: "/var/lib/orders")) { lease in
///     try lease.report([GroupReport("g1", .follower, term: 7, leader: "n2", applied: 88_120)])
///     for try await membership in orders.memberships() {
///         print(membership)
///     }
/// }
/// await orders.close()
/// ```
///
/// A value may be used from any task. Every method throws `ClientError`, or `CancellationError`
/// where its task was cancelled.
public struct Cluster: Sendable {
    /// The cluster's name.
    public let name: String
    let id: ClusterID
    let log: any EventLog
    let readers: ReaderPool
    let logger: Logger

    /// Opens a log that exists; close the cluster when done.
    ///
    /// The cluster itself need not exist: it begins with the first thing that is said of it.
    ///
    /// - Parameter url: `kafka://HOST:PORT[,HOST:PORT]/PREFIX` (librdkafka's properties in the
    ///   environment, as `MUSTER_KAFKA_…`), or `sqlite:PATH`.
    /// - Throws: `ClientError`: `invalid` for a name that no cluster may have, or what is wrong
    ///   with the log.
    public init(_ name: String, log url: String) async throws {
        let id: ClusterID = try ClientError.name(name, "cluster")
        let log = try await ClientError.translating {
            // A slip in the name of a log makes no new one.
            let existing = try await LogEngines.open(url, for: .read)
            await existing.close()
            return try await LogEngines.open(url, for: .write)
        }
        self.init(id, log: log, logger: Logger(level: .warning))
    }

    /// A cluster on a log that is open; `close` closes it.
    package init(_ id: ClusterID, log: any EventLog, logger: Logger) {
        name = id.text
        self.id = id
        self.log = log
        self.logger = logger
        readers = ReaderPool(log)
    }

    /// Completes what was said and frees the log. Whatever is asked later fails.
    public func close() async { await log.close() }

    /// The membership as the log has it now.
    public func membership() async throws -> Membership {
        try await ClientError.translating {
            let follower = try await ClusterFollower(id, log, readers)
            return Membership(follower.state, id)
        }
    }

    /// The membership now, and again whenever it becomes another.
    ///
    /// Changes that came together are one element. The sequence ends only with its task; while the
    /// log does not answer it waits.
    public func memberships() -> Memberships { Memberships(self) }

    /// Says as an observer that a node answers. A sign of life, and nothing else follows from it.
    ///
    /// - Parameters:
    ///   - observer: who says it.
    ///   - reason: what was seen, for whoever reads the journal.
    public func reportUp(
        _ node: String, by observer: String, because reason: String = "it answers"
    ) async throws {
        let opinion = try Self.opinion(node, observer, reason)
        _ = try await append(.fact(.nodeReportedUp(opinion)), id: Self.random())
    }

    /// Says as an observer that a node does not answer. At most the node becomes suspect by it.
    public func reportDown(
        _ node: String, by observer: String, because reason: String
    ) async throws {
        let opinion = try Self.opinion(node, observer, reason)
        _ = try await append(.fact(.nodeReportedDown(opinion)), id: Self.random())
    }

    private static func opinion(
        _ node: String, _ observer: String, _ reason: String
    ) throws(ClientError) -> NodeOpinion {
        NodeOpinion(
            node: try ClientError.name(node, "node"),
            observer: try ClientError.name(observer, "observer"), reason: reason)
    }

    /// Appends a message in the cluster's partition, and waits until it is in the log.
    func append(
        _ content: InputMessage.Content, id eventID: String, correlation: String? = nil
    ) async throws -> Position {
        try await ClientError.translating {
            guard let count = try await log.partitionCounts()[.journal] else {
                throw ProjectionError.empty(log: log.url)
            }
            let record = InputMessage(id, content).outgoing(
                EventOrigin(
                    id: eventID, source: "/muster/client",
                    time: Timestamp(milliseconds: SystemClock.wallMilliseconds()),
                    correlation: correlation))
            let partition = TopicPartition(
                record.topic, Partitioner.partition(of: id, count: UInt32(count)))
            let place = try await log.append(
                NewRecord(
                    partition, key: record.key, headers: record.headers, value: record.value))
            return Position(partition, place.offset)
        }
    }

    static func random() -> String {
        var random = SystemRandomNumberGenerator()
        return "\(Identifier(high: random.next(), low: random.next()))"
    }
}
