// DOMAIN §7: requests that begin no change of members: hold and release, pause and resume, retry,
// approve, adopt, forget.

extension ClusterState {
    func reject(_ request: Request, _ refusal: Refusal) -> [Event] {
        [.requestRejected(request.id, refusal, proofs: [])]
    }

    func absent(_ node: NodeID) -> Refusal? {
        nodes[node] == nil && !isMember(node) ? Refusal(.unknownNode, nodes: [node]) : nil
    }

    /// A request on a held node must say that it knows. What it names and nobody knows is said
    /// first: whoever then adds the flag would be refused all the same.
    func untouchable(_ request: Request, at moment: Timestamp) -> Refusal? {
        switch request.action {
        case .hold, .release: return nil
        default: break
        }
        guard let node = request.action.node, !request.overrides.contains(.held),
            let held = holding(of: node, at: moment)
        else { return nil }
        return unknown(request.action) ?? held
    }

    /// Which group or second node is named that is not there; nil when all of them are.
    private func unknown(_ action: Request.Action) -> Refusal? {
        let named: [GroupID]
        switch action {
        case .transfer(let group, _): named = [group]
        case .add(_, _, .list(let list), _): named = list
        case .replace(_, let newcomer): return newcomer.flatMap { absent($0) }
        default: return nil
        }
        return named.first { groups[$0] == nil }.map { Refusal(.unknownGroup, group: $0) }
    }

    // MARK: Hold and pause

    func hold(
        _ request: Request, _ node: NodeID, _ length: Duration, evidence: Evidence,
        at moment: Timestamp
    ) -> [Event] {
        guard policy != nil else { return reject(request, Refusal(.standalone)) }
        guard nodes[node] != nil else {
            return reject(request, Refusal(.unknownNode, nodes: [node]))
        }
        if let refusal = badLength(length) ?? indispensable(node, evidence, at: moment) {
            return reject(request, refusal)
        }
        let interval = Interval(
            since: moment, until: moment + length, principal: request.principal,
            reason: request.reason)
        return [.nodeHeld(node, interval), .requestCompleted(request.id, nil)]
    }

    func release(_ request: Request, _ node: NodeID) -> [Event] {
        if let refusal = absent(node) { return reject(request, refusal) }
        guard nodes[node]?.hold != nil else {
            return reject(request, Refusal(.notHeld, nodes: [node]))
        }
        return [.nodeReleased(node, why: .request), .requestCompleted(request.id, nil)]
    }

    func pause(_ request: Request, _ length: Duration, at moment: Timestamp) -> [Event] {
        guard policy != nil else { return reject(request, Refusal(.standalone)) }
        if let refusal = badLength(length) { return reject(request, refusal) }
        let interval = Interval(
            since: moment, until: moment + length, principal: request.principal,
            reason: request.reason)
        return [.automationPaused(interval), .requestCompleted(request.id, nil)]
    }

    func resume(_ request: Request) -> [Event] {
        if pause == nil { return reject(request, Refusal(.notHeld)) }
        return [.automationResumed(why: .request), .requestCompleted(request.id, nil)]
    }

    /// What has passed its end: said, so that the journal shows it.
    func expirations(at moment: Timestamp) -> [Event] {
        var events: [Event] = []
        if let pause, pause.until <= moment { events.append(.automationResumed(why: .expired)) }
        for (node, known) in nodes {
            if let hold = known.hold, hold.until <= moment {
                events.append(.nodeReleased(node, why: .expired))
            }
        }
        return events
    }

    private func badLength(_ length: Duration) -> Refusal? {
        if length > .zero && length <= Interval.lengthMax { return nil }
        return Refusal(
            .outOfRange, numbers: [length.milliseconds, Interval.lengthMax.milliseconds])
    }

    /// Which group would be left without a majority of healthy voters that nobody holds; nil when
    /// none would.
    private func indispensable(
        _ node: NodeID, _ evidence: Evidence, at moment: Timestamp
    ) -> Refusal? {
        for group in groups.keys where isVoter(node, in: group) {
            let situation = Situation(
                state: self, group: group, evidence: evidence, at: moment, mover: node)
            if let unusable = situation.unusable, !unusable.code.isPassing { return unusable }
            let rest = situation.healthyVoters.filter { $0 != node }
            let (count, needed) = (
                situation.voters.count, Proof.quorum(of: situation.voters.count)
            )
            if rest.count < needed {
                return Refusal(
                    .quorumAfter, group: group, nodes: [node] + rest,
                    numbers: [Int64(count), Int64(rest.count), Int64(needed)], text: "held")
            }
        }
        return nil
    }

    // MARK: Retry

    /// Takes a stalled saga up again at once.
    func retry(
        _ request: Request, _ node: NodeID, evidence: Evidence, at moment: Timestamp
    ) -> [Event] {
        if let refusal = absent(node) { return reject(request, refusal) }
        guard let saga = sagas[node], case .stalled(let stalled, _) = saga.phase else {
            return reject(request, Refusal(.notStalled, nodes: [node]))
        }
        var refused = nodes[node]?.liveness == .up ? stalled : Refusal(.nodeDown, nodes: [node])
        var proofs: [Proof] = []
        var events: [Event] = []
        for event in retry(saga, evidence: evidence, at: moment) {
            switch event {
            case .sagaStarted(var again, let proofs):
                again.principal = request.principal
                again.requests.append(request.id)
                for override in request.overrides where !again.overrides.contains(override) {
                    again.overrides.append(override)
                }
                events.append(.requestAccepted(request.id, nil))
                events.append(.sagaStarted(again, proofs: proofs))
            case .sagaResumed:
                events.append(event)
                events.append(.requestAccepted(request.id, node))
            case .sagaEnded(_, let refusal):
                events.append(event)
                events.append(.requestCompleted(request.id, refusal))
            case .nodeRefused(_, _, let refusal):
                refused = refusal
            case .removalBlocked(_, let refusal, let shown):
                refused = refusal
                proofs = shown
            default:
                events.append(event)
            }
        }
        let isAnswered = events.contains { event in
            switch event {
            case .requestAccepted(request.id, _), .requestCompleted(request.id, _): true
            default: false
            }
        }
        return isAnswered ? events : [.requestRejected(request.id, refused, proofs: proofs)]
    }

    // MARK: Approve

    /// Sends the request that a proposal wrote.
    func approve(
        _ request: Request, _ input: Input, _ id: Sequence, evidence: Evidence,
        at moment: Timestamp
    ) -> [Event] {
        guard let entry = proposals.first(where: { $0.id == id && $0.withheld == nil }) else {
            let why = proposalsPast.last { $0.id == id }?.why
            return reject(
                request,
                Refusal(
                    .noProposal, nodes: why?.nodes ?? [], numbers: [Int64(clamping: id.value)],
                    text: why?.sentence ?? ""))
        }
        var sent = request
        sent.action = entry.action
        if let refusal = whyOver(entry, at: moment) ?? untouchable(sent, at: moment) {
            return reject(request, refusal)
        }
        let events = act(sent, input, evidence: evidence, at: moment)
        let isRefused = events.contains {
            if case .requestRejected = $0 { return true }
            return false
        }
        return isRefused ? events : [.proposalEnded(entry.rule, entry.node, nil)] + events
    }

    // MARK: Adopt and forget

    /// Takes what is observed for what is wanted: the number of voters of every group, and of a
    /// node that is named the identity of its data.
    func adopt(_ request: Request, _ node: NodeID?) -> [Event] {
        guard policy != nil else { return reject(request, Refusal(.standalone)) }
        var events: [Event] = []
        if let node {
            if let refusal = absent(node) { return reject(request, refusal) }
            guard let known = nodes[node], isMember(node) else {
                return reject(request, Refusal(.notMember, nodes: [node]))
            }
            if let own = known.engine, engine != own { events.append(.clusterIdentified(own)) }
        }
        for (group, state) in groups where state.configuration != nil {
            let voters = UInt32(clamping: state.voters.count)
            if voters != state.desired { events.append(.desiredChanged(group, voters)) }
        }
        return events + [.requestCompleted(request.id, nil)]
    }

    /// Hides a node that is gone. Its tombstone stays: nothing is admitted again by that.
    func forget(_ request: Request, _ node: NodeID) -> [Event] {
        if let refusal = absent(node) { return reject(request, refusal) }
        guard let known = nodes[node], !isMember(node), known.liveness != .up else {
            let why = isMember(node) ? "member" : "up"
            return reject(request, Refusal(.notGone, nodes: [node], text: why))
        }
        if let group = unseenGroup(of: node, known) {
            return reject(request, Refusal(.notGone, group: group, nodes: [node], text: "unseen"))
        }
        if let saga = sagas[node] {
            guard saga.isStalled else {
                return reject(request, Refusal(.busy, nodes: [node], text: saga.kind.rawValue))
            }
            return [
                .sagaEnded(node, Refusal(.superseded, nodes: [node], text: request.id.text)),
                .nodeForgotten(node), .requestCompleted(request.id, nil),
            ]
        }
        return [.nodeForgotten(node), .requestCompleted(request.id, nil)]
    }

    /// A group that the node shares with another and of which nobody has said yet who is in it: it
    /// may be a member, even the one that leads.
    private func unseenGroup(of node: NodeID, _ known: NodeState) -> GroupID? {
        known.groups.lazy.map(\.group).first { group in
            groups[group]?.configuration == nil
                && nodes.contains { other, state in
                    other != node && state.groups.contains { $0.group == group }
                }
        }
    }
}

extension Refusal.Code {
    /// Whether it says that too little is seen of a group, or of a node by it.
    var isOfView: Bool {
        switch self {
        case .stale, .unconfirmed, .noLeader, .newTerm, .evidenceTooShort: true
        default: isPassing
        }
    }

    /// Whether it only says that a group is changing: its view is good all the same.
    var isPassing: Bool {
        switch self {
        case .changeInFlight, .closed, .inDoubt, .changeNotPermitted: true
        default: false
        }
    }
}
