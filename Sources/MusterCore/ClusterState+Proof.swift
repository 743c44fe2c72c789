// The proof before every command (DOMAIN §4): one pure function, used by the live path, by dry
// runs, by refusals and by `why`. It reads the state and the evidence of one group and nothing
// else.

extension ClusterState {
    /// Whether a change of one group may be made now, with the arithmetic behind the answer.
    ///
    /// - Parameters:
    ///   - mover: the node whose saga asks: its own command does not stand in its way.
    ///   - overrides: the policies that a request knowingly sets aside.
    package func prove(
        _ change: Proof.Change, of node: NodeID, in group: GroupID, mover: NodeID,
        evidence: Evidence, at moment: Timestamp, overrides: [Request.Override] = []
    ) -> Proof {
        var situation = Situation(
            state: self, group: group, evidence: evidence, at: moment, mover: mover)
        situation.subject = node
        var proof = situation.proof(change, of: node)
        proof.refusal = situation.refusal(for: change, of: node, proof: proof)
        if proof.refusal != nil { return proof }
        // Safety allows it; a policy may forbid it, and a request may set the policy aside.
        for refusal in situation.policyRefusals(for: change, of: node, proof: proof) {
            if let override = refusal.code.override, overrides.contains(override) {
                proof.overridden.append(override)
            } else if proof.refusal == nil {
                proof.refusal = refusal
            }
        }
        return proof
    }
}

extension Refusal.Code {
    /// The override that sets this refusal aside; nil where safety allows none.
    package var override: Request.Override? {
        switch self {
        case .floor: .belowFloor
        case .votersMax: .votersMax
        case .frozen, .blind: .frozen
        case .damped: .damped
        case .held: .held
        case .paused: .paused
        default: nil
        }
    }
}

/// A group at one moment, with everything that a proof counts.
struct Situation {
    let state: ClusterState
    let group: GroupID
    let policy: Policy
    let at: Timestamp
    let register: GroupState
    let seen: GroupEvidence
    let evidence: Evidence
    let mover: NodeID
    /// Whom the proof is about: held and damped nodes count in proofs about themselves only.
    var subject: NodeID?
    /// The members of the observed configuration; before the first observation, those of the
    /// register.
    let members: [MemberView]

    init(
        state: ClusterState, group: GroupID, evidence: Evidence, at moment: Timestamp,
        mover: NodeID
    ) {
        self.state = state
        self.group = group
        self.mover = mover
        policy = state.policy ?? Policy()
        at = moment
        register = state.groups[group] ?? GroupState()
        seen = evidence.groups[group] ?? GroupEvidence()
        self.evidence = evidence
        members =
            seen.view?.view.members
            ?? (register.configuration?.members ?? []).map {
                MemberView(member: $0, match: nil, contactAge: nil)
            }
    }

    var voters: [NodeID] { members.filter { $0.member.role == .voter }.map(\.member.node) }
    var learners: [NodeID] { members.filter { $0.member.role == .learner }.map(\.member.node) }
    var healthyVoters: [NodeID] {
        members.filter { $0.member.role == .voter && isHealthy($0) }.map(\.member.node)
    }

    func view(of node: NodeID) -> MemberView? { members.first { $0.member.node == node } }

    /// The leader of the newest observation, when its node still runs as it did then.
    var leader: NodeIdentity? {
        guard let leader = seen.view?.leader, let node = state.nodes[leader.node],
            node.identity.store == leader.store, node.identity.start <= leader.start,
            node.conflict == nil
        else { return nil }
        return leader
    }

    /// Whether the node's agent was heard, as its current start, within the lease.
    func isHeard(_ node: NodeID) -> Bool {
        guard let heard = evidence.nodes[node], let known = state.nodes[node],
            heard.identity.store == known.identity.store,
            heard.identity.start >= known.identity.start
        else { return false }
        return at - heard.heard.appended <= policy.lease
    }

    /// DOMAIN §4.1: heard, on the store that the configuration names, in contact with the leader,
    /// and holding everything that was committed at the observation before.
    func isHealthy(_ view: MemberView) -> Bool {
        let node = view.member.node
        guard isReached(view), let observation = seen.view else { return false }
        if observation.leader.node == node { return true }
        guard let match = view.match ?? seen.members[node]?.own?.applied,
            let commit = observation.commitBefore
        else { return false }
        return match >= commit
    }

    /// The same, whatever it holds.
    private func isReached(_ view: MemberView) -> Bool {
        let node = view.member.node
        if node != subject && (state.isHeld(node, at: at) || state.isDamped(node, at: at)) {
            return false
        }
        guard isHeard(node), let known = state.nodes[node], state.identityBar(known) == nil,
            view.member.store == nil || view.member.store == known.identity.store,
            let observation = seen.view
        else { return false }
        if observation.leader.node == node { return observation.view.confirmed }
        return view.contactAge.map { $0 <= policy.lease } ?? false
    }

    /// What a voter holds is compared with what was committed one view before, in the same term:
    /// the first view of a term shows whom the leader reaches, and not yet who keeps up. Nil when
    /// that makes no difference: enough is seen, or too few are reached in any case.
    private var tooEarly: Refusal? {
        guard let observation = seen.view, observation.commitBefore == nil else { return nil }
        let needed = Proof.quorum(of: voters.count)
        let reached = members.count { $0.member.role == .voter && isReached($0) }
        guard healthyVoters.count < needed, reached >= needed else { return nil }
        return Refusal(
            .newTerm, group: group, nodes: [observation.leader.node],
            numbers: [Int64(clamping: observation.term.value)])
    }

    /// Why no change of this group can be proved now; nil when the newest observation is usable.
    var unusable: Refusal? {
        let term = max(register.term, seen.termMax)
        let numbers = [Int64(clamping: term.value)]
        guard let observation = seen.view, observation.term >= term else {
            return Refusal(.noLeader, group: group, numbers: numbers)
        }
        let age = at - observation.heard.appended
        if age > policy.observationAgeMax {
            let limit = policy.observationAgeMax.milliseconds
            return Refusal(.stale, group: group, numbers: [age.milliseconds, limit])
        }
        if !observation.view.confirmed {
            return Refusal(.unconfirmed, group: group, nodes: [observation.leader.node])
        }
        if leader == nil {
            return state.nodes[observation.leader.node]?.conflict
                ?? Refusal(.noLeader, group: group, numbers: numbers)
        }
        if let busy { return busy }
        if let closed = register.closedAt, observation.view.version <= closed {
            return Refusal(.closed, group: group, text: "\(closed)")
        }
        if let disagreement { return disagreement }
        if observation.view.pending {
            return Refusal(.changeInFlight, group: group, text: "a configuration not committed yet")
        }
        if !observation.view.changePermitted {
            return Refusal(.changeNotPermitted, group: group, numbers: numbers)
        }
        return tooEarly
    }

    /// Another saga's change of this group that has no outcome yet.
    private var busy: Refusal? {
        for (node, saga) in state.sagas where node != mover {
            guard let step = saga.steps[group], let outstanding = step.outstanding,
                outstanding.command.require != nil
            else { continue }
            let age = (at - outstanding.issued).milliseconds
            if case .inDoubt = step.phase {
                return Refusal(
                    .inDoubt, group: group, nodes: [node], numbers: [age],
                    text: "\(outstanding.command.action.name) \(node) (\(outstanding.id))")
            }
            return Refusal(
                .changeInFlight, group: group, nodes: [node], numbers: [age],
                text: "\(outstanding.command.action.name) \(node)")
        }
        return nil
    }
}
