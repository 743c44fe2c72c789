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
        guard let old = known.configuration else {
            let voters = members.filter { $0.role == .voter }
            return [
                .configurationObserved(
                    group, version: view.version, members: members, pending: view.pending),
                .desiredChanged(group, UInt32(voters.count)),
            ]
        }
        if view.version < old.version { return [] }
        if old.members == members && old.pending == view.pending { return [] }
        if view.version == old.version && old.members != members { return [] }
        var events: [Event] = [
            .configurationObserved(
                group, version: view.version, members: members, pending: view.pending)
        ]
        if old.members != members { events += drift(group, known, from: old.members, to: members) }
        return events
    }

    /// What neither a saga nor history explains is adopted, and said.
    private func drift(
        _ group: GroupID, _ known: GroupState, from old: [Member], to new: [Member]
    ) -> [Event] {
        var appeared: [NodeID] = []
        var vanished: [NodeID] = []
        var changed: [NodeID] = []
        for member in new {
            guard let before = old.first(where: { $0.node == member.node }) else {
                if !isExplained(member.node, group, .appeared) { appeared.append(member.node) }
                continue
            }
            if before != member && before.role != member.role
                && !isExplained(member.node, group, .changed)
            {
                changed.append(member.node)
            }
        }
        for member in old where !new.contains(where: { $0.node == member.node }) {
            if !isExplained(member.node, group, .vanished) { vanished.append(member.node) }
        }
        if appeared.isEmpty && vanished.isEmpty && changed.isEmpty { return [] }
        var events: [Event] = [
            .driftDetected(group, appeared: appeared, vanished: vanished, changed: changed)
        ]
        let voters = UInt32(new.filter { $0.role == .voter }.count)
        let lost = vanished.contains { node in old.contains { $0.node == node && $0.role == .voter }
        }
        if voters > known.desired || lost && voters < known.desired {
            events.append(.desiredChanged(group, voters))
        }
        return events
    }

    private enum Difference { case appeared, vanished, changed }

    /// Whether a saga has commanded such a change in the group, now or in an earlier step.
    private func isExplained(_ node: NodeID, _ group: GroupID, _ difference: Difference) -> Bool {
        guard let saga = sagas[node], let step = saga.steps[group] else { return false }
        let names: [Step.Name]
        switch difference {
        case .appeared: names = [.learner, .catchUp, .start, .takeBack]
        case .vanished: names = [.remove, .takeBack, .done]
        case .changed: names = [.promote, .demote, .done]
        }
        return names.contains(step.name) || step.added
    }
}
