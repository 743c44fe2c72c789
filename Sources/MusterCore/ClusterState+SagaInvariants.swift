// What holds of sagas and of their commands: DOMAIN §6.1, and of the one change per group at a
// time.

extension ClusterState {
    func check(_ saga: Saga, _ found: inout Violations) {
        let node = saga.node
        found.expect(saga.began <= at, "the saga of \(node) begins later than now")
        found.expectOrder(saga.steps.keys, "groups of the saga of \(node)")
        if case .list(let names) = saga.groups {
            for group in saga.steps.keys where !names.contains(group) {
                found.add("the saga of \(node) is in \(group), which was not asked for")
            }
        }
        for (group, step) in saga.steps {
            found.expect(groups[group] != nil, "the saga of \(node) is in \(group), which is not")
            found.expect(
                step.name != .clear && step.name != .stop,
                "\(node) has the step \(step.name) in \(group)")
            check(step, group, saga, &found)
        }
        checkNewcomer(saga, &found)
        guard let whole = saga.whole else { return }
        found.expect(
            [.clear, .stop, .done].contains(whole.name), "\(node) has the step \(whole.name)")
        found.expect(
            whole.name != .clear || saga.kind == .join || saga.isOnOldStore,
            "\(node) is cleared by a \(saga.kind)")
        check(whole, nil, saga, &found)
    }

    /// Who comes in belongs to a replacement, and to that alone.
    private func checkNewcomer(_ saga: Saga, _ found: inout Violations) {
        found.expect(
            (saga.newcomer != nil) == (saga.kind == .replace),
            "the \(saga.kind) of \(saga.node) and its newcomer do not fit")
        guard let newcomer = saga.newcomer else { return }
        let others = sagas.filter { other, their in
            other != saga.node && (other == newcomer.node || their.newcomer?.node == newcomer.node)
        }
        found.expect(others.isEmpty, "\(newcomer.node) takes part in two changes")
    }

    private func check(
        _ step: Step, _ group: GroupID?, _ saga: Saga, _ found: inout Violations
    ) {
        let place = group.map { "\(saga.node) in \($0)" } ?? "\(saga.node)"
        found.expect(step.attempt >= 1, "attempt 0 of \(step.name) of \(place)")
        found.expect(step.since <= at, "\(step.name) of \(place) begins later than now")
        guard let outstanding = step.outstanding else { return }
        let command = outstanding.command
        let name = command.action.name
        let subject = saga.subject(of: step.name)
        found.expect(
            command.node == subject.node, "\(name) of \(place) is about \(command.node)")
        found.expect(
            command.store == subject.store, "\(name) of \(place) is about another store")
        found.expect(command.group == group, "\(name) of \(place) is about another group")
        found.expect(command.attempt == step.attempt, "\(name) of \(place) is of another attempt")
        found.expect(command.action.belongs(to: step.name), "\(name) in step \(step.name)")
        found.expect(
            outstanding.id.sequence <= head.sequence, "\(name) of \(place) is not decided yet")
        let (issued, limit) = (outstanding.issued, command.notAfter)
        found.expect(issued <= at && issued <= limit, "\(name) of \(place) was issued too late")
        for later in [outstanding.succeeded, outstanding.observeAsked].compactMap({ $0 }) {
            found.expect(issued <= later && later <= at, "\(name) of \(place) has odd times")
        }
        guard command.action.changesGroup else {
            found.expect(command.require == nil, "\(name) of \(place) requires a leader")
            found.expect(command.executor.node == subject.node, "\(name) of \(place) is another's")
            return
        }
        found.expect(
            command.require?.leader == command.executor.node,
            "\(name) of \(place) is not for the leader that it requires")
        if command.action == .removeMember {
            found.expect(command.executor.node != subject.node, "\(place) removes itself as leader")
        }
    }

    /// Every outstanding command has an id of its own, and no group has more than one change on its
    /// way.
    func checkCommands(_ found: inout Violations) {
        let commands = outstandingCommands
        found.expectOrder(commands.map(\.id), "commands")
        let changes = commands.filter { $0.command.action.changesGroup }
        found.expectOrder(changes.compactMap(\.command.group).sorted(), "groups that change")
        for (id, command) in changes where command.action.changesMembers {
            guard let group = command.group, let require = command.require else { continue }
            found.expect(
                groups[group]?.closedAt == require.version, "\(group) is open in the change \(id)")
        }
    }
}

extension Command.Action {
    /// Whether it is proposed by the leader of a group: a change of members or of the leadership.
    fileprivate var changesGroup: Bool {
        if case .transferLeadership = self { return true }
        return changesMembers
    }

    fileprivate func belongs(to step: Step.Name) -> Bool {
        switch self {
        case .prepareNode: step == .clear
        case .syncGroup: step == .seed
        case .startMember: step == .start
        case .stopMember: step == .stop
        case .addMember: step == .learner
        case .promoteMember: step == .promote
        case .demoteMember: step == .demote
        case .removeMember: step == .remove || step == .takeBack
        case .transferLeadership: step == .transfer
        case .observeGroup: false
        }
    }
}
