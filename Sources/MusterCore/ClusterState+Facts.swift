extension ClusterState {
    /// What a fact changes by itself. What follows from it for sagas and removals is decided by the
    /// wake-ups after it.
    ///
    /// - Parameter said: when the fact was appended, which may be long before it is decided.
    func decideFact(
        _ fact: Fact, said: Timestamp, evidence: Evidence, at moment: Timestamp
    ) -> [Event] {
        switch fact {
        case .nodeUp(let up):
            return decideNodeUp(up, said: said, evidence: evidence, at: moment)
        case .nodeStopping(let identity):
            guard let known = current(identity), !known.stopAnnounced else { return [] }
            return [.nodeStopAnnounced(identity.node)]
        case .nodeLeaving(let identity, let reason):
            guard let known = current(identity), !known.leaving else { return [] }
            return [.nodeLeaveAnnounced(identity.node, reason: reason)]
        case .nodeReportedDown(let opinion):
            return decideOpinion(opinion, evidence: evidence, at: moment)
        case .nodeReportedUp(let opinion):
            return decideSignOfLife(opinion, evidence: evidence, at: moment)
        case .groupObserved(let report):
            return listens(to: report.observer) ? decideReport(report) : []
        case .groupDeleted(let identity, let group):
            guard current(identity) != nil, groups[group]?.member(identity.node) != nil else {
                return []
            }
            return [.groupDeleted(group)]
        case .syncStarted(let identity, let group, let source):
            return changeSync(identity, group, .syncing(source: source, since: moment))
        case .synced(let identity, let group, let index):
            return changeSync(identity, group, .synced(index))
        case .syncFailed(let identity, let group, let reason, _):
            let attempts = copiesTried(identity.node, group)
            return changeSync(identity, group, .failed(reason, attempts: attempts))
        case .commandSucceeded(let report):
            guard let (node, group) = place(of: report), let step = stepOrWhole(node, group),
                step.outstanding?.succeeded == nil
            else { return [] }
            return [.commandReported(report.command, node, group)]
        case .commandFailed(let report, let failure):
            return decideFailure(report, failure, evidence: evidence, at: moment)
        case .commandOutcomeUnknown(let report):
            return decideUnknown(report, evidence: evidence, at: moment)
        }
    }

    /// The node, when the identity is its current one.
    func current(_ identity: NodeIdentity) -> NodeState? {
        guard let known = nodes[identity.node], known.identity == identity else { return nil }
        return known
    }

    /// How often the group's data was copied to the node, the attempt that has just failed
    /// included.
    private func copiesTried(_ node: NodeID, _ group: GroupID) -> UInt32 {
        if let step = step(node, group), step.name == .seed { return step.attempt }
        if case .failed(_, let before)? = nodes[node]?.sync[group] { return before &+ 1 }
        return 1
    }

    private func changeSync(
        _ identity: NodeIdentity, _ group: GroupID, _ status: SyncStatus
    ) -> [Event] {
        guard let known = current(identity), known.sync[group] != status else { return [] }
        if case .syncing(let source, _) = status,
            case .syncing(source, _)? = known.sync[group]
        {
            return []
        }
        return [.syncChanged(identity.node, group, status)]
    }

    private func decideOpinion(
        _ opinion: NodeOpinion, evidence: Evidence, at moment: Timestamp
    ) -> [Event] {
        guard let known = nodes[opinion.node], known.liveness == .up, let policy else { return [] }
        let heard = evidence.nodes[opinion.node]?.heard.appended ?? known.started
        if moment - heard <= policy.heartbeatInterval * 2 { return [] }
        return [.nodeSuspected(opinion.node, lastHeard: heard, by: opinion.observer)]
            + noteMatches(opinion.node, known, evidence)
    }

    /// A sign of life, by somebody else's word: silence counts from it and a pending removal starts
    /// again in full, but the node is not up by it, so no automation begins.
    private func decideSignOfLife(
        _ opinion: NodeOpinion, evidence: Evidence, at moment: Timestamp
    ) -> [Event] {
        let node = opinion.node
        guard let policy, let known = nodes[node], known.liveness != .unknown,
            moment - lastSign(node, known, evidence) > policy.heartbeatInterval * 2
        else { return [] }
        var events: [Event] = [.nodeSeenUp(node, by: opinion.observer)]
        if known.removal != nil {
            let due = moment + policy.removalDelay
            events.append(.removalRescheduled(node, due: due, why: .evidence))
        }
        return events
    }

    // MARK: Nodes

    private func decideNodeUp(
        _ up: NodeUp, said: Timestamp, evidence: Evidence, at moment: Timestamp
    ) -> [Event] {
        let node = up.identity.node
        guard let known = nodes[node] else {
            return started(up, replaced: nil, said: said)
        }
        if known.identity.store == up.identity.store {
            if up.identity.start > known.identity.start {
                return started(up, replaced: nil, said: said)
            }
            return sameStart(up, known, at: moment, evidence: evidence)
        }
        if isReplaced(up.identity) { return [] }
        let lease = policy?.lease ?? Policy().lease
        let heard = evidence.nodes[node].flatMap {
            $0.identity.store == known.identity.store ? $0.heard.appended : nil
        }
        // Whoever has announced itself was heard. How far apart two announcements were said that
        // waited for a decision together, their decisions do not tell.
        let isAnnounced = said >= known.started && said - known.started <= lease
        if isAnnounced || heard.map({ moment - $0 <= lease }) ?? false, !known.stopAnnounced,
            sagas[node]?.whole?.name != .clear
        {
            let refusal = Refusal(.identityConflict, nodes: [node], text: "\(up.identity.store)")
            return known.conflict == refusal ? [] : [.identityConflict(node, refusal)]
        }
        return started(up, replaced: known.identity.store, said: said)
    }

    /// Whether somebody came in for the store, or does so by now: where its seat is gone already,
    /// it does not come back.
    private func isReplaced(_ identity: NodeIdentity) -> Bool {
        if tombstones[identity.store]?.reason == .replaced { return true }
        guard let saga = sagas[identity.node], saga.kind == .replace, saga.isInPlace,
            saga.store == identity.store
        else { return false }
        return saga.steps.contains { $0.value.removed }
    }

    private func sameStart(
        _ up: NodeUp, _ known: NodeState, at moment: Timestamp, evidence: Evidence
    ) -> [Event] {
        guard up.identity.start == known.identity.start else { return [] }
        if up.boot != known.boot {
            let refusal = Refusal(.identityConflict, nodes: [up.identity.node], text: "\(up.boot)")
            return known.conflict == refusal ? [] : [.identityConflict(up.identity.node, refusal)]
        }
        guard up.groupsVersion > known.groupsVersion else { return [] }
        return [
            .nodeGroupsChanged(
                up.identity.node, version: up.groupsVersion, groups: up.groups)
        ]
    }

    private func started(_ up: NodeUp, replaced: StoreID?, said: Timestamp) -> [Event] {
        let node = up.identity.node
        var events: [Event] = [.nodeStarted(up, replaced: replaced)]
        if let known = nodes[node], known.removal != nil {
            events.append(.removalCancelled(node, why: .heard))
        }
        let foreign = foreignness(NodeState(up, at: at))
        let regressed =
            replaced == nil ? nodes[node].flatMap { regression(up, $0, said: said) } : nil
        let isChanged = groups.contains { isBoundElsewhere($0.value, up.identity) }
        let changed = isChanged ? Refusal(.storeChanged, nodes: [node]) : nil
        let refusal = foreign ?? changed ?? regressed
        if let refusal {
            events.append(.nodeRefused(node, store: up.identity.store, refusal: refusal))
        } else if engine == nil, let own = up.engine, !up.blank {
            events.append(.clusterIdentified(own))
        }
        return events
    }

    /// Whether the group's member of that name is bound to another store: as a voter it could vote
    /// twice.
    func isBoundElsewhere(_ group: GroupState, _ identity: NodeIdentity) -> Bool {
        guard let store = group.member(identity.node)?.store else { return false }
        return store != identity.store
    }

    // MARK: Command outcomes

    /// Where the command with that id stands; nil when it is not outstanding.
    func place(of command: CommandID) -> (node: NodeID, group: GroupID?)? {
        for (node, saga) in sagas {
            if saga.whole?.outstanding?.id == command { return (node, nil) }
            for (group, step) in saga.steps where step.outstanding?.id == command {
                return (node, group)
            }
        }
        return nil
    }

    /// The same, when the report comes from the start that the command was for.
    private func place(of report: CommandReport) -> (node: NodeID, group: GroupID?)? {
        guard let found = place(of: report.command),
            let command = stepOrWhole(found.node, found.group)?.outstanding?.command,
            command.executor == report.executor
        else { return nil }
        return found
    }

    func stepOrWhole(_ node: NodeID, _ group: GroupID?) -> Step? {
        group.map { sagas[node]?.steps[$0] } ?? sagas[node]?.whole
    }

    /// Its agent does not know what became of a command, and does nothing more about it. What it
    /// does on its own node alone it may do again; a group is looked at.
    private func decideUnknown(
        _ report: CommandReport, evidence: Evidence, at moment: Timestamp
    ) -> [Event] {
        guard let (node, group) = place(of: report), let step = stepOrWhole(node, group),
            let outstanding = step.outstanding, outstanding.succeeded == nil
        else { return [] }
        if outstanding.command.require == nil {
            let lost = CommandFailure(code: .failed, retryable: true, leaderHint: nil)
            return decideFailure(report, lost, evidence: evidence, at: moment)
        }
        let isOver = Event.commandReported(report.command, node, group)
        if case .inDoubt = step.phase { return [isOver] }
        return [.commandInDoubt(report.command, node, group), isOver]
    }

    private func decideFailure(
        _ report: CommandReport, _ failure: CommandFailure, evidence: Evidence,
        at moment: Timestamp
    ) -> [Event] {
        guard let (node, group) = place(of: report),
            let machine = StepMachine(self, node, group, evidence: evidence, at: moment),
            let outstanding = machine.step.outstanding, outstanding.succeeded == nil
        else { return [] }
        // Whether a change whose time is over had its effect, an observation says and nobody else.
        if case .inDoubt = machine.step.phase {
            return [.commandReported(report.command, node, group)]
        }
        return machine.failed(outstanding, failure)
    }
}
