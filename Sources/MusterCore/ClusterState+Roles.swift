// DOMAIN §6.4: promotions, demotions and transfers of the leadership, asked for by request.

extension ClusterState {
    // MARK: The beginning

    func promote(
        _ request: Request, _ input: Input, _ node: NodeID, evidence: Evidence,
        at moment: Timestamp
    ) -> [Event] {
        if let refusal = barred(node, for: .promote) { return reject(request, refusal) }
        if sagas[node]?.kind == .promote { return [.requestAccepted(request.id, node)] }
        if nodes[node]?.role == .readonly {
            return reject(
                request,
                Refusal(.unsupported, nodes: [node], text: "a readonly node never votes"))
        }
        let learns = groups(of: node).filter { !isVoter(node, in: $0) }
        if learns.isEmpty { return [.requestCompleted(request.id, nil)] }
        // A group where it cannot be promoted now does not hold the others up.
        let proofs = proofs(.promote, of: node, in: learns, request, evidence, at: moment)
        if let refusal = proofs.first?.refusal, proofs.allSatisfy({ $0.refusal != nil }) {
            return [.requestRejected(request.id, refusal, proofs: proofs)]
        }
        return begin(.promote, node, request, input, proofs, at: moment) { _ in .promote }
    }

    func demote(
        _ request: Request, _ input: Input, _ node: NodeID, evidence: Evidence,
        at moment: Timestamp
    ) -> [Event] {
        if let refusal = barred(node, for: .demote) { return reject(request, refusal) }
        if sagas[node]?.kind == .demote { return [.requestAccepted(request.id, node)] }
        let votes = groups(of: node).filter { isVoter(node, in: $0) }
        if votes.isEmpty { return [.requestCompleted(request.id, nil)] }
        if let group = votes.first(where: { !capabilities(of: $0).demote }) {
            return reject(
                request, Refusal(.unsupported, group: group, nodes: [node], text: "demote"))
        }
        let proofs = proofs(.demote, of: node, in: votes, request, evidence, at: moment)
        if let refusal = proofs.compactMap(\.refusal).first ?? slotHolder(besides: node) {
            return [.requestRejected(request.id, refusal, proofs: proofs)]
        }
        return begin(.demote, node, request, input, proofs, at: moment) {
            groups[$0]?.leader == node ? .transfer : .demote
        }
    }

    func transfer(
        _ request: Request, _ input: Input, _ group: GroupID, to node: NodeID,
        evidence: Evidence, at moment: Timestamp
    ) -> [Event] {
        guard groups[group] != nil else {
            return reject(request, Refusal(.unknownGroup, group: group))
        }
        if let refusal = barred(node, for: .transfer) { return reject(request, refusal) }
        if let saga = sagas[node], saga.kind == .transfer {
            if saga.steps[group] != nil { return [.requestAccepted(request.id, node)] }
            return reject(request, Refusal(.busy, nodes: [node], text: saga.kind.rawValue))
        }
        if !isVoter(node, in: group) {
            return reject(request, Refusal(.notMember, group: group, nodes: [node]))
        }
        if !capabilities(of: group).transfer {
            return reject(request, Refusal(.unsupported, group: group, text: "transfer"))
        }
        let proofs = proofs(.transfer, of: node, in: [group], request, evidence, at: moment)
        if let refusal = proofs.first?.refusal {
            // What is wished for is so already.
            if refusal.code == .isLeader { return [.requestCompleted(request.id, nil)] }
            return [.requestRejected(request.id, refusal, proofs: proofs)]
        }
        return begin(.transfer, node, request, input, proofs, at: moment) { _ in .transfer }
    }

    func replace(
        _ request: Request, _ input: Input, _ node: NodeID, with newcomer: NodeID?,
        evidence: Evidence, at moment: Timestamp
    ) -> [Event] {
        guard policy != nil else { return reject(request, Refusal(.standalone)) }
        if let refusal = absent(node) ?? newcomer.flatMap({ absent($0) }) {
            return reject(request, refusal)
        }
        if let owner = owner(of: node), let saga = sagas[owner] {
            if owner == node && saga.kind == .replace && !saga.isStalled,
                newcomer == nil || newcomer == saga.comer.node
            {
                return [.requestAccepted(request.id, node)]
            }
            if !saga.isStalled || saga.kind != .remove {
                return reject(request, Refusal(.busy, nodes: [node], text: saga.kind.rawValue))
            }
        }
        if !isMember(node) { return reject(request, Refusal(.notMember, nodes: [node])) }
        let wish = ReplacementWish(
            node: node, newcomer: newcomer, reason: .request, request: request,
            correlation: input.correlation)
        return planReplacement(wish, evidence: evidence, at: moment)
    }

    /// What bars a change of a member by request, whatever its groups say; nil when nothing does.
    private func barred(_ node: NodeID, for kind: Saga.Kind) -> Refusal? {
        guard policy != nil else { return Refusal(.standalone) }
        if let refusal = absent(node) { return refusal }
        if !isMember(node) { return Refusal(.notMember, nodes: [node]) }
        guard let owner = owner(of: node), let saga = sagas[owner] else { return nil }
        if owner == node && saga.kind == kind && !saga.isStalled { return nil }
        if owner == node && saga.isStalled && saga.kind.isSuperseded { return nil }
        return Refusal(.busy, nodes: [node], text: saga.kind.rawValue)
    }

    private func proofs(
        _ change: Proof.Change, of node: NodeID, in list: [GroupID], _ request: Request,
        _ evidence: Evidence, at moment: Timestamp
    ) -> [Proof] {
        list.map {
            prove(
                change, of: node, in: $0, mover: node, evidence: evidence, at: moment,
                overrides: request.overrides)
        }
    }

    private func begin(
        _ kind: Saga.Kind, _ node: NodeID, _ request: Request, _ input: Input,
        _ proofs: [Proof], at moment: Timestamp, first: (GroupID) -> Step.Name
    ) -> [Event] {
        var saga = Saga(
            kind: kind, node: node,
            store: nodes[node]?.identity.store ?? storeToRemove(node, nil), reason: .request,
            principal: request.principal, requests: [request.id],
            role: kind == .demote ? .replica : nodes[node]?.role ?? .voter, groups: .all,
            overrides: request.overrides, began: moment, correlation: input.correlation)
        for proof in proofs {
            saga.steps[proof.group] = Step(name: first(proof.group), since: moment)
        }
        return [.requestAccepted(request.id, nil), .sagaStarted(saga, proofs: proofs)]
    }

    // MARK: On its way

    /// A promotion, demotion or transfer under way: it ends when every group is done; a transfer
    /// also when it lapsed.
    func decideRoleChange(_ saga: Saga, at moment: Timestamp) -> [Event] {
        for (_, step) in saga.steps {
            guard case .failed(let refusal) = step.phase else { continue }
            if saga.kind == .transfer {
                return [.sagaEnded(saga.node, refusal)] + answers(saga, refusal)
            }
            return stall(saga, refusal, at: moment)
        }
        if let known = nodes[saga.node], known.identity.store != saga.store,
            saga.outstanding.isEmpty
        {
            let refusal = Refusal(.nodeReplaced, nodes: [saga.node])
            return [.sagaEnded(saga.node, refusal)] + answers(saga, refusal)
        }
        guard saga.steps.allSatisfy({ $0.value.name == .done }) else { return [] }
        return [.sagaEnded(saga.node, nil)] + answers(saga, nil)
    }

    /// A promotion or demotion that stood still, once more in the groups where it is not done.
    func retryRoleChange(_ saga: Saga, at moment: Timestamp) -> [Event] {
        let isPromotion = saga.kind == .promote
        var again = saga
        again.phase = .active
        again.requests = []
        again.steps = SortedMap()
        for group in groups(of: saga.node) where isVoter(saga.node, in: group) != isPromotion {
            let leads = groups[group]?.leader == saga.node
            again.steps[group] = Step(
                name: isPromotion ? .promote : leads ? .transfer : .demote, since: moment)
        }
        if again.steps.isEmpty { return [.sagaEnded(saga.node, nil)] }
        return [.sagaStarted(again, proofs: [])]
    }

    /// Ends what has no command on its way yet; what has goes on to its end.
    func cancelRoleChange(_ saga: Saga, _ reason: Refusal, _ completed: Event) -> [Event] {
        if saga.outstanding.isEmpty {
            return [.sagaEnded(saga.node, reason)]
                + (saga.isStalled ? [] : answers(saga, reason)) + [completed]
        }
        return saga.steps.filter { $0.value.outstanding == nil && $0.value.name != .done }
            .map { .stepDone(saga.node, $0.key, $0.value.name, next: nil) } + [completed]
    }
}
