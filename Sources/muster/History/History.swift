import MusterCommandLine
import MusterCore
import MusterLog
import MusterRuntime
import MusterWire

/// An accepted decision with its place.
struct HistoryEntry {
    let cluster: ClusterID
    let sequence: MusterCore.Sequence
    let hash: Hash
    let decision: Decision
    let position: Position
    let appended: Timestamp
}

extension HistoryEntry {
    init(_ entry: JournalFollower.Entry) {
        self.init(
            cluster: entry.cluster, sequence: entry.sequence, hash: entry.hash,
            decision: entry.decision, position: entry.position, appended: entry.appended)
    }
}

/// The journal read from its start.
struct History {
    let call: Invocation
    let log: any EventLog
    /// Where the reading ends; the projection is as of there.
    let projection: Projection
    /// The decisions that were wanted, in the order of time.
    let entries: [HistoryEntry]

    /// Reads the journal and keeps what is wanted of it.
    ///
    /// - Parameters:
    ///   - ends: per partition where to stop, if not at the end.
    ///   - wanted: told of each accepted decision, with the cluster's state behind it; throws to
    ///     stop.
    init(
        _ call: Invocation, _ log: any EventLog, ends: [Int32: Offset] = [:],
        wanted: @escaping (HistoryEntry, ClusterState) throws -> Bool
    ) async throws {
        self.call = call
        self.log = log
        let cluster: ClusterID? = try call.name(option: CommonOptions.cluster.name)
        var found: [HistoryEntry] = []
        let progress = ProgressBar("reading the journal", total: nil, call.context)
        defer { progress.end() }
        var loader = ProjectionLoader()
        loader.usesSnapshots = false
        loader.withEvents = true
        loader.ends = ends
        loader.onlyPartition = try await Query.partition(call, log)
        loader.onProgress = { done, _ in progress.update(Int64(clamping: done)) }
        loader.onAccepted = { accepted, position, appended, reader in
            let id = reader.clusters[accepted.index].state.id
            guard cluster.map({ $0 == id }) ?? true else { return }
            let entry = HistoryEntry(
                cluster: id, sequence: accepted.sequence, hash: accepted.hash,
                decision: accepted.decision, position: position, appended: appended)
            if try wanted(entry, reader.clusters[accepted.index].state) { found.append(entry) }
        }
        projection = try await loader.load(log)
        entries = found.sorted { ($0.appended, $0.position) < ($1.appended, $1.position) }
        if let cluster, projection.reader.state(of: cluster) == nil { throw Query.unknown(cluster) }
    }

    /// A look at the projection at the end of the reading.
    var query: Query { Query(call: call, log: log, projection: projection) }
}
