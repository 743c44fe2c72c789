package import MusterCore
package import MusterLog
package import MusterWire

/// A manager as a value: what happens goes in, what is to be done comes out.
///
/// It holds the fold of the whole journal, so it may take over any partition, and for the clusters of the
/// partitions that it owns it decides: on the state ahead of what was read back, appending without
/// waiting. What loses the race is void, and a reset considers its inputs again. Commands and views are
/// published for what was read back, never for what was only written. The protocol is that of the
/// journal's specification, rule by rule; this file keeps the order, the extensions hold the parts.
package struct ManagerLoop {
    package let settings: ManagerSettings
    package internal(set) var reader: JournalReader
    /// Beside `reader.clusters`, place by place.
    var workers: [Worker] = []
    var clock = LogClock()
    /// The monotonic time of the input being handled.
    var now: Duration = .zero
    var effects: [LoopEffect] = []
    var tokens: UInt64 = 0
    /// Which worker an append in flight belongs to.
    var appends: [UInt64: Int] = [:]
    /// What the answers to asks for the journal's end are for.
    var asks: [UInt64: Ask] = [:]
    var shares: SortedMap<Int32, Share>
    /// The newest checkpoint of each partition, of whoever wrote it.
    var checkpoints: SortedMap<Int32, Checkpoint>
    /// Inputs in quarantine whose record is not acknowledged, by token.
    var quarantining: [UInt64: Position] = [:]
    /// Snapshots that are not acknowledged, by token.
    var snapshotting: [UInt64: (worker: Int, mark: Worker.SnapshotMark)] = [:]
    var checkpointing: Checkpointing?
    var checkpointDue: Duration = .zero
    var isStopping = false
    var hasFinalCheckpoint = false
    var hasEnded = false
    package internal(set) var counts = LoopCounts()

    let inputs = InputReader()
    let json = JSONReader()
    let records = JournalRecordReader()

    /// What an asked end is wanted for.
    enum Ask: Sendable {
        case reset(worker: Int)
        case checkpoint(partition: Int32)
    }

    /// A partition that this manager works on.
    struct Share: Sendable {
        /// Per input partition where to read on; empty until the log has said where they begin.
        var positions = SortedMap<TopicPartition, Offset>()
        /// What must be read before any timer fires: the ends known when the work began.
        var backlog = SortedMap<TopicPartition, Offset>()
        /// The end of the journal when the work began.
        var journalEnd: Offset?
        /// Whether commands and views of what was accepted are published by this manager.
        var publishes = false

        var isLive: Bool { journalEnd == nil ? false : backlog.isEmpty && publishes }
    }

    /// A checkpoint under way: positions considered, and the ends to which the journal must be read.
    struct Checkpointing: Sendable {
        var positions: SortedMap<Int32, SortedMap<TopicPartition, Offset>>
        var ends: [Int32: Offset] = [:]
        var missing: Int
    }

    /// A manager that begins with what a loader has read.
    ///
    /// - Parameter checkpoints: the newest of each partition.
    package init(
        settings: ManagerSettings, reader: JournalReader, checkpoints: [Checkpoint],
        newest: Timestamp?, now: Duration
    ) {
        self.settings = settings
        self.reader = reader
        self.reader.withEvents = false
        shares = SortedMap()
        self.checkpoints = SortedMap()
        for checkpoint in checkpoints { self.checkpoints[checkpoint.partition] = checkpoint }
        workers = Array(repeating: Worker(), count: reader.clusters.count)
        if let newest { clock.note(newest, isLive: false, now: now) }
        self.now = now
    }

    /// Answers what has happened, in order.
    ///
    /// - Parameter now: the monotonic time, which never falls.
    /// - Returns: what to do, in order.
    package mutating func handle(_ inputs: [LoopInput], now: Duration) -> [LoopEffect] {
        self.now = max(self.now, now)
        for input in inputs where !hasEnded { handle(input) }
        if !hasEnded { goOn() }
        defer { effects.removeAll(keepingCapacity: true) }
        return effects
    }

    private mutating func handle(_ input: LoopInput) {
        switch input {
        case .records(let batch): withExtendedLifetime(batch) { read(batch) }
        case .appended(let token, let place): acknowledge(token, place)
        case .appendFailed(let token, let error): fail(token, error)
        case .published(let token): acknowledgePublished(token)
        case .journalEnd(let ask, let end): answer(ask, end)
        case .assigned(let partitions): assign(partitions)
        case .began(let beginning): begin(beginning)
        case .outOfRange(let position, let kept): rescue(position, kept)
        case .producerReplaced: resetAllInFlight()
        case .time: break
        case .stop: isStopping = true
        }
    }

    /// When to call `handle` with `.time` at the latest, in monotonic time; nil: only an input helps.
    package var wakeUp: Duration? {
        var next: Duration? = shares.isEmpty ? nil : checkpointDue
        func consider(_ moment: Duration) { next = min(next ?? moment, moment) }
        let time = clock.time(now)
        for (index, worker) in workers.enumerated() {
            if worker.notBefore > now { consider(worker.notBefore) }
            guard let due = worker.due, let time, isLive(index) else { continue }
            consider(now + max(.zero, due - time))
        }
        return next
    }

    /// Whether so much waits to be considered that no more inputs should be read for now.
    package var isUnderPressure: Bool {
        counts.queued > settings.queueMax
    }

    func isLive(_ index: Int) -> Bool {
        shares[reader.clusters[index].partition]?.isLive ?? false
    }

    mutating func token() -> UInt64 {
        tokens += 1
        return tokens
    }

    mutating func say(_ level: Remark.Level, _ text: String, _ cluster: ClusterID? = nil) {
        effects.append(.say(Remark(level, text, cluster: cluster)))
    }

    /// The place of a cluster's worker; nil before its partition's header was read.
    mutating func worker(of cluster: ClusterID) -> Int? {
        guard let index = reader.enter(cluster) else { return nil }
        while workers.count <= index { workers.append(Worker()) }
        return index
    }

    /// The state that decisions are made on.
    func ahead(_ index: Int) -> ClusterState {
        workers[index].ahead ?? reader.clusters[index].state
    }

    private mutating func goOn() {
        for index in workers.indices { workOn(index) }
        checkpointIfDue()
        if isStopping { endIfDone() }
    }
}

/// How a manager works.
package struct ManagerSettings: Sendable {
    package var identity: ManagerIdentity
    /// How many decisions of one cluster may be in flight.
    package var windowMax = 256
    package var checkpointInterval: Duration = .seconds(5)
    /// A snapshot is written again when the journal went on by so many records.
    package var snapshotEvery: UInt64 = 1000
    package var queueMax = 20_000
    /// Whether removal delays under a minute are accepted: for tests and demonstrations.
    package var allowsShortRemovalDelay = false

    package init(identity: ManagerIdentity) { self.identity = identity }
}

/// What a loop has done since it began.
package struct LoopCounts: Sendable {
    package var considered: UInt64 = 0
    package var decided: UInt64 = 0
    package var resets: UInt64 = 0
    package var quarantined: UInt64 = 0
    package var heard: UInt64 = 0
    package var misplaced: UInt64 = 0
    package var published: UInt64 = 0
    package var queued: Int = 0
}
