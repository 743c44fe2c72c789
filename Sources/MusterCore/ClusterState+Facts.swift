extension ClusterState {
    /// What a fact changes by itself. What follows from it for sagas and removals is decided by the
    /// wake-ups after it.
    func decideFact(_ fact: Fact, evidence: Evidence, at moment: Timestamp) -> [Event] {
        switch fact {
        case .nodeUp(let up):
            return decideNodeUp(up, evidence: evidence, at: moment)
        case .nodeStopping(let identity):
            guard let known = current(identity), !known.stopAnnounced else { return [] }
            return [.nodeStopAnnounced(identity.node)]
        case .nodeLeaving(let identity, let reason):
            guard let known = current(identity), !known.leaving else { return [] }
            return [.nodeLeaveAnnounced(identity.node, reason: reason)]
        case .nodeReportedDown(let opinion):
            return decideOpinion(opinion, evidence: evidence, at: moment)
        case .nodeReportedUp:
            return []
        case .groupObserved(let report):
            return decideReport(report)
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
            var attempts: UInt32 = 1
            if case .failed(_, let before)? = nodes[identity.node]?.sync[group] {
                attempts = before &+ 1
            }
            return changeSync(identity, group, .failed(reason, attempts: attempts))
        case .commandSucceeded(let report):
            guard let (node, group) = place(of: report), let step = stepOrWhole(node, group),
                step.outstanding?.succeeded == nil
            else { return [] }
            return [.commandReported(report.command, node, group)]
        case .commandFailed(let report, let failure):
            return decideFailure(report, failure, evidence: evidence, at: moment)
        case .commandOutcomeUnknown(let report):
            guard let (node, group) = place(of: report), let step = stepOrWhole(node, group),
                case .issued(let outstanding) = step.phase
            else { return [] }
            if outstanding.command.require == nil {
                let lost = CommandFailure(code: .failed, retryable: true, leaderHint: nil)
                return decideFailure(report, lost, evidence: evidence, at: moment)
            }
            return [.commandInDoubt(report.command, node, group)]
        }
    }

    /// The node, when the identity is its current one.
    func current(_ identity: NodeIdentity) -> NodeState? {
        guard let known = nodes[identity.node], known.identity == identity else { return nil }
        return known
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
    }

    // MARK: Nodes

    private func decideNodeUp(
        _ up: NodeUp, evidence: Evidence, at moment: Timestamp
    ) -> [Event] {
        let node = up.identity.node
        guard let known = nodes[node] else { return started(up, replaced: nil) }
        if known.identity.store == up.identity.store {
            if up.identity.start > known.identity.start { return started(up, replaced: nil) }
            return sameStart(up, known, at: moment, evidence: evidence)
        }
        if let tombstone = tombstones[up.identity.store], tombstone.reason == .replaced {
            return []
        }
        let lease = policy?.lease ?? Policy().lease
        if let heard = evidence.nodes[node], heard.identity.store == known.identity.store,
            moment - heard.heard.appended <= lease, !known.stopAnnounced,
            sagas[node]?.whole?.name != .clear
        {
            let refusal = Refusal(.identityConflict, nodes: [node], text: "\(up.identity.store)")
            return known.conflict == refusal ? [] : [.identityConflict(node, refusal)]
        }
        return started(up, replaced: known.identity.store)
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

    private func started(_ up: NodeUp, replaced: StoreID?) -> [Event] {
        let node = up.identity.node
        var events: [Event] = [.nodeStarted(up, replaced: replaced)]
        if let known = nodes[node], known.removal != nil {
            events.append(.removalCancelled(node, why: .heard))
        }
        let refusal: Refusal?
        if let engine, let own = up.engine, own != engine, !up.blank {
            refusal = Refusal(
                .foreign, nodes: [node], numbers: [Int64(clamping: own.recoveryEpoch)],
                text: own.cluster)
        } else if groups.contains(where: { isBoundElsewhere($0.value, up.identity) }) {
            refusal = Refusal(.storeChanged, nodes: [node])
        } else {
            refusal = nil
        }
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

    private func decideFailure(
        _ report: CommandReport, _ failure: CommandFailure, evidence: Evidence,
        at moment: Timestamp
    ) -> [Event] {
        guard let (node, group) = place(of: report),
            let machine = StepMachine(self, node, group, evidence: evidence, at: moment),
            let outstanding = machine.step.outstanding
        else { return [] }
        return machine.failed(outstanding, failure)
    }
}
