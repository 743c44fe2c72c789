internal import MusterCore
internal import MusterLog
internal import MusterWire
internal import Synchronization

/// Follows a cluster by its log, as any auditor could: what it tells comes from the journal and
/// from heartbeats, never from the story's own script.
final class StoryObserver: Sendable {
    private let log: any EventLog
    private let cluster: ClusterID
    private let partition: Int32
    private let seen: Mutex<Seen>
    private let tell: @Sendable (StoryLine) -> Void

    private struct Seen: Sendable {
        var state: ClusterState?
        /// How much of each copy was told, in tenths.
        var told: [String: UInt64] = [:]
    }

    init(
        log: any EventLog, cluster: ClusterID, partition: Int32,
        tell: @escaping @Sendable (StoryLine) -> Void
    ) {
        self.log = log
        self.cluster = cluster
        self.partition = partition
        self.tell = tell
        seen = Mutex(Seen())
    }

    /// The cluster as it was read so far; nil before its first decision.
    var state: ClusterState? { seen.withLock { $0.state } }

    /// Reads until the task is cancelled.
    func run() async throws {
        let reader = try await log.makeReader()
        let journal = TopicPartition(.journal, partition)
        let heartbeats = TopicPartition(.heartbeats, partition)
        reader.assign(journal, from: try await log.range(of: journal).lowerBound)
        reader.assign(heartbeats, from: try await log.range(of: heartbeats).upperBound)
        var fold = JournalReader()
        let inputs = InputReader()
        while !Task.isCancelled {
            for batch in try await reader.next(max: 512, waitingUpTo: .milliseconds(500)) {
                for index in batch.indices {
                    let record = batch.record(at: index)
                    if batch.partition.topic == .journal {
                        try follow(record, &fold)
                    } else {
                        hear(record, inputs)
                    }
                }
            }
        }
        await reader.close()
    }

    private func follow(_ record: LogRecord, _ fold: inout JournalReader) throws {
        guard let value = record.value else { return }
        let reading = try value.withUnsafeBytes { bytes throws(JournalReader.Failure) in
            try fold.read(bytes, at: record.position.offset, of: partition)
        }
        guard case .accepted(let accepted) = reading,
            fold.clusters[accepted.index].state.id == cluster
        else { return }
        let state = fold.clusters[accepted.index].state
        seen.withLock { $0.state = state }
        for event in accepted.decision.events {
            if let line = StoryLine(event, at: record.appended, state) { tell(line) }
        }
    }

    private func hear(_ record: LogRecord, _ inputs: InputReader) {
        // What cannot be read goes to quarantine by the manager; the story has nothing to tell of
        // it.
        guard
            let incoming = try? inputs.read(
                .heartbeats, key: record.key, headers: record.headers, value: record.value),
            incoming.message.cluster == cluster,
            case .heartbeat(let heartbeat) = incoming.message.content
        else { return }
        for copy in heartbeat.copies {
            guard let total = copy.bytesTotal, total > 0 else { continue }
            let node = heartbeat.identity.node
            let tenths = copy.bytes * 4 / total
            let isNews = seen.withLock { seen in
                let key = "\(node)/\(copy.group)/\(total)"
                if tenths == 0 || seen.told[key] == tenths { return false }
                seen.told[key] = tenths
                return true
            }
            if isNews {
                let (done, all) = (copy.bytes / 1_000_000, total / 1_000_000)
                tell(
                    StoryLine(
                        at: record.appended, subject: node.text,
                        text: "copies \(copy.group): \(done) of \(all) MB"))
            }
        }
    }
}
