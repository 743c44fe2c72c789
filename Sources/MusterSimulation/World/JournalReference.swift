internal import MusterCore
internal import MusterLog
internal import MusterManager
internal import MusterWire

/// The reader beside the managers: it follows the journal as each record lands, decides every
/// accepted decision again, and says what must not be.
struct JournalReference {
    let cluster: ClusterID
    let home: Int32
    /// `states[n]` is the state after n decisions.
    private(set) var states: [ClusterState]
    private(set) var decisions: [Decision] = []
    private(set) var offsets: [Offset] = []
    private(set) var commands: [CommandID: Command] = [:]
    private(set) var published: [CommandID: Command] = [:]
    private(set) var quarantined: Set<Position> = []
    private(set) var found: [Breach] = []
    private(set) var voids = 0
    /// How much the managers' clocks may run ahead of the log's.
    let tolerance: Duration
    /// By how much the log's clock was ahead of what it says now.
    var behind: Duration = .zero
    private(set) var book = InputBook()
    /// The offsets of the records of the cluster that are void.
    private(set) var voidOffsets: [Offset] = []
    /// How far a manager had read the inputs when it decided by the clock, by the decision's hash:
    /// all of that it had considered.
    var knew: [Hash: SortedMap<TopicPartition, Offset>] = [:]
    /// Up to where the authors of accepted decisions had considered.
    var known = SortedMap<TopicPartition, Offset>()
    /// Up to where what checkpoints passed was looked at, and was rightly passed.
    var settled = SortedMap<TopicPartition, Offset>()
    /// By node that is removed, the groups in which it was about to vote when its removal took
    /// over: nobody wants that voter any more.
    private var unwanted: [NodeID: Set<GroupID>] = [:]
    let reader = JournalRecordReader()
    private let events = CloudEventReader()
    private let json = JSONReader()

    init(header: JournalHeader, cluster: ClusterID, tolerance: Duration) {
        self.tolerance = tolerance
        self.cluster = cluster
        home = Partitioner.partition(of: cluster, count: header.partitions)
        states = [ClusterState(id: cluster, genesis: SHA256.hash(of: header.bytes))]
    }

    var state: ClusterState { states[states.count - 1] }

    /// How many decisions were accepted.
    var count: Int { decisions.count }

    /// The events of the newest decision.
    var newest: [Event] { decisions.last?.events ?? [] }

    // MARK: What lands

    /// - Returns: whether a decision was accepted.
    mutating func note(_ record: LogRecord, in log: SimulatedLog) -> Bool {
        switch record.position.partition.topic {
        case .journal: return noteJournal(record, in: log)
        case .commands: noteCommand(record)
        case .quarantine: noteQuarantine(record)
        case .events, .requests: book.note(record, cluster: cluster, head: count)
        case .snapshots: noteSnapshot(record, in: log)
        case .heartbeats, .members: break
        }
        return false
    }

    private mutating func noteJournal(_ record: LogRecord, in log: SimulatedLog) -> Bool {
        guard let value = record.value, !JournalHeader.begins(value),
            record.position.partition.partition == home
        else { return false }
        let prefix = JournalEnvelope(extending: state.head, of: cluster).prefix
        guard value.starts(with: prefix) else {
            // Another cluster's chain, such as of a name with a bit changed, is another matter.
            if JournalEnvelope(of: value).map({ $0.cluster != cluster }) ?? false { return false }
            voids += 1
            voidOffsets.append(record.position.offset)
            return false
        }
        do {
            let decision = try reader.decision(of: value, withEvent: false)
            if record.appended + behind + tolerance < decision.at {
                fail(.noDeadlineEarly, "at: decided in the future")
            }
            let hash = SHA256.hash(of: value)
            judge(decision)
            judgeRemovals(decision, in: log)
            judgeWhatWasKnown(decision, hash)
            accept(decision, hash, record.position.offset)
            return true
        } catch {
            fail(.readersAgree, "an accepted record that cannot be read: \(error)")
            return false
        }
    }

    private mutating func accept(_ decision: Decision, _ hash: Hash, _ offset: Offset) {
        var next = state
        next.evolve(decision, hash: hash)
        for (id, command) in decision.commands(at: next.head.sequence, hash: hash) {
            if commands[id] != nil { fail(.noCommandTwice, "\(id) was decided twice") }
            commands[id] = command
        }
        for text in next.checkInvariants() { fail(.statesAreSound, text) }
        judgeGap(decision, next)
        var changing: [GroupID] = []
        for (_, command) in next.outstandingCommands where command.action.changesMembers {
            guard let group = command.group else { continue }
            if changing.contains(group) {
                fail(.oneChangeAtATime, "two changes in flight in \(group)")
            }
            changing.append(group)
        }
        states.append(next)
        decisions.append(decision)
        offsets.append(offset)
    }

    mutating func fail(_ promise: Promise, _ text: String) {
        found.append(Breach(promise, "decision \(state.head.sequence.next): \(text)"))
    }

    /// The same, of the decision that was accepted last.
    mutating func failNewest(_ promise: Promise, _ text: String) {
        found.append(Breach(promise, "decision \(state.head.sequence): \(text)"))
    }

    // MARK: Decided again

    private mutating func judge(_ decision: Decision) {
        let before = state
        if decision.at < before.at { fail(.decidedOnWhatItExtends, "time goes back") }
        for position in decision.considered
        where position.offset <= before.next[position.partition] ?? .zero {
            fail(.decidedOnWhatItExtends, "considered less than before, or nothing new")
        }
        guard let input = input(of: decision, before) else { return }
        let again = before.decide(
            input, evidence: decision.evidence ?? Evidence(), at: decision.at)
        if again != decision.events || again.isEmpty {
            fail(.decidedOnWhatItExtends, "decided again it is \(again), not \(decision.events)")
        }
        watch(decision, input, before)
    }

    private mutating func input(of decision: Decision, _ before: ClusterState) -> Input? {
        switch decision.cause {
        case .timer(let subject):
            return Input(cluster: cluster, source: .manager, content: .wake(subject))
        case .manager:
            fail(.decidedOnWhatItExtends, "a decision about the manager")
            return nil
        case .input(let position, let appended, _):
            if position.offset < before.next[position.partition] ?? .zero {
                fail(.noInputTwice, "\(position) takes effect twice, or late")
            }
            guard let entry = book[position], let content = entry.content else {
                fail(.decidedOnWhatItExtends, "\(position) is no input of the cluster")
                return nil
            }
            if entry.appended != appended { fail(.decidedOnWhatItExtends, "another append time") }
            return Input(
                cluster: cluster, source: .record(position, appended: appended),
                content: content, correlation: entry.correlation)
        }
    }

    /// What no decision may do, whatever `decide` says.
    private mutating func watch(_ decision: Decision, _ input: Input, _ before: ClusterState) {
        let rules = DecisionRules(before: before, decision: decision, input: input)
        for breach in rules.broken { fail(breach.promise, breach.text) }
        if case .fact(let fact) = input.content, let identity = fact.speaker,
            let known = before.nodes[identity.node], known.identity.store == identity.store,
            identity.start < known.identity.start
        {
            for event in decision.events {
                if case .identityConflict = event { continue }
                fail(
                    .noStaleIncarnation,
                    "a stale incarnation of \(identity.node) changes something: \(event)")
            }
        }
        for event in decision.events {
            if case .sagaStarted(let saga, _) = event { noteUnwanted(saga, before) }
            switch event {
            case .sagaStarted(let saga, _)
            where saga.kind == .remove && saga.reason == .silence && !saga.isCancelled:
                if before.blind != nil {
                    fail(.silenceIsProved, "\(saga.node) is removed by a blind manager")
                }
                if before.freeze != nil {
                    fail(.silenceIsProved, "\(saga.node) is removed in a freeze")
                }
                if before.nodes[saga.node]?.removal == nil {
                    fail(.silenceIsProved, "no removal was pending")
                }
            case .commandIssued(let command, _): watch(command, before)
            default: continue
            }
        }
    }

    private mutating func noteUnwanted(_ saga: Saga, _ before: ClusterState) {
        let goesOn = before.sagas[saga.node]?.kind.isRemoval ?? false
        if !saga.kind.isRemoval || !goesOn { unwanted[saga.node] = nil }
        guard saga.kind.isRemoval else { return }
        for (group, step) in saga.steps {
            switch step.outstanding?.command.action {
            case .promoteMember, .addMember(as: .voter):
                unwanted[saga.node, default: []].insert(group)
            default: continue
            }
        }
    }

    /// The floor of DOMAIN §4.2 in words of its own: a group has reached what its voters are,
    /// unless the one that goes was never meant to be one of them.
    private mutating func watch(_ command: Command, _ before: ClusterState) {
        guard command.action == .removeMember || command.action == .demoteMember,
            let group = command.group, let known = before.groups[group],
            let members = known.configuration?.members, let policy = before.policy
        else { return }
        let voters = members.filter { $0.role == .voter }
        guard voters.contains(where: { $0.node == command.node }) else { return }
        let saga = before.sagas[command.node]
        let isWilled =
            saga?.overrides.contains(.belowFloor) == true || saga?.kind == .replace
            || saga.map { if case .rollingBack = $0.phase { true } else { false } } == true
        let isSpare =
            unwanted[command.node]?.contains(group) == true && voters.count > Int(known.desired)
        let least = max(Int(policy.votersMin), Int(known.desired) / 2 + 1)
        if voters.count - 1 < least, !isWilled, !isSpare {
            fail(
                .neverBelowTheFloor,
                "\(command.action.name) \(command.node) takes \(group) below the floor")
        }
    }

    // MARK: Other topics

    private mutating func noteCommand(_ record: LogRecord) {
        do {
            let read = try CommandRecord(
                headers: record.headers, value: record.value, reader: events)
            guard read.cluster == cluster else { return }
            guard let accepted = commands[read.id] else {
                return fail(.onlyAcceptedCommands, "\(read.id) is published and was never decided")
            }
            if accepted != read.command {
                fail(.onlyAcceptedCommands, "\(read.id) has two meanings")
            }
            published[read.id] = read.command
        } catch {
            fail(.onlyAcceptedCommands, "a command that cannot be read: \(error)")
        }
    }

    private mutating func noteQuarantine(_ record: LogRecord) {
        do {
            let read = try json.read(record.value ?? [], .exact) { root throws(JSONReadError) in
                try QuarantineRecord(reading: root)
            }
            quarantined.insert(read.position)
        } catch {
            fail(.unreadableIsKept, "a quarantine record that cannot be read: \(error)")
        }
    }

    // MARK: What managers hold

    /// A manager's confirmed state is that of the accepted prefix that it has read.
    func disagreement(with loop: ManagerLoop, whole: Bool) -> Breach? {
        guard let mine = loop.reader.clusters.first(where: { $0.state.id == cluster }) else {
            let isUnknown = (loop.reader.positions[home] ?? .zero) > offsets.first ?? Offset(.max)
            return isUnknown ? Breach(.readersAgree, "it does not know \(cluster)") : nil
        }
        let position = max(mine.from, loop.reader.positions[mine.partition] ?? .zero)
        var count = offsets.count
        while count > 0, offsets[count - 1] >= position { count -= 1 }
        if mine.state.head != states[count].head {
            return Breach(
                .readersAgree,
                "it is at \(mine.state.head.sequence), the accepted prefix at \(count)")
        }
        if mine.stopped != nil { return Breach(.readersAgree, "\(cluster) stands still") }
        if whole, mine.state != states[count] {
            return Breach(.readersAgree, "another state at \(count)")
        }
        return nil
    }

    // MARK: At the end

    /// A command that the state calls outstanding and nobody was told.
    var unpublished: String? {
        for (id, _) in state.outstandingCommands where published[id] == nil {
            return "\(id) is outstanding and was not published"
        }
        return nil
    }
}

extension Fact {
    /// Whose word it is, where a node speaks of itself.
    fileprivate var speaker: NodeIdentity? {
        switch self {
        case .nodeUp(let up): up.identity
        case .nodeStopping(let identity): identity
        case .nodeLeaving(let identity, _): identity
        case .groupObserved(let report): report.observer
        default: nil
        }
    }
}
