internal import MusterCore
internal import MusterLog
internal import MusterWire

// What a change was begun for, link by link.

extension RemovalReasons {
    /// Follows a change back to the decision that began it, and from there to what asked for it. A
    /// change that goes on where another stopped has the other's reason.
    func missingBeginning(_ saga: Saga, _ end: Int) -> String? {
        guard let place = journal.decisions[..<end].lastIndex(where: { $0.begun(saga) != nil }),
            let begun = journal.decisions[place].begun(saga)
        else { return "the \(saga.kind) of \(saga.node) was never begun" }
        if begun.kind != saga.kind || begun.reason != saga.reason || begun.store != saga.store {
            return "the \(saga.kind) of \(saga.node) was begun as another change"
        }
        guard let text = missingReason(begun, place) else { return nil }
        guard let earlier = journal.states[place].sagas[saga.node], earlier.reason == begun.reason,
            earlier.kind == begun.kind
        else { return text }
        return missingBeginning(earlier, place)
    }

    private func missingReason(_ saga: Saga, _ place: Int) -> String? {
        let before = journal.states[place]
        switch saga.reason {
        case .request:
            let asked = request(of: journal.decisions[place])
            let isAsked = asked.map { saga.requests.contains($0.id) } ?? false
            return isAsked ? nil : "nobody asked for the \(saga.kind) of \(saga.node)"
        case .leave: return missingWish(saga.node, place)
        case .silence: return missingSilence(saga, place)
        case .policy, .replaced:
            if saga.kind == .join {
                return isAnnounced(saga.node, saga.store, place) ? nil : "it never announced itself"
            }
            // A store that is out already is told to stop; another disk is another member.
            if before.tombstones[saga.store] != nil { return nil }
            if saga.isOnOldStore { return missingLoss(saga, place) }
            let other = saga.newcomer?.store ?? before.nodes[saga.node]?.identity.store
            guard let other, other != saga.store, isAnnounced(saga.comer.node, other, place) else {
                return "nothing is known that is wrong with \(saga.node)"
            }
            return nil
        }
    }

    /// Its store had acknowledged more than a process began with on it afterwards.
    private func missingLoss(_ saga: Saga, _ place: Int) -> String? {
        var noted: [GroupID: LogIndex] = [:]
        for decision in journal.decisions[..<place] {
            for event in decision.events {
                switch event {
                case .matchNoted(saga.node, saga.store, let matches):
                    for match in matches {
                        noted[match.group] = max(match.index, noted[match.group] ?? match.index)
                    }
                case .nodeStarted(let up, _)
                where up.identity.node == saga.node && up.identity.store == saga.store:
                    let isShort = up.groups.contains { group in
                        group.last.map { $0 < noted[group.group] ?? $0 } ?? false
                    }
                    if isShort { return nil }
                default: continue
                }
            }
        }
        return "\(saga.node) has all that it had acknowledged"
    }

    /// The node asked to leave, itself.
    func missingWish(_ node: NodeID, _ end: Int) -> String? {
        for decision in journal.decisions[...min(end, journal.count - 1)] {
            guard case .input(let position, _, _) = decision.cause,
                case .fact(.nodeLeaving(let identity, _)) = journal.book[position]?.content,
                identity.node == node
            else { continue }
            return nil
        }
        return "\(node) did not ask to leave"
    }

    /// It fell silent, a deadline was set in full, and it passed.
    private func missingSilence(_ saga: Saga, _ place: Int) -> String? {
        let node = saga.node
        guard let removal = journal.states[place].nodes[node]?.removal else {
            return "no removal of \(node) was due"
        }
        if journal.decisions[place].at < removal.due { return "\(node) was not due yet" }
        var isDown = false
        var text: String? = "nobody set the deadline of \(node)"
        for index in (0..<place).reversed() {
            for event in journal.decisions[index].events {
                switch event {
                case .removalScheduled(node, _, let due) where due == removal.due,
                    .removalRescheduled(node, let due, _) where due == removal.due:
                    let delay = journal.states[index].policy?.removalDelay ?? .zero
                    let isFull = due >= journal.decisions[index].at + delay
                    text = isFull || event.isPutOff ? nil : "the deadline of \(node) is not full"
                case .nodeDown(node, _): isDown = true
                default: continue
                }
            }
            if isDown { break }
        }
        return text ?? (isDown ? nil : "\(node) was never down")
    }

    private func isAnnounced(_ node: NodeID, _ store: StoreID, _ end: Int) -> Bool {
        journal.decisions[...min(end, journal.count - 1)].contains {
            $0.events.contains {
                guard case .nodeStarted(let up, _) = $0 else { return false }
                return up.identity.node == node && up.identity.store == store
            }
        }
    }

    /// The request that a decision answers; nil where it answers none.
    func request(of decision: Decision) -> Request? {
        guard case .input(let position, _, _) = decision.cause,
            case .request(let request) = journal.book[position]?.content
        else { return nil }
        return request
    }
}

extension Decision {
    /// The change of that saga's node that the decision begins; nil when it begins none.
    fileprivate func begun(_ saga: Saga) -> Saga? {
        events.lazy.compactMap { event -> Saga? in
            guard case .sagaStarted(let begun, _) = event, begun.node == saga.node else {
                return nil
            }
            return begun
        }.first
    }
}

extension Event {
    /// Whether it puts a deadline off by what somebody asked for.
    fileprivate var isPutOff: Bool {
        if case .removalRescheduled(_, _, .extended) = self { true } else { false }
    }
}
