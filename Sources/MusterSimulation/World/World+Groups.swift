internal import MusterAgent
internal import MusterCore
internal import MusterWire

/// What an executor has begun and not ended.
enum UnderWay {
    case change(Work, SimulatedGroup.Change, until: Timestamp)
    case copy(Work, source: NodeID, bytes: UInt64, SimulatedGroup.Disk)
    case done(Work, CommandOutcome)
}

// The Raft groups, and what executors do to them.

extension World {
    /// What the servers of the group that run, and reach each other, have on their disks.
    func running(_ group: GroupID) -> SimulatedGroup.Disks {
        var result = SimulatedGroup.Disks()
        let side = mainSide(of: group)
        for node in nodes where node.isUp && node.pausedUntil <= now && !isCut(node, side) {
            if let server = node.servers[group], server.isRunning {
                result[node.identity.node] = SimulatedGroup.Disk(
                    store: node.identity.store, last: server.log ?? 0, term: server.term)
            }
        }
        return result
    }

    private func isCut(_ node: NodeSeat, _ side: Int) -> Bool {
        node.peerCutUntil > now || node.side != side
    }

    /// The side of a partition on which the group goes on: where more of its voters run.
    private func mainSide(of group: GroupID) -> Int {
        guard nodes.contains(where: { $0.side != 0 }), let model = groups[group] else { return 0 }
        var counts = [0, 0]
        for node in nodes where node.isUp && node.servers[group]?.isRunning == true {
            if model.latest[node.identity.node]?.role == .voter { counts[node.side] += 1 }
        }
        return counts[1] > counts[0] ? 1 : 0
    }

    /// A leader that is cut off does not learn that it leads no more.
    private mutating func keepLed(_ group: GroupID) {
        let side = mainSide(of: group)
        for index in nodes.indices {
            let node = nodes[index]
            if !isCut(node, side) || node.servers[group]?.isRunning != true {
                nodes[index].lastLed[group] = nil
            } else if let model = groups[group], model.leader == node.identity.node,
                model.quorum > 1, node.lastLed[group] == nil
            {
                nodes[index].lastLed[group] = model
            }
        }
    }

    mutating func with<Result>(
        _ group: GroupID, _ body: (inout SimulatedGroup, inout SimulatedGroup.Disks) -> Result
    ) -> Result? {
        let before = running(group)
        var disks = before
        let result = groups.update(group) { body(&$0, &disks) }
        let commit = groups[group]?.commit ?? 0
        committed.update(group, default: commit) { $0 = max($0, commit) }
        for (node, disk) in disks where before[node] != disk {
            guard let index = place(of: node) else { continue }
            if let old = before[node], disk.last < old.last {
                noteShorter(index, group, from: old.last, to: disk.last, isByFault: false)
            }
            nodes[index].servers[group] = SimulatedNode.Server(
                isRunning: true, log: disk.last, term: disk.term)
        }
        return result
    }

    mutating func stepGroups() throws {
        let moving = SimulatedGroup.World(
            now: now, elapsed: now - raftAt, electionTimeout: .milliseconds(600), writes: 50,
            catchUp: 5000, snapshotRate: 20_000_000)
        raftAt = now
        for group in groups.keys {
            let before = groups[group]?.losses
            let isShort = hasShortVoter(group)
            keepLed(group)
            _ = with(group) { $0.step(moving, &$1) }
            guard let losses = groups[group]?.losses, losses != before else { continue }
            if !isShort { throw violation(.noWriteIsLost, "\(group) lost a committed write") }
            hasLostWrites = true
            tell("\(group) loses committed writes by the vote of a log that was cut short")
        }
        add(.raft, in: .milliseconds(250))
    }

    // MARK: What is seen

    /// Whose data the groups hold.
    private static let engine = EngineIdentity(cluster: "rafts", recoveryEpoch: 1)

    func observation(_ index: Int) -> NodeObservation {
        let seat = nodes[index]
        let list = groups.keys.map { group in
            NodeGroup(
                group: group, capabilities: options.capabilities,
                applied: seat.servers[group]?.log.map { LogIndex($0) },
                last: seat.servers[group]?.log.map { LogIndex($0) })
        }
        let reports = seat.servers.compactMap { group, server in
            groups[group].map { report(seat, server, $0) }
        }
        let isBlank = seat.servers.values.allSatisfy { $0.log == nil }
        return NodeObservation(
            blank: isBlank, engine: isBlank ? nil : Self.engine, list: list, groups: reports)
    }

    private func report(
        _ seat: NodeSeat, _ server: SimulatedNode.Server, _ model: SimulatedGroup
    ) -> GroupReport {
        let node = seat.identity.node
        if let old = seat.lastLed[model.id] {
            // It says what it last saw, and nobody confirms it.
            return old.report(of: node, server, SimulatedGroup.Disks(), at: now)
        }
        return model.report(
            of: node, server, running(model.id), at: now,
            isCut: isCut(seat, mainSide(of: model.id)))
    }

    // MARK: What is done

    mutating func carryOut(_ work: Work, on index: Int) throws {
        let command = work.command
        tell("\(nodes[index].identity.node) carries out \(work.id) \(command.action)")
        narrate(
            "\(nodes[index].identity.node) carries out \(command.action.name) \(command.node)"
                + (command.group.map { "/\($0)" } ?? ""))
        guard nodes[index].carried.insert(work.id).inserted else {
            throw violation(.noCommandTwice, "\(work.id) is carried out twice")
        }
        nodes[index].begun[work.id] = nodes[index].epoch
        guard reference.published[work.id] == command else {
            throw violation(
                .onlyAcceptedCommands, "\(work.id) is carried out and was not published")
        }
        // An agent hears of a leap with the records after it.
        if leap == .zero, !hasGoneBack, command.notAfter + options.tolerance < now {
            throw violation(.noCommandTwice, "\(work.id) is begun too late")
        }
        guard command.executor == nodes[index].identity else {
            throw violation(.noCommandTwice, "\(work.id) is for another start")
        }
        coverage.commands[command.action.name, default: 0] += 1
        switch command.action {
        case .prepareNode: prepare(work, index)
        case .syncGroup(let source, _): copy(work, from: source, index)
        case .startMember: setRunning(true, work, index)
        case .stopMember: stop(work, index)
        case .addMember, .promoteMember, .demoteMember, .removeMember, .transferLeadership:
            try change(work, index)
        case .observeGroup: end(work, index, .succeeded(detail: ""))
        }
    }

    private mutating func end(_ work: Work, _ index: Int, _ outcome: CommandOutcome) {
        add(
            .work(index, epoch: nodes[index].epoch, .done(work, outcome)), in: dice.time(5, 200))
    }

    private mutating func fail(
        _ work: Work, _ index: Int, _ code: CommandFailure.Code, _ text: String,
        retryable: Bool = true
    ) {
        end(work, index, .failed(code, retryable: retryable, text))
    }

    private func isMember(_ node: NodeID, _ store: StoreID, of group: GroupID?) -> Bool {
        groups.contains { name, model in
            (group == nil || name == group)
                && (model.members[node]?.store == store || model.latest[node]?.store == store)
        }
    }

    private mutating func prepare(_ work: Work, _ index: Int) {
        let (node, store) = (work.command.executor.node, work.command.store)
        if store != nodes[index].identity.store || isMember(node, store, of: nil) {
            return fail(work, index, .preconditionFailed, "a member", retryable: false)
        }
        nodes[index].servers = SortedMap()
        end(work, index, .succeeded(detail: ""))
    }

    private mutating func setRunning(_ isRunning: Bool, _ work: Work, _ index: Int) {
        guard let group = work.command.group, work.command.store == nodes[index].identity.store
        else { return fail(work, index, .rejected, "another store", retryable: false) }
        let none = SimulatedNode.Server(isRunning: isRunning, log: nil)
        nodes[index].servers.update(group, default: none) { $0.isRunning = isRunning }
        end(work, index, .succeeded(detail: ""))
    }

    private mutating func stop(_ work: Work, _ index: Int) {
        let (node, store) = (work.command.node, work.command.store)
        if isMember(node, store, of: work.command.group) {
            return fail(work, index, .preconditionFailed, "still a member")
        }
        for group in nodes[index].servers.keys
        where work.command.group == nil || work.command.group == group {
            nodes[index].servers.update(group) { $0.isRunning = false }
        }
        end(work, index, .succeeded(detail: ""))
    }

    private mutating func copy(_ work: Work, from source: NodeID, _ index: Int) {
        guard let group = work.command.group, let model = groups[group],
            let disk = running(group)[source]
        else { return fail(work, index, .failed, "the source does not answer") }
        if nodes[index].servers[group]?.isRunning == true {
            return fail(work, index, .rejected, "the server runs")
        }
        var copied = disk
        copied.last = min(model.commit, disk.last)
        add(
            .work(
                index, epoch: nodes[index].epoch,
                .copy(work, source: source, bytes: 0, copied)), in: dice.time(200, 600))
    }

    private mutating func change(_ work: Work, _ index: Int) throws {
        let command = work.command
        guard let group = command.group, let model = groups[group], let require = command.require,
            nodes[index].isUp, let server = nodes[index].servers[group]
        else { return fail(work, index, .rejected, "no such group") }
        let seen = report(nodes[index], server, model)
        var wall = Precondition(command: command, require: require)
        wall.contactMax = Self.contactMax
        if let refusal = wall.refusal(seen, isVersion: { $0 == require.version }) {
            coverage.refusedByExecutor += 1
            return end(work, index, refusal)
        }
        if require.term.value != model.term || require.version != model.version {
            throw violation(
                .changesAreCheckedAgain,
                "\(work.id) is proposed on another configuration than it requires")
        }
        try propose(work, index, group, model)
    }

    private mutating func propose(
        _ work: Work, _ index: Int, _ group: GroupID, _ model: SimulatedGroup
    ) throws {
        let command = work.command
        let seat = model.members[command.node]
        if let seat, seat.store != command.store, command.action != .removeMember {
            return fail(work, index, .preconditionFailed, "another store is the member")
        }
        var new: SimulatedGroup.Seat? = .init(store: command.store, role: .learner)
        switch command.action {
        case .transferLeadership(let target):
            let isGiven = with(group) { $0.transfer(to: target, $1) } ?? false
            if isGiven { return end(work, index, .succeeded(detail: "")) }
            return fail(work, index, .failed, "the target is behind")
        case .removeMember: new = nil
        case .addMember(let role): new?.role = role.member
        case .promoteMember:
            new?.role = .voter
            if seat == nil { return fail(work, index, .failed, "no member") }
            let disk = place(of: command.node).flatMap { nodes[$0].servers[group]?.log } ?? 0
            let lag = model.commit - min(model.commit, disk)
            if lag > Self.lagMax {
                throw violation(
                    .onlyWhoCaughtUpVotes, "\(command.node) votes \(lag) entries behind")
            }
        default: if seat == nil { return fail(work, index, .failed, "no member") }
        }
        if new == seat { return end(work, index, .succeeded(detail: "")) }
        if let text = quorumTaken(by: command.node, new, model) {
            throw violation(.quorumsAreKept, "\(work.id): \(text)")
        }
        let isWritten = with(group) { $0.change(command.node, to: new, &$1) } ?? false
        guard isWritten, let change = groups[group]?.pending else {
            coverage.refusedByEngine += 1
            return fail(work, index, .failed, "the engine refuses it")
        }
        tell("\(command.action) of \(command.node) is written in \(group)")
        add(
            .work(
                index, epoch: nodes[index].epoch,
                .change(work, change, until: now + .milliseconds(3000))), in: .milliseconds(300))
    }

    /// Something under way goes on, while the agent's process lives.
    mutating func goOn(_ index: Int, _ epoch: UInt64, _ work: UnderWay) {
        guard nodes[index].epoch == epoch else { return }
        if nodes[index].pausedUntil > now {
            return queue.add(
                .work(index, epoch: epoch, work),
                at: nodes[index].pausedUntil + .milliseconds(1))
        }
        switch work {
        case .done(let work, let outcome):
            give(index, .finished(work.id, outcome), in: .milliseconds(1))
        case .change(let work, let change, let until):
            settle(index, epoch, work, change, until)
        case .copy(let work, let source, let bytes, let disk):
            goOnCopying(index, epoch, work, source, bytes, disk)
        }
    }

    private mutating func settle(
        _ index: Int, _ epoch: UInt64, _ work: Work, _ change: SimulatedGroup.Change,
        _ until: Timestamp
    ) {
        guard let group = work.command.group, let model = groups[group] else { return }
        if model.changed == change {
            give(index, .finished(work.id, .succeeded(detail: "")), in: .milliseconds(1))
        } else if model.pending == change, now < until {
            add(
                .work(index, epoch: epoch, .change(work, change, until: until)),
                in: .milliseconds(300))
        } else {
            give(index, .finished(work.id, .unknown(detail: "not seen")), in: .milliseconds(1))
        }
    }

    private mutating func goOnCopying(
        _ index: Int, _ epoch: UInt64, _ work: Work, _ source: NodeID, _ bytes: UInt64,
        _ disk: SimulatedGroup.Disk
    ) {
        guard let group = work.command.group, let model = groups[group] else { return }
        guard running(group)[source] != nil else {
            return fail(work, index, .failed, "the source does not answer")
        }
        let next = bytes + 8_000_000
        if next < model.bytes {
            let progress = CopyProgress(group: group, bytes: next, bytesTotal: model.bytes)
            give(index, .progress(work.id, progress), in: .milliseconds(1))
            return add(
                .work(
                    index, epoch: epoch, .copy(work, source: source, bytes: next, disk)),
                in: dice.time(200, 600))
        }
        if nodes[index].servers[group]?.isRunning == true {
            return fail(work, index, .rejected, "the server runs")
        }
        nodes[index].servers[group] = SimulatedNode.Server(
            isRunning: false, log: disk.last, term: disk.term)
        let outcome = CommandOutcome.succeeded(detail: "", index: LogIndex(disk.last))
        give(index, .finished(work.id, outcome), in: .milliseconds(1))
    }
}
