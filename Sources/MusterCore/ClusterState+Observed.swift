// The registers of a group (DOMAIN §2): what an agent's report changes in hard state.

extension ClusterState {
    func decideReport(_ report: GroupsReport) -> [Event] {
        guard let observer = nodes[report.observer.node],
            observer.identity.store == report.observer.store,
            observer.identity.start <= report.observer.start
        else { return [] }
        var events: [Event] = []
        for entry in report.groups {
            let known = groups[entry.group] ?? GroupState()
            if let event = leader(entry, known, by: report.observer.node) { events.append(event) }
            if entry.state == .leader, let view = entry.view {
                events += configuration(view, entry.group, known)
            }
        }
        return events
    }

    private func leader(
        _ entry: GroupReport, _ known: GroupState, by observer: NodeID
    ) -> Event? {
        let claimed = entry.state == .leader ? observer : entry.leader
        if entry.term > known.term {
            guard let claimed else { return nil }
            return .leaderObserved(entry.group, leader: claimed, term: entry.term)
        }
        guard entry.term == known.term, let claimed else { return nil }
        guard let leader = known.leader else {
            return .leaderObserved(entry.group, leader: claimed, term: entry.term)
        }
        if entry.state == .leader && leader != observer {
            let refusal = Refusal(
                .identityConflict, group: entry.group, nodes: [leader, observer],
                numbers: [Int64(clamping: entry.term.value)], text: "two leaders in one term")
            if nodes[observer]?.conflict == refusal { return nil }
            return .identityConflict(observer, refusal)
        }
        return nil
    }

    private func configuration(
        _ view: LeaderView, _ group: GroupID, _ known: GroupState
    ) -> [Event] {
        let members = view.members.map(\.member).sorted { $0.node < $1.node }
        // No group of Raft is without a voter: whoever says so has not read a configuration.
        guard members.contains(where: { $0.role == .voter }) else { return [] }
        let observed = Event.configurationObserved(
            group, version: view.version, members: members, pending: view.pending)
        guard let old = known.configuration else {
            let voters = members.filter { $0.role == .voter }
            return [observed, .desiredChanged(group, UInt32(voters.count))]
        }
        if view.version < old.version { return [] }
        if view.version == old.version && !old.agrees(with: members) {
            if known.disputed == view.version { return [] }
            return [.configurationDisputed(group, version: view.version, members: members)]
        }
        let isNewer = view.version > old.version
        if known.disputed != nil && !isNewer { return [] }
        if old.members == members && old.pending == view.pending && known.disputed == nil {
            return []
        }
        // An observer that cannot tell a store takes back nothing of what another one said.
        if old.agrees(with: members) && known.disputed == nil && old.pending == view.pending
            && !members.contains(where: { $0.store != nil && !old.members.contains($0) })
        {
            return []
        }
        return [observed] + drift(group, known, from: old.members, to: members)
    }

    /// What neither a saga nor history explains is adopted, and said.
    private func drift(
        _ group: GroupID, _ known: GroupState, from old: [Member], to new: [Member]
    ) -> [Event] {
        var (appeared, vanished, changed): ([Member], [Member], [Member]) = ([], [], [])
        for member in new {
            guard let before = old.first(where: { $0.node == member.node }) else {
                if !isExplained(member, group, .appeared) { appeared.append(member) }
                continue
            }
            if before.role != member.role && !isExplained(member, group, .changed) {
                changed.append(member)
            }
        }
        for member in old where !new.contains(where: { $0.node == member.node }) {
            if !isExplained(member, group, .vanished) { vanished.append(member) }
        }
        if appeared.isEmpty && vanished.isEmpty && changed.isEmpty { return [] }
        var events: [Event] = [
            .driftDetected(
                group, appeared: appeared.map(\.node), vanished: vanished.map(\.node),
                changed: changed.map(\.node))
        ]
        // A voter that a person added counts at once; one that a person took away is not missed.
        let voters = UInt32(new.filter { $0.role == .voter }.count)
        let isLess =
            vanished.contains { $0.role == .voter } || changed.contains { $0.role == .learner }
        if voters > known.desired || isLess && voters < known.desired {
            events.append(.desiredChanged(group, voters))
        }
        return events
    }

    private enum Difference { case appeared, vanished, changed }

    /// Whether a saga has commanded such a change in the group, and its command may have done it,
    /// or whether the store is known to be out.
    private func isExplained(
        _ member: Member, _ group: GroupID, _ difference: Difference
    ) -> Bool {
        if difference == .vanished, let store = member.store, tombstones[store] != nil {
            return true
        }
        guard let owner = owner(of: member.node), let saga = sagas[owner],
            let step = saga.steps[group]
        else { return false }
        if let store = member.store, store != saga.store, store != saga.comer.store {
            return false
        }
        if saga.kind == .replace && step.removed { return true }
        let isCommanded = step.outstanding != nil || step.attempt > 1
        switch difference {
        case .appeared: return step.added
        case .vanished: return isCommanded && [.remove, .takeBack].contains(step.name)
        case .changed: return isCommanded && [.promote, .demote].contains(step.name)
        }
    }
}
