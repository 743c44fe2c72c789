import MusterCore
import MusterLog
import MusterWire

/// Hears what a manager would have heard: the recent heartbeats and observations of one cluster.
///
/// A dry run decides on it, and tables count healthy voters by it.
struct EvidenceLoader {
    let log: any EventLog
    let state: ClusterState
    let partition: Int32

    /// - Parameter now: the moment of the log; how far to look back is counted from it.
    func load(now: Timestamp) async throws -> Evidence {
        let from = begin(now)
        var records: [LogRecord] = []
        let counts = try await log.partitionCounts()
        for topic in [Topic.events, .heartbeats] {
            let numbers = stride(
                from: partition, to: counts[topic] ?? 0, by: Int(counts[.journal] ?? 1))
            for number in numbers {
                records += try await read(TopicPartition(topic, number), since: from)
            }
        }
        records.sort { $0.appended < $1.appended }
        let inputs = InputReader()
        var evidence = Evidence()
        for record in records {
            // What is no input lies in quarantine already; it says nothing here.
            guard
                let incoming = try? inputs.read(
                    record.position.partition.topic, key: record.key, headers: record.headers,
                    value: record.value),
                incoming.message.cluster == state.id
            else { continue }
            hear(incoming.message, record, &evidence)
        }
        return evidence
    }

    /// As a manager that takes over: from the beginning of the oldest running deadline.
    private func begin(_ now: Timestamp) -> Timestamp {
        let policy = state.policy ?? Policy()
        let margin = policy.lease * (Policy.downLeases + 1)
        var from = now - margin - policy.stabilization
        for node in state.nodes.values {
            if let removal = node.removal { from = min(from, removal.since - margin) }
        }
        return from
    }

    private func hear(
        _ message: InputMessage, _ record: LogRecord, _ evidence: inout Evidence
    ) {
        let heard = Evidence.Heard(position: record.position, appended: record.appended)
        let lease = state.policy?.lease ?? Policy().lease
        switch message.content {
        case .heartbeat(let heartbeat): evidence.hear(heartbeat, heard, lease: lease)
        case .report(let report), .fact(.groupObserved(let report)):
            if state.listens(to: report.observer) {
                evidence.hear(report, heard, lease: lease)
            }
        case .fact(.nodeUp(let up)):
            let isCurrent = state.nodes[up.identity.node]?.identity == up.identity
            evidence.hear(up, heard, lease: lease, isCurrent: isCurrent)
        case .fact, .request: break
        }
    }

    private func read(
        _ partition: TopicPartition, since moment: Timestamp
    ) async throws -> [LogRecord] {
        guard let from = try await log.offset(of: partition, since: moment) else { return [] }
        let end = try await log.range(of: partition).upperBound
        var records: [LogRecord] = []
        let span = PartitionSpan(log: log, partition: partition, from: from, to: end)
        try await span.read { records.append($0) }
        return records
    }
}
