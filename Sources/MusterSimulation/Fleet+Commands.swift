internal import MusterCore
package import MusterWire

// What an agent does with a command: at most once for each id, only for its node's current start
// and before its time is over, and a change only while the leader's live view is what the command
// requires.

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

    mutating func fail(
        _ id: CommandID, _ executor: NodeIdentity, _ code: CommandFailure.Code,
        retryable: Bool, hint: NodeID? = nil
    ) {
        let report = CommandReport(command: id, executor: executor, detail: "")
        let failure = CommandFailure(code: code, retryable: retryable, leaderHint: hint)
        say(.fact(.commandFailed(report, failure)))
    }

    mutating func doubt(_ id: CommandID, _ executor: NodeIdentity) {
        say(
            .fact(
                .commandOutcomeUnknown(
                    CommandReport(command: id, executor: executor, detail: ""))))
    }

    private mutating func fail(
        _ record: CommandRecord, _ code: CommandFailure.Code, retryable: Bool,
        hint: NodeID? = nil
    ) {
        fail(record.id, record.command.executor, code, retryable: retryable, hint: hint)
    }

    /// Whether a store is a member's in that group, or in any where none is named.
    private func isMember(_ node: NodeID, _ store: StoreID, of group: GroupID?) -> Bool {
        groups.contains { name, model in
            (group == nil || name == group)
                && (model.members[node]?.store == store || model.latest[node]?.store == store)
        }
    }

    // MARK: On its own node

    private mutating func prepare(_ record: CommandRecord) {
        let (node, old) = (record.command.executor.node, record.command.store)
        guard old == record.command.executor.store, !isMember(node, old, of: nil) else {
            return fail(record, .preconditionFailed, retryable: false)
        }
        let store = identifier()
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
        let executor = record.command.executor
        guard let group = record.command.group, let model = groups[group] else {
            return fail(record, .rejected, retryable: false)
        }
        guard let disk = running(group)[source] else {
            return fail(record, .failed, retryable: true)
        }
        let copy = SimulatedNode.Copy(
            command: record.id, executor: executor, source: source, bytes: 0,
            bytesTotal: model.bytes, index: min(model.commit, disk.last), term: disk.term)
        nodes.update(executor.node) { $0.copies[group] = copy }
        say(.fact(.syncStarted(executor, group: group, source: source)))
    }

    private mutating func start(_ record: CommandRecord) {
        let executor = record.command.executor
        guard let group = record.command.group, record.command.store == executor.store else {
            return fail(record, .rejected, retryable: false)
        }
        nodes.update(executor.node) {
            let none = SimulatedNode.Server(isRunning: true, log: nil)
            $0.servers.update(group, default: none) { $0.isRunning = true }
        }
        succeed(record.id, executor)
    }

    private mutating func stop(_ record: CommandRecord) {
        let (node, store) = (record.command.executor.node, record.command.store)
        if isMember(node, store, of: record.command.group) {
            return fail(record, .preconditionFailed, retryable: true)
        }
        nodes.update(node) {
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
        let disks = running(group)
        guard model.leader == command.executor.node, disks[command.executor.node] != nil else {
            return fail(record, .notLeader, retryable: true, hint: model.leader)
        }
        guard require.leader == command.executor.node, require.term.value == model.term,
            require.version == model.version,
            activeAfter(command, model, disks) >= Int(require.activeAfterMin)
        else { return fail(record, .preconditionFailed, retryable: true) }
        propose(record, in: group, model)
    }

    /// How many voters would run after the change.
    private func activeAfter(
        _ command: Command, _ model: SimulatedGroup, _ disks: SimulatedGroup.Disks
    ) -> Int {
        var members = model.latest
        switch command.action {
        case .addMember(.voter), .promoteMember:
            members[command.node] = SimulatedGroup.Seat(store: command.store, role: .voter)
        case .removeMember, .demoteMember:
            members[command.node] = nil
        default: break
        }
        return members.filter { node, seat in
            seat.role == .voter && disks[node]?.store == seat.store
        }.count
    }

    /// Proposes the change; what is already so has succeeded.
    private mutating func propose(
        _ record: CommandRecord, in group: GroupID, _ model: SimulatedGroup
    ) {
        let command = record.command
        let seat = model.members[command.node]
        var new = SimulatedGroup.Seat(store: command.store, role: .learner)
        if let seat, seat.store != command.store {
            return fail(record, .preconditionFailed, retryable: true)
        }
        switch command.action {
        case .transferLeadership(let target):
            if with(group, { $0.transfer(to: target, $1) }) ?? false {
                return succeed(record.id, command.executor)
            }
            return fail(record, .failed, retryable: true)
        case .removeMember:
            return write(record, nil, in: group, seat)
        case .addMember(let role):
            new.role = role.member
        case .promoteMember:
            new.role = .voter
            if seat == nil { return fail(record, .failed, retryable: true) }
        case .demoteMember:
            if seat == nil { return fail(record, .failed, retryable: true) }
        case .prepareNode, .syncGroup, .startMember, .stopMember, .observeGroup:
            return fail(record, .rejected, retryable: false)
        }
        write(record, new, in: group, seat)
    }

    private mutating func write(
        _ record: CommandRecord, _ new: SimulatedGroup.Seat?, in group: GroupID,
        _ old: SimulatedGroup.Seat?
    ) {
        let command = record.command
        if new == old { return succeed(record.id, command.executor) }
        let isWritten = with(group) { $0.change(command.node, to: new, &$1) } ?? false
        guard isWritten, let change = groups[group]?.pending else {
            return fail(record, .failed, retryable: true)
        }
        let proposal = SimulatedNode.Proposal(
            command: record.id, executor: command.executor, group: group, change: change)
        nodes.update(command.executor.node) { $0.proposals.append(proposal) }
    }

    /// Reports the changes whose end can be seen now: committed, or lost sight of with the
    /// leadership.
    mutating func settle(_ node: NodeID) {
        guard let known = nodes[node], !known.proposals.isEmpty else { return }
        var open: [SimulatedNode.Proposal] = []
        for proposal in known.proposals {
            let model = groups[proposal.group]
            if model?.changed == proposal.change {
                succeed(proposal.command, proposal.executor)
            } else if model?.pending == proposal.change, model?.leader == node {
                open.append(proposal)
            } else {
                doubt(proposal.command, proposal.executor)
            }
        }
        nodes.update(node) { $0.proposals = open }
    }
}
