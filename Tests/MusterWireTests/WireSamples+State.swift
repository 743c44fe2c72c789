import MusterCore
import MusterWire

extension Sample {
    static func step(_ name: Step.Name, _ phase: Step.Phase, full: Bool = true) -> Step {
        var step = Step(name: name, since: time(5))
        step.phase = phase
        guard full else { return step }
        step.attempt = 3
        step.notBefore = time(9)
        step.blocked = refusal
        step.added = true
        step.voter = true
        step.misses = 2
        return step
    }

    static let outstanding: Outstanding = {
        var outstanding = Outstanding(
            id: commandID, command: command(.removeMember), issued: time(3))
        outstanding.succeeded = time(4)
        outstanding.observeAsked = time(5)
        return outstanding
    }()

    static let saga: Saga = {
        var saga = Saga(
            kind: .join, node: n3, store: store(3), reason: .request, principal: alice,
            requests: [request], role: .voter, groups: .list([g2, g1]), overrides: [.damped],
            began: time(1), correlation: "c-1")
        saga.phase = .stalled(refusal, retryAt: time(600_000))
        saga.whole = step(.clear, .failed(refusalLeast))
        saga.steps[g1] = step(.learner, .issued(outstanding))
        saga.steps[g2] = step(.catchUp, .ready, full: false)
        return saga
    }()
    static let sagaRollingBack: Saga = {
        var saga = Saga(
            kind: .replace, node: n1, store: store(1), reason: .replaced, principal: nil,
            requests: [], role: .replica, groups: .all, overrides: [], began: time(1),
            correlation: "")
        saga.phase = .rollingBack(refusalLeast)
        saga.newcomer = Saga.Newcomer(node: n3, store: store(3))
        saga.steps[g1] = step(.takeBack, .inDoubt(outstanding))
        return saga
    }()

    static let evidence: Evidence = {
        var evidence = Evidence()
        evidence.nodes[n1] = NodeEvidence(
            identity: NodeIdentity(node: n1, store: store(1), start: Start(3)), boot: store(98),
            heard: heard(17), copies: [])
        evidence.nodes[n3] = NodeEvidence(
            identity: identity, boot: store(99), heard: heard(18),
            copies: [
                .init(
                    progress: CopyProgress(group: g1, bytes: 1 << 40, bytesTotal: 1 << 41),
                    moved: time(2)),
                .init(progress: CopyProgress(group: g2, bytes: 0, bytesTotal: nil), moved: time(3)),
            ])
        evidence.nodes.update(n3) {
            $0.rival = .init(store: store(4), start: Start(6), boot: store(97), heard: heard(14))
        }
        var group = GroupEvidence()
        group.view = .init(
            heard: heard(16), leader: NodeIdentity(node: n1, store: store(1), start: Start(3)),
            term: Term(7), view: view, commitBefore: LogIndex(90_000))
        group.termMax = Term(8)
        group.since = time(-5)
        group.until = Timestamp(milliseconds: 1_767_225_600_500)
        group.gapMax = .milliseconds(2100)
        var member = MemberEvidence()
        member.outOfContactSince = time(-4)
        member.caughtUpSince = time(-3)
        member.progressed = time(-2)
        member.own = .init(
            identity: identity, state: .learner, applied: LogIndex(5), heard: heard(15))
        group.members[n2] = MemberEvidence()
        group.members[n3] = member
        evidence.groups[g1] = group
        evidence.groups[g2] = GroupEvidence()
        evidence.newest = heard(18)
        evidence.gap = .init(from: time(-90), to: time(-1))
        return evidence
    }()

    /// At least one event of every kind.
    static let events: [Event] =
        clusterEvents + nodeEvents + groupEvents + sagaEvents + stepEvents + keepingEvents

    static let blindness = Blindness(kind: .fleet, count: 30, of: 90)
    static let interval = Interval(
        since: time(1), until: time(3_600_001), principal: alice, reason: "new disk")
    private static let action = Request.Action.add(
        node: n3, role: .voter, groups: .list([g2, g1]), wipe: store(2))

    private static let keepingEvents: [Event] = [
        .blinded(blindness), .blinded(Blindness(kind: .lag, count: 12_000, of: 10_000)),
        .sighted, .automationPaused(interval), .automationResumed(why: .expired),
        .nodeHeld(n3, interval), .nodeReleased(n3, why: .request), .nodeForgotten(n3),
        .changeWithheld(.promotion, n3, action, refusal, proofs: [proof]),
        .changeProposed(.removal, n3, .remove(node: n3), proofs: []),
        .proposalEnded(.join, n3, refusal), .proposalEnded(.replacement, n3, nil),
    ]

    private static let clusterEvents: [Event] = [
        .policyConfigured(policy), .clusterIdentified(engine),
        .timeGap(from: time(1), to: time(2), why: .clock), .frozen(silent: [n1, n3]), .calmed,
        .thawed, .requestAccepted(request, n3), .requestAccepted(request, nil),
        .requestRejected(request, refusal, proofs: [proof, proofLeast]),
        .requestRejected(request, refusalLeast, proofs: []), .requestCompleted(request, refusal),
        .requestCompleted(request, nil),
    ]

    private static let nodeEvents: [Event] = [
        .nodeStarted(up, replaced: store(2)), .nodeStarted(upLeast, replaced: nil),
        .nodeGroupsChanged(n3, version: 5, groups: up.groups), .nodeStopAnnounced(n3),
        .nodeLeaveAnnounced(n3, reason: "decommissioned"),
        .nodeSuspected(n3, lastHeard: time(3), by: alice),
        .nodeSuspected(n3, lastHeard: time(3), by: nil), .nodeDown(n3, lastHeard: time(3)),
        .nodeReturned(n3), .nodeSeenUp(n3, by: alice),
        .nodeRefused(n3, store: store(3), refusal: refusal),
        .identityConflict(n3, refusal), .conflictEnded(n3),
        .matchNoted(n3, store: store(3), matches: [match]),
        .joinRefused(n3, store: store(3), refusal),
        .nodeJoined(n3), .nodeRemoved(n3, store: store(3), reason: .silence),
    ]

    private static let groupEvents: [Event] = [
        .leaderObserved(g1, leader: n1, term: Term(7)),
        .configurationObserved(g1, version: version, members: members, pending: true),
        .driftDetected(g1, appeared: [n1], vanished: [n2], changed: [n3]),
        .driftDetected(g1, appeared: [], vanished: [], changed: []),
        .configurationDisputed(g1, version: version, members: members), .groupDeleted(g2),
        .desiredChanged(g1, 3), .syncChanged(n3, g1, .notStarted),
        .syncChanged(n3, g1, .syncing(source: n1, since: time(4))),
        .syncChanged(n3, g1, .synced(LogIndex(91_000))),
        .syncChanged(n3, g1, .failed("disk full", attempts: 2)),
    ]

    private static let sagaEvents: [Event] = [
        .removalScheduled(n3, store: store(3), due: time(300_000)),
        .removalRescheduled(n3, due: time(600_000), why: .extended),
        .removalCancelled(n3, why: .contact), .removalBlocked(n3, refusal, proofs: [proof]),
        .sagaStarted(saga, proofs: [proof]), .sagaStarted(sagaRollingBack, proofs: []),
        .sagaRollingBack(n3, refusal), .sagaStalled(n3, refusal, retryAt: time(600_000)),
        .sagaResumed(n3), .sagaSuperseded(n3, by: .leave), .sagaEnded(n3, refusal),
        .sagaEnded(n3, nil),
    ]

    private static let stepEvents: [Event] =
        [
            .stepStarted(n3, g1, .seed), .stepStarted(n3, nil, .stop),
            .stepBlocked(n3, g1, refusal, proof: proof), .stepBlocked(n3, nil, refusal, proof: nil),
            .commandReported(commandID, n3, g1), .commandReported(commandID, n3, nil),
            .commandFailed(commandID, n3, g1, failure, notBefore: time(2000)),
            .commandInDoubt(commandID, n3, g1), .doubtResolved(commandID, n3, g1, effect: true),
            .stepDone(n3, g1, .promote, next: .done), .stepDone(n3, nil, .done, next: nil),
            .stepFailed(n3, g1, .learner, refusal),
            .observationAsked(command(.observeGroup)),
            .commandIssued(
                command(.startMember(index: nil, minTerm: nil, votedFor: nil), full: false),
                proofs: []),
            .commandIssued(command(.addMember(as: .nonVoter)), proofs: [proof, proofLeast]),
        ] + actions.map { .commandIssued(command($0), proofs: [proof]) }

    static let manager = ManagerIdentity(id: store(1000), version: "0.1.0")

    static func decision(_ cause: Decision.Cause, _ events: [Event], full: Bool) -> Decision {
        Decision(
            at: time(0), cause: cause,
            considered: full
                ? [
                    Position(TopicPartition(.events, 0), Offset(18)),
                    Position(TopicPartition(.requests, 3), Offset(0)),
                ] : [],
            evidence: full ? evidence : nil, principal: full ? alice : nil,
            correlation: full ? "c-1" : "", manager: manager, events: events)
    }

    static let state: ClusterState = {
        var state = ClusterState(id: cluster, genesis: hash(1))
        state.head = Head(sequence: MusterCore.Sequence(1844), hash: hash(5))
        state.at = time(0)
        state.next[TopicPartition(.events, 3)] = Offset(18)
        state.next[TopicPartition(.requests, 3)] = Offset(2)
        state.membershipVersion = MembershipVersion(18)
        state.policy = policy
        state.engine = engine
        state.nodes[n1] = NodeState(upLeast, at: time(1)).named(n1)
        state.nodes[n3] = fullNode
        var group = GroupState()
        group.leader = n1
        group.term = Term(7)
        group.configuration = .init(version: version, members: members, pending: true)
        group.disputed = version
        group.closedAt = version
        group.desired = 3
        group.trail.append(MusterCore.Sequence(1840))
        state.groups[g1] = group
        state.groups[g2] = GroupState()
        state.sagas[n1] = sagaRollingBack
        state.sagas[n3] = saga
        state.tombstones[store(2)] = Tombstone(
            node: n3, reason: .request, at: time(1), stopped: false)
        state.requests = [
            RequestRecord(id: request, outcome: .accepted),
            RequestRecord(id: RequestID(unchecked: "r-18"), outcome: .rejected(refusal)),
            RequestRecord(id: RequestID(unchecked: "r-2"), outcome: .completed),
            RequestRecord(id: RequestID(unchecked: "r-3"), outcome: .failed(refusalLeast)),
        ]
        var freeze = ClusterState.Freeze(since: time(3), silent: [n1, n3])
        freeze.calmSince = time(4)
        state.freeze = freeze
        state.pause = interval
        state.blind = ClusterState.Blind(since: time(2), why: blindness)
        state.proposals = [
            Proposal(
                id: MusterCore.Sequence(1800), rule: .promotion, node: n3, action: action,
                since: time(-3), withheld: refusal),
            Proposal(
                id: MusterCore.Sequence(1801), rule: .removal, node: n3,
                action: .remove(node: n3), since: time(-2), withheld: nil),
        ]
        state.forgotten = [NodeID(unchecked: "n8")]
        state.proposalsPast = [
            Proposal.Past(id: MusterCore.Sequence(1799), why: refusalLeast)
        ]
        state.heard = time(-2)
        state.gapHandled = time(-1)
        state.trail.append(MusterCore.Sequence(3))
        state.trail.append(MusterCore.Sequence(1844))
        return state
    }()

    private static let fullNode: NodeState = {
        var node = NodeState(up, at: time(2))
        node.liveness = .suspect
        node.livenessSince = time(3)
        node.seenUp = time(1)
        node.returned = time(1)
        node.stopAnnounced = true
        node.leaving = true
        node.roleIsSet = true
        node.hold = interval
        node.flaps = FlapScore(points: 3100, since: time(2), isDamped: true)
        node.conflict = refusal
        node.conflictStart = Start(7)
        node.regressed = refusalLeast
        node.notes = [NotedMatch(match, noted: time(2))]
        node.outside = [g1, g2]
        node.sync[g1] = .syncing(source: n1, since: time(4))
        node.sync[g2] = .notStarted
        var removal = PendingRemoval(store: store(3), since: time(5), due: time(300_000))
        removal.blocked = refusalLeast
        node.removal = removal
        node.refused = refusalLeast
        node.trail.append(MusterCore.Sequence(1843))
        node.trail.append(MusterCore.Sequence(1844))
        return node
    }()
}

extension NodeState {
    fileprivate func named(_ node: NodeID) -> NodeState {
        var copy = self
        copy.identity.node = node
        return copy
    }
}
