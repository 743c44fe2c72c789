import CLibrdkafka
import Testing

/// librdkafka's built-in brokers, in this process: they do what they are told, errors included.
///
/// Owner of the handles: this object, which ends the brokers with its last reference. `@unchecked
/// Sendable`: the library takes its calls on any thread.
final class MockBrokers: @unchecked Sendable {
    private let client: OpaquePointer
    private let cluster: OpaquePointer
    /// `host:port` of all of them.
    let servers: String

    /// What a client asks for, by Kafka's numbers.
    enum Request: Int16 {
        case produce = 0
        case fetch = 1
        case metadata = 3
    }

    init(_ count: Int32) throws {
        var words = [CChar](repeating: 0, count: 256)
        let conf = try #require(rd_kafka_conf_new())
        client = try #require(rd_kafka_new(RD_KAFKA_PRODUCER, conf, &words, words.count))
        cluster = try #require(rd_kafka_mock_cluster_new(client, count))
        servers = String(cString: try #require(rd_kafka_mock_cluster_bootstraps(cluster)))
    }

    deinit {
        rd_kafka_mock_cluster_destroy(cluster)
        rd_kafka_destroy(client)
    }

    func create(_ topic: String, _ partitions: Int32) {
        _ = rd_kafka_mock_topic_create(cluster, topic, partitions, 1)
    }

    /// The next requests of that kind are answered with these errors.
    func fail(_ request: Request, with errors: [rd_kafka_resp_err_t]) {
        var errors = errors
        rd_kafka_mock_push_request_errors_array(
            cluster, request.rawValue, errors.count, &errors)
    }

    /// Requests of that kind are understood from one version to another.
    func limit(_ request: Request, to versions: ClosedRange<Int16>) {
        rd_kafka_mock_set_apiversion(
            cluster, request.rawValue, versions.lowerBound, versions.upperBound)
    }

    func setDown(_ broker: Int32, _ isDown: Bool) {
        _ =
            isDown
            ? rd_kafka_mock_broker_set_down(cluster, broker)
            : rd_kafka_mock_broker_set_up(cluster, broker)
    }
}
