internal import MusterCore
internal import MusterLog
internal import MusterManager
internal import MusterWire

// What goes wrong, and what people do.

extension World {
    /// The kinds of faults that are on now.
    var activeFaults: [WorldFault.Kind] { isCalm ? [] : coverage.active }

    mutating func beginFault() {
        if isCalm { return }
        let going = situations
        let kind = drawFault(going)
        let fault = WorldFault(kind: kind, victim: dice.pick(max(managers.count, nodes.count)))
        let length = dice.time(300, dice.happens(perMille: 300) ? 18_000 : 5000)
        make(fault, length)
        let slow = Int64(options.faultInterval.milliseconds)
        let mean = going.contains(where: \.isRare) ? slow / 2 : slow
        add(.fault, in: dice.time(mean / 4, mean * 2))
    }

    /// One of the kinds that may come, by what was rarely met with what goes on.
    private mutating func drawFault(_ going: [WorldSituation]) -> WorldFault.Kind {
        let weights = options.faults.map { $0.weight(going) }
        var left = dice.pick(weights.reduce(0, +))
        for (kind, weight) in zip(options.faults, weights) {
            if left < weight { return kind }
            left -= weight
        }
        return options.faults[0]
    }

    mutating func beginAbsence(_ absence: Roughness.Absence) {
        if isCalm { return }
        make(WorldFault(kind: absence.kind, victim: absence.victim), absence.length)
    }

    mutating func beginLeap() {
        if isCalm { return }
        make(WorldFault(kind: .clockLeap, victim: 0), .seconds(2))
    }

    mutating func beginOutage(_ length: Duration) {
        if isCalm { return }
        make(WorldFault(kind: .logAway, victim: 0), length)
    }

    private mutating func make(_ fault: WorldFault, _ length: Duration) {
        let kind = fault.kind
        // What a fault leaves to chance has dice of its own: so it can be left out, and the others
        // come as they did.
        let others = Dice(seed: dice.next())
        faults += 1
        if options.only?.contains(faults) ?? true {
            coverage.faults[kind.rawValue, default: 0] += 1
            coverage.meet(kind, situations)
            coverage.active.append(kind)
            story.append("\(faults): \(kind) of \(fault.victim) at \(sinceDawn.milliseconds) ms")
            narrate("fault \(faults): \(kind)\(victim(of: fault)), for \(length.milliseconds) ms")
            tell("fault \(faults): \(kind) of \(fault.victim)")
            begin(fault, length)
            add(.over(fault), in: length)
        }
        dice = others
    }

    private mutating func begin(_ fault: WorldFault, _ length: Duration) {
        let manager = fault.victim % managers.count
        let node = fault.victim % nodes.count
        switch fault.kind {
        case .managerCrash:
            crashManager(manager)
            if dice.happens(perMille: 200) { for index in managers.indices { crashManager(index) } }
        case .managerPause: managers[manager].pausedUntil = now + length
        case .managerCut: managers[manager].cutUntil = now + length
        case .journalLag: managers[manager].lagUntil = now + length
        case .ownershipOverlap:
            for index in managers.indices {
                assign(index, [0, 1], division: managers[index].divisions)
            }
        case .producerReplaced:
            guard managers[manager].loop != nil else { return }
            managers[manager].inbox.append(.producerReplaced)
            wakeManager(manager, in: .milliseconds(1))
        case .nodeCrash: crashNode(node)
        case .nodePause: nodes[node].pausedUntil = now + length
        case .nodeCut: nodes[node].peerCutUntil = now + length
        case .partition:
            for index in nodes.indices { nodes[index].side = dice.pick(2) }
        case .diskLost: loseDisk(node)
        case .logShortened: shortenLogs(node)
        case .agentCrash: crashAgent(node)
        case .agentCut: nodes[node].agentCutUntil = now + length
        case .oldIncarnation: sayOld(node)
        case .logAway: logAwayUntil = now + length
        case .massOutage:
            let spared = dice.happens(perMille: 700) ? 0 : nodes.count
            for index in nodes.indices where index != spared { crashNode(index) }
        case .clockLeap: leapClock()
        case .clockBack: setClockBack()
        case .drift: driftGroup()
        case .hostileBytes: sendHostile()
        case .staleObservation: repeatObservation()
        case .duplicatedInput: repeatInput()
        }
    }

    mutating func endFault(_ fault: WorldFault) {
        if let place = coverage.active.firstIndex(of: fault.kind) {
            coverage.active.remove(at: place)
        }
        let node = fault.victim % nodes.count
        switch fault.kind {
        case .managerCrash:
            for index in managers.indices where managers[index].loop == nil {
                add(.beginManager(index), in: dice.time(1, 500))
            }
        case .ownershipOverlap: share()
        case .nodeCrash, .diskLost, .logShortened: startNode(node)
        case .partition: for index in nodes.indices { nodes[index].side = 0 }
        case .agentCrash: add(.beginAgent(node), in: .milliseconds(1))
        case .massOutage: for index in nodes.indices { startNode(index) }
        default: break
        }
    }

    mutating func crashNode(_ index: Int) {
        guard nodes[index].isUp else { return }
        tell("\(nodes[index].identity.node) crashes")
        nodes[index].isUp = false
        nodes[index].lastLed = SortedMap()
        crashAgent(index)
        for group in groups.keys {
            groups.update(group) { $0.stepDown(nodes[index].identity.node) }
        }
    }

    mutating func startNode(_ index: Int) {
        nodes[index].isUp = true
        if nodes[index].loop == nil { add(.beginAgent(index), in: dice.time(1, 300)) }
    }

    /// An empty disk in a node, where the groups keep their majority without it: what is lost by
    /// more than that is nobody's to bring back.
    private mutating func loseDisk(_ index: Int) {
        let node = nodes[index].identity.node
        for (_, model) in groups
        where isNeeded(node, model.latest) || isNeeded(node, model.members) {
            return
        }
        crashNode(index)
        // It may run where the servers are down.
        crashAgent(index)
        tell("\(node) loses its disk")
        nodes[index].identity = NodeIdentity(node: node, store: identifier(), start: Start(0))
        nodes[index].servers = SortedMap()
        nodes[index].notes = []
        nodes[index].begun = [:]
    }

    /// Whether the voters of a configuration with sound disks are no majority without the node.
    func isNeeded(
        _ node: NodeID, _ members: SortedMap<NodeID, SimulatedGroup.Seat>
    ) -> Bool {
        let voters = members.filter { $0.value.role == .voter }
        let sound = voters.count { voter in
            guard voter.key != node, let place = place(of: voter.key) else { return false }
            let store = voter.value.store
            return nodes[place].identity.store == store && !hasLostEntries(store)
        }
        return voters.contains { $0.key == node } && sound < voters.count / 2 + 1
    }

    /// A process of a start before speaks up.
    private mutating func sayOld(_ index: Int) {
        var identity = nodes[index].identity
        guard identity.start.value > 1 else { return }
        identity.start = Start(identity.start.value - 1)
        send(.fact(.nodeStopping(identity)), from: "old", in: .milliseconds(1))
        let old = Heartbeat(
            identity: identity, boot: Identifier(high: 77, low: identity.start.value), copies: [])
        send(.heartbeat(old), from: "old", in: .milliseconds(2))
    }

    /// Somebody changes members behind Muster's back.
    private mutating func driftGroup() {
        let group = dice.one(of: groups.keys)
        guard let model = groups[group] else { return }
        drifted.insert(group)
        let victim = dice.one(of: nodes.map(\.identity))
        madeByHand.insert(victim.node)
        let seat = model.members[victim.node]
        if seat?.role == .voter, model.members.filter({ $0.value.role == .voter }).count <= 1 {
            return
        }
        // What others lost is no reason to take out those who have it.
        if !shortLogs.isEmpty, isNeeded(victim.node, model.latest) { return }
        let new: SimulatedGroup.Seat? =
            seat == nil ? SimulatedGroup.Seat(store: victim.store, role: .learner) : nil
        _ = with(group) { $0.change(victim.node, to: new, &$1) }
    }

    /// The log's clock goes ahead, by whatever it may be.
    private mutating func leapClock() {
        setClock(leap + .milliseconds(dice.one(of: [2500, 20_000, 3_600_000])))
    }

    /// The log's clock goes back, by whatever it may be, or is right again.
    private mutating func setClockBack() {
        let length = Duration.milliseconds(dice.one(of: [700, 2500, 12_000]))
        hasGoneBack = true
        setClock(leap > .zero && dice.happens(perMille: 500) ? .zero : leap - length)
    }

    /// Sets the log's clock, by how much it is ahead of the world's.
    mutating func setClock(_ new: Duration) {
        leap = new
        leapMost = max(leapMost, new)
        // Managers that have not heard of it yet go by what it was.
        reference.behind = leapMost - leap
        neighbour?.behind = leapMost - leap
        tell("the log's clock is ahead by \(leap.milliseconds) ms")
    }

    private mutating func sendHostile() {
        let topic = dice.one(of: [Topic.events, .heartbeats, .requests])
        let texts = [
            "", "{", "null", "[1,2]", "{\"cluster\":\"orders\"}", "\u{FEFF}{}",
            String(repeating: "[", count: 200), "{\"cluster\":\"orders\",\"cluster\":\"b\"}",
        ]
        var value = Array(dice.one(of: texts).utf8)
        if dice.happens(perMille: 300) { value = (0..<40).map { _ in UInt8(dice.pick(256)) } }
        let old = log.records(of: TopicPartition(topic, reference.home))
        var headers = old.last?.headers ?? []
        if let last = old.last, dice.happens(perMille: 400), var bytes = last.value, !bytes.isEmpty
        {
            bytes[dice.pick(bytes.count)] ^= UInt8(1 << dice.pick(8))
            value = Array(bytes.prefix(bytes.count - dice.pick(2)))
        } else if dice.happens(perMille: 500) {
            headers = []
        }
        let record = NewRecord(
            TopicPartition(topic, dice.happens(perMille: 500) ? 0 : 1), key: nil,
            headers: headers, value: dice.happens(perMille: 50) ? nil : value)
        add(.land(NewRecordOnItsWay(record: record, sender: .nobody)), in: .milliseconds(1))
    }

    /// What an agent saw of its groups a good while ago comes once more, as if it were new.
    private mutating func repeatObservation() {
        let topic = dice.one(of: [Topic.events, .heartbeats, .heartbeats])
        let old = log.records(of: TopicPartition(topic, reference.home))
        // Not one of the newest: those are what is so now.
        guard old.count > 20 else { return }
        for _ in 0..<12 {
            let one = old[dice.pick(old.count - 20)]
            switch reference.book.content(of: one) {
            case .report, .fact(.groupObserved): return say(again: one)
            case .fact, .request, .heartbeat, nil: continue
            }
        }
    }

    private mutating func say(again one: LogRecord) {
        let record = NewRecord(
            one.position.partition, key: one.key, headers: one.headers, value: one.value)
        add(.land(NewRecordOnItsWay(record: record, sender: .nobody)), in: .milliseconds(1))
    }

    /// Whom a fault befalls, in words.
    private func victim(of fault: WorldFault) -> String {
        switch fault.kind {
        case .managerCrash, .managerPause, .managerCut, .journalLag, .producerReplaced:
            " of M\(fault.victim % managers.count)"
        case .nodeCrash, .nodePause, .nodeCut, .diskLost, .agentCrash, .agentCut, .oldIncarnation,
            .logShortened:
            " of \(nodes[fault.victim % nodes.count].identity.node)"
        case .ownershipOverlap, .partition, .logAway, .massOutage, .drift, .hostileBytes,
            .staleObservation, .duplicatedInput, .clockLeap, .clockBack:
            ""
        }
    }

    /// Something that was said a moment ago comes once more, as if it were new.
    private mutating func repeatInput() {
        let topic = dice.one(of: [Topic.events, .events, .heartbeats, .requests])
        let old = log.records(of: TopicPartition(topic, reference.home))
        guard !old.isEmpty else { return }
        let one = old[max(0, old.count - 1 - dice.pick(40))]
        var place = one.position.partition
        if topic != .heartbeats, !options.rough.elsewhere.isEmpty, dice.happens(perMille: 500) {
            place.partition = anotherPartition
        }
        let record = NewRecord(
            place, key: one.key, headers: one.headers, value: one.value)
        add(.land(NewRecordOnItsWay(record: record, sender: .nobody)), in: .milliseconds(1))
    }
}
