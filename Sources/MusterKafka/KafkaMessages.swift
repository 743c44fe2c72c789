import CLibrdkafka
import MusterCore
import MusterLog
import Synchronization

/// Frees the messages of one drain with the last batch over them. `@unchecked Sendable`: the
/// messages do not change, but for their headers, which librdkafka unpacks when they are first
/// asked for.
final class KafkaMessages: @unchecked Sendable {
    let pointers: [UnsafeMutablePointer<rd_kafka_message_t>]
    /// Keeps the client while its messages are in use.
    private let client: KafkaClient
    private let unpacking = Mutex(())

    init(_ pointers: [UnsafeMutablePointer<rd_kafka_message_t>], _ client: KafkaClient) {
        self.pointers = pointers
        self.client = client
    }

    deinit { for message in pointers { rd_kafka_message_destroy(message) } }

    func headers(at place: UnsafeRawBufferPointer) -> [Header] {
        guard let start = place.baseAddress else { return [] }
        let message = UnsafeMutablePointer(
            mutating: start.assumingMemoryBound(to: rd_kafka_message_t.self))
        return unpacking.withLock { _ in KafkaHeaders.read(message) }
    }

    func walk(
        _ place: UnsafeRawBufferPointer,
        _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer?) -> Void
    ) {
        guard let start = place.baseAddress else { return }
        let message = UnsafeMutablePointer(
            mutating: start.assumingMemoryBound(to: rd_kafka_message_t.self))
        unpacking.withLock { _ in KafkaHeaders.walk(message, body) }
    }
}
