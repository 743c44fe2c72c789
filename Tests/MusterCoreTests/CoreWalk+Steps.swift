import MusterCore
import MusterTesting

extension CoreWalk {
    static let ann = Principal(unchecked: "ann")

    /// A policy of short times, three healthy members, and spares that are named.
    mutating func begin() throws {
        var patch = PolicyPatch()
        patch.joinPolicy = .open
        patch.votersMin = 2
        patch.removalDelay = .seconds(60)
        patch.stallRetry = .seconds(30)
        patch.catchUpTimeout = .seconds(60)
        try request(.configure(patch))
        for node in nodes { try tell(.nodeUp(node.up(groups))) }
        for _ in 0..<10 { try live() }
    }

    mutating func take() throws {
        step += 1
        switch random.next() % 40 {
        case 36...39: try keep()
        case 0: fail(pick(nodes.indices))
        case 1, 2, 3: try start(pick(nodes.indices))
        case 4: try wipe(pick(nodes.indices))
        case 5, 6: elect(pick(groups.indices))
        case 7: try request(.remove(node: someNode()))
        case 8:
            let wipe = random.happens(perMille: 300) ? nodes[pick(nodes.indices)] : nil
            try request(
                .add(
                    node: someNode(), role: random.next() % 3 == 0 ? .replica : .voter,
                    groups: random.next() % 3 == 0 ? .list([groups[0].id]) : .all,
                    wipe: wipe?.identity.store))
        case 9: try request(.cancel(node: someNode()))
        case 10: try request(.extend(node: someNode(), by: .seconds(5)))
        case 11:
            var patch = PolicyPatch()
            patch.removal = Policy.Mode.allCases[pick(0..<3)]
            patch.join = Policy.Mode.allCases[pick(0..<3)]
            patch.promotion = Policy.Mode.allCases[pick(0..<3)]
            patch.votersMin = UInt32(1 + pick(0..<3))
            try request(.configure(patch))
        case 12: try tell(.nodeStopping(nodes[pick(nodes.indices)].identity))
        case 13: try tell(.nodeLeaving(nodes[pick(nodes.indices)].identity, reason: "old"))
        case 14: if let fact = said.randomElement(using: &random) { try ask(.fact(fact)) }
        case 15: changeByHand(pick(groups.indices))
        case 16: if random.happens(perMille: 100) { try delete(pick(groups.indices)) }
        case 17: now = now + .seconds(Int(random.next() % 40))
        case 18...24: if !commands.isEmpty { try carryOut(commands[pick(commands.indices)]) }
        case 25: try request(.promote(node: someNode()))
        case 26: try request(.demote(node: someNode()))
        case 27: try request(.transfer(group: someGroup(), to: someNode()))
        case 28:
            try request(
                .replace(
                    node: someNode(),
                    with: random.happens(perMille: 500) ? someNode() : nil))
        default: if let newest = commands.last { try carryOut(newest) }
        }
        // Now and then things are left alone for long enough to be finished.
        let calm = step % 50 == 0 ? 30 : 0
        try live(for: 1 + calm + Int(random.next() % 4), isCalm: calm > 0)
        if calm > 0 {
            try changeRole()
            try live(for: 30, isCalm: true)
        }
    }

    private mutating func live(for count: Int, isCalm: Bool) throws {
        for index in 0..<count {
            if isCalm && index % 2 == 0, let newest = commands.last { try carryOut(newest) }
            try live()
        }
    }

    /// What an operator asks of members that are well: more than chance alone would get done.
    private mutating func changeRole() throws {
        for (node, known) in state.nodes where known.liveness == .up && state.isMember(node) {
            let isVoter = groups.contains { state.isVoter(node, in: $0.id) }
            switch random.next() % 4 {
            case 0 where !isVoter: return try request(.promote(node: node))
            case 1 where isVoter: return try request(.demote(node: node))
            case 2 where isVoter: return try request(.replace(node: node, with: nil))
            default: continue
            }
        }
    }

    /// What operators ask for that changes no members, and what a manager says of itself.
    private mutating func keep() throws {
        let length = Duration.seconds(Int(random.next() % 40))
        switch random.next() % 9 {
        case 0: try request(.hold(node: someNode(), lasting: length))
        case 1: try request(.release(node: someNode()))
        case 2: try request(.pause(lasting: length))
        case 3: try request(.resume)
        case 4: try request(.retry(node: someNode()))
        case 5:
            let known = state.proposals.randomElement(using: &random)?.id
            try request(.approve(known ?? MusterCore.Sequence(1 + random.next() % 50)))
        case 6:
            try request(.adopt(node: random.happens(perMille: 500) ? someNode() : nil))
        case 7: try request(.forget(node: someNode()))
        default:
            let why = Blindness(kind: .lag, count: 12_000, of: 10_000)
            try look(at: .sight(random.happens(perMille: 500) ? why : nil))
        }
    }

    private mutating func pick(_ range: Range<Int>) -> Int {
        range.lowerBound + Int(random.next() % UInt64(range.count))
    }

    private mutating func someGroup() -> GroupID {
        random.happens(perMille: 50) ? GroupID(unchecked: "none") : groups[pick(groups.indices)].id
    }

    private mutating func someNode() -> NodeID {
        random.happens(perMille: 50)
            ? NodeID(unchecked: "nobody") : nodes[pick(nodes.indices)].identity.node
    }

    mutating func tell(_ fact: Fact) throws {
        said.append(fact)
        if case .nodeUp(let up) = fact { evidence.hear(up, heard(), lease: .seconds(10)) }
        try ask(.fact(fact))
    }

    private mutating func request(_ action: Request.Action) throws {
        requestCount += 1
        let overrides = Request.Override.allCases.filter { _ in random.happens(perMille: 200) }
        try ask(
            .request(
                Request(
                    id: RequestID(unchecked: "r\(requestCount)"), principal: Self.ann,
                    reason: "walk", validFor: .seconds(60), onlyAt: nil, overrides: overrides,
                    action: action)))
    }

    // MARK: Nodes and groups

    private mutating func fail(_ index: Int) { nodes[index].isUp = false }

    private mutating func start(_ index: Int) throws {
        if nodes[index].isUp && random.happens(perMille: 700) { return }
        nodes[index].isUp = true
        nodes[index].identity.start = nodes[index].identity.start.next
        nodes[index].boot = Identifier(high: 3, low: random.next())
        try tell(.nodeUp(nodes[index].up(groups)))
    }

    private mutating func wipe(_ index: Int) throws {
        nodes[index].identity.store = Identifier(high: 4, low: random.next())
        nodes[index].identity.start = Start(0)
        nodes[index].isBlank = true
        nodes[index].isUp = false
    }

    private func isUp(_ member: Member) -> Bool {
        nodes.contains {
            $0.isUp && $0.identity.node == member.node && $0.identity.store == member.store
        }
    }

    private func decides(_ group: WalkGroup) -> Bool {
        let voters = group.members.filter { $0.role == .voter }
        return voters.filter { isUp($0) }.count * 2 > voters.count
    }

    private mutating func elect(_ index: Int) {
        let able = groups[index].members.filter { $0.role == .voter && isUp($0) }
        guard decides(groups[index]), let winner = able.randomElement(using: &random) else {
            return
        }
        groups[index].term += 1
        groups[index].leader = winner.node
    }

    /// Somebody removes a member with the engine's own tool.
    private mutating func changeByHand(_ index: Int) {
        guard random.happens(perMille: 200), groups[index].members.count > 2,
            decides(groups[index]), let last = groups[index].members.last,
            last.node != groups[index].leader
        else { return }
        groups[index].members.removeLast()
        groups[index].version += 1
    }

    private mutating func delete(_ index: Int) throws {
        guard groups.count > 1 else { return }
        let gone = groups.remove(at: index)
        guard let teller = nodes.first(where: { $0.identity.node == gone.leader }) else { return }
        try tell(.groupDeleted(teller.identity, group: gone.id))
    }

    /// One to three seconds pass; who lives says so, and leaders look at their groups.
    private mutating func live() throws {
        now = now + .milliseconds(1000 + Int(random.next() % 2000))
        for node in nodes where node.isUp {
            let heartbeat = Heartbeat(identity: node.identity, boot: node.boot, copies: [])
            evidence.hear(heartbeat, heard(), lease: .seconds(10))
        }
        for index in groups.indices { try look(index) }
        try wake()
    }

    private mutating func look(_ index: Int) throws {
        groups[index].commit += random.next() % 50
        let group = groups[index]
        guard let leader = nodes.first(where: { $0.identity.node == group.leader }), leader.isUp,
            group.members.contains(where: { $0.node == group.leader && isUp($0) })
        else {
            elect(index)
            return
        }
        let quorum = decides(group)
        let views = group.members.map { member in
            let isReached = isUp(member)
            return MemberView(
                member: member, match: LogIndex(isReached ? group.commit : 1),
                contactAge: isReached ? .zero : .seconds(600))
        }
        let view = LeaderView(
            confirmed: quorum, changePermitted: quorum, pending: false,
            version: ConfigurationVersion(term: Term(1), index: LogIndex(group.version)),
            commit: LogIndex(group.commit), firstIndex: nil,
            members: views.sorted { $0.member.node < $1.member.node })
        let entry = GroupReport(
            group: group.id, state: .leader, term: Term(group.term), leader: group.leader,
            applied: LogIndex(group.commit), view: view)
        let report = GroupsReport(observer: leader.identity, groups: [entry])
        evidence.hear(report, heard(), lease: .seconds(10))
        try tell(.groupObserved(report))
    }

    // MARK: Commands

    /// An agent does as it was told, or fails, or does not know; it may say so, or never.
    private mutating func carryOut(_ entry: (id: CommandID, command: Command)) throws {
        let report = CommandReport(
            command: entry.id, executor: entry.command.executor, detail: "")
        let retryable = random.next() % 2 == 0
        let code = CommandFailure.Code.allCases[pick(0..<CommandFailure.Code.allCases.count)]
        switch random.next() % 8 {
        case 0:
            let failure = CommandFailure(code: code, retryable: retryable, leaderHint: nil)
            return try tell(.commandFailed(report, failure))
        case 1:
            if random.next() % 2 == 0 { _ = apply(entry.command) }
            return try tell(.commandOutcomeUnknown(report))
        case 2:
            _ = apply(entry.command)
        default:
            guard apply(entry.command) else {
                let failure = CommandFailure(
                    code: .preconditionFailed, retryable: true, leaderHint: nil)
                return try tell(.commandFailed(report, failure))
            }
            if case .syncGroup = entry.command.action, let group = entry.command.group {
                let index = groups.first { $0.id == group }?.commit ?? 0
                try tell(
                    .synced(entry.command.executor, group: group, index: LogIndex(index)))
            }
            try tell(.commandSucceeded(report))
        }
    }

    /// - Returns: false when the executor's own check refuses it.
    private mutating func apply(_ command: Command) -> Bool {
        guard let node = nodes.firstIndex(where: { $0.identity == command.executor }),
            nodes[node].isUp, now <= command.notAfter
        else { return false }
        if command.action == .prepareNode {
            nodes[node].identity.store = Identifier(high: 5, low: random.next())
            nodes[node].identity.start = Start(0)
            nodes[node].isBlank = true
        }
        guard let require = command.require else { return true }
        guard let index = groups.firstIndex(where: { $0.id == command.group }),
            groups[index].leader == require.leader, Term(groups[index].term) == require.term,
            LogIndex(groups[index].version) == require.version.index, decides(groups[index])
        else { return false }
        let before = groups[index]
        change(index, command)
        if decides(groups[index]) { return true }
        groups[index] = before
        return false
    }

    private mutating func change(_ index: Int, _ command: Command) {
        let place = groups[index].index(of: command.node)
        switch command.action {
        case .addMember(let role):
            if place != nil { return }
            groups[index].members.append(
                Member(node: command.node, store: command.store, role: role.member))
        case .promoteMember: if let place { groups[index].members[place].role = .voter }
        case .demoteMember: if let place { groups[index].members[place].role = .learner }
        case .removeMember:
            guard let place, groups[index].members[place].store == command.store else { return }
            groups[index].members.remove(at: place)
        case .transferLeadership(let next):
            groups[index].term += 1
            groups[index].leader = next
            return
        case .prepareNode, .syncGroup, .startMember, .stopMember, .observeGroup: return
        }
        groups[index].version += 1
    }
}
