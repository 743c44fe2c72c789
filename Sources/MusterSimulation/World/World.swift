internal import MusterCore
internal import MusterLog
internal import MusterManager
internal import MusterWire

/// The whole of Muster around one cluster, as a value on a clock of its own: the managers' and the
/// agents' loops as they are shipped, over a simulated log and a model of Raft groups. One seed
/// decides everything that is left to chance.
package struct World {
    /// What is wrong, and when.
    package struct Violation: Error, CustomStringConvertible {
        package var promise: Promise
        package var step: Int
        package var after: Duration
        package var sentence: String
        package var description: String {
            "\(promise.rawValue): \(sentence) (step \(step), after \(after.milliseconds) ms)"
        }
    }

    /// What is wanted of a world beside its promises, and does not hold.
    package struct Demand: Sendable {
        package var promise: Promise
        package var sentence: String

        package init(promise: Promise, sentence: String) {
            self.promise = promise
            self.sentence = sentence
        }
    }

    static let cluster = ClusterID(unchecked: "orders")
    static let dawn = Timestamp(milliseconds: 1_700_000_000_000)
    /// How long after the faults have stopped everything must have converged.
    static let patience: Duration = .seconds(150)

    package let options: ScheduleOptions
    var dice: Dice
    var now = World.dawn
    /// By how much the log's clock is ahead of the world's.
    var leap: Duration = .zero
    /// By how much it ever was.
    var leapMost: Duration = .zero
    /// Whether it ever went back.
    var hasGoneBack = false
    package internal(set) var step = 0
    var queue = WorldQueue()
    var log = SimulatedLog()
    var reference: JournalReference
    /// The other cluster's, where there is one.
    var neighbour: JournalReference?
    var managers: [ManagerSeat] = []
    var nodes: [NodeSeat] = []
    var groups = SortedMap<GroupID, SimulatedGroup>()
    var raftAt = World.dawn
    /// Whether the faults have stopped.
    var isCalm = false
    var isOver = false
    /// The groups whose members somebody changed behind Muster's back: what was made of them so is
    /// not its act.
    var drifted: Set<GroupID> = []
    /// The nodes that somebody made something else so: they stay that.
    var madeByHand: Set<NodeID> = []
    /// What got shorter on its disk, by store.
    var shortLogs: [StoreID: [ShortLog]] = [:]
    /// The last entry of each group that was ever committed.
    var committed = SortedMap<GroupID, UInt64>()
    /// Whether a group lost acknowledged writes by the vote of a log that was cut short.
    var hasLostWrites = false
    /// How many faults came up.
    var faults = 0
    /// The faults that were made, each with its number, for who reads how it went.
    package internal(set) var story: [String] = []
    /// Until when nobody reaches the log.
    var logAwayUntil = World.dawn
    /// How much people have said.
    var requests = 0
    var settledSince: Timestamp?
    /// When a person last did what is left to people.
    var personActedAt = World.dawn
    package internal(set) var coverage = WorldCoverage()
    let decoder = CloudEventReader()
    /// The records of the topics that agents hear, in their order; nil where one cannot be read.
    var commandsRead: [CommandRecord?] = []
    var membersRead: [MemberRecord?] = []
    /// What whoever runs it wants to hold of what it reaches, beside the promises: a test of what
    /// becomes of failures.
    var demand: (@Sendable (WorldCoverage) -> Demand?)?
    /// Hears what a reader of the story is told: faults, decisions, commands carried out.
    var narrator: ((String) -> Void)?
    /// Says each step, where somebody listens.
    var trace: ((String) -> Void)?

    package init(seed: UInt64, change: (inout ScheduleOptions) -> Void = { _ in }) {
        dice = Dice(seed: seed)
        var options = ScheduleOptions(&dice)
        options.addSeldom(seed)
        change(&options)
        self.options = options
        let header = JournalHeader(
            log: Identifier(high: 7, low: seed), partitions: UInt32(SimulatedLog.partitions))
        reference = JournalReference(
            header: header, cluster: Self.cluster, tolerance: options.tolerance)
        log = SimulatedLog(
            width: options.rough.isGrown ? SimulatedLog.most : SimulatedLog.partitions)
        if options.rough.hasNeighbour {
            let name = Self.neighbour(of: reference.home)
            neighbour = JournalReference(
                header: header, cluster: name, tolerance: options.tolerance)
        }
        for partition in 0..<SimulatedLog.partitions {
            let record = header.outgoing(partition: UInt32(partition))
            _ = log.append(
                NewRecord(
                    TopicPartition(.journal, partition), key: nil, headers: record.headers,
                    value: record.value), at: now)
        }
        managers = (0..<options.managers).map { _ in ManagerSeat() }
        addNodes()
    }

    private mutating func addNodes() {
        for number in 0..<options.nodes {
            let id = NodeID(unchecked: "n\(number + 1)")
            let identity = NodeIdentity(node: id, store: identifier(), start: Start(0))
            nodes.append(NodeSeat(identity: identity))
        }
        for number in 0..<options.groups {
            let id = GroupID(unchecked: "g\(number + 1)")
            let voters = nodes.prefix(options.founders).map {
                (node: $0.identity.node, store: $0.identity.store)
            }
            groups[id] = SimulatedGroup(
                id: id, capabilities: options.capabilities, voters: voters, commit: 100,
                bytes: 20_000_000)
            groups.update(id) { $0.entriesKept = options.entriesKept }
            for index in voters.indices {
                nodes[index].servers[id] = SimulatedNode.Server(isRunning: true, log: 100)
            }
        }
    }

    mutating func identifier() -> Identifier { Identifier(high: dice.next(), low: dice.next()) }

    /// The same world, telling each step, or its story, or held to one thing more.
    func listening(
        trace: ((String) -> Void)?, narrator: ((String) -> Void)?,
        demand: (@Sendable (WorldCoverage) -> Demand?)?
    ) -> World {
        var world = self
        world.trace = trace
        world.narrator = narrator
        world.demand = demand
        return world
    }

    var sinceDawn: Duration { now - Self.dawn }

    /// What the schedule has reached.
    package var reached: WorldCoverage {
        var result = coverage
        result.snapshots = groups.values.reduce(0) { $0 + $1.snapshots }
        return result
    }

    /// What the log's clock says, and records carry.
    var logNow: Timestamp { now + leap }

    func violation(_ promise: Promise, _ text: String) -> Violation {
        Violation(promise: promise, step: step, after: sinceDawn, sentence: text)
    }

    mutating func add(_ event: WorldEvent, in delay: Duration) {
        queue.add(event, at: now + delay)
    }

    /// Tells a line of the story in the notation of scripts: when, and what.
    func narrate(_ text: @autoclosure () -> String) {
        guard let narrator else { return }
        let moment = sinceDawn.milliseconds
        let rest = String(1000 + moment % 1000).dropFirst()
        narrator("+\(moment / 1000).\(rest)s \(text())")
    }

    func tell(_ text: @autoclosure () -> String) {
        if let trace { trace("\(sinceDawn.milliseconds) ms \(text())") }
    }

    // MARK: Running

    /// Runs the schedule to its end.
    ///
    /// - Throws: `Violation`.
    package mutating func run() async throws {
        for index in managers.indices { add(.beginManager(index), in: dice.time(0, 500)) }
        for index in nodes.indices {
            nodes[index].isUp = true
            add(.beginAgent(index), in: dice.time(100, index < 3 ? 1000 : 5000))
        }
        add(.raft, in: .milliseconds(200))
        configure()
        if !options.faults.isEmpty { add(.fault, in: dice.time(500, 4000)) }
        for absence in options.rough.absences + options.shortLogs + options.setbacks {
            add(.absence(absence), in: absence.after)
        }
        for moment in options.leaps { add(.leap, in: moment) }
        for moment in options.policyChanges { add(.policy, in: moment) }
        if let outage = options.outage { add(.outage(outage.length), in: outage.after) }
        for moment in options.rough.wishes { add(.wish, in: moment) }
        if neighbour != nil { add(.neighbour, in: dice.time(300, 2000)) }
        if let interval = options.operatorInterval { add(.operators, in: interval) }
        add(.calm, in: options.calmAfter)
        while !isOver, let (at, event) = queue.next() {
            now = max(now, at)
            if isStale(event) { continue }
            step += 1
            try await happen(event)
            if let breach { throw violation(breach.promise, breach.text) }
            if let text = demand?(coverage) { throw violation(text.promise, text.sentence) }
            if step % 200 == 0 { try refold() }
        }
        try refold()
        try await compareLoads()
        let isQuiet = managers.allSatisfy { $0.loop?.flying.isEmpty ?? true }
        let inTheEnd =
            reference.skipped(isQuiet: isQuiet) ?? neighbour?.skipped(isQuiet: isQuiet)
            ?? unanswered ?? passedOver
        if let breach = inTheEnd { throw violation(breach.promise, breach.text) }
    }

    /// Whether it is a look for which an earlier one was arranged since.
    private func isStale(_ event: WorldEvent) -> Bool {
        switch event {
        case .manager(let index): managers[index].turnAt != now || managers[index].loop == nil
        case .agent(let index): nodes[index].turnAt != now || nodes[index].loop == nil
        default: false
        }
    }

    private mutating func happen(_ event: WorldEvent) async throws {
        switch event {
        case .manager(let index): try turnManager(index)
        case .beginManager(let index): try await beginManager(index)
        case .assign(let index, let partitions, let division):
            assign(index, partitions, division: division)
        case .agent(let index): try turnAgent(index)
        case .beginAgent(let index): beginAgent(index)
        case .land(let record): try land(record)
        case .raft: try stepGroups()
        case .work(let index, let epoch, let work): goOn(index, epoch, work)
        case .fault: beginFault()
        case .over(let fault): endFault(fault)
        case .operators: operate()
        case .neighbour: disturbNeighbour()
        case .wish: wishOfLeader()
        case .absence(let absence): beginAbsence(absence)
        case .leap: beginLeap()
        case .policy: changePolicy()
        case .outage(let length): beginOutage(length)
        case .calm: becomeCalm()
        case .look: try look()
        }
    }

    // MARK: The log

    /// Appends, and wakes whoever reads there.
    @discardableResult
    mutating func append(_ record: NewRecord) -> Appended {
        let found = log.append(record, at: logNow)
        readForAgents(found)
        let sequence = reference.decisions.count
        if reference.note(found, in: log), reference.decisions.count > sequence {
            coverage.note(reference.newest, dueTo: activeFaults)
            judgeShortLogs()
            tell("decided \(reference.decisions.count): \(reference.newest)")
            for event in reference.newest {
                narrate(EventNotation.line(event))
                noteGivenUp(event, before: reference.states[sequence])
            }
        }
        _ = neighbour?.note(found, in: log)
        wakeReaders(of: found)
        return Appended(offset: found.position.offset, appended: logNow)
    }

    private mutating func wakeReaders(of record: LogRecord) {
        let partition = record.position.partition
        for index in managers.indices where managers[index].reads[partition] != nil {
            wakeManager(index, in: dice.time(10, 250))
        }
        guard partition.partition == reference.home else { return }
        switch partition.topic {
        case .commands:
            // For everybody else it is no news: they come across it.
            guard let node = commandsRead.last??.command.executor.node, let index = place(of: node)
            else { return }
            if nodes[index].loop != nil { wakeAgent(index, in: dice.time(5, 150)) }
        case .members:
            for index in nodes.indices where nodes[index].loop != nil {
                wakeAgent(index, in: dice.time(50, 800))
            }
        default: return
        }
    }

    /// Sends a message as somebody who is no agent and no manager.
    mutating func send(
        _ content: InputMessage.Content, of cluster: ClusterID = World.cluster,
        from source: String, in delay: Duration
    ) {
        requests += 1
        let message = InputMessage(cluster, content)
        let origin = EventOrigin(id: "\(source)-\(requests)", source: "/muster/\(source)")
        let record = message.outgoing(origin)
        let partition = dice.happens(perMille: 50) && !isCalm ? anotherPartition : reference.home
        let new = NewRecord(
            TopicPartition(record.topic, partition), key: record.key, headers: record.headers,
            value: record.value)
        add(.land(NewRecordOnItsWay(record: new, sender: .nobody)), in: delay)
    }

    // MARK: Every way to fold is one fold

    /// Every manager's whole state is that of the accepted prefix that it has read.
    private func refold() throws {
        for (index, manager) in managers.enumerated() {
            guard let loop = manager.loop else { continue }
            if let breach = disagreement(with: loop, whole: true) {
                throw violation(breach.promise, "M\(index): \(breach.text)")
            }
        }
        if let breach = reference.refolded(in: log) ?? neighbour?.refolded(in: log) {
            throw violation(breach.promise, breach.text)
        }
    }

    /// What a loader reads, snapshots and all, is what was folded record by record.
    private func compareLoads() async throws {
        if let breach = reference.reread(in: log) { throw violation(breach.promise, breach.text) }
        let projection = try await ProjectionLoader().load(log.engine(at: logNow))
        let found = projection.reader.state(of: Self.cluster)
        if let found, found != reference.state {
            throw violation(.snapshotsAgree, "snapshots and journal fold to another state")
        }
        if found == nil, !reference.decisions.isEmpty {
            throw violation(.snapshotsAgree, "a loader finds nothing of the cluster")
        }
    }
}

/// A record on its way to the log.
struct NewRecordOnItsWay {
    /// Who waits for the answer.
    enum Sender {
        case nobody
        case manager(Int, epoch: UInt64, token: UInt64, isDecision: Bool)
        case agent(Int, epoch: UInt64, token: UInt64)
    }

    var record: NewRecord
    var sender: Sender
}
