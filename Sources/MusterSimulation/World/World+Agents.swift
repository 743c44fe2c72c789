internal import MusterAgent
internal import MusterCore
internal import MusterLog
internal import MusterWire

/// A node with its disk, its servers, and the agent beside them.
struct NodeSeat {
    /// What is durable on the disk.
    var identity: NodeIdentity
    var servers = SortedMap<GroupID, SimulatedNode.Server>()
    var notes: [AgentNote] = []
    /// Whether the servers' process runs.
    var isUp = false
    /// Whether it will never come back.
    var isGone = false
    var loop: AgentLoop?
    /// Counts the agent's processes; what belongs to an earlier one comes to nothing.
    var epoch: UInt64 = 0
    var inbox: [AgentInput] = []
    var turnAt: Timestamp?
    var pausedUntil = World.dawn
    /// Until when other nodes do not reach it.
    var peerCutUntil = World.dawn
    /// On which side of a partition it is.
    var side = 0
    /// Of each group that it led when it was cut off, what it last saw.
    var lastLed = SortedMap<GroupID, SimulatedGroup>()
    /// Until when its agent does not reach the log.
    var agentCutUntil = World.dawn
    /// How much of what agents hear it has heard.
    var commandsFrom = 0
    var membersFrom = 0
    /// Commands that had an effect begun, for the rule that none is carried out twice.
    var carried: Set<CommandID> = []
    /// The commands begun on this disk, with the agent's process that began each.
    var begun: [CommandID: UInt64] = [:]

    init(identity: NodeIdentity) { self.identity = identity }
}

extension World {
    func place(of node: NodeID) -> Int? { nodes.firstIndex { $0.identity.node == node } }

    /// Each agent's own monotonic clock, which may go a little wrong.
    func clock(ofAgent index: Int) -> Duration {
        sinceDawn * options.rates[managers.count + index] / 1000
    }

    /// Another process of the agent, on the disk as it is.
    mutating func beginAgent(_ index: Int) {
        guard nodes[index].loop == nil, !nodes[index].isGone else { return }
        nodes[index].epoch += 1
        nodes[index].identity.start = nodes[index].identity.start.next
        var memory = AgentMemory()
        for note in nodes[index].notes { memory.fold(note) }
        var settings = AgentSettings(cluster: Self.cluster)
        settings.address = "\(nodes[index].identity.node).example:4000"
        if options.rough.replicas.contains(index) { settings.role = .replica }
        settings.heartbeatInterval = paced(1500)
        settings.observationInterval = paced(1500)
        nodes[index].loop = AgentLoop(
            settings: settings, identity: nodes[index].identity,
            boot: Identifier(high: UInt64(index), low: nodes[index].epoch), memory: memory,
            now: clock(ofAgent: index))
        nodes[index].inbox = []
        nodes[index].turnAt = nil
        nodes[index].commandsFrom = commandsRead.count
        nodes[index].membersFrom = 0
        tell("the agent of \(nodes[index].identity.node) begins, start \(nodes[index].epoch)")
        wakeAgent(index, in: .milliseconds(1))
    }

    mutating func crashAgent(_ index: Int) {
        guard nodes[index].loop != nil else { return }
        tell("the agent of \(nodes[index].identity.node) crashes")
        nodes[index].loop = nil
        nodes[index].epoch += 1
        nodes[index].inbox = []
    }

    mutating func wakeAgent(_ index: Int, in delay: Duration) {
        let at = max(now + delay, nodes[index].pausedUntil)
        if let turn = nodes[index].turnAt, turn <= at { return }
        nodes[index].turnAt = at
        queue.add(.agent(index), at: at)
    }

    mutating func give(_ index: Int, _ input: AgentInput, in delay: Duration) {
        nodes[index].inbox.append(input)
        wakeAgent(index, in: delay)
    }

    mutating func turnAgent(_ index: Int) throws {
        guard nodes[index].turnAt == now, nodes[index].loop != nil else { return }
        nodes[index].turnAt = nil
        if nodes[index].pausedUntil > now {
            return wakeAgent(index, in: nodes[index].pausedUntil - now)
        }
        var inputs = nodes[index].inbox
        nodes[index].inbox = []
        if max(logAwayUntil, nodes[index].agentCutUntil) <= now { inputs += hear(index) }
        guard var loop = nodes[index].loop.take() else { return }
        let effects = loop.handle(inputs + [.time], now: clock(ofAgent: index))
        let wake = loop.wakeUp
        nodes[index].loop = consume loop
        for effect in effects { try perform(effect, ofAgent: index) }
        if nodes[index].loop != nil, let wake {
            wakeAgent(index, in: max(.milliseconds(5), wake - clock(ofAgent: index)))
        }
    }

    private mutating func hear(_ index: Int) -> [AgentInput] {
        var inputs: [AgentInput] = []
        for record in commandsRead[nodes[index].commandsFrom...] {
            if let record { inputs.append(.command(record)) }
        }
        for record in membersRead[nodes[index].membersFrom...] {
            if let record { inputs.append(.member(record)) }
        }
        nodes[index].commandsFrom = commandsRead.count
        nodes[index].membersFrom = membersRead.count
        return inputs
    }

    /// Reads what agents hear, once for all of them; what cannot be read they leave out.
    mutating func readForAgents(_ record: LogRecord) {
        guard record.position.partition.partition == reference.home else { return }
        switch record.position.partition.topic {
        case .commands:
            // What cannot be read is left out, as agents do.
            commandsRead.append(
                try? CommandRecord(headers: record.headers, value: record.value, reader: decoder))
        case .members: membersRead.append(member(record))
        default: break
        }
    }

    private func member(_ record: LogRecord) -> MemberRecord? {
        guard record.value != nil else { return nil }
        // What cannot be read is left out, as agents do.
        return try? decoder.read(key: nil, headers: record.headers, value: record.value) {
            _, data throws(JSONReadError) -> MemberRecord in
            try MemberRecord(reading: data)
        }
    }

    private mutating func perform(_ effect: AgentEffect, ofAgent index: Int) throws {
        let epoch = nodes[index].epoch
        switch effect {
        case .append(let token, let message, let causation):
            append(token, message, causation, ofAgent: index)
        case .note(let token, let note):
            nodes[index].notes.append(note)
            give(index, .noted(token: token), in: dice.time(1, 8))
        case .carryOut(let work): try carryOut(work, on: index)
        case .observe:
            if nodes[index].isUp {
                give(index, .observed(observation(index)), in: dice.time(1, 10))
            } else {
                give(index, .notObserved(reason: "it does not run"), in: dice.time(1, 10))
            }
        case .renewStore(let id):
            let identity = NodeIdentity(
                node: nodes[index].identity.node, store: identifier(), start: Start(1))
            nodes[index].identity = identity
            give(index, .storeRenewed(id, identity), in: dice.time(1, 8))
        case .say(let remark): tell("\(nodes[index].identity.node) says: \(remark.text)")
        case .ended where !isCalm:
            // Who has left is away until all is calm, or somebody starts it.
            crashAgent(index)
        case .halt, .ended:
            crashAgent(index)
            if nodes[index].epoch > epoch { add(.beginAgent(index), in: dice.time(2000, 4000)) }
        }
    }

    private mutating func append(
        _ token: UInt64, _ message: InputMessage, _ causation: String?, ofAgent index: Int
    ) {
        let origin = EventOrigin(
            id: "\(index)-\(nodes[index].epoch)-\(token)", source: "/muster/agent",
            causation: causation)
        let record = message.outgoing(origin)
        let sender = NewRecordOnItsWay.Sender.agent(
            index, epoch: nodes[index].epoch, token: token)
        add(
            .land(
                NewRecordOnItsWay(
                    record: NewRecord(
                        TopicPartition(record.topic, partition(of: record.topic, fromAgent: index)),
                        key: record.key,
                        headers: record.headers, value: record.value), sender: sender)),
            in: dice.time(1, 8))
    }
}
