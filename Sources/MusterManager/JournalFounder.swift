internal import MusterCore
package import MusterLog
internal import MusterWire

/// Begins a journal where there is none: the topics, and a header in each journal partition.
///
/// Several may do so at once: the first header of partition 0 wins, and all others repeat its
/// identity.
package struct JournalFounder {
    private let log: any EventLog
    private let partitions: Int32
    private let replication: Int32?

    /// - Parameter replication: as `TopicSettings` has it.
    package init(log: any EventLog, partitions: Int32, replication: Int32? = nil) {
        self.log = log
        self.partitions = partitions
        self.replication = replication
    }

    /// Creates what is missing and changes nothing that is there.
    ///
    /// - Returns: what might be better about the topics.
    /// - Throws: `topicUnsafe` when safety cannot rest on a topic that was there, and what the log
    ///   throws.
    @discardableResult
    package func found() async throws -> [LogReport.Finding] {
        let known = try await log.describeTopics()
        let count = known.first { $0.topic == .journal }?.partitions ?? partitions
        // Looked for first: whoever has decided something had made all headers before.
        let hasTraces = try await hasTraces(known)
        if hasTraces, !known.contains(where: { $0.topic == .journal }) {
            throw JournalReader.Failure.lost(0)
        }
        let missing = TopicSettings.standard(
            partitions: count, replication: replication
        ).filter { settings in !known.contains { $0.topic == settings.topic } }
        if !missing.isEmpty { try await log.createTopics(missing) }
        let findings = try await log.inspect().findings
        if let finding = findings.first(where: { $0.severity == .blocking }) {
            throw LogError.topicUnsafe(log: log.url, finding)
        }
        var random = SystemRandomNumberGenerator()
        var header = JournalHeader(
            log: Identifier(high: random.next(), low: random.next()),
            partitions: UInt32(count))
        for partition in 0..<count {
            if let found = try await first(of: TopicPartition(.journal, partition)) {
                header = found
                continue
            }
            if hasTraces { throw JournalReader.Failure.lost(partition) }
            header = try await self.header(of: partition, proposing: header)
        }
        return findings
    }

    /// Whether anything lies there that only follows from decisions.
    private func hasTraces(_ known: [TopicSettings]) async throws -> Bool {
        for settings in known where [.commands, .members, .snapshots].contains(settings.topic) {
            for number in 0..<settings.partitions {
                let place = TopicPartition(settings.topic, number)
                if try await log.range(of: place).upperBound > .zero { return true }
            }
        }
        return false
    }

    /// The header of the partition, which is the proposed one where there was none.
    private func header(
        of partition: Int32, proposing proposal: JournalHeader
    ) async throws -> JournalHeader {
        let place = TopicPartition(.journal, partition)
        let record = proposal.outgoing(partition: UInt32(partition))
        _ = try await log.append(
            NewRecord(place, key: record.key, headers: record.headers, value: record.value))
        guard let found = try await first(of: place) else {
            throw JournalReader.Failure.noHeader(partition)
        }
        return found
    }

    private func first(of place: TopicPartition) async throws -> JournalHeader? {
        let range = try await log.range(of: place)
        var offset = range.lowerBound
        while offset < range.upperBound {
            if let value = try await log.readOne(Position(place, offset))?.value {
                if JournalHeader.begins(value) {
                    do {
                        return try JournalHeader(value, reader: JSONReader())
                    } catch {
                        throw JournalReader.Failure.badHeader(place.partition, "\(error)")
                    }
                }
                if JournalEnvelope(of: value) != nil {
                    throw JournalReader.Failure.noHeader(place.partition)
                }
            }
            offset = offset.next
        }
        // Something stood there and was deleted: a new header would begin another journal.
        if range.lowerBound > .zero { throw JournalReader.Failure.noHeader(place.partition) }
        return nil
    }
}
