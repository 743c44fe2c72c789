extension ClusterState {
    /// Folds an accepted decision: the only way state changes.
    ///
    /// - Parameter hash: the hash of the decision's bytes as they lie in the journal.
    package mutating func evolve(_ decision: Decision, hash: Hash) {
        head = Head(sequence: head.sequence.next, hash: hash)
        at = decision.at
        for position in decision.considered {
            next[position.partition] = position.offset
        }
        switch decision.cause {
        case .input(let position, _, _), .manager(.unreadable(let position, _)):
            let offset = position.offset.next
            next.update(position.partition, default: offset) { $0 = max($0, offset) }
        case .manager(.inputsLost(let place, let from, let offset, _)):
            // A topic made anew counts from its beginning again.
            if offset < from { next[place] = offset }
            next.update(place, default: offset) { $0 = max($0, offset) }
        case .timer, .manager(.skipped):
            break
        }
        if let newest = decision.evidence?.newest { heard = max(heard, newest.appended) }
        for (index, event) in decision.events.enumerated() {
            let id = CommandID(
                sequence: head.sequence, index: UInt32(index), prefix: hash.words.0)
            apply(event, id: id)
        }
    }

    /// Applies one event.
    ///
    /// - Parameter id: the identity that a command in this event has.
    mutating func apply(_ event: Event, id: CommandID) {
        // Afterwards: the first event about a node or a group brings it in.
        defer { mark(event, id.sequence) }
        switch event {
        case .policyConfigured, .clusterIdentified, .timeGap, .frozen, .calmed, .thawed,
            .blinded, .sighted, .automationPaused, .automationResumed:
            applyCluster(event)
        case .changeWithheld, .changeProposed, .proposalEnded:
            applyProposal(event, id: id.sequence)
        case .nodeStarted, .nodeGroupsChanged, .nodeStopAnnounced, .nodeLeaveAnnounced,
            .nodeSuspected, .nodeDown, .nodeReturned, .nodeSeenUp, .nodeRefused, .identityConflict,
            .conflictEnded, .matchNoted, .joinRefused, .syncChanged, .nodeHeld, .nodeReleased,
            .nodeForgotten:
            applyNode(event)
        case .leaderObserved, .configurationObserved, .configurationDisputed, .driftDetected,
            .groupDeleted, .desiredChanged:
            applyGroup(event)
        case .requestAccepted, .requestRejected, .requestCompleted:
            applyRequest(event)
        case .removalScheduled, .removalRescheduled, .removalCancelled, .removalBlocked:
            applyPendingRemoval(event)
        case .sagaStarted, .sagaRollingBack, .sagaStalled, .sagaResumed, .sagaSuperseded,
            .sagaEnded, .nodeJoined, .nodeRemoved:
            applySaga(event)
        case .stepStarted, .stepBlocked, .stepDone, .stepFailed:
            applyStep(event)
        case .commandIssued, .commandReported, .commandFailed, .commandInDoubt,
            .doubtResolved, .observationAsked:
            applyCommand(event, id: id)
        }
    }

    private mutating func applyCluster(_ event: Event) {
        switch event {
        case .policyConfigured(let new):
            policy = new
            membershipVersion = membershipVersion.next
        case .clusterIdentified(let identity):
            engine = identity
        case .timeGap(_, let to, _):
            gapHandled = max(gapHandled, to)
        case .frozen(let silent):
            freeze = Freeze(since: at, silent: silent)
        case .calmed:
            freeze?.calmSince = at
        case .thawed:
            freeze = nil
        case .blinded(let why):
            blind = Blind(since: at, why: why)
        case .sighted:
            blind = nil
        case .automationPaused(let interval):
            pause = interval
        case .automationResumed:
            pause = nil
        default:
            break
        }
    }

    private mutating func applyRequest(_ event: Event) {
        switch event {
        case .requestAccepted(let id, let node):
            remember(id, .accepted)
            if let node {
                sagas.update(node) { saga in
                    if !saga.requests.contains(id) { saga.requests.append(id) }
                }
            }
        case .requestRejected(let id, let refusal, _):
            remember(id, .rejected(refusal))
        case .requestCompleted(let id, let refusal):
            remember(id, refusal.map { .failed($0) } ?? .completed)
        default:
            break
        }
    }

    private mutating func remember(_ id: RequestID, _ outcome: RequestRecord.Outcome) {
        if let index = requests.lastIndex(where: { $0.id == id }) {
            requests[index].outcome = outcome
            return
        }
        if requests.count == Self.requestsMax { requests.removeFirst() }
        requests.append(RequestRecord(id: id, outcome: outcome))
    }

    private mutating func applyPendingRemoval(_ event: Event) {
        switch event {
        case .removalScheduled(let node, let store, let due):
            let now = at
            nodes.update(node) { $0.removal = PendingRemoval(store: store, since: now, due: due) }
        case .removalRescheduled(let node, let due, let why):
            let now = at
            nodes.update(node) {
                if why != .extended { $0.removal?.since = now }
                $0.removal?.due = due
                $0.removal?.blocked = nil
            }
        case .removalCancelled(let node, _):
            nodes.update(node) { $0.removal = nil }
        case .removalBlocked(let node, let refusal, _):
            nodes.update(node) { $0.removal?.blocked = refusal }
        default:
            break
        }
    }

    /// Remembers, at everything that the event is about, where it was decided.
    private mutating func mark(_ event: Event, _ sequence: Sequence) {
        let (node, group) = event.subject
        if let node { nodes.update(node) { $0.trail.append(sequence) } }
        if let group { groups.update(group) { $0.trail.append(sequence) } }
        if node == nil && group == nil { trail.append(sequence) }
    }
}
