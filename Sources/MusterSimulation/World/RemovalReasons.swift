internal import MusterCore
internal import MusterLog
internal import MusterWire

// Every removal has an unbroken chain of reasons, and each link of it lies in the log: the command,
// its proof, the leader's view that the proof counts, the policy, the change that it is a step of,
// and what that was begun for, which is a request, the wish of the node, a deadline that passed in
// silence, or a disk that was lost. The links are looked for in what is held, not in the state.

/// The way back from the removals of a decision.
struct RemovalReasons {
    /// Up to the decision before this one.
    let journal: JournalReference
    let log: SimulatedLog
    let decision: Decision

    private var before: ClusterState { journal.state }

    /// What of the chains of its removals is missing.
    var broken: [Breach] {
        decision.events.compactMap { event in
            switch event {
            case .commandIssued(let command, let proofs) where command.action == .removeMember:
                return missing(command, proofs).map {
                    Breach(.removalsHaveReasons, "removeMember \(command.node): \($0)")
                }
            case .nodeRemoved(let node, let store, let reason):
                return missing(node, store, reason).map {
                    Breach(.removalsHaveReasons, "nodeRemoved \(node): \($0)")
                }
            default: return nil
            }
        }
    }

    /// What was removed by somebody who may have been the blind one.
    var blind: [Breach] {
        guard before.freeze != nil || before.blind != nil else { return [] }
        return decision.events.compactMap { event in
            guard case .commandIssued(let command, let proofs) = event,
                command.action == .removeMember, let saga = change(of: command)
            else { return nil }
            // What it added itself it takes back, and a person may ask for it by name.
            let isTakenBack = command.group.map { saga.steps[$0]?.name == .takeBack } ?? false
            if isTakenBack || saga.overrides.contains(.frozen) { return nil }
            // What is no voter a person may have out, and so may the node itself: by its word that
            // it goes, or that it has another disk now.
            let isVoter = proofs.contains { $0.change != .removeLearner }
            if !isVoter, saga.reason != .silence { return nil }
            return Breach(
                .silenceIsProved, "\(command.node) is removed while the manager may be blind")
        }
    }

    // MARK: A member leaves a group

    private func missing(_ command: Command, _ proofs: [Proof]) -> String? {
        guard let group = command.group, let saga = change(of: command),
            let step = saga.steps[group]
        else { return "it is no step of a change" }
        if let text = missingPolicy ?? missingProof(command, proofs, saga) { return text }
        if let text = missingView(group, command) { return text }
        guard step.name == .takeBack else { return missingBeginning(saga, journal.count) }
        return missingReturn(saga, step) ?? missingBeginning(saga, journal.count)
    }

    private func change(of command: Command) -> Saga? {
        guard let group = command.group else { return nil }
        return before.sagas.lazy.map(\.value).first {
            $0.steps[group] != nil
                && ($0.node == command.node || $0.newcomer?.node == command.node)
        }
    }

    /// The policy is one that somebody asked for.
    private var missingPolicy: String? {
        for place in journal.decisions.indices.reversed() {
            for case .policyConfigured(let policy) in journal.decisions[place].events {
                if policy != before.policy { return "the policy is not as it was configured" }
                return request(of: journal.decisions[place]) == nil
                    ? "nobody asked for the policy" : nil
            }
        }
        return "nobody configured a policy"
    }

    private func missingProof(_ command: Command, _ proofs: [Proof], _ saga: Saga) -> String? {
        guard let proof = proofs.first(where: { $0.group == command.group }) else {
            return "it has no proof"
        }
        if proof.refusal != nil || proof.node != command.node { return "its proof is another's" }
        if proof.version != command.require?.version || proof.term != command.require?.term {
            return "it requires another configuration than was proved"
        }
        let unasked = proof.overridden.filter { !saga.overrides.contains($0) }
        return unasked.isEmpty ? nil : "nobody asked to set \(unasked) aside"
    }

    /// What the leader saw lies in the log where the decision says that it does.
    private func missingView(_ group: GroupID, _ command: Command) -> String? {
        guard let seen = decision.evidence?.groups[group]?.view else { return "nothing was seen" }
        guard let record = log.record(at: seen.heard.position),
            record.appended == seen.heard.appended
        else { return "what was seen is not in the log" }
        let report: GroupsReport
        switch journal.book.content(of: record) {
        case .report(let soft): report = soft
        case .fact(.groupObserved(let hard)): report = hard
        case .fact, .request, .heartbeat, nil: return "what was seen is no report"
        }
        guard report.observer == seen.leader,
            report.groups.contains(where: {
                $0.group == group && $0.term == seen.term && $0.view == seen.view
            })
        else { return "the leader reported something else than was seen" }
        return seen.leader.node == command.executor.node ? nil : "another leader was seen"
    }

    /// A rollback was decided, and the member was added by the change that is rolled back.
    private func missingReturn(_ saga: Saga, _ step: Step) -> String? {
        let isDecided = journal.decisions.contains {
            $0.events.contains {
                if case .sagaRollingBack(saga.node, _) = $0 { true } else { false }
            }
        }
        if !isDecided { return "no rollback was decided" }
        let isAdded = journal.commands.values.contains {
            if case .addMember = $0.action { $0.node == saga.comer.node } else { false }
        }
        return isAdded && step.added ? nil : "it did not add what it takes back"
    }

    // MARK: A node is gone

    private func missing(
        _ node: NodeID, _ store: StoreID, _ reason: Tombstone.Reason
    ) -> String? {
        guard let saga = before.sagas[node], saga.store == store else {
            return "no change of it was under way"
        }
        let rest = before.groups.first { $0.value.member(node)?.store == store }
        if let rest { return "it is a member of \(rest.key)" }
        for group in saga.steps.keys {
            if let text = missingDeparture(node, store, group) { return text }
        }
        if reason == .leave, saga.reason != .leave {
            return missingWish(node, journal.count)
        }
        if before.tombstones[store] == nil, let text = missingWord(reason, saga) { return text }
        return missingBeginning(saga, journal.count)
    }

    /// The node's store was a member of the group in some state before: then a command of Muster
    /// took it out, or what somebody else did was seen.
    private func missingDeparture(
        _ node: NodeID, _ store: StoreID, _ group: GroupID
    ) -> String? {
        let wasMember = journal.states.contains { $0.groups[group]?.member(node)?.store == store }
        if !wasMember { return nil }
        let isCommanded = journal.commands.values.contains {
            $0.action == .removeMember && $0.node == node && $0.store == store
                && $0.group == group
        }
        if isCommanded { return nil }
        let isDrift = journal.decisions.contains {
            $0.events.contains {
                switch $0 {
                case .driftDetected(group, _, let vanished, let changed):
                    vanished.contains(node) || changed.contains(node)
                case .groupDeleted(group): true
                default: false
                }
            }
        }
        return isDrift ? nil : "nobody took it out of \(group)"
    }

    private func missingWord(_ reason: Tombstone.Reason, _ saga: Saga) -> String? {
        let said: Tombstone.Reason
        switch saga.reason {
        case .request, .policy: said = saga.kind == .replace ? .replaced : .request
        case .silence: said = .silence
        case .leave: said = .leave
        case .replaced: said = .replaced
        }
        let isReplaced = saga.kind == .replace && reason == .replaced
        return reason == said || isReplaced ? nil : "it is gone by \(reason), not \(said)"
    }
}
