import MusterCommandLine
import MusterCore
import MusterEngines
import MusterLog
import MusterRuntime

/// A look at the projection: read straight from the log, so that it works when no manager runs.
struct Query {
    let call: Invocation
    let log: any EventLog
    let projection: Projection

    /// Reads the projection and answers with what `body` prints.
    ///
    /// How fresh the answer is goes to standard error.
    static func run(
        _ call: Invocation, _ body: (Query) async throws -> ExitCode
    ) async throws -> ExitCode {
        try await call.withLog(for: .read) { log in
            let query = try await Query(call, log)
            query.sayFreshness()
            query.sayTroubles()
            return try await body(query)
        }
    }

    init(call: Invocation, log: any EventLog, projection: Projection) {
        self.call = call
        self.log = log
        self.projection = projection
    }

    /// Reads only the partition of the cluster that was asked for, where one was.
    init(_ call: Invocation, _ log: any EventLog) async throws {
        self.call = call
        self.log = log
        var loader = ProjectionLoader()
        loader.onlyPartition = try await Query.partition(call, log)
        let progress = ProgressBar("reading the journal", total: nil, call.context)
        loader.onProgress = { done, _ in progress.update(Int64(clamping: done)) }
        projection = try await loader.load(log)
        progress.end()
    }

    /// The partition of the cluster that `--cluster` names; nil: all are wanted.
    static func partition(_ call: Invocation, _ log: any EventLog) async throws -> Int32? {
        guard let name: ClusterID = try call.name(option: CommonOptions.cluster.name),
            let count = try await journalPartitions(log)
        else { return nil }
        return Partitioner.partition(of: name, count: count)
    }

    static func journalPartitions(_ log: any EventLog) async throws -> UInt32? {
        try await log.partitionCounts()[.journal].map { UInt32($0) }
    }

    /// All clusters, or the one that was asked for, in the order of their names.
    func clusters() throws -> [ClusterState] {
        let all = projection.clusters.filter { $0.head.sequence.value > 0 }
        guard let name: ClusterID = try call.name(option: CommonOptions.cluster.name) else {
            return all
        }
        guard let found = all.first(where: { $0.id == name }) else {
            throw Self.unknown(name)
        }
        return [found]
    }

    /// The cluster that was asked for, or else the only one.
    func cluster() throws -> ClusterState {
        let found = try clusters()
        if found.count > 1 {
            throw CommandError.usage(
                "the log holds \(found.count) clusters: \(Self.list(found))",
                advice: "say which one with --cluster NAME or MUSTER_CLUSTER")
        }
        guard let only = found.first else {
            throw CommandError(
                .notFound, "the log \(log.url) holds no cluster yet",
                advice: "publish the first facts of one, or `muster configure --cluster NAME`")
        }
        return only
    }

    static func unknown(_ cluster: ClusterID) -> CommandError {
        CommandError(
            .notFound, "there is no cluster \"\(cluster.text)\" in this log",
            advice: "`muster clusters` lists those that are there")
    }

    static func list(_ clusters: [ClusterState]) -> EscapedText {
        let names = clusters.prefix(8).map { EscapedText($0.id.text) }
        let rest: EscapedText = clusters.count > 8 ? ", …" : ""
        return EscapedText.joined(names, by: ", ") + rest
    }

    /// The append time of the newest journal record that is in the answer; nil when there is none.
    var newest: Timestamp? {
        let states = projection.clusters.map(\.at).max()
        return [projection.newest, states].compactMap { $0 }.max()
    }

    /// The moment at which the log stands: its newest record or now, whichever is later.
    var now: Timestamp {
        max(newest ?? .zero, Timestamp(milliseconds: call.context.now()))
    }

    func sayFreshness() {
        let counts: EscapedText =
            projection.snapshotCount == 0
            ? "\(projection.recordCount) records read"
            : "\(projection.snapshotCount) snapshots and \(projection.recordCount) records read"
        guard let newest else { return call.output.note("the journal is empty: \(counts)") }
        let age = max(0, call.context.now() - newest.milliseconds)
        call.output.note(
            """
            as of \(DurationText.text(milliseconds: age)) ago, the newest journal record \
            (\(counts))
            """)
    }

    /// Says of clusters that could not be read to their end why.
    func sayTroubles() {
        for trouble in JournalTrouble.all(in: projection) {
            call.output.note("warning: \(trouble.sentence)")
        }
    }
}
