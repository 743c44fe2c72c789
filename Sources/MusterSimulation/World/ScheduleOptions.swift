package import MusterCore

/// How one schedule is, as its seed has it: how many there are of everything, and which faults may
/// come at which rates.
package struct ScheduleOptions: Sendable {
    package var managers: Int
    package var nodes: Int
    /// How many of the nodes vote from the beginning.
    package var founders: Int
    package var groups: Int
    package var capabilities: Capabilities
    package var votersMin: UInt32
    package var windowMax: Int
    package var snapshotEvery: UInt64
    package var checkpointInterval: Duration
    package var removalDelay: Duration
    /// The kinds of faults that may come.
    package var faults: [WorldFault.Kind]
    /// The mean time between two of them.
    package var faultInterval: Duration
    /// How often of a thousand appends something goes wrong.
    package var appendFaults: Int
    /// The mean time between two acts of operators; nil: none is at work.
    package var operatorInterval: Duration?
    /// When the faults stop.
    package var calmAfter: Duration
    /// How fast each monotonic clock goes, in thousandths: the managers', then the agents'.
    package var rates: [Int]
    /// When the log's clock leaps.
    package var leaps: [Duration] = []
    /// When operators change the policy.
    package var policyChanges: [Duration] = []
    /// When nobody reaches the log for minutes, and for how long.
    package var outage: (after: Duration, length: Duration)?
    /// When the log's clock goes back, in some schedules.
    package var setbacks: [Roughness.Absence] = []
    /// When nodes come back with less than they had, in some schedules.
    package var shortLogs: [Roughness.Absence] = []
    /// How many entries a leader keeps for those who lag.
    package var entriesKept: UInt64 = 10_000
    /// The faults that are made, by their numbers from 1; nil: all that come up.
    package var only: [Int]?
    /// What stretches races; nothing does in schedules that are not rough.
    package var rough = Roughness()

    init(_ dice: inout Dice) {
        managers = dice.one(of: [1, 2, 2, 3])
        nodes = dice.one(of: [3, 3, 4, 5])
        founders = dice.one(of: [1, 2, 3, 3, 3])
        groups = dice.one(of: [1, 1, 2])
        capabilities = Capabilities(
            startsAfterAdd: dice.happens(perMille: 300),
            seed: dice.happens(perMille: 500) ? .external : .raft, learnersMax: 2,
            demote: dice.happens(perMille: 500))
        votersMin = UInt32(1 + dice.pick(3))
        windowMax = dice.one(of: [1, 4, 256])
        snapshotEvery = UInt64(dice.one(of: [8, 40, 1000]))
        checkpointInterval = .milliseconds(dice.one(of: [500, 2000, 5000]))
        removalDelay = .milliseconds(dice.one(of: [9000, 12_000]))
        faults = WorldFault.Kind.drawn.filter { _ in dice.happens(perMille: 350) }
        faultInterval = .milliseconds(dice.one(of: [500, 1200, 3000]))
        appendFaults = dice.one(of: [0, 20, 120])
        operatorInterval = dice.happens(perMille: 500) ? .milliseconds(3000) : nil
        calmAfter = .milliseconds(dice.one(of: [2500, 4500, 6500, 10_000]))
        let wrong = dice.happens(perMille: 300) ? [1000, 995, 1005] : [1000]
        rates = (0..<managers + nodes).map { _ in dice.one(of: wrong) }
    }

    /// With what comes in few schedules. It has dice of its own: the others are what they would be
    /// without.
    mutating func addSeldom(_ seed: UInt64) {
        let seldom = Seldom(seed, until: calmAfter)
        leaps = seldom.leaps
        policyChanges = seldom.policyChanges
        outage = seldom.outage
        addShortLogs(seed, perMille: 150)
        addSetbacks(seed, perMille: 150)
        addTruncation(seed)
        if let outage { calmAfter = max(calmAfter, outage.after + outage.length + .seconds(5)) }
    }

    /// What a reader of a failure wants to know of it, on one line.
    package var told: String {
        var parts = [
            "managers \(managers)", "nodes \(nodes)", "founders \(founders)", "groups \(groups)",
            "votersMin \(votersMin)", "windowMax \(windowMax)", "snapshotEvery \(snapshotEvery)",
            "checkpointInterval \(checkpointInterval.milliseconds) ms",
            "removalDelay \(removalDelay.milliseconds) ms", "appendFaults \(appendFaults)",
            "faultInterval \(faultInterval.milliseconds) ms",
            "calmAfter \(calmAfter.milliseconds) ms", "entriesKept \(entriesKept)",
            "seed \(capabilities.seed)", "startsAfterAdd \(capabilities.startsAfterAdd)",
            "demote \(capabilities.demote)", "rates \(rates)",
            "faults \(faults.map(\.rawValue).joined(separator: " "))",
        ]
        if let interval = operatorInterval { parts.append("operators \(interval.milliseconds) ms") }
        if rough.pace > 1 { parts.append("pace \(rough.pace)") }
        return parts.joined(separator: ", ")
    }

    /// How much the clocks may differ from the log's between two of its records.
    package var tolerance: Duration {
        if rates.allSatisfy({ $0 == 1000 }) { return .zero }
        // They are wrong by one in two hundred, and nobody sets them right while the log is away.
        return .milliseconds(100) + (outage?.length ?? .zero) / 200
    }

    /// With races that are long, and deadlines that are short.
    mutating func makeRough(_ seed: UInt64) {
        rough = Roughness(seed: seed)
        calmAfter = max(calmAfter, rough.end)
        addShortLogs(seed, perMille: 300)
        addSetbacks(seed, perMille: 300)
        leaps = rough.leaps
        checkpointInterval = rough.checkpointInterval
    }

    /// With logs that get shorter, at moments and for lengths of time of their own dice.
    private mutating func addShortLogs(_ seed: UInt64, perMille: Int) {
        var dice = Dice(seed: seed ^ 0x5406_7106_0000_0058)
        shortLogs = []
        guard dice.happens(perMille: perMille) else { return }
        for _ in 0...dice.pick(4) {
            shortLogs.append(
                Roughness.Absence(
                    kind: .logShortened, victim: dice.pick(60),
                    after: dice.time(1500, max(3000, calmAfter.milliseconds)),
                    length: dice.time(300, 9000)))
        }
    }

    /// With a clock of the log that goes back, by dice of its own.
    private mutating func addSetbacks(_ seed: UInt64, perMille: Int) {
        var dice = Dice(seed: seed ^ 0x5E7B_ACC5_0000_0116)
        setbacks = []
        guard dice.happens(perMille: perMille) else { return }
        for _ in 0...dice.pick(4) {
            setbacks.append(
                Roughness.Absence(
                    kind: .clockBack, victim: 0,
                    after: dice.time(1500, max(3000, calmAfter.milliseconds)),
                    length: .seconds(2)))
        }
    }

    /// With logs that are cut off behind those who lag, by dice of its own. An engine that sends no
    /// snapshots keeps what a node may miss that is away for long: nobody brings it that.
    private mutating func addTruncation(_ seed: UInt64) {
        // Not yet where the log is away for minutes: a join stands still then (schedule 5468).
        guard outage == nil else { return }
        var dice = Dice(seed: seed ^ 0x7A11_C07E_0000_0061)
        let sendsSnapshots = capabilities.seed == .raft || capabilities.startsAfterAdd
        entriesKept = dice.one(
            of: sendsSnapshots ? [10_000, 400, 100, 30] : [10_000, 10_000, 1500])
    }

    /// Without any fault.
    package mutating func makeCalm() {
        faults = []
        leaps = []
        policyChanges = []
        outage = nil
        shortLogs = []
        setbacks = []
        appendFaults = 0
        operatorInterval = nil
    }
}

/// What comes in few schedules.
private struct Seldom {
    var leaps: [Duration] = []
    var policyChanges: [Duration] = []
    var outage: (after: Duration, length: Duration)?

    init(_ seed: UInt64, until end: Duration) {
        var dice = Dice(seed: seed ^ 0x1EA9_5EC0_4D5E_ED00)
        let last = Int64(end.milliseconds)
        if dice.happens(perMille: 150) {
            leaps = (0...dice.pick(2)).map { _ in dice.time(500, last) }
        }
        if dice.happens(perMille: 100) {
            policyChanges = (0...dice.pick(3)).map { _ in dice.time(1000, last) }
        }
        if dice.happens(perMille: 10) {
            outage = (after: dice.time(1000, last), length: dice.time(90_000, 240_000))
        }
    }
}

/// What goes wrong in a world.
package struct WorldFault: Sendable {
    /// Which kind of thing goes wrong.
    package enum Kind: String, CaseIterable, Sendable {
        case managerCrash, managerPause, managerCut, journalLag, ownershipOverlap
        case producerReplaced
        case nodeCrash, nodePause, nodeCut, partition, diskLost, agentCrash, agentCut
        case oldIncarnation
        case logAway, massOutage, drift, hostileBytes, staleObservation, duplicatedInput
        case clockLeap, logShortened, clockBack

        /// Those that come again and again; the others come when their schedule has them.
        static let drawn = allCases.filter {
            $0 != .clockLeap && $0 != .logShortened && $0 != .clockBack
        }
    }

    package var kind: Kind
    /// Which manager or node it befalls.
    package var victim: Int
}
