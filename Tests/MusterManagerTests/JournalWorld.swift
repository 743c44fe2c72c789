import MusterCore
import MusterLog
import MusterManager
import MusterTesting
import MusterWire

/// A log, some managers that each may own any partition, and everything that may go wrong between
/// them, in an order that a seed gives. Appends land late, doubled, or after their failure was
/// told; managers crash and start, producers are replaced, partitions change hands.
struct JournalWorld {
    /// What is wrong, and after which step.
    struct Violation: Error, CustomStringConvertible {
        var step: Int
        var sentence: String
        var description: String { "step \(step): \(sentence)" }
    }

    static let partitions: UInt32 = 2
    static let dawn = Timestamp(milliseconds: 1_700_000_000_000)

    var random: SeededGenerator
    var now = JournalWorld.dawn
    /// How far the log's clock is from the true one, to which managers' own clocks keep.
    var clockOffset: Duration = .zero { didSet { clockMax = max(clockMax, clock) } }
    private var clockMax = JournalWorld.dawn
    var step = 0
    var records: [TopicPartition: [LogRecord]] = [:]
    var managers: [WorldManager?] = []
    /// What crashes and replaced producers left behind, each to land in order, late or never.
    var orphans: [[NewRecord]] = []
    var inputs: [Position: WorldInput] = [:]
    var fleets: [WorldFleet]
    var audit: JournalAudit
    /// Faults made so far; each may void what was in flight.
    var faultCount = 0
    var isCalm = false
    var windowMax = 4
    var queueMax = 20_000
    var turnMax = 256
    var checkpointInterval: Duration = .milliseconds(200)
    /// How often of a thousand times the journal is read before anything else.
    var journalFirst = 500
    /// How often of a thousand appends something goes wrong.
    var faults = 160
    /// Whether only what goes to and fro is said: much is nothing on one state and something on the
    /// next.
    var isTerse = false
    private var processes: UInt64 = 0

    init(seed: UInt64, managers count: Int, clusters: [String]? = nil) throws {
        random = SeededGenerator(seed: seed)
        let header = JournalHeader(
            log: Identifier(high: 7, low: seed), partitions: Self.partitions)
        fleets = (clusters ?? ["a", "b", "c"]).map(WorldFleet.init)
        audit = try JournalAudit(header: header, clusters: fleets.map(\.cluster))
        for partition in 0..<Int32(Self.partitions) {
            let record = header.outgoing(partition: UInt32(partition))
            _ = append(
                NewRecord(
                    TopicPartition(.journal, partition), key: nil, headers: record.headers,
                    value: record.value))
        }
        managers = Array(repeating: nil, count: count)
    }

    // MARK: The log

    func end(of partition: TopicPartition) -> Offset {
        Offset(UInt64(records[partition]?.count ?? 0))
    }

    /// What the log writes of when something was appended.
    var clock: Timestamp { now + clockOffset }

    mutating func append(_ record: NewRecord) -> Appended {
        let offset = end(of: record.partition)
        clockMax = max(clockMax, clock)
        let found = LogRecord(
            position: Position(record.partition, offset), appended: clock, key: record.key,
            headers: record.headers, value: record.value)
        records[record.partition, default: []].append(found)
        audit.note(found, inputs: inputs)
        return Appended(offset: offset, appended: clock)
    }

    /// The log as an engine; `snapshots` in place of those that lie there.
    func engine(snapshots: [LogRecord]? = nil) async throws -> MemoryLog {
        let clock = ManualClock(Self.dawn)
        let log = MemoryLog(MemoryStore(clock: { clock.now }))
        try await log.createTopics(TopicSettings.standard(partitions: Int32(Self.partitions)))
        for topic in [Topic.journal, .snapshots] {
            for partition in 0..<Int32(Self.partitions) {
                let place = TopicPartition(topic, partition)
                var found = records[place] ?? []
                if topic == .snapshots, let snapshots {
                    found = snapshots.filter { $0.position.partition == place }
                }
                for record in found {
                    clock.set(record.appended)
                    _ = try await log.append(
                        NewRecord(
                            place, key: record.key, headers: record.headers, value: record.value))
                }
            }
        }
        return log
    }

    // MARK: Managers

    mutating func begin(_ index: Int) async throws {
        processes += 1
        let projection = try await ProjectionLoader().load(engine())
        let identity = ManagerIdentity(id: Identifier(high: 1, low: processes), version: "t")
        var settings = ManagerSettings(identity: identity)
        settings.windowMax = windowMax
        settings.queueMax = queueMax
        settings.turnMax = turnMax
        settings.snapshotEvery = 8
        settings.checkpointInterval = checkpointInterval
        settings.allowsShortRemovalDelay = true
        var manager = WorldManager(
            loop: ManagerLoop(
                settings: settings, reader: projection.reader,
                checkpoints: projection.checkpoints, newest: projection.newest,
                now: skewed(index)),
            index: index)
        for (partition, offset) in projection.reader.positions {
            manager.reads[TopicPartition(.journal, partition)] = offset
            let snapshots = TopicPartition(.snapshots, partition)
            manager.reads[snapshots] = end(of: snapshots)
        }
        managers[index] = manager
    }

    /// Each manager's own monotonic clock.
    func skewed(_ index: Int) -> Duration {
        (now - Self.dawn) + .seconds(index * 3600)
    }

    /// Hands inputs to a manager and does at once what is done at once.
    mutating func tell(_ index: Int, _ inputs: [LoopInput]) throws {
        guard var manager = managers[index] else { return }
        for effect in manager.loop.handle(inputs, now: skewed(index)) {
            try perform(effect, &manager)
        }
        managers[index] = manager
        if let text = manager.loop.violations.first { throw violation("M\(index): \(text)") }
        if let text = audit.disagreement(with: manager.loop) {
            throw violation("M\(index): \(text)")
        }
        if let text = audit.found.first { throw violation(text) }
    }

    func violation(_ text: String) -> Violation { Violation(step: step, sentence: text) }

    private mutating func perform(_ effect: LoopEffect, _ manager: inout WorldManager) throws {
        switch effect {
        case .append(let token, let record):
            let latest = max(clock, clockMax)
            if let text = audit.examine(record, now: latest, reads: manager.reads) {
                throw violation(text)
            }
            manager.outgoing.append((.decision(token), record))
        case .publish(let token, let record):
            manager.outgoing.append((.other(token), record))
        case .askJournalEnd(let ask, let partition):
            manager.questions.append(.end(ask, partition))
        case .begin(let ask, let partition, let since, _):
            manager.questions.append(.begin(ask, partition))
            manager.since[partition] = since
        case .read(let partition, let offset): manager.reads[partition] = offset
        case .stopReading(let partition): manager.reads[partition] = nil
        case .check(let position, let hash):
            let value = records[position.partition]?[Int(position.offset.value)].value ?? []
            if SHA256.hash(of: value) != hash { throw violation("a check finds another record") }
        case .say(let remark):
            // Nothing here has a reason to be left out.
            if remark.level == .error && audit.unfollowed.isEmpty { throw violation(remark.text) }
        case .restart(let reason), .halt(let reason): throw violation("stops: \(reason)")
        case .ended: manager.hasEnded = true
        }
    }
}

/// One manager of the world: the loop, and what is on its way to and from it.
struct WorldManager {
    var loop: ManagerLoop
    let index: Int
    /// What is read, and from where on.
    var reads: [TopicPartition: Offset] = [:]
    /// From when on it asked for the heartbeats of a partition, where it said so.
    var since: [Int32: Timestamp] = [:]
    /// Submitted to the log and not landed, in order.
    var outgoing: [(Submission, NewRecord)] = []
    /// Asked of the log and not looked up.
    var questions: [Question] = []
    /// Answers on their way, in the order in which they were given.
    var answers: [LoopInput] = []
    var hasEnded = false

    enum Submission {
        case decision(UInt64)
        case other(UInt64)

        func landed(_ place: Appended) -> LoopInput {
            switch self {
            case .decision(let token): .appended(token: token, place)
            case .other(let token): .published(token: token)
            }
        }

        func failed(_ error: LogError) -> LoopInput {
            switch self {
            case .decision(let token): .appendFailed(token: token, error)
            case .other(let token): .publishFailed(token: token, error)
            }
        }
    }

    enum Question {
        case end(UInt64, Int32)
        case begin(UInt64, Int32)
    }
}

/// An input as it lies in the log.
struct WorldInput {
    /// nil for what is no input at all.
    var cluster: ClusterID?
    var content: InputMessage.Content?
    var correlation: String
    var appended: Timestamp
    /// How many decisions of the cluster had been accepted when it was appended.
    var head: Int
}
