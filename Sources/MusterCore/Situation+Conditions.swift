// DOMAIN §4.2: the conditions of each command beyond a usable observation and a healthy majority.

extension Situation {
    /// The arithmetic of a change, without the answer.
    func proof(_ change: Proof.Change, of node: NodeID) -> Proof {
        let (voters, healthy) = (self.voters, healthyVoters)
        let count = voters.count
        var after = (voters: count, healthy: healthy.count)
        switch change {
        case .addVoter:
            after = (count + 1, healthy.count)
        case .promote:
            after = (count + 1, healthy.count + 1)
        case .removeVoter, .demote, .replaceVoter:
            after = (count - 1, healthy.filter { $0 != node }.count)
        case .addLearner, .removeLearner, .transfer, .sync, .prepare, .start, .stop:
            break
        }
        return Proof(
            group: group, change: change, node: node, voters: voters, healthy: healthy,
            needed: UInt32(Proof.quorum(of: count)), votersAfter: UInt32(max(0, after.voters)),
            healthyAfter: UInt32(after.healthy),
            neededAfter: UInt32(Proof.quorum(of: max(0, after.voters))),
            floor: UInt32(max(0, state.floor(of: group) - (change == .replaceVoter ? 1 : 0))),
            leader: seen.view?.leader.node,
            term: max(register.term, seen.termMax), version: seen.view?.view.version,
            age: seen.view.map { max(.zero, at - $0.heard.appended) }, refusal: nil, overridden: [])
    }

    /// Why the change may not be made; nil when it may.
    func refusal(for change: Proof.Change, of node: NodeID, proof: Proof) -> Refusal? {
        if let quorumLost { return quorumLost }
        if let unusable { return unusable }
        if proof.healthy.count < Int(proof.needed) {
            return Refusal(
                .quorumNow, group: group, nodes: proof.healthy,
                numbers: [
                    Int64(proof.healthy.count), Int64(proof.voters.count), Int64(proof.needed),
                ])
        }
        switch change {
        case .addLearner: return refuseLearner(node)
        case .addVoter: return refuseVoter(node, proof)
        case .promote: return refusePromotion(node, proof)
        case .removeVoter: return refuseRemoval(node, proof)
        case .demote: return refuseDemotion() ?? refuseRemoval(node, proof)
        case .replaceVoter: return refuseReplacement(node, proof)
        case .transfer: return refuseTransfer(to: node)
        case .removeLearner: return refuseLearnersRemoval(node)
        case .prepare, .start, .stop: return refuseOnNode(change, node)
        case .sync: return refuseCopy(to: node, proof)
        }
    }

    /// A copy that stops the group's writes is made only while a voter may fail meanwhile; one or
    /// two voters have none to spare, however well they are.
    private func refuseCopy(to node: NodeID, _ proof: Proof) -> Refusal? {
        guard state.capabilities(of: group, for: node).copyStopsWrites, proof.voters.count > 2,
            proof.healthy.count == Int(proof.needed)
        else { return nil }
        let away = proof.voters.filter { !proof.healthy.contains($0) }
        return Refusal(
            .noSpare, group: group, nodes: away,
            numbers: [
                Int64(proof.healthy.count), Int64(proof.voters.count), Int64(proof.needed),
            ])
    }

    private func refuseLearner(_ node: NodeID) -> Refusal? {
        if view(of: node) != nil { return Refusal(.alreadyMember, group: group, nodes: [node]) }
        let capabilities = state.capabilities(of: group, for: node)
        let slots = state.learnerSlots(of: group, for: node)
        if learners.count + 1 > slots {
            return Refusal(
                .learnerSlot, group: group, nodes: learners, numbers: [Int64(slots)])
        }
        if state.nodes[node]?.role == .readonly && learners.count + 1 == slots {
            return Refusal(
                .learnerSlot, group: group, nodes: learners, numbers: [Int64(slots)],
                text: "readonly")
        }
        let unhealthy = voters.filter { !healthyVoters.contains($0) }
        if capabilities.addNeedsAllVoters && !unhealthy.isEmpty {
            return Refusal(.allVotersNeeded, group: group, nodes: unhealthy)
        }
        return nil
    }

    private func refuseVoter(_ node: NodeID, _ proof: Proof) -> Refusal? {
        if view(of: node) != nil { return Refusal(.alreadyMember, group: group, nodes: [node]) }
        if proof.voters.count == 1 {
            let own = seen.members[node]?.own
            if own == nil || own?.state == .stopped {
                return Refusal(.notSeeded, group: group, nodes: [node])
            }
        } else if proof.healthy.count < Int(proof.neededAfter) {
            return critical(node, proof)
        }
        return nil
    }

    private func refusePromotion(_ node: NodeID, _ proof: Proof) -> Refusal? {
        guard let view = view(of: node), view.member.role == .learner else {
            return Refusal(.notMember, group: group, nodes: [node])
        }
        guard let known = state.nodes[node], isHeard(node), state.identityBar(known) == nil,
            view.member.store == nil || view.member.store == known.identity.store,
            let age = view.contactAge, age <= policy.lease
        else { return Refusal(.notHealthy, group: group, nodes: [node]) }
        if let returned = known.returned, at < returned + policy.trustDelay {
            return Refusal(
                .returning, group: group, nodes: [node],
                numbers: [(returned + policy.trustDelay - at).milliseconds])
        }
        if let behind = notCaughtUp(node) { return behind }
        if proof.voters.count > 1 && proof.healthy.count < Int(proof.neededAfter) {
            return critical(node, proof)
        }
        return nil
    }

    /// DOMAIN §4.1, "caught up": nil when the member held every earlier commit during the whole of
    /// `stabilization`.
    func notCaughtUp(_ node: NodeID) -> Refusal? {
        let since = seen.members[node]?.caughtUpSince
        let stable = since.map { at - $0 } ?? .zero
        if since != nil && stable >= policy.stabilization { return nil }
        let match: LogIndex? = view(of: node)?.match ?? seen.members[node]?.own?.applied
        let commit: LogIndex? = seen.view?.commitBefore
        let numbers: [Int64] = [
            Int64(clamping: match?.value ?? 0), Int64(clamping: commit?.value ?? 0),
            stable.milliseconds, policy.stabilization.milliseconds,
        ]
        return Refusal(.notCaughtUp, group: group, nodes: [node], numbers: numbers)
    }

    /// Which policies forbid a change that would be safe, the weightiest first.
    func policyRefusals(
        for change: Proof.Change, of node: NodeID, proof: Proof
    ) -> [Refusal] {
        let damping = state.damping(of: node, at: at)
        let hold = state.holding(of: node, at: at)
        let found: [Refusal?]
        switch change {
        case .addVoter: found = [refuseSize(proof)]
        case .promote: found = [hold, damping, refuseSize(proof)]
        case .removeVoter, .demote, .replaceVoter:
            found = [state.guarded, refuseFloor(node, proof)]
        case .transfer: found = [hold, damping]
        case .addLearner, .removeLearner, .sync, .prepare, .start, .stop: found = []
        }
        return found.compactMap { $0 }
    }

    private func refuseFloor(_ node: NodeID, _ proof: Proof) -> Refusal? {
        guard Int(proof.votersAfter) < Int(proof.floor) else { return nil }
        return Refusal(
            .floor, group: group, nodes: [node],
            numbers: [Int64(proof.votersAfter), Int64(proof.floor)])
    }

    private func refuseSize(_ proof: Proof) -> Refusal? {
        guard proof.votersAfter > policy.votersMax else { return nil }
        return Refusal(
            .votersMax, group: group, numbers: [Int64(proof.votersAfter), Int64(policy.votersMax)])
    }

    private func critical(_ node: NodeID, _ proof: Proof) -> Refusal {
        let dead = proof.voters.filter { !proof.healthy.contains($0) }
        return Refusal(
            .criticalNewcomer, group: group, nodes: [node] + dead,
            numbers: [
                Int64(proof.votersAfter), Int64(proof.neededAfter), Int64(proof.healthy.count),
            ])
    }

    private func refuseRemoval(_ node: NodeID, _ proof: Proof) -> Refusal? {
        guard isVoter(node) else { return Refusal(.notMember, group: group, nodes: [node]) }
        if proof.voters.count < 2 { return Refusal(.lastVoter, group: group, nodes: [node]) }
        let rest = proof.healthy.filter { $0 != node }
        if rest.count < Int(proof.neededAfter) {
            return Refusal(
                .quorumAfter, group: group, nodes: [node] + rest,
                numbers: [
                    Int64(proof.votersAfter), Int64(rest.count), Int64(proof.neededAfter),
                ])
        }
        return nil
    }

    /// Somebody comes in for the member at once: the group may be one short of its floor meanwhile,
    /// and only while every other voter is there. A member that is dead takes nothing with it:
    /// where the group keeps to its floor without it, it goes as in any removal.
    private func refuseReplacement(_ node: NodeID, _ proof: Proof) -> Refusal? {
        if let refusal = refuseRemoval(node, proof) { return refusal }
        let away = proof.voters.filter { $0 != node && !proof.healthy.contains($0) }
        if away.isEmpty { return nil }
        let keepsFloor = Int(proof.votersAfter) >= state.floor(of: group)
        if keepsFloor && isDead(node) { return nil }
        return Refusal(.othersUnhealthy, group: group, nodes: [node] + away)
    }

    /// Whether a voter does nothing for its group: its disk is gone, or nobody reaches it.
    private func isDead(_ node: NodeID) -> Bool {
        guard let known = state.nodes[node] else { return false }
        let seat = view(of: node)?.member.store
        if seat.map({ $0 != known.identity.store }) ?? false || known.regressed != nil {
            return true
        }
        guard known.liveness == .down else { return false }
        return view(of: node)?.contactAge.map { $0 > policy.lease } ?? true
    }

    /// The newcomer of a replacement stays until that is over.
    private func refuseLearnersRemoval(_ node: NodeID) -> Refusal? {
        guard let owner = state.owner(of: node), owner != node, owner != mover else { return nil }
        return Refusal(.busy, group: group, nodes: [node], text: Saga.Kind.replace.rawValue)
    }

    private func isVoter(_ node: NodeID) -> Bool { view(of: node)?.member.role == .voter }

    /// Why leadership may not go to the node; nil when it may.
    func refuseTransfer(to node: NodeID) -> Refusal? {
        if !state.capabilities(of: group).transfer {
            return Refusal(.unsupported, group: group, text: "transfer")
        }
        guard healthyVoters.contains(node) else {
            return Refusal(.notHealthy, group: group, nodes: [node])
        }
        guard let known = state.nodes[node], seen.view?.leader.node != node else {
            return Refusal(.isLeader, group: group, nodes: [node])
        }
        if known.leaving || state.sagas[node]?.kind == .remove {
            return Refusal(.busy, group: group, nodes: [node])
        }
        if let returned = known.returned, at < returned + policy.trustDelay {
            return Refusal(.returning, group: group, nodes: [node])
        }
        return nil
    }

    /// Who may take the leadership from `leaving`: fewest leaderships, then lowest id.
    func transferTargets(from leaving: NodeID) -> [NodeID] {
        func leaderships(_ node: NodeID) -> Int {
            state.groups.reduce(0) { $0 + ($1.value.leader == node ? 1 : 0) }
        }
        let able = healthyVoters.filter { $0 != leaving && refuseTransfer(to: $0) == nil }
        let loads: [(node: NodeID, load: Int)] = able.map { ($0, leaderships($0)) }
        let order = loads.sorted { $0.load == $1.load ? $0.node < $1.node : $0.load < $1.load }
        return order.map(\.node)
    }
}
