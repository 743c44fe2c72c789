import CLibrdkafka
import MusterCore
import Synchronization

/// librdkafka's handles of topics: it knows a topic, and asks the brokers for it again and again,
/// as long as there is one. So there is none of a topic that the user may not see.
///
/// Owner of the handles: this object, which lets go of them before the client's. `@unchecked
/// Sendable`: librdkafka takes them on any thread.
final class KafkaTopicHandles: @unchecked Sendable {
    private let handles: Mutex<Handles>
    private let client: KafkaClient

    /// Pointers, which a lock may hold.
    private struct Handles: @unchecked Sendable {
        var all: [Topic: OpaquePointer] = [:]
    }

    /// - Parameter topics: known from the beginning, so that their first use is not late.
    init(_ client: KafkaClient, knowing topics: some Collection<Topic> = []) {
        self.client = client
        handles = Mutex(Handles())
        for topic in topics { _ = self[topic] }
    }

    deinit { for handle in handles.withLock({ $0.all.values }) { rd_kafka_topic_destroy(handle) } }

    subscript(topic: Topic) -> OpaquePointer? {
        let found = handles.withLock { handles in
            if handles.all[topic] == nil {
                handles.all[topic] = rd_kafka_topic_new(
                    client.handle, client.name(of: topic), nil)
            }
            return Handles(all: handles.all.filter { $0.key == topic })
        }
        return found.all[topic]
    }

    /// Which topic a message's handle is of.
    func topic(at handle: OpaquePointer?) -> Topic? {
        let number = handle.map { UInt(bitPattern: $0) }
        return handles.withLock { handles in
            handles.all.first { UInt(bitPattern: $0.value) == number }?.key
        }
    }
}
