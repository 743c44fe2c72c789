// What of the soft state a decision may look at, and what is to be looked at when.

extension ClusterState {
    /// The part of the soft state that `decide` may look at for an input; nil when it looks at
    /// none.
    package func extract(for input: Input, from evidence: Evidence) -> Evidence? {
        switch input.content {
        case .fact(.nodeUp(let up)):
            return part(of: evidence, nodes: [up.identity.node], groups: [])
        case .fact(.nodeReportedDown(let opinion)):
            return part(of: evidence, nodes: [opinion.node], groups: groups(of: opinion.node))
        case .fact(.nodeReportedUp(let opinion)):
            return part(of: evidence, nodes: [opinion.node], groups: [])
        case .fact(.commandFailed(let report, _)):
            guard let (node, group) = place(of: report.command), let group else { return nil }
            return part(of: evidence, nodes: participants(group, node), groups: [group])
        case .fact:
            return nil
        case .request(let request):
            return extract(for: request, from: evidence)
        case .wake(.sight):
            return nil
        case .wake(.liveness):
            return part(of: evidence, nodes: nodes.keys, groups: groupsOfSilent(evidence))
        case .wake(.removal(let node)):
            return extract(
                for: groups(of: node), [node] + newcomers(for: node), from: evidence)
        case .wake(.step(let node, let group)):
            return part(of: evidence, nodes: participants(group, node), groups: [group])
        case .wake(.saga(let node)):
            // A step for the node as a whole is proved in every group.
            let isWhole = sagas[node]?.whole.map { $0.name != .done } ?? false
            let list = isWhole ? groups.keys : sagas[node].map { $0.steps.keys } ?? groups.keys
            let isReplaced = sagas[node]?.kind == .replace
            let more = isReplaced ? newcomers(for: node) : []
            return extract(for: list, [node] + more, from: evidence)
        }
    }

    private func extract(for request: Request, from evidence: Evidence) -> Evidence {
        switch request.action {
        case .configure, .extend, .release, .pause, .resume, .adopt, .forget:
            return part(of: evidence, nodes: [], groups: [])
        case .add(let node, _, _, _): return extract(for: groups.keys, [node], from: evidence)
        case .remove(let node), .cancel(let node), .promote(let node), .demote(let node),
            .hold(let node, _):
            return extract(for: groups(of: node), [node], from: evidence)
        case .transfer(let group, let node): return extract(for: [group], [node], from: evidence)
        case .replace(let node, let newcomer):
            let more = newcomer.map { [$0] } ?? newcomers(for: node)
            return extract(for: groups(of: node), [node] + more, from: evidence)
        case .retry(let node):
            let comer = sagas[node]?.newcomer.map { [$0.node] } ?? []
            let list = sagas[node]?.kind == .join ? groups.keys : groups(of: node)
            return extract(for: list, [node] + comer, from: evidence)
        case .approve(let id):
            guard let entry = proposals.first(where: { $0.id == id }) else {
                return part(of: evidence, nodes: [], groups: [])
            }
            var sent = request
            sent.action = entry.action
            return extract(for: sent, from: evidence)
        }
    }

    private func extract(
        for list: [GroupID], _ nodes: [NodeID], from evidence: Evidence
    ) -> Evidence {
        var names = nodes
        for group in list { names += participants(group, nodes[0]) }
        return part(of: evidence, nodes: names, groups: list)
    }

    /// The members of a group, the node whose saga asks, and who comes in for it.
    private func participants(_ group: GroupID, _ node: NodeID) -> [NodeID] {
        var names = groups[group]?.configuration?.members.map(\.node) ?? []
        names.append(node)
        if let newcomer = sagas[node]?.newcomer { names.append(newcomer.node) }
        return names
    }

    private func part(of evidence: Evidence, nodes: [NodeID], groups: [GroupID]) -> Evidence {
        var names = nodes
        for group in groups {
            names += evidence.groups[group]?.view?.view.members.map(\.member.node) ?? []
        }
        var result = Evidence()
        result.newest = evidence.newest
        result.gap = evidence.gap
        for node in names where result.nodes[node] == nil {
            if let known = evidence.nodes[node] { result.nodes[node] = known }
        }
        for group in groups {
            if let known = evidence.groups[group] { result.groups[group] = known }
        }
        return result
    }

    /// What to look at, in this order, after something was decided or heard: the manager wakes each
    /// of them until none answers any more.
    ///
    /// - Parameter group: the only group that something was heard of; nil: look at everything.
    package func subjects(heardOf group: GroupID?) -> [Subject] {
        guard policy != nil else { return [] }
        var result: [Subject] = group == nil ? [.liveness] : []
        for index in nodes.keys.indices {
            let node = nodes.keys[index]
            if nodes.values[index].removal != nil && (group == nil || isMember(node)) {
                result.append(.removal(node))
            }
            if let saga = sagas[node] {
                for name in saga.steps.keys where group == nil || name == group {
                    result.append(.step(node, name))
                }
                result.append(.saga(node))
            } else if isCandidate(at: index, group) {
                result.append(.saga(node))
            }
        }
        // A member that was never heard has no state of its own, and can be removed all the same.
        for (node, saga) in sagas where nodes[node] == nil {
            for name in saga.steps.keys where group == nil || name == group {
                result.append(.step(node, name))
            }
            result.append(.saga(node))
        }
        if group == nil {
            for entry in proposals where !result.contains(.saga(entry.node)) {
                result.append(.saga(entry.node))
            }
        }
        return result
    }

    /// Whether a node without a saga may be about to begin one: it is up and no group has it, it is
    /// to leave, it runs on a store that is out, or its store lost what it had acknowledged. A
    /// member is what it was found to be: automation promotes the learner that is to vote, and
    /// brings nobody into a further group.
    ///
    /// - Parameter group: the only group that something was heard of: what a member may begin by
    ///   what another of its groups is, is looked at when that is heard of. Nil: all of them.
    private func isCandidate(at index: Int, _ group: GroupID?) -> Bool {
        guard nodes.values[index].liveness == .up, nodes.values[index].conflict == nil else {
            return false
        }
        let identity = nodes.values[index].identity
        if tombstones.look(identity.store, { !$0.stopped }) ?? false { return true }
        if nodes.values[index].leaving { return true }
        if nodes.values[index].regressed != nil && isMember(identity.node) { return true }
        if !groups.isEmpty && !isMember(identity.node) { return true }
        let isToVote = nodes.values[index].role == .voter
        func isWanting(_ known: borrowing GroupState) -> Bool {
            guard let member = known.member(identity.node) else { return false }
            if let store = member.store, store != identity.store { return true }
            return isToVote && member.role == .learner
        }
        if let group { return groups.look(group, isWanting) ?? false }
        return groups.hasValue(isWanting)
    }

    /// The next moment at which a wake-up may have something to say; nil when only an input can.
    ///
    /// - Parameter after: until when wake-ups had their say; no earlier moment is meant any more.
    package func nextDeadline(evidence: Evidence, after moment: Timestamp) -> Timestamp? {
        guard policy != nil else { return nil }
        var next: Timestamp?
        func consider(_ due: Timestamp) {
            if due > moment { next = min(next ?? due, due) }
        }
        livenessDeadlines(evidence: evidence, consider)
        for (node, saga) in sagas {
            if case .stalled(_, let retryAt) = saga.phase {
                consider(retryAt)
                continue
            }
            for group in saga.steps.keys.map(Optional.some) + [nil] {
                StepMachine(self, node, group, evidence: evidence, at: at)?.deadlines(consider)
            }
        }
        return next
    }
}

extension StepMachine {
    /// When the step may have something to say without hearing anything new.
    func deadlines(_ consider: (Timestamp) -> Void) {
        switch step.phase {
        case .ready:
            if step.name == .done { return }
            consider(step.notBefore)
            if saga.kind == .transfer { consider(saga.began + Policy.transferWish) }
            if step.name == .promote, step.blocked?.code == .waitingForPartner {
                consider(patience)
            }
            guard step.name == .catchUp else { return }
            let member = situation.seen.members[node]
            consider(max(member?.progressed ?? step.since, step.since) + policy.catchUpTimeout)
            if let since = member?.caughtUpSince { consider(since + policy.stabilization) }
        case .issued(let outstanding):
            var limit = outstanding.command.notAfter + .milliseconds(1)
            if let copy = evidence.nodes[node]?.copies.first(where: { $0.progress.group == group })
            {
                limit = max(limit, copy.moved + policy.copyLimit + .milliseconds(1))
            }
            consider(limit)
            guard let succeeded = outstanding.succeeded else { return }
            consider(
                outstanding.observeAsked.map { $0 + policy.backoffMax }
                    ?? succeeded + policy.observationInterval)
        case .inDoubt(let outstanding):
            if let asked = outstanding.observeAsked { consider(asked + policy.backoffMax) }
        case .failed:
            break
        }
    }
}
