internal import MusterCore
package import MusterWire

// What an agent does with a command: at most once for each id, only for its node's current start and before
// its time is over, and a change only while the leader's live view is what the command requires.

extension Fleet {
    /// A command was read; whoever it is for carries it out.
    package mutating func receive(_ record: CommandRecord) {
        let command = record.command
        guard let known = nodes[command.executor.node], known.isUp,
            known.identity == command.executor, !known.done.contains(record.id)
        else { return }
        nodes.update(known.id) { $0.done.insert(record.id) }
        if now > command.notAfter {
            return fail(record, .expired, retryable: true)
        }
        switch command.action {
        case .prepareNode: prepare(record)
        case .syncGroup(let source, _): copy(record, from: source)
        case .startMember: start(record)
        case .stopMember: stop(record)
        case .addMember, .promoteMember, .demoteMember, .removeMember, .transferLeadership:
            change(record)
        case .observeGroup:
            nodes.update(known.id) {
                $0.told = SortedMap()
                $0.observationDue = .zero
            }
        }
    }

    mutating func succeed(_ id: CommandID, _ executor: NodeIdentity) {
        say(
            .fact(
                .commandSucceeded(CommandReport(command: id, executor: executor, detail: ""))))
    }

    private mutating func fail(
        _ record: CommandRecord, _ code: CommandFailure.Code, retryable: Bool,
        hint: NodeID? = nil
    ) {
        let report = CommandReport(
            command: record.id, executor: record.command.executor, detail: "")
        let failure = CommandFailure(code: code, retryable: retryable, leaderHint: hint)
        say(.fact(.commandFailed(report, failure)))
    }

    // MARK: On its own node

    private mutating func prepare(_ record: CommandRecord) {
        let store = identifier()
        let node = record.command.executor.node
        nodes.update(node) {
            $0.servers = SortedMap()
            $0.copies = SortedMap()
            $0.told = SortedMap()
            $0.identity = NodeIdentity(node: node, store: store, start: Start(1))
        }
        succeed(record.id, record.command.executor)
        announce(node)
    }

    private mutating func copy(_ record: CommandRecord, from source: NodeID) {
        guard let group = record.command.group, let model = groups[group] else {
            return fail(record, .rejected, retryable: false)
        }
        let executor = record.command.executor
        let copy = SimulatedNode.Copy(
            command: record.id, executor: executor, source: source, bytes: 0,
            bytesTotal: model.bytes, index: model.commit)
        nodes.update(executor.node) { $0.copies[group] = copy }
        say(.fact(.syncStarted(executor, group: group, source: source)))
    }

    private mutating func start(_ record: CommandRecord) {
        guard let group = record.command.group else {
            return fail(record, .rejected, retryable: false)
        }
        nodes.update(record.command.executor.node) {
            let none = SimulatedNode.Server(isRunning: true, log: nil)
            $0.servers.update(group, default: none) { $0.isRunning = true }
        }
        succeed(record.id, record.command.executor)
    }

    private mutating func stop(_ record: CommandRecord) {
        nodes.update(record.command.executor.node) {
            for group in $0.servers.keys {
                if let only = record.command.group, only != group { continue }
                $0.servers.update(group) { $0.isRunning = false }
            }
        }
        succeed(record.id, record.command.executor)
    }

    // MARK: On the leader

    private mutating func change(_ record: CommandRecord) {
        let command = record.command
        guard let group = command.group, let model = groups[group], let require = command.require
        else { return fail(record, .rejected, retryable: false) }
        let running = running(group)
        guard model.leader == command.executor.node, running[command.executor.node] != nil else {
            return fail(record, .notLeader, retryable: true, hint: model.leader)
        }
        guard require.leader == command.executor.node, require.term.value == model.term,
            require.version == model.version,
            activeAfter(command, model, running) >= Int(require.activeAfterMin)
        else { return fail(record, .preconditionFailed, retryable: true) }
        if apply(command, to: group, running) {
            succeed(record.id, command.executor)
        } else {
            fail(record, .failed, retryable: true)
        }
    }

    /// How many voters would run after the change.
    private func activeAfter(
        _ command: Command, _ model: SimulatedGroup, _ running: SortedMap<NodeID, UInt64>
    ) -> Int {
        var voters = Set(model.members.filter { $0.value.role == .voter }.map(\.key))
        switch command.action {
        case .addMember(.voter), .promoteMember: voters.insert(command.node)
        case .removeMember, .demoteMember: voters.remove(command.node)
        default: break
        }
        return voters.filter { running[$0] != nil }.count
    }

    private mutating func apply(
        _ command: Command, to group: GroupID, _ running: SortedMap<NodeID, UInt64>
    ) -> Bool {
        let seat = groups[group]?.members[command.node]
        switch command.action {
        case .addMember(let role):
            let log = nodes[command.node]?.servers[group]?.log ?? 0
            let new = SimulatedGroup.Seat(
                store: command.store, role: role, contact: nil, match: log)
            return groups.update(group) { $0.change(command.node, to: new, running) } ?? false
        case .promoteMember, .demoteMember:
            guard var new = seat, new.store == command.store else { return false }
            new.role = command.action == .promoteMember ? .voter : .learner
            return groups.update(group) { $0.change(command.node, to: new, running) } ?? false
        case .removeMember:
            guard let seat, seat.store == command.store else { return seat == nil }
            return groups.update(group) { $0.change(command.node, to: nil, running) } ?? false
        case .transferLeadership(let target):
            return groups.update(group) { $0.transfer(to: target, running) } ?? false
        case .prepareNode, .syncGroup, .startMember, .stopMember, .observeGroup:
            return false
        }
    }
}
