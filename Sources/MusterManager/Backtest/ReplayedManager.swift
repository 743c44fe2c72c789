internal import MusterCore
internal import MusterLog
internal import MusterWire

/// A manager on a recorded world: the real `ManagerLoop`, given records at the times at which they
/// were appended, on a journal of its own that takes every append at once. No other clock runs.
struct ReplayedManager {
    private(set) var outcome = PolicyOutcome()
    /// What made it give up; nil while it works.
    private(set) var trouble: String?
    private var loop: ManagerLoop
    private let cluster: ClusterID
    private let home: Int32
    private var journalEnd = Offset(1)
    /// Where the inputs of each partition begin.
    private let starts: SortedMap<TopicPartition, Offset>
    /// What lies there when it begins.
    private var backlog: SortedMap<TopicPartition, Offset>
    private let decisions = JournalRecordReader()
    /// The removals that the recorded world knows too; any other is taken back once it is noted.
    private let followed: FollowedRemovals
    private var cancels: UInt64 = 0
    private var started: [PolicyOutcome.Removal] = []

    /// A partition of requests that no log has: those of the back-test itself.
    static func ownRequests(of home: Int32, _ count: UInt32) -> TopicPartition {
        TopicPartition(.requests, home + Int32(clamping: count) * 1000)
    }

    private let own: TopicPartition

    /// - Parameters:
    ///   - state: where it begins.
    ///   - starts: per input partition the first offset that will be given; where none is said, 0.
    ///   - followed: the removals of the recorded world.
    ///   - heard: what nodes said before; their heartbeats begin with it.
    init(
        _ state: ClusterState, header: JournalHeader, starts: SortedMap<TopicPartition, Offset>,
        followed: FollowedRemovals, from: Timestamp, heard: RecordBatch
    ) throws(JournalReader.Failure) {
        cluster = state.id
        home = Partitioner.partition(of: state.id, count: header.partitions)
        own = Self.ownRequests(of: home, header.partitions)
        self.followed = followed
        var all = starts
        all[own] = .zero
        all[heard.partition] = .zero
        for partition in 0..<Int32(header.partitions) {
            for topic in [Topic.events, .requests] {
                let place = TopicPartition(topic, partition)
                if all[place] == nil { all[place] = .zero }
            }
        }
        self.starts = all
        var reader = JournalReader()
        for partition in 0..<Int32(header.partitions) {
            try reader.take(header: header.bytes, of: partition)
            reader.skip(to: Offset(1), of: partition)
        }
        reader.take(state, headOffset: .zero, from: .zero)
        var settings = ManagerSettings(
            identity: ManagerIdentity(id: Identifier(high: 0, low: 0), version: "back-test"))
        settings.checkpointInterval = .seconds(1 << 40)
        settings.allowsShortRemovalDelay = true
        loop = ManagerLoop(
            settings: settings, reader: reader, checkpoints: [], newest: from,
            now: Self.monotonic(from))
        backlog = SortedMap()
        backlog[heard.partition] = heard.next
        perform([.assigned(Set(0..<Int32(header.partitions)))], at: from)
        if heard.count > 0 { perform([.records(heard)], at: from) }
    }

    /// Monotonic time is the log's.
    private static func monotonic(_ moment: Timestamp) -> Duration {
        .milliseconds(moment.milliseconds)
    }

    var state: ClusterState? { loop.reader.state(of: cluster) }

    // MARK: Time and records

    /// Lets the clock run up to a moment.
    mutating func run(until moment: Timestamp) {
        while trouble == nil, let due = loop.wakeUp, due < Self.monotonic(moment) {
            carryOut([.time], at: Timestamp(milliseconds: due.milliseconds))
        }
    }

    /// Gives records, all of one moment.
    mutating func take(_ batches: [RecordBatch], at moment: Timestamp) {
        run(until: moment)
        carryOut(batches.map { .records($0) }, at: moment)
    }

    /// Notes how many more voters each of the groups could have lost.
    mutating func look(at groups: [GroupID], _ moment: Timestamp) {
        guard let index = loop.reader.index(of: cluster) else { return }
        let state = loop.ahead(index)
        for group in groups where state.groups[group]?.configuration != nil {
            let health = state.health(
                of: group, evidence: loop.workers[index].evidence, at: moment)
            if health.unusable == nil, !health.voters.isEmpty {
                outcome.note(health.spare, of: group, at: moment)
            }
        }
    }

    /// A removal that the recorded world does not follow is noted and taken back: else it would
    /// hold the cluster's one slot for ever, and nothing behind it would be seen.
    private mutating func carryOut(_ inputs: [LoopInput], at moment: Timestamp) {
        for _ in 0..<64 where trouble == nil {
            let before = self
            started = []
            perform(inputs, at: moment)
            guard let stray = started.first(where: { !followed.contains($0) }) else { return }
            let isCancelled =
                before.loop.reader.state(of: cluster)?.nodes[stray.node]?.removal != nil
            if !isCancelled { return }
            var outcome = before.outcome
            outcome.removals.append(stray)
            self = before
            self.outcome = outcome
            cancel(stray.node, at: moment)
        }
    }

    private mutating func cancel(_ node: NodeID, at moment: Timestamp) {
        let request = Request(
            id: RequestID(unchecked: "back-test cancel \(cancels)"),
            principal: Principal(unchecked: "back-test"), reason: "the recorded world goes on",
            validFor: .seconds(1 << 40), onlyAt: nil, overrides: [], action: .cancel(node: node))
        ask(request, at: moment)
    }

    /// Asks for something that nobody has asked for in the recorded world.
    mutating func ask(_ request: Request, at moment: Timestamp) {
        let message = InputMessage(cluster, .request(request))
        let record = message.outgoing(
            EventOrigin(id: "back-test/\(cancels)", source: "/muster/back-test"))
        let batch = RecordBatch.copying(
            [
                LogRecord(
                    position: Position(own, Offset(cancels)), appended: moment, key: record.key,
                    headers: record.headers, value: record.value)
            ], of: own)
        cancels += 1
        perform([.records(batch)], at: moment)
    }

    // MARK: The loop

    private mutating func perform(_ inputs: [LoopInput], at moment: Timestamp) {
        var inputs = inputs
        while !inputs.isEmpty, trouble == nil {
            let effects = loop.handle(inputs, now: Self.monotonic(moment))
            inputs = []
            for effect in effects { perform(effect, at: moment, &inputs) }
        }
    }

    private mutating func perform(
        _ effect: LoopEffect, at moment: Timestamp, _ answers: inout [LoopInput]
    ) {
        switch effect {
        case .append(let token, let record):
            note(record)
            let position = Position(record.partition, journalEnd)
            answers.append(
                .appended(token: token, Appended(offset: journalEnd, appended: moment)))
            journalEnd = journalEnd.next
            let read = LogRecord(
                position: position, appended: moment, key: nil, headers: [], value: record.value)
            answers.append(.records(RecordBatch.copying([read], of: record.partition)))
        case .publish(let token, _):
            answers.append(.published(token: token))
        case .askJournalEnd(let ask, let partition):
            answers.append(
                .journalEnd(ask: ask, partition == home ? journalEnd : Offset(1)))
        case .begin(let ask, let partition, _, _):
            answers.append(.began(beginning(ask, partition)))
        case .halt(let reason), .restart(let reason):
            trouble = reason
        case .read, .stopReading, .check, .say, .ended:
            break
        }
    }

    /// Only what was heard before lies there when it begins: whatever else comes is new.
    private func beginning(_ ask: UInt64, _ partition: Int32) -> Beginning {
        let shares = Int32(clamping: loop.reader.header?.partitions ?? 1)
        let kept = starts.filter { $0.key.partition % shares == partition }.map {
            (partition: $0.key, range: $0.value..<(backlog[$0.key] ?? $0.value))
        }
        var heartbeats = SortedMap<TopicPartition, Offset>()
        for (place, range) in kept where place.topic == .heartbeats {
            heartbeats[place] = range.lowerBound
        }
        return Beginning(
            ask: ask, partition: partition, kept: kept, heartbeats: heartbeats,
            journalEnd: partition == home ? journalEnd : Offset(1))
    }

    private mutating func note(_ record: NewRecord) {
        do {
            let decision = try decisions.decision(of: record.value ?? [])
            let known = outcome.removals.count
            outcome.note(decision)
            started += outcome.removals[known...]
        } catch {
            trouble = "a decision of its own \(error)"
        }
    }
}

/// The removals for silence that the recorded world has seen.
struct FollowedRemovals: Sendable {
    private var began: [StoreID: [Timestamp]] = [:]
    private var returned: [NodeID: [Timestamp]] = [:]

    init(_ decisions: [RecordedDecision]) {
        for each in decisions {
            for event in each.decision.events {
                switch event {
                case .sagaStarted(let saga, _) where PolicyOutcome.isAutomatic(saga):
                    began[saga.store, default: []].append(each.decision.at)
                case .nodeReturned(let node):
                    returned[node, default: []].append(each.decision.at)
                default: break
                }
            }
        }
    }

    /// Whether the recorded world removes the node as well, without its coming back in between.
    func contains(_ removal: PolicyOutcome.Removal) -> Bool {
        (began[removal.store] ?? []).contains { moment in
            let between = min(moment, removal.began)...max(moment, removal.began)
            return !(returned[removal.node] ?? []).contains { between.contains($0) }
        }
    }
}
