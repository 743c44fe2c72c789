package import MusterCore

/// Events in the scripts' notation: one line, names and the numbers that a rule is about.
package enum EventNotation {
    /// An event on one line.
    package static func line(_ event: Event) -> String {
        switch event {
        case .policyConfigured: "policyConfigured"
        case .clusterIdentified(let engine): "clusterIdentified \(engine.cluster)"
        case .timeGap(let from, let to, let why):
            "timeGap \(seconds(to - from)) \(why.rawValue)"
        case .frozen(let silent): "frozen \(names(silent))"
        case .calmed: "calmed"
        case .thawed: "thawed"
        case .nodeStarted(let up, let replaced):
            "nodeStarted \(up.identity.node) start=\(up.identity.start)"
                + (replaced == nil ? "" : " on another store")
        case .nodeGroupsChanged(let node, let version, _): "nodeGroupsChanged \(node) \(version)"
        case .nodeStopAnnounced(let node): "nodeStopAnnounced \(node)"
        case .nodeLeaveAnnounced(let node, _): "nodeLeaveAnnounced \(node)"
        case .nodeSuspected(let node, _, let by):
            "nodeSuspected \(node)" + (by.map { " by \($0)" } ?? "")
        case .nodeDown(let node, _): "nodeDown \(node)"
        case .nodeReturned(let node): "nodeReturned \(node)"
        case .nodeSeenUp(let node, let by): "nodeSeenUp \(node) by \(by)"
        case .nodeRefused(let node, _, let refusal): "nodeRefused \(node) \(text(refusal))"
        case .identityConflict(let node, let refusal):
            "identityConflict \(node) \(text(refusal))"
        case .conflictEnded(let node): "conflictEnded \(node)"
        case .matchNoted(let node, _, let matches):
            "matchNoted \(node) "
                + matches.map { "\($0.group):\($0.index)" }.joined(separator: " ")
        case .leaderObserved(let group, let leader, let term):
            "leaderObserved \(group) \(leader) term=\(term)"
        case .configurationObserved(let group, let version, let members, let pending):
            "configurationObserved \(group) \(version) \(text(members))"
                + (pending ? " pending" : "")
        case .driftDetected(let group, let appeared, let vanished, let changed):
            "driftDetected \(group) appeared=\(names(appeared)) vanished=\(names(vanished)) "
                + "changed=\(names(changed))"
        case .configurationDisputed(let group, let version, let members):
            "configurationDisputed \(group) \(version) \(text(members))"
        case .groupDeleted(let group): "groupDeleted \(group)"
        case .desiredChanged(let group, let count): "desiredChanged \(group) \(count)"
        case .syncChanged(let node, let group, let status):
            "syncChanged \(node) \(group) \(text(status))"
        default: keepingLine(event) ?? sagaLine(event)
        }
    }

    private static func keepingLine(_ event: Event) -> String? {
        switch event {
        case .blinded(let why): "blinded \(why.kind.rawValue) \(why.count) of \(why.of)"
        case .sighted: "sighted"
        case .automationPaused(let interval): "automationPaused for \(length(interval))"
        case .automationResumed(let why): "automationResumed \(why.rawValue)"
        case .nodeHeld(let node, let interval): "nodeHeld \(node) for \(length(interval))"
        case .nodeReleased(let node, let why): "nodeReleased \(node) \(why.rawValue)"
        case .nodeForgotten(let node): "nodeForgotten \(node)"
        case .changeWithheld(let rule, let node, _, let refusal, let proofs):
            "changeWithheld \(rule.rawValue) \(node) \(text(refusal))" + text(proofs)
        case .changeProposed(let rule, let node, _, let proofs):
            "changeProposed \(rule.rawValue) \(node)" + text(proofs)
        case .proposalEnded(let rule, let node, let why):
            "proposalEnded \(rule.rawValue) \(node) " + (why.map { text($0) } ?? "approved")
        default: nil
        }
    }

    private static func length(_ interval: Interval) -> String {
        seconds(interval.until - interval.since)
    }

    private static func sagaLine(_ event: Event) -> String {
        switch event {
        case .requestAccepted(let id, let node):
            "requestAccepted \(id)" + (node.map { " joins \($0)" } ?? "")
        case .requestRejected(let id, let refusal, let proofs):
            "requestRejected \(id) \(text(refusal))" + text(proofs)
        case .requestCompleted(let id, let refusal):
            "requestCompleted \(id)" + (refusal.map { " " + text($0) } ?? "")
        case .removalScheduled(let node, _, _): "removalScheduled \(node)"
        case .removalRescheduled(let node, _, let why):
            "removalRescheduled \(node) \(why.rawValue)"
        case .removalCancelled(let node, let why): "removalCancelled \(node) \(why.rawValue)"
        case .removalBlocked(let node, let refusal, let proofs):
            "removalBlocked \(node) \(text(refusal))" + text(proofs)
        case .joinRefused(let node, _, let refusal): "joinRefused \(node) \(text(refusal))"
        case .sagaStarted(let saga, let proofs):
            "sagaStarted \(saga.kind.rawValue) \(saga.node) \(saga.reason.rawValue) "
                + (saga.isCancelled ? "cancelled " : "") + steps(saga) + text(proofs)
        case .sagaRollingBack(let node, let refusal): "sagaRollingBack \(node) \(text(refusal))"
        case .sagaStalled(let node, let refusal, _): "sagaStalled \(node) \(text(refusal))"
        case .sagaResumed(let node): "sagaResumed \(node)"
        case .sagaSuperseded(let node, let by): "sagaSuperseded \(node) by \(by.rawValue)"
        case .sagaEnded(let node, let refusal):
            "sagaEnded \(node)" + (refusal.map { " " + text($0) } ?? "")
        case .nodeJoined(let node): "nodeJoined \(node)"
        case .nodeRemoved(let node, _, let reason): "nodeRemoved \(node) \(reason.rawValue)"
        default: stepLine(event)
        }
    }

    private static func stepLine(_ event: Event) -> String {
        switch event {
        case .stepStarted(let node, let group, let name):
            "stepStarted \(place(node, group)) \(name.rawValue)"
        case .stepBlocked(let node, let group, let refusal, _):
            "stepBlocked \(place(node, group)) \(text(refusal))"
        case .commandIssued(let command, let proofs):
            "commandIssued \(command.action.name) \(place(command.node, command.group)) "
                + "to \(command.executor.node)" + (command.group == nil ? "" : text(proofs))
                + (command.attempt > 1 ? " attempt \(command.attempt)" : "")
        case .commandReported(_, let node, let group): "commandReported \(place(node, group))"
        case .commandFailed(_, let node, let group, let failure, _):
            "commandFailed \(place(node, group)) \(failure.code.rawValue)"
        case .commandInDoubt(_, let node, let group): "commandInDoubt \(place(node, group))"
        case .doubtResolved(_, let node, let group, let effect):
            "doubtResolved \(place(node, group)) \(effect ? "effect" : "no effect")"
        case .stepDone(let node, let group, let name, let next):
            "stepDone \(place(node, group)) \(name.rawValue)"
                + (next.map { ", then \($0.rawValue)" } ?? "")
        case .stepFailed(let node, let group, let name, let refusal):
            "stepFailed \(place(node, group)) \(name.rawValue) \(text(refusal))"
        case .observationAsked(let command):
            "observationAsked \(place(command.node, command.group))"
        default: "?"
        }
    }

    /// A time in whole seconds.
    package static func seconds(_ duration: Duration) -> String {
        "\(duration.milliseconds / 1000)s"
    }

    private static func names(_ nodes: [NodeID]) -> String {
        nodes.isEmpty ? "-" : nodes.map(\.text).joined(separator: ",")
    }

    private static func place(_ node: NodeID, _ group: GroupID?) -> String {
        "\(node)" + (group.map { "/\($0)" } ?? "")
    }

    private static func text(_ refusal: Refusal) -> String {
        "(\(refusal.code.rawValue)" + (refusal.group.map { " \($0)" } ?? "")
            + (refusal.nodes.isEmpty ? "" : " \(names(refusal.nodes))") + ")"
    }

    private static func text(_ members: [Member]) -> String {
        members.map { $0.node.text + ($0.role == .voter ? "" : "?") }.joined(separator: ",")
    }

    private static func text(_ status: SyncStatus) -> String {
        switch status {
        case .notStarted: "notStarted"
        case .syncing(let source, _): "syncing from \(source)"
        case .synced: "synced"
        case .failed: "failed"
        }
    }

    private static func steps(_ saga: Saga) -> String {
        saga.steps.map { "\($0.key):\($0.value.name.rawValue)" }.joined(separator: " ")
    }

    private static func warning(_ proof: Proof) -> String {
        if proof.warning == nil { return "" }
        if proof.change == .sync { return " (none to spare)" }
        let policies = proof.overridden.map(\.rawValue).joined(separator: ",")
        return policies.isEmpty ? "" : " (warned: \(policies))"
    }

    private static func text(_ proofs: [Proof]) -> String {
        proofs.map { proof in
            " [\(proof.group) \(proof.healthy.count)/\(proof.voters.count) needs \(proof.needed), "
                + "after \(proof.healthyAfter)/\(proof.votersAfter) needs \(proof.neededAfter)"
                + (proof.floor > 0 ? ", floor \(proof.floor)" : "") + "]"
                + warning(proof)
        }
        .joined()
    }
}
