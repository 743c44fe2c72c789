import CLibrdkafka
import MusterCore
import MusterLog
import MusterRuntime
import Synchronization

/// A member of a group of managers: a consumer that reads nothing and is told which journal
/// partitions are its own. Its thread polls until it is to leave, which the group hears at once.
final class KafkaMembership: Sendable {
    private let isLeaving = Mutex(false)
    private let ended = Latch()

    func start(
        _ options: KafkaOptions, group: String,
        _ assigned: @escaping @Sendable (Set<Int32>) -> Void
    ) throws(LogError) {
        let session = options.sessionTimeout.milliseconds
        let heartbeat = max(2, min(200, session / 5))
        let client = try KafkaClient(
            .consumer, options,
            [
                ("group.id", "\(options.prefix).\(group)"), ("enable.auto.commit", "false"),
                ("partition.assignment.strategy", "range"), ("auto.offset.reset", "error"),
                ("session.timeout.ms", "\(session)"),
                ("heartbeat.interval.ms", "\(heartbeat)"),
                // librdkafka's thread looks whether a heartbeat is due only when it wakes, and with
                // nothing else to do it does so once a second; this wakes it.
                ("statistics.interval.ms", "\(heartbeat / 2)"),
                ("max.poll.interval.ms", "\(max(session, 300_000))"),
            ],
            onRebalance: { client, isAssigned, partitions in
                guard isAssigned, let partitions else {
                    // Work goes on until the successor has taken over: nothing rests on ownership.
                    rd_kafka_assign(client, nil)
                    return
                }
                var own: Set<Int32> = []
                for index in 0..<Int(partitions.pointee.cnt) {
                    own.insert(partitions.pointee.elems[index].partition)
                    partitions.pointee.elems[index].offset = Int64(RD_KAFKA_OFFSET_END)
                }
                rd_kafka_assign(client, partitions)
                rd_kafka_pause_partitions(client, partitions)
                assigned(own)
            })
        rd_kafka_poll_set_consumer(client.handle)
        let list = rd_kafka_topic_partition_list_new(1)
        rd_kafka_topic_partition_list_add(list, client.name(of: .journal), -1)
        let code = rd_kafka_subscribe(client.handle, list)
        rd_kafka_topic_partition_list_destroy(list)
        if code != RD_KAFKA_RESP_ERR_NO_ERROR { throw client.error(code) }
        EngineThread.start { [self] in
            while !isLeaving.withLock({ $0 }) {
                if let message = rd_kafka_consumer_poll(client.handle, 50) {
                    rd_kafka_message_destroy(message)
                }
            }
            rd_kafka_consumer_close(client.handle)
            ended.open()
        }
    }

    var hasEnded: Bool { ended.isOpen }

    func leave() { isLeaving.withLock { $0 = true } }

    /// It never began.
    func abandon() { ended.open() }

    /// Leaves, and returns when the group was told.
    func end() async {
        leave()
        await ended.wait()
    }
}
