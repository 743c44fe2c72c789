import CLibrdkafka
import MusterCore

/// librdkafka's handles of the eight topics; it knows a topic, and asks for it, as long as there is
/// one.
///
/// Owner of the handles: this object, which lets go of them before the client's. `@unchecked
/// Sendable`: the handles never change, and librdkafka takes them on any thread.
final class KafkaTopicHandles: @unchecked Sendable {
    private let handles: [Topic: OpaquePointer]
    private let client: KafkaClient

    init(_ client: KafkaClient) {
        self.client = client
        var handles: [Topic: OpaquePointer] = [:]
        for topic in Topic.allCases {
            handles[topic] = rd_kafka_topic_new(client.handle, client.name(of: topic), nil)
        }
        self.handles = handles
    }

    deinit { for handle in handles.values { rd_kafka_topic_destroy(handle) } }

    subscript(topic: Topic) -> OpaquePointer? { handles[topic] }

    /// Which topic a message's handle is of.
    func topic(at handle: OpaquePointer?) -> Topic? {
        handles.first { $0.value == handle }?.key
    }
}
