import CLibrdkafka
import Glibc
import MusterCore
import MusterLog

/// Creates and describes the topics, through the brokers' administration.
struct KafkaTopics {
    let query: KafkaQuery

    var client: KafkaClient { query.client }

    func create(_ wanted: [TopicSettings]) throws(LogError) {
        let known = try describe()
        for settings in wanted {
            guard let old = known.first(where: { $0.topic == settings.topic }) else { continue }
            if old.partitions != settings.partitions {
                throw .topicDiffers(
                    log: client.options.url, settings.topic, found: "\(old.partitions) partitions",
                    wanted: "\(settings.partitions)")
            }
            let (isCompacted, shallBe) = (old.cleanup == .compact, settings.cleanup == .compact)
            if isCompacted != shallBe {
                throw .topicDiffers(
                    log: client.options.url, settings.topic, found: "records \(old.cleanup)",
                    wanted: "\(settings.cleanup)")
            }
        }
        let absent = wanted.filter { settings in !known.contains { $0.topic == settings.topic } }
        let changed = wanted.filter { settings in
            known.contains { $0.topic == settings.topic && $0.cleanup != settings.cleanup }
        }
        if !absent.isEmpty { try create(absent: absent) }
        if !changed.isEmpty { try alter(changed) }
        // Others may be at it too: all are there when this returns.
        try waitForLeaders(of: wanted)
    }

    /// How the topic is set up on the brokers.
    private func configuration(_ settings: TopicSettings) -> [(String, String)] {
        var result = [
            ("message.timestamp.type", "LogAppendTime"),
            ("max.message.bytes", "\(NewRecord.bytesMax + (128 << 10))"),
            ("unclean.leader.election.enable", "false"),
        ]
        if let replication = settings.replication {
            // A majority, so that what was acknowledged survives the loss of any one.
            result.append(("min.insync.replicas", "\(replication / 2 + 1)"))
        }
        switch settings.cleanup {
        case .compact:
            result += [
                ("cleanup.policy", "compact"), ("segment.ms", "600000"),
                ("min.cleanable.dirty.ratio", "0.2"),
            ]
        case .delete(let retention):
            let time = retention.map { "\($0.milliseconds)" } ?? "-1"
            result += [
                ("cleanup.policy", "delete"), ("retention.ms", time), ("retention.bytes", "-1"),
            ]
        }
        return result
    }

    private func create(absent: [TopicSettings]) throws(LogError) {
        var words = [CChar](repeating: 0, count: 512)
        var topics: [OpaquePointer?] = []
        defer { for topic in topics { rd_kafka_NewTopic_destroy(topic) } }
        for settings in absent {
            // A replication of -1 is the broker's default.
            let topic = rd_kafka_NewTopic_new(
                client.name(of: settings.topic), settings.partitions, settings.replication ?? -1,
                &words, words.count)
            guard let topic else {
                throw .unavailable(log: client.options.url, reason: KafkaClient.text(words))
            }
            topics.append(topic)
            for (name, value) in configuration(settings) {
                rd_kafka_NewTopic_set_config(topic, name, value)
            }
        }
        let event = try run(RD_KAFKA_ADMIN_OP_CREATETOPICS) { options, queue in
            rd_kafka_CreateTopics(client.handle, &topics, topics.count, options, queue)
        }
        defer { rd_kafka_event_destroy(event) }
        var count = 0
        let results = rd_kafka_CreateTopics_result_topics(
            rd_kafka_event_CreateTopics_result(event), &count)
        for index in 0..<count {
            let result = results?[index]
            let code = rd_kafka_topic_result_error(result)
            // Another manager may have been quicker.
            if code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS
            {
                continue
            }
            if let said = rd_kafka_topic_result_error_string(result) {
                throw refusal(code, String(cString: said))
            }
            throw client.error(code)
        }
    }

    private func refusal(_ code: rd_kafka_resp_err_t, _ text: String) -> LogError {
        let plain = text.hasSuffix(".") ? String(text.dropLast()) : text
        let reason = "the topics could not be created: \(plain)"
        if case .permission(let log, _) = client.error(code) {
            return .permission(log: log, reason: reason)
        }
        switch code {
        case RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR, RD_KAFKA_RESP_ERR_INVALID_PARTITIONS,
            RD_KAFKA_RESP_ERR_INVALID_CONFIG, RD_KAFKA_RESP_ERR_POLICY_VIOLATION,
            RD_KAFKA_RESP_ERR_INVALID_REQUEST:
            return .refused(log: client.options.url, reason: reason)
        default:
            return .unavailable(log: client.options.url, reason: reason)
        }
    }

    /// A topic that was created is there for everybody a moment later.
    private func waitForLeaders(of wanted: [TopicSettings]) throws(LogError) {
        let deadline = ContinuousClock.now + client.options.timeout * 3
        for settings in wanted {
            for partition in 0..<settings.partitions {
                try waitForLeader(of: TopicPartition(settings.topic, partition), until: deadline)
            }
        }
    }

    private func waitForLeader(
        of partition: TopicPartition, until deadline: ContinuousClock.Instant
    ) throws(LogError) {
        while true {
            do throws(LogError) {
                _ = try query.range(of: partition)
                return
            } catch {
                if ContinuousClock.now >= deadline { throw error }
            }
            _ = try query.partitionCounts()
            usleep(20_000)
        }
    }

    private func alter(_ changed: [TopicSettings]) throws(LogError) {
        var resources: [OpaquePointer?] = []
        defer { for resource in resources { rd_kafka_ConfigResource_destroy(resource) } }
        for settings in changed {
            let resource = rd_kafka_ConfigResource_new(
                RD_KAFKA_RESOURCE_TOPIC, client.name(of: settings.topic))
            // What is not named goes back to the broker's default: so all is named.
            for (name, value) in configuration(settings) {
                rd_kafka_ConfigResource_set_config(resource, name, value)
            }
            resources.append(resource)
        }
        let event = try run(RD_KAFKA_ADMIN_OP_ALTERCONFIGS) { options, queue in
            rd_kafka_AlterConfigs(client.handle, &resources, resources.count, options, queue)
        }
        defer { rd_kafka_event_destroy(event) }
        var count = 0
        let results = rd_kafka_AlterConfigs_result_resources(
            rd_kafka_event_AlterConfigs_result(event), &count)
        for index in 0..<count {
            let code = rd_kafka_ConfigResource_error(results?[index])
            if code != RD_KAFKA_RESP_ERR_NO_ERROR { throw client.error(code) }
        }
        try waitUntilSeen(changed)
    }

    /// A change is seen by the brokers that answer a moment later.
    private func waitUntilSeen(_ wanted: [TopicSettings]) throws(LogError) {
        let deadline = ContinuousClock.now + client.options.timeout
        while ContinuousClock.now < deadline {
            let found = try describe()
            if wanted.allSatisfy(found.contains) { return }
            usleep(20_000)
        }
        throw .unavailable(
            log: client.options.url, reason: "the topics' new settings are not in effect yet")
    }

    /// The topics that exist, in their order.
    func describe() throws(LogError) -> [TopicSettings] {
        let partitions = try query.partitionCounts()
        let found = try configurations(of: Topic.allCases.filter { partitions[$0] != nil })
        return found.map { topic, values in
            let cleanup: TopicSettings.Cleanup
            if values["cleanup.policy"]?.contains("compact") == true {
                cleanup = .compact
            } else {
                let retention = values["retention.ms"].flatMap { Int64($0) } ?? -1
                cleanup = .delete(retention: retention < 0 ? nil : .milliseconds(retention))
            }
            return TopicSettings(topic, partitions: partitions[topic] ?? 0, cleanup: cleanup)
        }
    }

    /// How the brokers keep those topics, in their order.
    func configurations(of topics: [Topic]) throws(LogError) -> [(Topic, [String: String])] {
        if topics.isEmpty { return [] }
        var resources: [OpaquePointer?] = topics.map {
            rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, client.name(of: $0))
        }
        defer { for resource in resources { rd_kafka_ConfigResource_destroy(resource) } }
        let event = try run(RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS) { options, queue in
            rd_kafka_DescribeConfigs(client.handle, &resources, resources.count, options, queue)
        }
        defer { rd_kafka_event_destroy(event) }
        var count = 0
        let results = rd_kafka_DescribeConfigs_result_resources(
            rd_kafka_event_DescribeConfigs_result(event), &count)
        var found: [Topic: [String: String]] = [:]
        for index in 0..<count {
            let resource = results?[index]
            let code = rd_kafka_ConfigResource_error(resource)
            guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { throw client.error(code) }
            let name = rd_kafka_ConfigResource_name(resource).map { String(cString: $0) } ?? ""
            guard let topic = topics.first(where: { client.name(of: $0) == name }) else { continue }
            found[topic] = configuration(of: resource)
        }
        return topics.compactMap { topic in found[topic].map { (topic, $0) } }
    }

    private func configuration(of resource: OpaquePointer?) -> [String: String] {
        var count = 0
        let entries = rd_kafka_ConfigResource_configs(resource, &count)
        var values: [String: String] = [:]
        for index in 0..<count {
            guard let name = rd_kafka_ConfigEntry_name(entries?[index]),
                let value = rd_kafka_ConfigEntry_value(entries?[index])
            else { continue }
            values[String(cString: name)] = String(cString: value)
        }
        return values
    }

    /// Asks the brokers and waits for their answer; the caller destroys the event.
    private func run(
        _ operation: rd_kafka_admin_op_t, _ body: (OpaquePointer?, OpaquePointer?) -> Void
    ) throws(LogError) -> OpaquePointer {
        let queue = rd_kafka_queue_new(client.handle)
        defer { rd_kafka_queue_destroy(queue) }
        let options = rd_kafka_AdminOptions_new(client.handle, operation)
        defer { rd_kafka_AdminOptions_destroy(options) }
        var words = [CChar](repeating: 0, count: 256)
        let limit = client.timeoutMilliseconds
        rd_kafka_AdminOptions_set_request_timeout(options, limit, &words, words.count)
        body(options, queue)
        let event = rd_kafka_queue_poll(queue, limit + 2_000)
        client.poll()
        guard let event else { throw client.error(RD_KAFKA_RESP_ERR__TIMED_OUT) }
        let code = rd_kafka_event_error(event)
        if code != RD_KAFKA_RESP_ERR_NO_ERROR {
            rd_kafka_event_destroy(event)
            throw client.error(code)
        }
        return event
    }
}
