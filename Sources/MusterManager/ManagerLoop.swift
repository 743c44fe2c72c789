package import MusterCore
package import MusterLog
package import MusterWire

/// A manager as a value: what happens goes in, what is to be done comes out.
///
/// It holds the fold of the whole journal, so it may take over any partition, and for the clusters
/// of the partitions that it owns it decides: on the state ahead of what was read back, appending
/// without waiting. What loses the race is void, and a reset considers its inputs again. Commands
/// and views are published for what was read back, never for what was only written. The protocol is
/// that of the journal's specification, rule by rule; this file keeps the order, the extensions
/// hold the parts.
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
    /// Where this process began to read inputs: every cluster's inputs below were considered.
    var resumed = SortedMap<TopicPartition, Offset>()
    /// Inputs that are gone from the log, by partition: once all of them are known it ends.
    var lost = SortedMap<Int32, [LostInputs]>()
    /// What is being published and not acknowledged, by token.
    var publications: [UInt64: Publication] = [:]
    /// What could not be published and is tried again at `publishAgain`.
    var unpublished: [Publication] = []
    var publishAgain: Duration = .zero
    var publishFailures = 0
    /// The workers that may have something to do, in the order in which that was noticed.
    var agenda: [Int] = []
    var sight: Sight
    /// How many of them, from the front, were not looked at since something last happened.
    var unlooked = 0
    /// No worker is due before; may be too early, never too late.
    var dueFirst: Timestamp?
    var checkpointing: Checkpointing?
    var checkpointDue: Duration = .zero
    /// Whether inputs are not read for now because too many wait.
    var isHolding = false
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
        /// `read`: how far the journal was read when the log was asked.
        case checkpoint(partition: Int32, read: Offset)
    }

    /// A partition that this manager works on.
    struct Share: Sendable {
        /// The question where the inputs lie.
        let ask: UInt64
        /// Where to resume by the newest checkpoint, as it was when that was asked; nil without
        /// one.
        let resume: SortedMap<TopicPartition, Offset>?
        /// Below that every input was decided by then.
        let passed: SortedMap<TopicPartition, Offset>
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

    /// A checkpoint under way: positions considered, and the ends to which the journal must be
    /// read.
    struct Checkpointing: Sendable {
        var positions: SortedMap<Int32, SortedMap<TopicPartition, Offset>>
        var ends: [Int32: Offset] = [:]
        var missing: Int
        /// Whether nothing was open when it began, and nothing more will be.
        var isFinal: Bool
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
        sight = Sight(clearSince: now, due: now)
        workers = Array(repeating: Worker(), count: reader.clusters.count)
        if let newest { clock.note(newest, isLive: false, now: now) }
        self.now = now
    }

    /// Answers what has happened, in order.
    ///
    /// - Parameter now: the monotonic time, which never falls.
    /// - Returns: what to do, in order.
    package mutating func handle(_ inputs: [LoopInput], now: Duration) -> [LoopEffect] {
        noteStandstill(at: now)
        self.now = max(self.now, now)
        for input in inputs where !hasEnded { handle(input) }
        let isNews = unlooked == 0 || inputs.contains { if case .time = $0 { false } else { true } }
        if !hasEnded { goOn(isNews: isNews) }
        // Room for a turn like this one, but never for the largest there was: so large a piece of
        // memory, taken anew at each call, costs more than the turn.
        let result = effects
        effects = []
        effects.reserveCapacity(min(result.count, 128))
        return result
    }

    private mutating func handle(_ input: LoopInput) {
        switch input {
        case .records(let batch): withExtendedLifetime(batch) { read(batch) }
        case .appended(let token, let place): acknowledge(token, place)
        case .appendFailed(let token, let error): fail(token, error)
        case .published(let token): acknowledgePublished(token)
        case .publishFailed(let token, let error): failPublishing(token, error)
        case .journalEnd(let ask, let end): answer(ask, end)
        case .assigned(let partitions): assign(partitions)
        case .began(let beginning): begin(beginning)
        case .outOfRange(let position, let kept): rescue(position, kept)
        case .producerReplaced: resetAllInFlight()
        case .time: break
        case .stop: stop()
        }
    }

    /// When to call `handle` with `.time` at the latest, in monotonic time; nil: only an input
    /// helps.
    package var wakeUp: Duration? {
        var next: Duration?
        func consider(_ moment: Duration) { next = min(next ?? moment, moment) }
        if !shares.isEmpty && checkpointing == nil { consider(checkpointDue) }
        if !unpublished.isEmpty { consider(publishAgain) }
        if sight.isAwaited { consider(sight.due) }
        if unlooked > 0 { consider(now) }
        for index in agenda where workers[index].notBefore > now {
            consider(workers[index].notBefore)
        }
        if let dueFirst, let time = clock.time(now) { consider(now + max(.zero, dueFirst - time)) }
        return next
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
        addWorkers()
        return index
    }

    /// One worker for each cluster of the reader.
    mutating func addWorkers() {
        while workers.count < reader.clusters.count {
            var worker = Worker()
            worker.settled = resumed
            worker.considered = resumed
            workers.append(worker)
        }
    }

    /// Says that there may be something to do for a cluster.
    mutating func touch(_ index: Int) {
        if workers[index].isOnAgenda { return }
        workers[index].isOnAgenda = true
        agenda.append(index)
    }

    /// The state that decisions are made on.
    func ahead(_ index: Int) -> ClusterState {
        workers[index].ahead ?? reader.clusters[index].state
    }

    /// Works on so many clusters that what is decided is under way while the rest is looked at.
    private mutating func goOn(isNews: Bool) {
        touchDue()
        watchSight()
        if isNews { unlooked = agenda.count }
        let turn = agenda.prefix(min(unlooked, settings.turnMax))
        agenda.removeFirst(turn.count)
        unlooked -= turn.count
        for index in turn {
            workers[index].isOnAgenda = false
            workOn(index)
            if !isIdle(index) { touch(index) }
        }
        holdOrGoOnReading()
        publishAgainIfDue()
        checkpointIfDue()
        if isStopping { endIfDone() }
    }

    /// Puts on the agenda whatever the clock alone makes due.
    private mutating func touchDue() {
        guard !isStopping, let first = dueFirst, let time = clock.time(now), first <= time else {
            return
        }
        dueFirst = nil
        for index in workers.indices {
            guard let due = workers[index].due else { continue }
            if due > time {
                dueFirst = min(dueFirst ?? due, due)
            } else if isLive(index) {
                touch(index)
            }
        }
    }
}

/// How a manager works.
package struct ManagerSettings: Sendable {
    package var identity: ManagerIdentity
    /// How many decisions of one cluster may be in flight.
    package var windowMax = 256
    /// How many clusters are worked on before what they decided goes to the log.
    package var turnMax = 256
    package var checkpointInterval: Duration = .seconds(5)
    /// A snapshot is written again when the journal went on by so many records.
    package var snapshotEvery: UInt64 = 1000
    package var queueMax = 20_000
    /// A shorter standstill is none, however short the leases are.
    package var standstillMin: Duration = .seconds(2)
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
