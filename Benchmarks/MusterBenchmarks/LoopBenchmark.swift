internal import MusterCore
internal import MusterLog
internal import MusterManager
internal import MusterWire

/// One manager's loop on a log in memory, on one thread: what deciding costs without what a log
/// costs.
package struct LoopBenchmark {
    package init() {}

    /// A newcomer in each of so many services: it starts, its join begins, its first step is
    /// commanded.
    ///
    /// - Returns: the seconds it took, and how many decisions were made.
    package func sustained(_ services: Int) throws -> (seconds: Double, decisions: Int) {
        let services = (0..<services).map { SampleService($0) }
        var world = try founded(services)
        world.append(services.map(\.joined))
        let (before, decided) = (world.worked, world.end(.journal))
        try world.work()
        let commands = world.end(.commands)
        guard commands == services.count else {
            throw BenchmarkSettings.Failure(
                description: "\(commands) commands for \(services.count) newcomers")
        }
        let seconds = Double((world.worked - before) / .nanoseconds(1)) / 1e9
        return (seconds, world.end(.journal) - decided)
    }

    /// So many signs of life of a thousand services.
    ///
    /// - Returns: the seconds it took.
    package func heartbeats(_ count: Int) throws -> Double {
        let services = (0..<1000).map { SampleService($0) }
        var world = try founded(services)
        world.append((0..<count).map { services[$0 % services.count].heartbeat($0) })
        let before = world.worked
        try world.work()
        return Double((world.worked - before) / .nanoseconds(1)) / 1e9
    }

    /// A fleet at rest: every node is heard every three seconds, and says every two what it sees of
    /// all its groups.
    ///
    /// - Returns: how much of the time that passed in the log the loop worked.
    package func fleet(
        _ count: Int, nodeCount: Int = 9, groupCount: Int = 16, seconds: Int = 30
    ) throws -> Double {
        let services = (0..<count).map {
            SampleFleet($0, nodeCount: nodeCount, groupCount: groupCount)
        }
        var world = try LoopWorld()
        for service in services { world.append(service.founded) }
        try world.work()
        var (before, decided) = (world.worked, 0)
        // The first seconds make what is kept of each node and group.
        for second in 0..<(seconds + 6) {
            if second == 6 { (before, decided) = (world.worked, world.end(.journal)) }
            world.moment = .seconds(second)
            for service in services {
                if second % 3 == 0 { world.append(service.beats(second)) }
                if second % 2 == 0 { world.append(service.observed(second, isSoft: true)) }
            }
            try world.work()
        }
        guard world.end(.journal) == decided else {
            throw BenchmarkSettings.Failure(
                description: "\(world.end(.journal) - decided) decisions in a fleet at rest")
        }
        return Double((world.worked - before) / .nanoseconds(1)) / 1e9 / Double(seconds)
    }

    /// Observations with news, one after another, in a service of 15 nodes with 100 groups.
    ///
    /// - Returns: the seconds of one, from its record to its decision read back and published,
    ///   without other services and beside `others` at rest, each the best of rounds of `count`
    ///   that take turns.
    package func observation(
        _ count: Int, beside others: Int, nodeCount: Int = 15, groupCount: Int = 100,
        rounds: Int = 5
    ) throws -> (alone: Double, beside: Double) {
        let large = SampleFleet(0, nodeCount: nodeCount, groupCount: groupCount)
        var (alone, crowded) = (try LoopWorld(), try LoopWorld())
        alone.append(large.founded)
        crowded.append(large.founded)
        for number in 0..<others {
            crowded.append(SampleFleet(number + 1, nodeCount: 9, groupCount: 16).founded)
        }
        try alone.work()
        try crowded.work()
        var best = (alone: Double.infinity, beside: Double.infinity)
        for round in 0..<rounds {
            let news = (0..<count).map { large.news(round * count + $0) }
            best.alone = min(best.alone, try alone.seconds(for: news))
            best.beside = min(best.beside, try crowded.seconds(for: news))
        }
        return best
    }

    private func founded(_ services: [SampleService]) throws -> LoopWorld {
        var world = try LoopWorld()
        world.append(services.flatMap { [$0.configured, $0.founded] })
        world.append(services.map { $0.observed(isSoft: false) })
        world.append(services.flatMap(\.signs))
        try world.work()
        return world
    }
}

/// A log of one partition that keeps only what is not read, and the loop of the manager on it.
private struct LoopWorld {
    /// How much time has passed in the log, and for the manager.
    var moment: Duration = .zero
    private var loop: ManagerLoop
    /// What is read next, by topic.
    private var unread: [Topic: [LogRecord]] = [:]
    private var ends: [Topic: UInt64] = [:]
    private var reading: Set<Topic> = [.journal]
    /// The time spent in the loop.
    private(set) var worked: Duration = .zero
    private static let dawn = Timestamp(milliseconds: 1_700_000_000_000)

    init() throws {
        let header = SampleChain.header
        var journal = JournalReader()
        try journal.take(header: header.bytes, of: 0)
        ends[.journal] = 1
        let identity = ManagerIdentity(id: Identifier(high: 1, low: 1), version: "0.1.0")
        loop = ManagerLoop(
            settings: ManagerSettings(identity: identity), reader: journal, checkpoints: [],
            newest: Self.dawn, now: .zero)
        try perform(handle([.assigned([0])]))
    }

    func end(_ topic: Topic) -> Int { Int(ends[topic] ?? 0) }

    mutating func append(_ records: [NewRecord]) {
        for record in records { _ = append(record) }
    }

    private mutating func append(_ record: NewRecord) -> Appended {
        let topic = record.partition.topic
        let offset = Offset(ends[topic] ?? 0)
        ends[topic] = offset.value + 1
        switch topic {
        case .events, .requests, .heartbeats, .journal:
            unread[topic, default: []].append(
                LogRecord(
                    position: Position(record.partition, offset), appended: Self.dawn + moment,
                    key: record.key, headers: record.headers, value: record.value))
        case .commands, .members, .snapshots, .quarantine: break
        }
        return Appended(offset: offset, appended: Self.dawn + moment)
    }

    /// How long the loop works on one of these records, given to it a millisecond apart: each is
    /// decided.
    mutating func seconds(for records: [NewRecord]) throws -> Double {
        let (before, decided) = (worked, end(.journal))
        for record in records {
            moment += .milliseconds(1)
            append([record])
            try work()
        }
        guard end(.journal) == decided + records.count else {
            throw BenchmarkSettings.Failure(
                description: "\(end(.journal) - decided) decisions of \(records.count) records")
        }
        return Double((worked - before) / .nanoseconds(1)) / 1e9 / Double(records.count)
    }

    /// Until nothing is left to read or to do.
    mutating func work() throws {
        while true {
            var inputs: [LoopInput] = []
            for topic in Topic.allCases where reading.contains(topic) {
                let all = unread[topic] ?? []
                for start in stride(from: 0, to: all.count, by: 2048) {
                    let some = Array(all[start..<min(start + 2048, all.count)])
                    inputs.append(.records(.copying(some, of: TopicPartition(topic, 0))))
                }
                unread[topic] = []
            }
            // A turn of the driver takes what lies there.
            let isNews = !inputs.isEmpty
            var isDone = true
            for input in inputs + [.time] {
                let effects = handle([input])
                isDone = isDone && effects.isEmpty
                try perform(effects)
            }
            let isDue = loop.wakeUp.map { $0 <= moment } ?? false
            if isDone && !isNews && !isDue { return }
        }
    }

    private mutating func handle(_ inputs: [LoopInput]) -> [LoopEffect] {
        let began = ContinuousClock.now
        defer { worked += ContinuousClock.now - began }
        return loop.handle(inputs, now: moment)
    }

    private mutating func perform(_ effects: [LoopEffect]) throws {
        var inputs: [LoopInput] = []
        for effect in effects {
            switch effect {
            case .append(let token, let record):
                inputs.append(.appended(token: token, append(record)))
            case .publish(let token, let record):
                _ = append(record)
                inputs.append(.published(token: token))
            case .askJournalEnd(let ask, _):
                inputs.append(.journalEnd(ask: ask, Offset(ends[.journal] ?? 0)))
            case .begin(let ask, let partition, _, _):
                let places = [Topic.events, .requests, .heartbeats].map { TopicPartition($0, 0) }
                let beginning = Beginning(
                    ask: ask, partition: partition,
                    kept: places.map { ($0, Offset.zero..<Offset.zero) },
                    heartbeats: SortedMap(), journalEnd: Offset(1))
                inputs.append(.began(beginning))
            case .read(let partition, _): reading.insert(partition.topic)
            case .stopReading(let partition): reading.remove(partition.topic)
            case .say(let remark) where remark.level == .error || remark.level == .warning:
                throw BenchmarkSettings.Failure(description: remark.text)
            case .say, .check, .ended: break
            case .restart(let reason), .halt(let reason):
                throw BenchmarkSettings.Failure(description: reason)
            }
        }
        if !inputs.isEmpty { try perform(handle(inputs)) }
    }
}
