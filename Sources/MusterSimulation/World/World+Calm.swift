internal import MusterCore
internal import MusterLog
internal import MusterManager

// The faults stop, and everything must converge within bounded time.

extension World {
    mutating func becomeCalm() {
        isCalm = true
        tell("calm")
        coverage.active = []
        logAwayUntil = now
        // No deadline fires before the log's clock is where it was: somebody sets it right.
        if leapMost - leap > .seconds(15) { setClock(leapMost) }
        for index in managers.indices {
            managers[index].pausedUntil = now
            managers[index].cutUntil = now
            managers[index].lagUntil = now
            managers[index].turnAt = nil
            wakeManager(index, in: .milliseconds(1))
            add(.beginManager(index), in: dice.time(1, 500))
        }
        share()
        if !options.policyChanges.isEmpty { configure() }
        for index in nodes.indices {
            nodes[index].pausedUntil = now
            nodes[index].peerCutUntil = now
            nodes[index].side = 0
            nodes[index].agentCutUntil = now
            nodes[index].turnAt = nil
            startNode(index)
            wakeAgent(index, in: .milliseconds(1))
        }
        add(.look, in: .seconds(1))
    }

    /// Looks whether all is as it must be in the end, for a while.
    mutating func look() throws {
        guard let text = unsettled else {
            let since = settledSince ?? now
            settledSince = since
            if now - since >= .seconds(1) { isOver = true }
            return add(.look, in: .milliseconds(500))
        }
        settledSince = nil
        // What an operator said before may land late, and be what counts.
        if !isPolicyWanted { configure() }
        actAsPerson()
        if waitsForDamping {
            coverage.persons["waits until a node is no longer damped", default: 0] += 1
            isOver = true
            return
        }
        if isGivenUp {
            coverage.persons["restores what a group has lost", default: 0] += 1
            isOver = true
            return
        }
        if sinceDawn > options.calmAfter + Self.patience {
            throw violation(.everythingConverges, text)
        }
        add(.look, in: .milliseconds(500))
    }

    private var state: ClusterState { reference.state }

    /// Whether the policy is what people want in the end.
    private var isPolicyWanted: Bool {
        guard let policy = state.policy else { return false }
        return wantedPolicy.applied(to: policy) == policy
    }

    /// How long nothing was decided in calm.
    var sinceLastDecision: Duration {
        min(logNow - state.at, sinceDawn - options.calmAfter)
    }

    // MARK: Persons

    /// What is left to people, a person does when nothing else happened for a while.
    private mutating func actAsPerson() {
        guard min(sinceLastDecision, now - personActedAt) >= .seconds(4) else { return }
        if startInConflict() || startDisplaced() || endDispute() || startByHand() { return }
        if removeFound() || decideBlocked() || removeLost() || removeShort() || bringIn() { return }
    }

    mutating func note(_ act: String) -> Bool {
        personActedAt = now
        coverage.persons[act, default: 0] += 1
        tell("a person \(act)")
        return true
    }

    /// Starts a node again that is in conflict: that is how conflicts end.
    private mutating func startInConflict() -> Bool {
        for (node, known) in state.nodes where known.conflict != nil {
            guard let index = place(of: node), nodes[index].loop != nil,
                logNow - known.started >= .seconds(4)
            else { continue }
            crashAgent(index)
            add(.beginAgent(index), in: .milliseconds(500))
            return note("starts a node in conflict again")
        }
        return false
    }

    /// Starts the agent of a node again that is known on a disk it had before, as what it said then
    /// came once more: an agent that finds itself displaced says so and is silent.
    private mutating func startDisplaced() -> Bool {
        for (node, known) in state.nodes where known.liveness == .down {
            guard let index = place(of: node), nodes[index].loop != nil,
                nodes[index].identity.store != known.identity.store
            else { continue }
            crashAgent(index)
            add(.beginAgent(index), in: .milliseconds(500))
            return note("starts a node again that is known on a disk it had before")
        }
        return false
    }

    /// Starts the server of a leader again, where the log says two things of one configuration:
    /// the next term's is newer than both.
    private mutating func endDispute() -> Bool {
        for (group, known) in state.groups where known.disputed != nil {
            guard let leader = groups[group]?.leader else { continue }
            groups.update(group) { $0.stepDown(leader) }
            return note("starts the leader of a disputed group again")
        }
        return false
    }

    /// Starts the server of a member that somebody made one by hand.
    private mutating func startByHand() -> Bool {
        for (group, model) in groups where drifted.contains(group) {
            for (node, seat) in model.members {
                guard let index = place(of: node), nodes[index].identity.store == seat.store,
                    nodes[index].servers[group]?.isRunning != true,
                    state.sagas[node]?.steps[group]?.name == .catchUp
                else { continue }
                let none = SimulatedNode.Server(isRunning: true, log: nil)
                nodes[index].servers.update(group, default: none) { $0.isRunning = true }
                return note("starts the server of a member made by hand")
            }
        }
        return false
    }

    /// Takes learners out that were found, and that keep the places from others: automation
    /// promotes none of them.
    private mutating func removeFound() -> Bool {
        for (_, saga) in state.sagas {
            for (group, step) in saga.steps where step.blocked?.code == .learnerSlot {
                let found = step.blocked?.nodes.first { state.owner(of: $0) == nil }
                guard drifted.contains(group), let found else { continue }
                request(.remove(node: found), in: .milliseconds(1))
                return note("removes a learner made by hand")
            }
        }
        return false
    }

    /// Gives a removal up that the floor forbids by now, or goes on with it knowingly where it has
    /// begun.
    private mutating func decideBlocked() -> Bool {
        for (node, saga) in state.sagas where saga.kind.isRemoval && saga.reason == .request {
            let codes = saga.steps.compactMap { $0.value.blocked?.code }
            if codes.contains(.quorumAfter) {
                request(.cancel(node: node), in: .milliseconds(1))
                return note("gives up a removal after which no majority would be left")
            }
            guard codes.contains(.floor) else { continue }
            if saga.steps.contains(where: { $0.value.name == .done }) {
                request(.remove(node: node), [.belowFloor], in: .milliseconds(1))
                return note("removes below the floor what has left a group already")
            }
            request(.cancel(node: node), in: .milliseconds(1))
            return note("gives up a removal that the floor forbids")
        }
        return false
    }

    /// Takes a voter out that lost its disk, where automation must not, as others did so too.
    private mutating func removeLost() -> Bool {
        for (node, known) in state.nodes where known.refused?.code == .othersUnhealthy {
            guard state.isMember(node), state.owner(of: node) == nil else { continue }
            request(.remove(node: node), in: .milliseconds(1))
            return note("removes a voter that lost its disk as others did")
        }
        return false
    }

    /// Where nobody can come in for a member that has left, lets a node in whose store is out.
    private func hasStalledReplacement() -> Bool {
        state.sagas.values.contains { $0.kind == .replace && $0.isStalled && $0.hasTakenOut }
    }

    private mutating func bringIn() -> Bool {
        guard hasStalledReplacement() else { return false }
        for (node, known) in state.nodes where known.liveness == .up && !state.isMember(node) {
            let store = known.identity.store
            guard place(of: node) != nil, state.tombstones[store] != nil,
                state.owner(of: node) == nil
            else { continue }
            request(
                .add(node: node, role: .voter, groups: .all, wipe: store), in: .milliseconds(1))
            return note("lets a node in again, as nobody else can come in for one that has left")
        }
        return false
    }

    // MARK: Convergence

    /// What is not yet as it must be in the end; nil when everything is.
    var unsettled: String? {
        guard isPolicyWanted else { return "no policy, or another one than people want" }
        for (group, model) in groups {
            if model.pending != nil { return "a change is pending in \(group)" }
            guard let leader = model.leader else { return "nobody leads \(group)" }
            guard let known = state.groups[group], let configuration = known.configuration else {
                return "\(group) is unknown"
            }
            let members = model.members.map {
                Member(node: $0.key, store: $0.value.store, role: $0.value.role)
            }
            if configuration.members != members {
                return "\(group) has \(members), the projection \(configuration.members)"
            }
            if known.leader != leader { return "\(leader) leads \(group), not as projected" }
        }
        for (_, saga) in state.sagas where !saga.waitsForOthers { return saga.told }
        for (node, known) in state.nodes where place(of: node) != nil {
            if known.liveness != .up { return "\(node) is \(known.liveness)" }
            if known.removal != nil { return "a removal of \(node) is pending" }
            if known.regressed != nil, state.isMember(node) {
                return "\(node) is a member and has lost what it had acknowledged"
            }
            let isOut =
                known.refused != nil || known.leaving
                || state.tombstones[known.identity.store] != nil
            if !state.isMember(node) && !isOut { return "\(node) is left outside" }
        }
        for (group, model) in groups {
            if let text = unwanted(group, model) { return text }
        }
        if let text = reference.unpublished ?? lostVoter { return text }
        return unread ?? reference.skipped(isQuiet: true)?.text
    }

    /// What becomes of a change of roles that somebody gives up half way is theirs to say.
    mutating func noteGivenUp(_ event: Event, before: ClusterState) {
        guard case .sagaEnded(let node, _?) = event else { return }
        switch before.sagas[node]?.kind {
        case .demote, .promote: madeByHand.insert(node)
        case .join, .remove, .leave, .transfer, .replace, nil: return
        }
    }

    /// Which member is not what policy wants: whoever is a voter by its role votes, and nobody else
    /// does. What somebody made of a node by hand is what it stays.
    private func unwanted(_ group: GroupID, _ model: SimulatedGroup) -> String? {
        for (node, seat) in model.members where !madeByHand.contains(node) {
            guard let known = state.nodes[node], known.identity.store == seat.store else {
                continue
            }
            let wanted: MemberRole = known.role == .voter ? .voter : .learner
            if seat.role != wanted { return "\(node) is a \(seat.role) in \(group), not \(wanted)" }
        }
        return nil
    }

    /// What a manager has not read or done yet.
    private var unread: String? {
        for (index, manager) in managers.enumerated() {
            guard let loop = manager.loop else { return "M\(index) does not run" }
            let end = log.end(of: TopicPartition(.journal, reference.home))
            if loop.reader.positions[reference.home] != end { return "M\(index) is behind" }
        }
        return nil
    }
}

extension Saga {
    /// Whether a node that leaves is kept by the floor: it goes when there are others.
    fileprivate var waitsForOthers: Bool {
        kind == .leave
            && steps.allSatisfy { $0.value.name == .done || $0.value.blocked?.code == .floor }
    }

    /// Where it stands, for who reads why a schedule failed.
    fileprivate var told: String {
        var parts = ["\(kind) of \(node), because of \(reason)"]
        if let newcomer { parts.append("by \(newcomer.node)") }
        switch phase {
        case .active: break
        case .rollingBack(let refusal): parts.append("going back: \(refusal.code)")
        case .stalled(let refusal, _): parts.append("stalled: \(refusal.code)")
        }
        if let whole { parts.append("the node: \(whole.told)") }
        parts += steps.map { "\($0.key): \($0.value.told)" }
        return parts.joined(separator: "; ")
    }
}

extension Step {
    fileprivate var told: String {
        let word: String
        switch phase {
        case .ready: word = blocked.map { "\($0.code) \($0.nodes)" } ?? "ready"
        case .issued(let outstanding): word = "issued \(outstanding.id)"
        case .inDoubt(let outstanding): word = "in doubt \(outstanding.id)"
        case .failed(let refusal): word = "failed \(refusal.code)"
        }
        return "\(name), \(word)"
    }
}
