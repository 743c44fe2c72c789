internal import MusterAgent
internal import MusterCore
internal import MusterLog
internal import MusterManager
internal import MusterWire

/// A manager's place: the loop while a process runs, and what is on its way to it.
struct ManagerSeat {
    var loop: ManagerLoop?
    /// Counts the processes; what belongs to an earlier one comes to nothing.
    var epoch: UInt64 = 0
    var reads = SortedMap<TopicPartition, Offset>()
    var inbox: [LoopInput] = []
    /// When it looks again.
    var turnAt: Timestamp?
    var pausedUntil = World.dawn
    /// Until when it does not reach the log.
    var cutUntil = World.dawn
    /// Until when it does not see what is new in the journal.
    var lagUntil = World.dawn
    var share: Set<Int32> = []
    /// How often the partitions were divided while it ran.
    var divisions = 0
    /// What has been in flight in it as it is, and since when.
    var stuck: (text: String, since: Timestamp)?
    /// Until when it does not see what is new in a partition.
    var lateUntil = SortedMap<TopicPartition, Timestamp>()
    /// Before what moment no append of it lands.
    var landsAt = World.dawn
}

extension World {
    /// Each manager's own monotonic clock, which may go a little wrong.
    func clock(ofManager index: Int) -> Duration {
        sinceDawn * options.rates[index] / 1000 + .seconds(index * 3600)
    }

    mutating func beginManager(_ index: Int) async throws {
        guard managers[index].loop == nil else { return }
        let away = max(logAwayUntil, managers[index].cutUntil)
        if away > now { return queue.add(.beginManager(index), at: away + .milliseconds(50)) }
        let projection = try await ProjectionLoader().load(log.engine(at: logNow))
        managers[index].epoch += 1
        let epoch = managers[index].epoch
        let identity = ManagerIdentity(
            id: Identifier(high: UInt64(index + 1), low: epoch), version: "s")
        var settings = ManagerSettings(identity: identity)
        settings.windowMax = options.windowMax
        settings.snapshotEvery = options.snapshotEvery
        settings.checkpointInterval = options.checkpointInterval
        settings.allowsShortRemovalDelay = true
        managers[index].loop = ManagerLoop(
            settings: settings, reader: projection.reader, checkpoints: projection.checkpoints,
            newest: projection.newest, now: clock(ofManager: index))
        managers[index].reads = SortedMap()
        managers[index].inbox = []
        managers[index].turnAt = nil
        for (partition, offset) in projection.reader.positions {
            managers[index].reads[TopicPartition(.journal, partition)] = offset
            let snapshots = TopicPartition(.snapshots, partition)
            managers[index].reads[snapshots] = log.end(of: snapshots)
        }
        tell("M\(index) begins as process \(epoch)")
        share()
    }

    /// Ends a manager's process; what it had sent may land all the same.
    mutating func crashManager(_ index: Int) {
        guard managers[index].loop != nil else { return }
        tell("M\(index) crashes")
        managers[index].loop = nil
        managers[index].epoch += 1
        managers[index].reads = SortedMap()
        managers[index].share = []
        share()
    }

    /// Gives the partitions to the managers that run, sometimes late.
    mutating func share() {
        let living = managers.indices.filter { managers[$0].loop != nil }
        for (place, index) in living.enumerated() {
            var own: Set<Int32> = []
            for partition in 0..<SimulatedLog.partitions
            where Int(partition) % living.count == place {
                own.insert(partition)
            }
            managers[index].divisions += 1
            add(
                .assign(index, own, division: managers[index].divisions),
                in: dice.time(5, isCalm ? 50 : 800))
        }
    }

    /// Once all is calm, what was said last counts, though it lands before what was said first:
    /// else a partition could be nobody's for ever.
    mutating func assign(_ index: Int, _ partitions: Set<Int32>, division: Int) {
        guard managers[index].loop != nil, !isCalm || division == managers[index].divisions else {
            return
        }
        managers[index].share = partitions
        managers[index].inbox.append(.assigned(partitions))
        wakeManager(index, in: .milliseconds(1))
    }

    mutating func wakeManager(_ index: Int, in delay: Duration) {
        let at = max(now + delay, managers[index].pausedUntil)
        if let turn = managers[index].turnAt, turn <= at { return }
        managers[index].turnAt = at
        queue.add(.manager(index), at: at)
    }

    mutating func turnManager(_ index: Int) throws {
        guard managers[index].turnAt == now, managers[index].loop != nil else { return }
        managers[index].turnAt = nil
        if managers[index].pausedUntil > now {
            return wakeManager(index, in: managers[index].pausedUntil - now)
        }
        let inputs = managers[index].inbox
        managers[index].inbox = []
        try handle(index, inputs + [.time])
        if max(logAwayUntil, managers[index].cutUntil) <= now {
            for partition in managers[index].reads.keys {
                if partition.topic == .journal, managers[index].lagUntil > now { continue }
                guard let from = managers[index].reads[partition],
                    let batch = log.batch(of: partition, from: from), !isLate(index, partition)
                else { continue }
                managers[index].reads[partition] = batch.next
                try read(index, batch)
            }
        } else {
            wakeManager(index, in: max(logAwayUntil, managers[index].cutUntil) - now)
        }
        guard let loop = managers[index].loop else { return }
        if managers[index].lagUntil > now {
            wakeManager(index, in: managers[index].lagUntil - now)
        }
        if let wake = loop.wakeUp {
            wakeManager(index, in: max(.milliseconds(1), wake - clock(ofManager: index)))
        }
        if let text = loop.violations.first {
            throw violation(.booksAreRight, "M\(index): \(text)")
        }
        if let breach = disagreement(with: loop, whole: false) ?? unsaid(by: index)
            ?? stuck(index)
        {
            throw violation(breach.promise, "M\(index): \(breach.text)")
        }
    }

    private mutating func read(_ index: Int, _ batch: RecordBatch) throws {
        let isHome = batch.partition == TopicPartition(.journal, reference.home)
        let mayReset = !isHome || neighbour != nil || mayReset(index, batch)
        let before = managers[index].loop?.counts.resets
        try handle(index, [.records(batch)])
        if !mayReset, managers[index].loop?.counts.resets != before {
            throw violation(
                .noStorm, "M\(index) takes back what it decided, and none of it is lost")
        }
    }

    private mutating func handle(_ index: Int, _ inputs: [LoopInput]) throws {
        guard var loop = managers[index].loop.take() else { return }
        let effects = loop.handle(inputs, now: clock(ofManager: index))
        managers[index].loop = consume loop
        for effect in effects { try perform(effect, index) }
    }

    private mutating func perform(_ effect: LoopEffect, _ index: Int) throws {
        let epoch = managers[index].epoch
        switch effect {
        case .append(let token, let record):
            let sender = NewRecordOnItsWay.Sender.manager(
                index, epoch: epoch, token: token, isDecision: true)
            noteWhatIsKnown(index, record)
            add(.land(NewRecordOnItsWay(record: record, sender: sender)), in: appendDelay(index))
        case .publish(let token, let record):
            let sender = NewRecordOnItsWay.Sender.manager(
                index, epoch: epoch, token: token, isDecision: false)
            add(.land(NewRecordOnItsWay(record: record, sender: sender)), in: dice.time(1, 6))
        case .askJournalEnd(let ask, let partition):
            let end = log.end(of: TopicPartition(.journal, partition))
            managers[index].inbox.append(.journalEnd(ask: ask, end))
            wakeManager(index, in: dice.time(1, 10))
        case .begin(let ask, let partition, let since, let lookBack):
            managers[index].inbox.append(
                .began(beginning(ask, partition, since: since, lookBack)))
            wakeManager(index, in: dice.time(1, 10))
        case .read(let partition, let offset):
            managers[index].reads[partition] = offset
            wakeManager(index, in: .milliseconds(1))
        case .stopReading(let partition): managers[index].reads[partition] = nil
        case .check(let position, let hash):
            let value = log.record(at: position)?.value ?? []
            if SHA256.hash(of: value) != hash {
                throw violation(.nobodyGivesUp, "M\(index): a check finds another record")
            }
        case .say(let remark):
            tell("M\(index) says: \(remark.text)")
            if remark.level == .error {
                throw violation(.nobodyGivesUp, "M\(index): \(remark.text)")
            }
        case .restart(let reason), .halt(let reason):
            throw violation(.nobodyGivesUp, "M\(index) stops: \(reason)")
        case .ended: throw violation(.nobodyGivesUp, "M\(index) ended by itself")
        }
    }

    private func beginning(
        _ ask: UInt64, _ partition: Int32, since: Timestamp?, _ lookBack: Duration
    ) -> Beginning {
        let numbers = (0..<log.width).filter { $0 % SimulatedLog.partitions == partition }
        let kept = [Topic.events, .requests, .heartbeats].flatMap { topic in
            numbers.map { number in
                let place = TopicPartition(topic, number)
                return (partition: place, range: Offset.zero..<log.end(of: place))
            }
        }
        let place = TopicPartition(.heartbeats, partition)
        var heartbeats = SortedMap<TopicPartition, Offset>()
        if let newest = log.records(of: place).last {
            let moment = min(since ?? newest.appended, newest.appended + .zero - lookBack)
            heartbeats[place] = log.offset(of: place, since: moment)
        }
        return Beginning(
            ask: ask, partition: partition, kept: kept, heartbeats: heartbeats,
            journalEnd: log.end(of: TopicPartition(.journal, partition)))
    }

    // MARK: Landing

    /// A record reaches the log, or does not, or does so late or twice.
    mutating func land(_ way: NewRecordOnItsWay) throws {
        let away = isAway(way.sender)
        if away || !isCalm && dice.happens(perMille: options.appendFaults) {
            let fate = away ? 0 : dice.pick(5)
            coverage.appendFaults += 1
            switch fate {
            case 0: break
            case 1: append(way.record)
            case 2:
                let late = NewRecordOnItsWay(record: way.record, sender: .nobody)
                add(.land(late), in: dice.time(10, 4000))
            case 3:
                append(way.record)
                return answer(way.sender, append(way.record))
            default:
                return add(.land(way), in: dice.time(2, 60))
            }
            return refuse(way.sender)
        }
        answer(way.sender, append(way.record))
    }

    private func isAway(_ sender: NewRecordOnItsWay.Sender) -> Bool {
        if logAwayUntil > now { return true }
        switch sender {
        case .nobody: return false
        case .manager(let index, _, _, _): return managers[index].cutUntil > now
        case .agent(let index, _, _): return nodes[index].agentCutUntil > now
        }
    }

    private mutating func answer(_ sender: NewRecordOnItsWay.Sender, _ place: Appended) {
        switch sender {
        case .nobody: break
        case .manager(let index, let epoch, let token, let isDecision):
            guard managers[index].epoch == epoch else { return }
            managers[index].inbox.append(
                isDecision ? .appended(token: token, place) : .published(token: token))
            wakeManager(index, in: dice.time(1, 60))
        case .agent(let index, let epoch, let token):
            guard nodes[index].epoch == epoch else { return }
            nodes[index].inbox.append(.appended(token: token, at: place.appended))
            wakeAgent(index, in: dice.time(1, 60))
        }
    }

    private mutating func refuse(_ sender: NewRecordOnItsWay.Sender) {
        let error = LogError.unavailable(log: "w", reason: "made on purpose")
        switch sender {
        case .nobody: break
        case .manager(let index, let epoch, let token, let isDecision):
            guard managers[index].epoch == epoch else { return }
            managers[index].inbox.append(
                isDecision
                    ? .appendFailed(token: token, error) : .publishFailed(token: token, error))
            wakeManager(index, in: dice.time(20, 300))
        case .agent(let index, let epoch, let token):
            guard nodes[index].epoch == epoch else { return }
            nodes[index].inbox.append(.appendFailed(token: token, .transient("on purpose")))
            wakeAgent(index, in: dice.time(20, 300))
        }
    }
}
