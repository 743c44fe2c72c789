import MusterCore

// Commands, carried out by whoever they are for.

extension ScriptWorld {
    mutating func carryOut() {
        let due = pending
        pending = []
        for (id, command) in due where !silent.contains(command.executor.node) {
            if let code = failures.removeValue(forKey: command.action.name) {
                let report = CommandReport(command: id, executor: command.executor, detail: "")
                let failure = CommandFailure(
                    code: code, retryable: code != .rejected, leaderHint: nil)
                take(.fact(.commandFailed(report, failure)))
                continue
            }
            apply(command)
            let report = CommandReport(command: id, executor: command.executor, detail: "")
            take(.fact(.commandSucceeded(report)))
        }
    }

    private mutating func apply(_ command: Command) {
        let node = command.node
        guard let name = command.group else {
            running[node] = []
            return
        }
        switch command.action {
        case .syncGroup(let source, _): copy(command, name, source)
        case .startMember: running.update(node, default: []) { $0.append(name) }
        case .stopMember: running.update(node) { $0.removeAll { $0 == name } }
        case .addMember(let role):
            let seat = ScriptGroup.Seat(store: command.store, role: role, match: 0)
            groups.update(name) { $0.change(node, seat) }
        case .promoteMember, .demoteMember:
            let role: MemberRole = command.action == .promoteMember ? .voter : .learner
            groups.update(name) { group in
                guard var seat = group.members[node] else { return }
                seat.role = role
                group.change(node, seat)
            }
        case .removeMember: groups.update(name) { $0.change(node, nil) }
        case .transferLeadership(let target): groups.update(name) { $0.lead(target) }
        case .prepareNode, .observeGroup: break
        }
    }

    private mutating func copy(_ command: Command, _ name: GroupID, _ source: NodeID) {
        guard let commit = groups[name]?.commit else { return }
        take(.fact(.syncStarted(command.executor, group: name, source: source)))
        take(.fact(.synced(command.executor, group: name, index: LogIndex(commit))))
        if compacts > 0 {
            compacts -= 1
            groups.update(name) {
                $0.firstIndex = $0.commit + 5
                $0.commit += 10
                $0.isNews = true
            }
        }
    }
}
