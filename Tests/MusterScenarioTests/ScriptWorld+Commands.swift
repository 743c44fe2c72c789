import MusterCore

// Commands, carried out by whoever they are for.

extension ScriptWorld {
    mutating func carryOut() {
        let due = pending
        pending = due.filter { mischief.heldUp.contains($0.command.executor.node) }
        for (id, command) in due where !silent.contains(command.executor.node) {
            if mischief.heldUp.contains(command.executor.node) { continue }
            guard nodes[command.executor.node]?.identity == command.executor,
                mischief.begun.insert(id).inserted
            else { continue }
            if let effect = mischief.unknown.removeValue(forKey: command.action.name) {
                if effect { apply(command) }
                let report = CommandReport(command: id, executor: command.executor, detail: "")
                take(.fact(.commandOutcomeUnknown(report)))
                continue
            }
            if let code = objection(to: command) {
                let report = CommandReport(command: id, executor: command.executor, detail: "")
                let failure = CommandFailure(code: code, retryable: true, leaderHint: nil)
                take(.fact(.commandFailed(report, failure)))
                continue
            }
            let name = command.action.name
            let here = name + (command.group.map { " \($0)" } ?? "")
            if let key = [here, name].first(where: { failures[$0] != nil }),
                let code = failures[key]
            {
                if !failing.contains(key) { failures[key] = nil }
                let report = CommandReport(command: id, executor: command.executor, detail: "")
                let failure = CommandFailure(
                    code: code, retryable: code != .rejected && code != .unsupported,
                    leaderHint: nil)
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
            if command.action == .prepareNode { prepare(node) }
            return
        }
        switch command.action {
        case .syncGroup(let source, _): copy(command, name, source)
        case .startMember: running.update(node, default: []) { $0.append(name) }
        case .stopMember: running.update(node) { $0.removeAll { $0 == name } }
        case .addMember(let role):
            var seat = ScriptGroup.Seat(store: command.store, role: role.member, match: 0)
            seat.promotesItself = capabilities.selfPromotes && role == .learner
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
        case .observeGroup: groups.update(name) { $0.isNews = true }
        case .prepareNode: break
        }
    }

    /// The disk is made blank: another store, and the process says so.
    private mutating func prepare(_ node: NodeID) {
        nodes.update(node) { up in
            let store = up.identity.store
            up.identity = NodeIdentity(
                node: node, store: Identifier(high: store.high + 1, low: store.low),
                start: Start(1))
            up.blank = true
            up.engine = nil
            for index in up.groups.indices {
                up.groups[index].applied = nil
                up.groups[index].last = nil
            }
        }
        if let up = nodes[node] { take(.fact(.nodeUp(up))) }
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
