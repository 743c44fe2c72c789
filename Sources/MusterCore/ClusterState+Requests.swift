// DOMAIN §7: what operators ask for. A refusal is an event, with the sentence a dry run would show.

extension ClusterState {
    func decideRequest(
        _ request: Request, _ input: Input, evidence: Evidence, at moment: Timestamp
    ) -> [Event] {
        if requests.contains(where: { $0.id == request.id }) { return [] }
        if let refusal = outOfDate(request, input, evidence, at: moment) {
            return reject(request, refusal)
        }
        if let refusal = untouchable(request, at: moment) { return reject(request, refusal) }
        return act(request, input, evidence: evidence, at: moment)
    }

    /// What a request that may be decided comes to.
    func act(
        _ request: Request, _ input: Input, evidence: Evidence, at moment: Timestamp
    ) -> [Event] {
        switch request.action {
        case .configure(let patch):
            return configure(request, patch)
        case .add(let node, let role, let wish, let wipe):
            return add(
                request, input, (node, role, wish, wipe), evidence: evidence, at: moment)
        case .remove(let node):
            return remove(request, input, node, evidence: evidence, at: moment)
        case .promote(let node):
            return promote(request, input, node, evidence: evidence, at: moment)
        case .demote(let node):
            return demote(request, input, node, evidence: evidence, at: moment)
        case .transfer(let group, let node):
            return transfer(request, input, group, to: node, evidence: evidence, at: moment)
        case .replace(let node, let newcomer):
            return replace(
                request, input, node, with: newcomer, evidence: evidence, at: moment)
        case .cancel(let node):
            return cancel(request, node)
        case .extend(let node, let delay):
            guard let removal = nodes[node]?.removal else {
                return reject(request, absent(node) ?? Refusal(.nothingToCancel, nodes: [node]))
            }
            return [
                .removalRescheduled(node, due: removal.due + delay, why: .extended),
                .requestCompleted(request.id, nil),
            ]
        case .hold, .release, .pause, .resume, .retry, .approve, .adopt, .forget:
            return keep(request, input, evidence: evidence, at: moment)
        }
    }

    private func keep(
        _ request: Request, _ input: Input, evidence: Evidence, at moment: Timestamp
    ) -> [Event] {
        switch request.action {
        case .hold(let node, let length):
            hold(request, node, length, evidence: evidence, at: moment)
        case .release(let node): release(request, node)
        case .pause(let length): pause(request, length, at: moment)
        case .resume: resume(request)
        case .retry(let node): retry(request, node, evidence: evidence, at: moment)
        case .approve(let id):
            approve(request, input, id, evidence: evidence, at: moment)
        case .adopt(let node): adopt(request, node)
        case .forget(let node): forget(request, node)
        default: []
        }
    }

    /// Whether a request came too late or was meant for another state of the membership. Its age is
    /// counted in append times: from its own to the newest that the manager had heard.
    private func outOfDate(
        _ request: Request, _ input: Input, _ evidence: Evidence, at moment: Timestamp
    ) -> Refusal? {
        if case .record(_, let appended) = input.source {
            let now = max(moment, evidence.newest?.appended ?? moment)
            if now - appended > request.validFor {
                return Refusal(
                    .expired,
                    numbers: [(now - appended).milliseconds, request.validFor.milliseconds])
            }
        }
        if let version = request.onlyAt, version != membershipVersion {
            return Refusal(
                .changed,
                numbers: [Int64(clamping: membershipVersion.value), Int64(clamping: version.value)])
        }
        return nil
    }

    private func configure(_ request: Request, _ patch: PolicyPatch) -> [Event] {
        let new = patch.applied(to: policy ?? Policy())
        if let refusal = new.invalidity { return reject(request, refusal) }
        if new == policy { return [.requestCompleted(request.id, nil)] }
        return [.policyConfigured(new), .requestCompleted(request.id, nil)]
    }

    // MARK: Add

    private typealias Wish = (node: NodeID, role: Role, groups: GroupWish, wipe: StoreID?)

    private func add(
        _ request: Request, _ input: Input, _ wish: Wish, evidence: Evidence,
        at moment: Timestamp
    ) -> [Event] {
        guard policy != nil else { return reject(request, Refusal(.standalone)) }
        guard let known = nodes[wish.node] else {
            return reject(request, Refusal(.unknownNode, nodes: [wish.node]))
        }
        if case .list(let names) = wish.groups,
            let missing = names.first(where: { groups[$0] == nil })
        {
            return reject(request, Refusal(.unknownGroup, group: missing))
        }
        if let owner = owner(of: wish.node), let saga = sagas[owner], !saga.isStalled {
            if saga.kind == .join && saga.role == wish.role {
                return [.requestAccepted(request.id, wish.node)]
            }
            return reject(
                request, Refusal(.busy, nodes: [wish.node], text: saga.kind.rawValue))
        }
        if known.liveness != .up { return reject(request, Refusal(.nodeDown, nodes: [wish.node])) }
        let barred =
            inadmissible(known) ?? noPlace(for: wish.node, wish.role, in: wish.groups)
            ?? blindness(evidence, at: moment)
        if let refusal = barred { return reject(request, refusal) }
        var saga = newJoin(
            wish.node, known, role: wish.role, groups: wish.groups, reason: .request, anew: true,
            at: moment)
        if saga.steps.isEmpty && !groups.isEmpty { return [.requestCompleted(request.id, nil)] }
        if groups.isEmpty { return reject(request, Refusal(.noLeader, numbers: [0])) }
        if let refusal = clearing(known, wish, &saga, at: moment) {
            return reject(request, refusal)
        }
        saga.principal = request.principal
        saga.requests = [request.id]
        saga.overrides = request.overrides
        saga.correlation = input.correlation
        return [.requestAccepted(request.id, nil), .sagaStarted(saga, proofs: [])]
    }

    /// A store with data that is nobody's is made blank first, and only when the request names it.
    private func clearing(
        _ known: NodeState, _ wish: Wish, _ saga: inout Saga, at moment: Timestamp
    ) -> Refusal? {
        guard let wipe = wish.wipe else { return nil }
        guard wipe == known.identity.store else {
            return Refusal(.storeChanged, nodes: [wish.node], text: "\(known.identity.store)")
        }
        if !known.blank && !isMember(wish.node) {
            saga.whole = Step(name: .clear, since: moment)
        }
        return nil
    }

    // MARK: Remove and cancel

    private func remove(
        _ request: Request, _ input: Input, _ node: NodeID, evidence: Evidence,
        at moment: Timestamp
    ) -> [Event] {
        guard policy != nil else { return reject(request, Refusal(.standalone)) }
        if let refusal = absent(node) { return reject(request, refusal) }
        if let saga = sagas[node], !saga.isStalled {
            if saga.isCancelled {
                let what = "cancelled \(saga.kind.rawValue)"
                return reject(request, Refusal(.busy, nodes: [node], text: what))
            }
            if saga.kind.isRemoval { return join(request, saga) }
            if !saga.kind.isSuperseded {
                return reject(request, Refusal(.busy, nodes: [node], text: saga.kind.rawValue))
            }
        } else if owner(of: node).map({ $0 != node }) ?? false {
            return reject(
                request, Refusal(.busy, nodes: [node], text: Saga.Kind.replace.rawValue))
        } else if !isMember(node) {
            return reject(request, Refusal(.notMember, nodes: [node]))
        }
        return planRemoval(
            of: node, reason: .request, request: request, correlation: input.correlation,
            evidence: evidence, at: moment)
    }

    /// Somebody asks for a removal that is under way: it waits for it, and what policies it sets
    /// aside counts from now on.
    private func join(_ request: Request, _ saga: Saga) -> [Event] {
        let more = request.overrides.filter { !saga.overrides.contains($0) }
        if more.isEmpty { return [.requestAccepted(request.id, saga.node)] }
        var again = saga
        again.overrides += more
        again.requests.append(request.id)
        if again.reason == .silence {
            again.reason = .request
            again.principal = request.principal
        }
        return [.requestAccepted(request.id, nil), .sagaStarted(again, proofs: [])]
    }

    private func cancel(_ request: Request, _ node: NodeID) -> [Event] {
        if let refusal = absent(node) { return reject(request, refusal) }
        let completed = Event.requestCompleted(request.id, nil)
        guard let saga = sagas[node] else {
            guard nodes[node]?.removal != nil else {
                return reject(request, Refusal(.nothingToCancel, nodes: [node]))
            }
            return [.removalCancelled(node, why: .request), completed]
        }
        let reason = Refusal(.superseded, nodes: [node], text: request.id.text)
        switch saga.kind {
        case .promote, .demote, .transfer: return cancelRoleChange(saga, reason, completed)
        case .replace where saga.hasTakenOut:
            return reject(request, Refusal(.tooLate, nodes: [node]))
        case .join, .remove, .leave, .replace: break
        }
        if saga.kind == .join || saga.kind == .replace {
            if saga.isStalled { return [.sagaEnded(node, reason), completed] }
            return [.sagaRollingBack(node, reason), completed]
        }
        if saga.isCancelled { return [completed] }
        let commanded = saga.steps.contains {
            $0.value.name == .done || $0.value.outstanding?.command.action == .removeMember
        }
        if !commanded && saga.whole == nil {
            return [.sagaEnded(node, reason)] + answers(saga, reason) + [completed]
        }
        let isUntouched = saga.steps.contains {
            $0.value.outstanding == nil && $0.value.name != .done
        }
        guard saga.reason == .silence, isUntouched else {
            return reject(request, Refusal(.tooLate, nodes: [node]))
        }
        var cancelled = saga
        cancelled.groups = .list(saga.steps.keys)
        // One that is stalled is not retried: what it still has to do is to end.
        cancelled.phase = .active
        return [.sagaStarted(cancelled, proofs: []), completed]
    }
}
