internal import MusterCore

/// What stretches races and shortens deadlines, in schedules that are rough. It has dice of its
/// own: without it a schedule is what it was.
package struct Roughness: Sendable {
    /// How late a manager may read a partition while it reads others on time.
    package var readLate: Duration = .zero
    /// How long a manager's append may take; those behind it wait.
    package var appendSlow: Duration = .zero
    /// The agents whose facts lie in another partition than the cluster's, by number.
    package var elsewhere: Set<Int> = []
    /// The nodes that never are to vote, by number.
    package var replicas: Set<Int> = []
    /// Whether another cluster lives in the same partition of the journal.
    package var hasNeighbour = false
    /// Whether the topics have more partitions than when the journal began.
    package var isGrown = false
    /// Nodes and agents that stay away for long, and what else happens then.
    package var absences: [Absence] = []
    /// How often a manager writes a checkpoint.
    package var checkpointInterval: Duration = .seconds(2)
    /// When an operator wants something of a leader.
    package var wishes: [Duration] = []
    /// When the log's clock leaps.
    package var leaps: [Duration] = []
    /// By how much leases and deadlines are shorter.
    package var pace = 1

    /// A fault that lasts long, in a world where something is going on.
    package struct Absence: Sendable {
        package var kind: WorldFault.Kind
        package var victim: Int
        package var after: Duration
        package var length: Duration
    }

    init() {}

    init(seed: UInt64) {
        var dice = Dice(seed: seed ^ 0x5EED_0F05_0A11_D1CE)
        readLate = .milliseconds(dice.one(of: [0, 300, 1500, 4000]))
        appendSlow = .milliseconds(dice.one(of: [0, 0, 300, 1500, 1500]))
        if dice.happens(perMille: 700) {
            elsewhere = Set((0..<5).filter { _ in dice.happens(perMille: 500) })
        }
        // One: others that are to vote need a place for learners too.
        if dice.happens(perMille: 400) { replicas = [dice.one(of: [3, 4])] }
        hasNeighbour = dice.happens(perMille: 300)
        isGrown = dice.happens(perMille: 200)
        pace = dice.one(of: [1, 3, 3])
        if dice.happens(perMille: 500) { addAbsences(&dice) }
        checkpointInterval = .milliseconds(dice.one(of: [200, 200, 600, 3000]))
        if dice.happens(perMille: 400) {
            let first = dice.time(3000, 12_000)
            wishes = (0..<5).map { first + .milliseconds($0 * 1700) }
        }
        if dice.happens(perMille: 300) {
            leaps = (0..<4).map { _ in dice.time(2000, 24_000) }
        }
    }

    /// Long enough for a removal to become due; the second one comes while the first one lasts.
    private mutating func addAbsences(_ dice: inout Dice) {
        pace = 3
        let first = Absence(
            kind: dice.one(of: [.nodeCrash, .nodeCrash, .agentCut, .diskLost]),
            victim: 1 + dice.pick(4), after: dice.time(6000, 12_000),
            length: dice.time(8000, 14_000))
        let second = Absence(
            kind: dice.one(of: [.agentCut, .logAway, .nodeCrash, .managerCrash]),
            victim: 1 + dice.pick(4), after: first.after + dice.time(500, 6000),
            length: dice.time(1200, 8000))
        absences = dice.happens(perMille: 300) ? [first] : [first, second]
    }

    /// When the last of that is over.
    var end: Duration {
        let ends = absences.map { $0.after + $0.length } + wishes.map { $0 + .seconds(3) }
        return ends.max() ?? .zero
    }
}

extension World {
    private var rough: Roughness { options.rough }

    /// A length of time in the world's pace.
    func paced(_ milliseconds: Int64) -> Duration {
        .milliseconds(milliseconds / Int64(rough.pace))
    }

    /// Whether the manager does not see yet what is new in a partition: each has its own delay.
    mutating func isLate(_ index: Int, _ partition: TopicPartition) -> Bool {
        if isCalm || rough.readLate == .zero { return false }
        if let until = managers[index].lateUntil[partition], until > now {
            wakeManager(index, in: until - now)
            return true
        }
        if dice.happens(perMille: 250) {
            managers[index].lateUntil[partition] =
                now + dice.time(0, Int64(rough.readLate.milliseconds))
        }
        return false
    }

    /// After what time a manager's append lands, in the order in which it sent them.
    mutating func appendDelay(_ index: Int) -> Duration {
        var delay = dice.time(1, 6)
        if isCalm || rough.appendSlow == .zero { return delay }
        if dice.happens(perMille: 350) {
            delay = dice.time(6, Int64(rough.appendSlow.milliseconds))
        }
        let at = max(managers[index].landsAt, now + delay)
        managers[index].landsAt = at
        return at - now
    }

    /// Where an agent's record goes: a client may choose the partition of its facts, as others do.
    func partition(of topic: Topic, fromAgent index: Int) -> Int32 {
        guard topic == .events, rough.elsewhere.contains(index) else { return reference.home }
        return anotherPartition
    }

    /// A partition that is not the cluster's: where the topics have grown, the new one.
    var anotherPartition: Int32 {
        rough.isGrown ? log.width - 1 : 1 - reference.home
    }
}
