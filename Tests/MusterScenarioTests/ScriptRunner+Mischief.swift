import MusterCore

// Disks, processes and configurations that change behind the manager's back.

extension ScriptRunner {
    /// - Returns: false when it is no command of this kind.
    mutating func performMischief(_ command: String, _ words: [String]) throws -> Bool {
        switch command {
        case "data":
            world.mischief.engine = EngineIdentity(cluster: words[0], recoveryEpoch: 0)
        case "write": world.mischief.writes = UInt64(words[0]) ?? 10
        case "role":
            world.nodes.update(NodeID(unchecked: words[0])) {
                $0.role = Role(rawValue: words[1]) ?? .voter
            }
        case "disk": disk(NodeID(unchecked: words[0]))
        case "undisk": oldDisk(NodeID(unchecked: words[0]))
        case "regress": regress(NodeID(unchecked: words[0]), LogIndex(UInt64(words[1]) ?? 0))
        case "unread": unread(NodeID(unchecked: words[0]), LogIndex(UInt64(words[1]) ?? 0))
        case "read":
            for (up, appended) in world.mischief.announced {
                world.take(.fact(.nodeUp(up)), appended: appended)
            }
            world.mischief.announced = []
        case "clone": clone(NodeID(unchecked: words[0]))
        case "second": second(NodeID(unchecked: words[0]))
        case "unclone":
            world.mischief.rivals.removeAll { $0.identity.node.text == words[0] }
        case "server": server(words)
        case "hand": try byHand(words)
        case "elect":
            for name in world.groups.keys {
                world.groups.update(name) { $0.lead(NodeID(unchecked: words[0])) }
            }
        case "dispute": dispute(GroupID(unchecked: words[0]), without: NodeID(unchecked: words[1]))
        case "found":
            found(
                GroupID(unchecked: words[0]), Array(words.dropFirst()).map { NodeID(unchecked: $0) }
            )
        case "delete": delete(GroupID(unchecked: words[0]))
        case "holdup": world.mischief.heldUp.formUnion(words.map { NodeID(unchecked: $0) })
        case "goon": world.mischief.heldUp.subtract(words.map { NodeID(unchecked: $0) })
        case "unknown": world.mischief.unknown[words[0]] = words[1] == "effect"
        case "losetail": world.loseTail(Int(words[0]) ?? 0)
        case "health": health()
        case "refusals": refusals()
        default: return performWords(command, words)
        }
        return true
    }

    /// What is said of groups and of others.
    private mutating func performWords(_ command: String, _ words: [String]) -> Bool {
        switch command {
        case "views": world.mischief.views = Set(words.filter { $0 != "good" })
        case "opinion":
            // `opinion n3 by n1`, `opinion n3 by n1 up`
            let opinion = NodeOpinion(
                node: NodeID(unchecked: words[0]), observer: Principal(unchecked: words[2]),
                reason: "script")
            world.take(
                .fact(words.last == "up" ? .nodeReportedUp(opinion) : .nodeReportedDown(opinion)))
        case "term": speakOf(term: UInt64(words[1]) ?? 0, NodeID(unchecked: words[0]))
        case "keep":
            if let report = world.report(GroupID(unchecked: words[0])) {
                world.mischief.late.append(report)
            }
        case "late":
            // `late facts`: they come as facts, which change the registers.
            for report in world.mischief.late {
                if words == ["facts"] { world.take(.fact(.groupObserved(report))) }
                world.say(.report(report))
            }
            world.mischief.late = []
            world.wake()
        case "earlier": earlier(NodeID(unchecked: words[0]), words[1])
        case "misreport": misreport(words[0])
        case "claim": claim(NodeID(unchecked: words[0]), GroupID(unchecked: words[1]))
        default: return false
        }
        return true
    }

    /// A follower has heard of a higher term, and of no leader.
    private mutating func speakOf(term: UInt64, _ name: NodeID) {
        guard let identity = world.nodes[name]?.identity else { return }
        let entries = world.groups.keys.map {
            GroupReport(
                group: $0, state: .follower, term: Term(term), leader: nil, applied: nil, view: nil)
        }
        world.say(.report(GroupsReport(observer: identity, groups: entries)))
        world.wake()
    }

    /// What the start before the one that runs says, late: `up`, `stopping`, `leaving`, or that it
    /// leads that group in a later term.
    private mutating func earlier(_ name: NodeID, _ word: String) {
        guard var up = world.nodes[name] else { return }
        up.identity.start = Start(up.identity.start.value - 1)
        switch word {
        case "up": world.take(.fact(.nodeUp(up)))
        case "stopping": world.take(.fact(.nodeStopping(up.identity)))
        case "leaving": world.take(.fact(.nodeLeaving(up.identity, reason: "script")))
        default:
            guard var report = world.report(GroupID(unchecked: word)) else { return }
            report.observer = up.identity
            report.groups[0].term = Term(report.groups[0].term.value + 1)
            report.groups[0].leader = name
            world.take(.fact(.groupObserved(report)))
        }
    }

    /// How every command on its way ended, as a start says that they were not for: `done`, `failed`
    /// or `unknown`.
    private mutating func misreport(_ word: String) {
        for (id, command) in world.pending {
            var other = command.executor
            other.start = other.start.next
            let report = CommandReport(command: id, executor: other, detail: "")
            let failure = CommandFailure(code: .rejected, retryable: false, leaderHint: nil)
            switch word {
            case "done": world.take(.fact(.commandSucceeded(report)))
            case "failed": world.take(.fact(.commandFailed(report, failure)))
            default: world.take(.fact(.commandOutcomeUnknown(report)))
            }
        }
    }

    /// A second node says that it leads the group in the term of its leader.
    private mutating func claim(_ name: NodeID, _ group: GroupID) {
        guard var report = world.report(group), let up = world.nodes[name] else { return }
        report.observer = up.identity
        report.groups[0].leader = name
        world.take(.fact(.groupObserved(report)))
    }

    // MARK: Disks and processes

    /// Another disk, with nothing on it.
    private mutating func disk(_ name: NodeID) {
        guard let old = world.nodes[name] else { return }
        world.mischief.oldDisks[name] = old
        world.nodes[name] = fresh(name, role: old.role)
        world.running[name] = []
        world.silent.remove(name)
        announce(name)
    }

    /// The disk that was taken out is put back, and its process started.
    private mutating func oldDisk(_ name: NodeID) {
        guard var old = world.mischief.oldDisks[name] else { return }
        world.mischief.oldDisks[name] = world.nodes[name]
        old.identity.start = old.identity.start.next
        old.boot = Identifier(high: old.boot.high + 1, low: old.boot.low)
        world.nodes[name] = old
        world.silent.remove(name)
        announce(name)
    }

    /// The node starts again on its disk, whose logs now end earlier.
    private mutating func regress(_ name: NodeID, _ last: LogIndex) {
        world.nodes.update(name) { up in
            up.identity.start = up.identity.start.next
            up.boot = Identifier(high: up.boot.high + 1, low: up.boot.low)
            for index in up.groups.indices { up.groups[index].last = last }
        }
        world.silent.remove(name)
        world.take(.fact(.nodeUp(world.nodes[name] ?? fresh(name, role: .voter))))
    }

    /// The node starts again on its disk, whose logs end there, and nobody reads yet that it says
    /// so.
    private mutating func unread(_ name: NodeID, _ last: LogIndex) {
        world.nodes.update(name) { up in
            up.identity.start = up.identity.start.next
            up.boot = Identifier(high: up.boot.high + 1, low: up.boot.low)
            for index in up.groups.indices { up.groups[index].last = last }
        }
        guard let up = world.nodes[name] else { return }
        world.mischief.announced.append((up, world.now))
    }

    /// The machine is copied with its disk: the copy starts, the first one goes on.
    private mutating func clone(_ name: NodeID) {
        guard let first = world.nodes[name] else { return }
        world.mischief.rivals.append(
            Heartbeat(identity: first.identity, boot: first.boot, copies: []))
        world.nodes.update(name) {
            $0.identity.start = $0.identity.start.next
            $0.boot = Identifier(high: $0.boot.high + 100, low: $0.boot.low)
        }
        announce(name)
    }

    /// Another machine with another disk is given the same name.
    private mutating func second(_ name: NodeID) {
        let up = fresh(name, role: .voter)
        world.mischief.rivals.append(Heartbeat(identity: up.identity, boot: up.boot, copies: []))
        world.take(.fact(.nodeUp(up)))
    }

    /// `server n3 off`: the process lives, its Raft servers do not.
    private mutating func server(_ words: [String]) {
        let name = NodeID(unchecked: words[0])
        let groups = world.groups.filter { $0.value.members[name] != nil }.map(\.key)
        world.running[name] = words[1] == "off" ? [] : groups
    }

    // MARK: Groups

    /// `hand remove n3 g1`: the engine's own tool was used.
    private mutating func byHand(_ words: [String]) throws {
        let name = NodeID(unchecked: words[1])
        let chosen = words.dropFirst(2).map { GroupID(unchecked: $0) }
        for group in world.groups.keys where chosen.isEmpty || chosen.contains(group) {
            guard let store = world.nodes[name]?.identity.store else { continue }
            let match = world.groups[group]?.members[name]?.match ?? 0
            let learner = ScriptGroup.Seat(store: store, role: .learner, match: match)
            let voter = ScriptGroup.Seat(store: store, role: .voter, match: match)
            switch words[0] {
            case "remove": world.groups.update(group) { $0.change(name, nil) }
            case "demote": world.groups.update(group) { $0.change(name, learner) }
            case "promote": world.groups.update(group) { $0.change(name, voter) }
            case "learn": world.groups.update(group) { $0.change(name, learner) }
            case "add":
                world.groups.update(group) { $0.change(name, voter) }
                world.running.update(name, default: []) { $0.append(group) }
            default: throw Failure(description: "unknown change by hand \(words[0])")
            }
        }
    }

    /// The leader reports the version that is known, with one member less.
    private mutating func dispute(_ group: GroupID, without name: NodeID) {
        guard var report = world.report(group) else { return }
        report.groups[0].view?.members.removeAll { $0.member.node == name }
        world.take(.fact(.groupObserved(report)))
    }

    /// A new group of those voters, which their agents list.
    private mutating func found(_ group: GroupID, _ voters: [NodeID]) {
        var seats = SortedMap<NodeID, ScriptGroup.Seat>()
        for name in voters {
            guard let store = world.nodes[name]?.identity.store else { continue }
            seats[name] = ScriptGroup.Seat(store: store, role: .voter, match: 1000)
            world.running.update(name, default: []) { $0.append(group) }
        }
        world.groups[group] = ScriptGroup(members: seats, leader: voters[0])
        for name in world.nodes.keys { list(name) { $0.append(group) } }
    }

    private mutating func delete(_ group: GroupID) {
        guard let leader = world.groups[group]?.leader,
            let identity = world.nodes[leader]?.identity
        else { return }
        world.groups[group] = nil
        for name in world.running.keys {
            world.running.update(name) { $0.removeAll { $0 == group } }
        }
        world.take(.fact(.groupDeleted(identity, group: group)))
    }

    private mutating func list(_ name: NodeID, _ change: (inout [GroupID]) -> Void) {
        let capabilities = world.capabilities
        world.nodes.update(name) { up in
            var names = up.groups.map(\.group)
            change(&names)
            up.groupsVersion += 1
            up.groups = names.map {
                NodeGroup(group: $0, capabilities: capabilities, applied: nil)
            }
        }
        if !world.silent.contains(name) { announce(name) }
    }

    // MARK: Health

    /// What is refused to whom, and what waits for what, in sentences.
    private mutating func refusals() {
        var lines: [String] = []
        for record in world.state.requests {
            if case .rejected(let why) = record.outcome {
                lines.append("\(record.id): \(why.sentence)")
            }
        }
        for (node, known) in world.state.nodes {
            if let why = known.removal?.blocked { lines.append("\(node): \(why.sentence)") }
        }
        for (node, saga) in world.state.sagas {
            for (group, step) in saga.steps {
                if let why = step.blocked { lines.append("\(node)/\(group): \(why.sentence)") }
            }
        }
        world.output += lines
    }

    private mutating func health() {
        for group in world.state.groups.keys {
            let health = world.state.health(of: group, evidence: world.evidence, at: world.now)
            let names = health.healthy.map(\.text).joined(separator: " ")
            world.output.append(
                "\(group): \(health.healthy.count) of \(health.voters.count) healthy (\(names)), "
                    + "\(health.needed) needed"
                    + (health.unusable.map { ": \($0.sentence)" } ?? ""))
        }
    }
}
