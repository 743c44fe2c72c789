import MusterCommandLine
import MusterCore
import MusterEngines
import MusterLog
import MusterManager
import MusterRuntime
import MusterWire

/// `verify`: is the history what was decided, whole and in order?
enum VerifyCommand {
    static let command = MusterCommandLine.Command(
        "verify", "check that the journal is whole, unchanged and decided as it says",
        discussion: """
            Reads the journal from its start, checks every chain from the partition's header, and \
            decides every recorded input again, on the state that its record extends and with the \
            evidence that it carries. Where the inputs are still in their topics, they are held \
            against the decisions, and none may have been passed over. Void records, which lost a \
            race, are counted and named; they are no fault.

            Nothing inside a log shows that its end was cut off, or that its last record was \
            changed. Keep the heads that this prints (-o name) elsewhere, and give them back: \
            --expect or --expect-from. Ends with exit code 9 when something was found.
            """,
        examples: [
            .init("verify", "the log, its inputs included"),
            .init("verify -o name > heads.txt", "note the heads of all clusters"),
            .init("verify --expect-from heads.txt", "and later: they must still be there"),
            .init(
                "verify --file journal-0.txt --file journal-1.txt",
                "a copy of the journal, one value a line, a file for each partition"),
        ],
        options: [
            CommonOptions.cluster,
            CommandOption(
                "file", value: "FILE", .text,
                "a partition's copy, one value a line; PARTITION=FILE where it cannot be told",
                repeats: true),
            CommandOption(
                "expect", value: "HEAD", .text,
                "a head that must be there: SEQ:HASH, or CLUSTER=SEQ:HASH", repeats: true),
            CommandOption(
                "expect-from", value: "FILE", .file, "a file with such heads, one a line"),
            CommandOption(flag: "journal-only", summary: "leave the input topics alone"),
            CommandOption(
                flag: "strict", summary: "a record that lies there twice is a fault too"),
        ],
        exitCodes: [.altered, .notFound, .notPermitted], shape: AuditView.shape,
        layout: AuditView.layout
    ) { call in
        let wanted = try ExpectedHeads(call)
        let files = call.texts("file")
        let clock = ContinuousClock()
        let start = clock.now
        var view: AuditView
        if files.isEmpty {
            view = try await call.withLog(for: .read) { log in
                try await AuditRun(call, log).view(wanted)
            }
        } else {
            view = try await CopyAuditRun(call, files).view(wanted)
        }
        view.elapsed = clock.now - start
        try call.show(view.value)
        return try view.exitCode(call)
    }
}

/// An audit of a log.
struct AuditRun {
    let call: Invocation
    let log: any EventLog

    init(_ call: Invocation, _ log: any EventLog) {
        self.call = call
        self.log = log
    }

    func view(_ wanted: ExpectedHeads) async throws -> AuditView {
        let only = try await Query.partition(call, log)
        let counts = try await log.partitionCounts()
        guard let partitions = counts[.journal] else { throw ProjectionError.empty(log: log.url) }
        let topics: [Topic] = call.flag("journal-only") ? [] : [.events, .requests]
        // The ends of the inputs first: what is appended meanwhile is nobody's fault.
        var spans = try await spans(topics, counts)
        let kept = spans
        var isEmpty = true
        for partition in 0..<partitions where only.map({ $0 == partition }) ?? true {
            let place = TopicPartition(.journal, partition)
            spans[place] = try await log.range(of: place)
            if spans[place]?.isEmpty == false { isEmpty = false }
        }
        if isEmpty { throw ProjectionError.empty(log: log.url) }
        var audit = JournalAudit(expectations: try await wanted.resolved { try await cluster() })
        if !topics.isEmpty && only == nil {
            audit.checkInputs(kept: kept, passed: try await passed())
        } else {
            for place in kept.keys { spans[place] = nil }
        }
        try await read(spans, &audit)
        audit.finish()
        try requireCluster(audit)
        return AuditView(audit) { CauseView.place($0) }
    }

    private func spans(
        _ topics: [Topic], _ counts: [Topic: Int32]
    ) async throws -> SortedMap<TopicPartition, Range<Offset>> {
        var spans = SortedMap<TopicPartition, Range<Offset>>()
        for topic in topics {
            for partition in 0..<(counts[topic] ?? 0) {
                let place = TopicPartition(topic, partition)
                spans[place] = try await log.range(of: place)
            }
        }
        return spans
    }

    /// Up to where every input was considered, by the checkpoints.
    private func passed() async throws -> SortedMap<TopicPartition, Offset> {
        var passed = SortedMap<TopicPartition, Offset>()
        for checkpoint in try await ProjectionLoader().checkpoints(of: log) {
            for (place, offset) in checkpoint.positions {
                passed[place] = max(passed[place] ?? .zero, offset)
            }
        }
        return passed
    }

    private func read(
        _ spans: SortedMap<TopicPartition, Range<Offset>>, _ audit: inout JournalAudit
    ) async throws {
        var total: UInt64 = 0
        for range in spans.values { total += range.upperBound.value - range.lowerBound.value }
        let progress = ProgressBar("verifying", total: Int64(clamping: total), call.context)
        defer { progress.end() }
        let timeline = try await TimelineReader(
            log, spans.map { (partition: $0.key, range: $0.value) })
        var done: Int64 = 0
        do {
            while let run = try await timeline.next() {
                for index in run.indices {
                    if run.partition.topic == .journal {
                        audit.read(run.batch[index], of: run.partition.partition)
                    } else {
                        audit.hear(run.batch, index)
                    }
                }
                done += Int64(run.indices.count)
                progress.update(done)
            }
        } catch {
            await timeline.close()
            throw error
        }
        await timeline.close()
    }

    /// The only cluster of the log, for a head that names none.
    private func cluster() async throws -> ClusterID { try await Query(call, log).cluster().id }

    private func requireCluster(_ audit: JournalAudit) throws {
        guard let name: ClusterID = try call.name(option: CommonOptions.cluster.name),
            audit.reader.index(of: name) == nil, audit.reader.rootless[name] == nil
        else { return }
        throw Query.unknown(name)
    }
}
