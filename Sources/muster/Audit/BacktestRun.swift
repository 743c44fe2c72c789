import MusterCommandLine
import MusterCore
import MusterEngines
import MusterLog
import MusterManager
import MusterRuntime
import MusterWire

/// Reads what a back-test needs and gives it to it, in the order of time.
struct BacktestRun {
    private let call: Invocation
    private let log: any EventLog
    private let patch: PolicyPatch
    private let path: String
    private let from: Timestamp?
    private let to: Timestamp
    private let wrongWithin: Duration

    init(_ call: Invocation, _ log: any EventLog, _ patch: PolicyPatch, path: String) {
        self.call = call
        self.log = log
        self.patch = patch
        self.path = path
        from = call.time("from").map { Timestamp(milliseconds: $0) }
        to = Timestamp(milliseconds: call.time("to") ?? call.context.now())
        wrongWithin = call.duration("wrong-within") ?? .seconds(600)
    }

    /// What can still be read of the cluster's inputs.
    private struct Kept {
        /// Where each input partition begins.
        var starts = SortedMap<TopicPartition, Offset>()
        /// What is to be read of it.
        var spans: [(partition: TopicPartition, range: Range<Offset>)] = []
        /// From when heartbeats are kept; nil: since ever.
        var heardFrom: Timestamp?
        /// From when inputs are kept; nil: since ever.
        var inputsFrom: Timestamp?
    }

    func view() async throws -> BacktestView {
        let recording = try await recording()
        guard let policy = try effectivePolicy(recording) else {
            throw CommandError(
                .notFound,
                "cluster \(recording.state.id) had no policy by then: nothing was decided",
                advice: "give a later --to, or begin where it has one")
        }
        let lead = (patch.applied(to: policy).lease + policy.lease) * 2
        let kept = try await kept(recording, lead: lead)
        var test: Backtest
        do {
            test = try Backtest(recording, patch: patch, starts: kept.starts)
        } catch {
            throw self.error(error)
        }
        let synthetic = try await feed(&test, recording, kept, policy, lead: lead)
        let report = test.report(to: to, wrongWithin: wrongWithin)
        return BacktestView(
            recording: recording, report: report, policy: policy,
            otherPolicy: patch.applied(to: policy), to: min(to, max(test.until, recording.from)),
            counts: (test.inputCount, test.heardCount - synthetic, synthetic),
            inputsFrom: kept.inputsFrom, heardFrom: kept.heardFrom,
            wrongWithin: wrongWithin)
    }

    private func error(_ failure: Backtest.Failure) -> any Error {
        switch failure {
        case .journal(let failure): failure
        case .invalidPolicy(let refusal):
            CommandError.usage(
                "the policy \(path) would be refused: \(Wording.sentence(refusal))")
        case .stopped(let reason):
            CommandError(.failed, "the back-test could not go on: \(reason)")
        }
    }

    // MARK: The journal

    /// The cluster as it was, and what was decided since; a while beyond the end, for what became
    /// of the last removals.
    private func recording() async throws -> Backtest.Recording {
        let id = try await Query(call, log).cluster().id
        let begin = from ?? .zero
        let end = to + wrongWithin
        var state: ClusterState?
        var decisions: [RecordedDecision] = []
        let history = try await History(call, log) { entry, after in
            guard entry.cluster == id, entry.appended <= end else { return false }
            if entry.appended < begin {
                state = after
            } else {
                decisions.append(
                    RecordedDecision(
                        sequence: entry.sequence, hash: entry.hash, decision: entry.decision,
                        appended: entry.appended))
            }
            return false
        }
        let reader = history.projection.reader
        guard let header = reader.header, let partition = reader.partition(of: id),
            let genesis = reader.headers[partition]
        else { throw ProjectionError.empty(log: log.url) }
        if decisions.isEmpty, state == nil {
            throw CommandError(
                .notFound, "nothing was decided about cluster \(id) by then",
                advice: "`muster log` lists the decisions with their times")
        }
        let first = decisions.first.map { min($0.appended, $0.decision.at) } ?? begin
        return Backtest.Recording(
            header: header, state: state ?? ClusterState(id: id, genesis: genesis),
            from: from ?? first, decisions: decisions)
    }

    /// The policy at the beginning, or else the first that was configured.
    private func effectivePolicy(_ recording: Backtest.Recording) throws -> Policy? {
        if let policy = recording.state.policy { return policy }
        for each in recording.decisions where each.decision.at <= to {
            for case .policyConfigured(let policy) in each.decision.events { return policy }
        }
        return nil
    }

    // MARK: The inputs

    private func kept(_ recording: Backtest.Recording, lead: Duration) async throws -> Kept {
        var kept = Kept()
        let counts = try await log.partitionCounts()
        let home = Partitioner.partition(
            of: recording.state.id, count: recording.header.partitions)
        let begin = recording.from - lead
        for topic in [Topic.events, .requests, .heartbeats] {
            for number in 0..<(counts[topic] ?? 0) {
                let place = TopicPartition(topic, number)
                let isHome = number % Int32(clamping: recording.header.partitions) == home
                if topic == .heartbeats && !isHome { continue }
                let range = try await log.range(of: place)
                let next = topic == .heartbeats ? nil : recording.state.next[place]
                kept.starts[place] = next ?? .zero
                if range.isEmpty && range.lowerBound == .zero { continue }
                if range.lowerBound > next ?? .zero {
                    let first = try await firstTime(of: place, range)
                    if topic == .heartbeats {
                        kept.heardFrom = max(kept.heardFrom ?? first, first)
                    } else {
                        kept.inputsFrom = max(kept.inputsFrom ?? first, first)
                    }
                }
                guard let found = try await log.offset(of: place, since: begin) else { continue }
                let low = max(found, next ?? .zero, range.lowerBound)
                let end = try await log.offset(of: place, since: to + wrongWithin)
                let high = min(end ?? range.upperBound, range.upperBound)
                if low < high { kept.spans.append((place, low..<high)) }
            }
        }
        if let heard = kept.heardFrom, heard <= begin { kept.heardFrom = nil }
        if let inputs = kept.inputsFrom, inputs <= begin { kept.inputsFrom = nil }
        return kept
    }

    /// When the first record that is kept was appended; now, where none is.
    private func firstTime(
        of place: TopicPartition, _ range: Range<Offset>
    ) async throws -> Timestamp {
        if let record = try await log.readOne(Position(place, range.lowerBound)) {
            return record.appended
        }
        return range.isEmpty ? to + wrongWithin : .zero
    }

    /// Gives everything in the order of time.
    ///
    /// - Returns: how many signs of life were made up from the journal.
    private func feed(
        _ test: inout Backtest, _ recording: Backtest.Recording, _ kept: Kept, _ policy: Policy,
        lead: Duration
    ) async throws -> UInt64 {
        let steps = [policy, patch.applied(to: policy)].map {
            min($0.heartbeatInterval, $0.lease / 3, $0.observationAgeMax / 2)
        }
        let begin = recording.from - lead
        let end = to + wrongWithin
        let world = RecordedWorld(
            recording, since: begin, until: min(kept.heardFrom ?? begin, end),
            step: steps.min() ?? .seconds(1), kept: starts(kept))
        var feed = Feed(test, world)
        let progress = ProgressBar("folding", total: nil, call.context)
        defer { progress.end() }
        let timeline = try await TimelineReader(log, kept.spans)
        do {
            while let run = try await timeline.next() {
                for index in run.indices {
                    try feed.catchUp(to: run.batch[index].appended)
                    try feed.take(run.batch, index, heardFrom: kept.heardFrom)
                }
                progress.update(feed.done)
            }
            try feed.catchUp(to: end)
            // Who decides is there, even where nobody is heard any more; what is due at a moment is
            // decided by one that comes to be behind it.
            let decided = recording.decisions.last.map { $0.decision.at + .milliseconds(1) }
            let last = max(decided ?? feed.test.until, feed.test.until)
            try feed.test.finish(at: min(to, last))
        } catch {
            await timeline.close()
            throw (error as? Backtest.Failure).map { self.error($0) } ?? error
        }
        await timeline.close()
        test = feed.test
        return feed.made
    }

    /// What was kept and what follows from the journal, put together.
    private struct Feed {
        var test: Backtest
        var done: Int64 = 0
        var made: UInt64 = 0
        private var world: RecordedWorld
        private var held: RecordedInput?
        private let inputs = InputReader()

        init(_ test: Backtest, _ world: RecordedWorld) {
            self.test = test
            self.world = world
            held = self.world.next()
        }

        /// Gives what follows from the journal, up to a moment.
        mutating func catchUp(to moment: Timestamp) throws {
            while let record = held, record.appended <= moment {
                if record.position.partition.topic == .heartbeats { made += 1 }
                done += 1
                try test.take(record)
                held = world.next()
            }
        }

        /// Gives a record that was kept.
        mutating func take(_ batch: RecordBatch, _ index: Int, heardFrom: Timestamp?) throws {
            let view = batch[index]
            let topic = batch.partition.topic
            if topic == .heartbeats, let heardFrom, view.appended < heardFrom { return }
            // What is no input lies in quarantine.
            guard
                let incoming = try? inputs.read(
                    topic, keyBytes: view.key?.count ?? 0, headers: batch.headers(at: index),
                    value: view.value)
            else { return }
            done += 1
            try test.take(
                RecordedInput(
                    incoming, at: Position(batch.partition, view.offset), appended: view.appended))
        }
    }

    /// Where the inputs that are read from their topics begin.
    private func starts(_ kept: Kept) -> SortedMap<TopicPartition, Offset> {
        var starts = SortedMap<TopicPartition, Offset>()
        for span in kept.spans { starts[span.partition] = span.range.lowerBound }
        return starts
    }
}
