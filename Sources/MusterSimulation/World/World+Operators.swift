internal import MusterAgent
internal import MusterCore
internal import MusterLog
internal import MusterWire

// What people and the programs that they run want, at any moment.

extension World {
    mutating func configure() {
        request(.configure(wantedPolicy), in: .milliseconds(300))
    }

    /// What people want when all is calm.
    var wantedPolicy: PolicyPatch {
        var patch = PolicyPatch()
        patch.joinPolicy = .open
        patch.votersMin = options.votersMin
        patch.heartbeatInterval = paced(1500)
        patch.lease = paced(3000)
        patch.trustDelay = paced(2000)
        patch.removalDelay = paced(options.removalDelay.milliseconds)
        patch.stabilization = .milliseconds(1000)
        patch.observationInterval = paced(1500)
        patch.observationAgeMax = .milliseconds(4000)
        patch.learnersMax = 2
        patch.changeLimit = .milliseconds(5000)
        patch.transferLimit = .milliseconds(5000)
        patch.observeLimit = .milliseconds(3000)
        patch.startLimit = .milliseconds(5000)
        patch.copyLimit = .milliseconds(6000)
        patch.catchUpTimeout = .milliseconds(20_000)
        patch.backoffMin = .milliseconds(300)
        patch.backoffMax = .milliseconds(3000)
        patch.stallRetry = .milliseconds(8000)
        patch.setModes(.act)
        return patch
    }

    /// What people may change while all goes on; once it is calm the first policy is back.
    mutating func changePolicy() {
        if isCalm { return }
        var patch = PolicyPatch()
        switch dice.pick(4) {
        case 0: patch.votersMin = UInt32(1 + dice.pick(3))
        case 1: patch.removalDelay = paced(dice.one(of: [9000, 12_000, 20_000]))
        case 2: patch.setModes(dice.one(of: [.observe, .propose, .act]))
        default: patch.joinPolicy = dice.one(of: [.open, .listed])
        }
        request(.configure(patch), in: .milliseconds(1))
    }

    mutating func request(
        _ action: Request.Action, _ overrides: [Request.Override] = [],
        of cluster: ClusterID = World.cluster, in delay: Duration
    ) {
        let request = Request(
            id: RequestID(unchecked: "r\(requests)"), principal: Principal(unchecked: "ann"),
            reason: "simulated", validFor: .seconds(60), onlyAt: nil, overrides: overrides,
            action: action)
        send(.request(request), of: cluster, from: "ann", in: delay)
    }

    /// An operator wants something of whoever leads.
    mutating func wishOfLeader() {
        let group = dice.one(of: groups.keys)
        guard !isCalm, let model = groups[group], let leader = model.leader else { return }
        let voters = model.members.filter { $0.value.role == .voter && $0.key != leader }
        switch dice.pick(4) {
        case 0: request(.demote(node: leader), in: .milliseconds(1))
        case 1:
            guard !voters.isEmpty else { return }
            let target = dice.one(of: voters.map(\.key))
            request(.transfer(group: group, to: target), in: .milliseconds(1))
        default: request(.remove(node: leader), in: .milliseconds(1))
        }
    }

    /// What is asked for less often: a node leaves, or is forgotten, somebody else says how it is,
    /// a hold is over, or what automation proposes is approved.
    private mutating func actSeldom(_ node: NodeID) {
        switch dice.pick(8) {
        case 0:
            guard let index = place(of: node), nodes[index].loop != nil else { return }
            give(index, .stop(leave: true, reason: "fewer are needed"), in: .milliseconds(1))
        case 1:
            let state = reference.state
            let gone = state.nodes.first { $0.value.liveness == .down && !state.isMember($0.key) }
            request(.forget(node: gone?.key ?? node), in: .milliseconds(1))
        case 2, 3:
            let opinion = NodeOpinion(
                node: node, observer: Principal(unchecked: "watcher"), reason: "simulated")
            let isUp = dice.happens(perMille: 500)
            send(
                .fact(isUp ? .nodeReportedUp(opinion) : .nodeReportedDown(opinion)),
                from: "watcher", in: .milliseconds(1))
        case 4: request(.release(node: node), in: .milliseconds(1))
        case 5, 6: askWrongly(node)
        default:
            guard let proposal = reference.state.proposals.last else {
                return request(.adopt(node: node), in: .milliseconds(1))
            }
            request(.approve(proposal.id), in: .milliseconds(1))
        }
    }

    /// People err.
    private mutating func askWrongly(_ node: NodeID) {
        switch dice.pick(5) {
        case 0: request(.approve(.init(1)), in: .milliseconds(1))
        case 1:
            request(
                .transfer(group: GroupID(unchecked: "g9"), to: node), in: .milliseconds(1))
        case 2: request(.extend(node: node, by: .seconds(1_000_000)), in: .milliseconds(1))
        case 3:
            var patch = PolicyPatch()
            patch.votersMin = 0
            request(.configure(patch), in: .milliseconds(1))
        default:
            // The same once more, though it was answered.
            if requests > 0 { requests -= 1 }
            request(.remove(node: node), in: .milliseconds(1))
        }
    }

    mutating func operate() {
        if isCalm { return }
        let node = dice.one(of: nodes).identity.node
        let lasting = dice.time(1000, 8000)
        switch dice.pick(20) {
        case 0:
            let isWilled = dice.happens(perMille: 300)
            request(.remove(node: node), isWilled ? [.frozen] : [], in: .milliseconds(1))
        case 1:
            let role = dice.one(of: [Role.voter, .replica])
            request(
                .add(node: node, role: role, groups: .all, wipe: nil), in: .milliseconds(1))
        case 2: request(.hold(node: node, lasting: lasting), in: .milliseconds(1))
        case 3: request(.pause(lasting: lasting), in: .milliseconds(1))
        case 4: request(.resume, in: .milliseconds(1))
        case 5: request(.cancel(node: node), in: .milliseconds(1))
        case 6: request(.promote(node: node), in: .milliseconds(1))
        case 7: request(.demote(node: node), in: .milliseconds(1))
        case 8, 9, 10:
            request(
                .transfer(group: dice.one(of: groups.keys), to: node), in: .milliseconds(1))
        case 11, 12:
            let other = dice.one(of: nodes).identity.node
            request(
                .replace(node: node, with: other == node ? nil : other), in: .milliseconds(1))
        case 13: request(.extend(node: node, by: lasting), in: .milliseconds(1))
        case 14: request(.retry(node: node), in: .milliseconds(1))
        default: actSeldom(node)
        }
        if let interval = options.operatorInterval {
            add(.operators, in: dice.time(500, interval.milliseconds * 2))
        }
    }
}

extension PolicyPatch {
    /// One mode for all that automation does.
    fileprivate mutating func setModes(_ mode: Policy.Mode) {
        join = mode
        promotion = mode
        removal = mode
        replacement = mode
    }
}
