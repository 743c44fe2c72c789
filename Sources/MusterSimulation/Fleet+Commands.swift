package import MusterAgent
package import MusterCore
package import MusterWire

// What is done for a command, and what the fleet's own agents do with one: at most once for each
// id, only for its node's current start and before its time is over.

extension Fleet {
    /// A command was read; the fleet's own agent that it is for carries it out.
    package mutating func receive(_ record: CommandRecord) {
        let command = record.command
        guard let known = nodes[command.executor.node], known.isUp,
            known.identity == command.executor, !known.done.contains(record.id)
        else { return }
        nodes.update(known.id) { $0.done.insert(record.id) }
        let work = Work(cluster: cluster, id: record.id, command: command, address: nil)
        if now > command.notAfter {
            return fail(work, .expired, retryable: true, "its time is over")
        }
        carryOut(work)
    }

    /// Does what a command's executor does. Its end stands in `takeEnded`, at once or later; a
    /// change only while the leader's live view is what the command requires.
    package mutating func carryOut(_ work: Work) {
        let node = work.command.executor.node
        guard nodes[node]?.isUp == true else {
            return fail(work, .failed, retryable: true, "the process of \(node) does not answer")
        }
        switch work.command.action {
        case .prepareNode: prepare(work)
        case .syncGroup(let source, _): copy(work, from: source)
        case .startMember: start(work)
        case .stopMember: stop(work)
        case .addMember, .promoteMember, .demoteMember, .removeMember, .transferLeadership:
            change(work)
        case .observeGroup:
            nodes.update(node) {
                $0.told = SortedMap()
                $0.observationDue = .zero
            }
            // The fleet's own agents answer by what they say next.
            if !speaks { succeed(work) }
        }
    }

    /// The commands that have ended since this was asked last, in order; always none where the
    /// fleet's own agents say so themselves.
    package mutating func takeEnded() -> [Ended] {
        defer { ended = [] }
        return ended
    }

    /// How a command that an executor was given has ended.
    package struct Ended: Sendable {
        package var command: CommandID
        package var outcome: CommandOutcome
    }

    mutating func end(_ id: CommandID, _ executor: NodeIdentity, _ outcome: CommandOutcome) {
        guard speaks else { return ended.append(Ended(command: id, outcome: outcome)) }
        let report = CommandReport(command: id, executor: executor, detail: outcome.detail)
        switch outcome {
        case .succeeded: say(.fact(.commandSucceeded(report)))
        case .failed(let failure, _): say(.fact(.commandFailed(report, failure)))
        case .unknown: say(.fact(.commandOutcomeUnknown(report)))
        }
    }

    private mutating func succeed(_ work: Work) {
        end(work.id, work.command.executor, .succeeded(detail: ""))
    }

    private mutating func fail(
        _ work: Work, _ code: CommandFailure.Code, retryable: Bool, _ detail: String
    ) {
        end(work.id, work.command.executor, .failed(code, retryable: retryable, detail))
    }

    /// Whether a store is a member's in that group, or in any where none is named.
    private func isMember(_ node: NodeID, _ store: StoreID, of group: GroupID?) -> Bool {
        groups.contains { name, model in
            (group == nil || name == group)
                && (model.members[node]?.store == store || model.latest[node]?.store == store)
        }
    }

    // MARK: On its own node

    private mutating func prepare(_ work: Work) {
        let (node, old) = (work.command.executor.node, work.command.store)
        guard old == work.command.executor.store, !isMember(node, old, of: nil) else {
            return fail(work, .preconditionFailed, retryable: false, "the store is a member's")
        }
        abandonCopies(on: node, of: nil)
        nodes.update(node) {
            $0.servers = SortedMap()
            $0.told = SortedMap()
        }
        guard speaks else { return succeed(work) }
        let store = identifier()
        nodes.update(node) {
            $0.identity = NodeIdentity(node: node, store: store, start: Start(1))
        }
        succeed(work)
        announce(node)
    }

    private mutating func copy(_ work: Work, from source: NodeID) {
        let executor = work.command.executor
        guard let group = work.command.group, let model = groups[group] else {
            return fail(work, .rejected, retryable: false, "there is no such group")
        }
        guard let disk = running(group)[source] else {
            return fail(work, .failed, retryable: true, "the source \(source) does not answer")
        }
        let copy = SimulatedNode.Copy(
            command: work.id, executor: executor, source: source, bytes: 0,
            bytesTotal: model.bytes, index: min(model.commit, disk.last), term: disk.term)
        abandonCopies(on: executor.node, of: group)
        nodes.update(executor.node) { $0.copies[group] = copy }
        say(.fact(.syncStarted(executor, group: group, source: source)))
    }

    /// Copies to a node end where another command takes their place.
    private mutating func abandonCopies(on node: NodeID, of group: GroupID?) {
        for (name, old) in nodes[node]?.copies ?? SortedMap() where group == nil || name == group {
            nodes.update(node) { $0.copies[name] = nil }
            let detail = "another command took its place"
            end(old.command, old.executor, .failed(.failed, retryable: true, detail))
        }
    }

    private mutating func start(_ work: Work) {
        let executor = work.command.executor
        guard let group = work.command.group, work.command.store == executor.store else {
            return fail(work, .rejected, retryable: false, "it is for another store")
        }
        nodes.update(executor.node) {
            let none = SimulatedNode.Server(isRunning: true, log: nil)
            $0.servers.update(group, default: none) { $0.isRunning = true }
        }
        succeed(work)
    }

    private mutating func stop(_ work: Work) {
        let (node, store) = (work.command.executor.node, work.command.store)
        if isMember(node, store, of: work.command.group) {
            return fail(work, .preconditionFailed, retryable: true, "the store is a member's")
        }
        nodes.update(node) {
            for group in $0.servers.keys {
                if let only = work.command.group, only != group { continue }
                $0.servers.update(group) { $0.isRunning = false }
            }
        }
        succeed(work)
    }

    // MARK: On the leader

    private mutating func change(_ work: Work) {
        let command = work.command
        guard let group = command.group, let model = groups[group], let require = command.require
        else {
            return fail(work, .rejected, retryable: false, "there is no such group")
        }
        let seen = nodes[command.executor.node]?.servers[group].map {
            model.report(of: command.executor.node, $0, running(group), at: now)
        }
        var wall = Precondition(command: command, require: require)
        // A server that runs is in touch with its leader at every step of time.
        wall.contactMax = .milliseconds(50)
        if let refusal = wall.refusal(seen, isVersion: { $0 == require.version }) {
            return end(work.id, command.executor, refusal)
        }
        propose(work, in: group, model)
    }

    /// Proposes the change; what is already so has succeeded.
    private mutating func propose(_ work: Work, in group: GroupID, _ model: SimulatedGroup) {
        let command = work.command
        let seat = model.members[command.node]
        var new = SimulatedGroup.Seat(store: command.store, role: .learner)
        if let seat, seat.store != command.store {
            return fail(work, .preconditionFailed, retryable: true, "another store is the member")
        }
        switch command.action {
        case .transferLeadership(let target):
            if with(group, { $0.transfer(to: target, $1) }) ?? false { return succeed(work) }
            return fail(work, .failed, retryable: true, "\(target) is behind")
        case .removeMember:
            return write(work, nil, in: group, seat)
        case .addMember(let role):
            new.role = role.member
        case .promoteMember:
            new.role = .voter
            if seat == nil { return fail(work, .failed, retryable: true, "it is no member") }
        case .demoteMember:
            if seat == nil { return fail(work, .failed, retryable: true, "it is no member") }
        case .prepareNode, .syncGroup, .startMember, .stopMember, .observeGroup:
            return fail(work, .rejected, retryable: false, "it is no change of a group")
        }
        write(work, new, in: group, seat)
    }

    private mutating func write(
        _ work: Work, _ new: SimulatedGroup.Seat?, in group: GroupID, _ old: SimulatedGroup.Seat?
    ) {
        let command = work.command
        if new == old { return succeed(work) }
        let isWritten = with(group) { $0.change(command.node, to: new, &$1) } ?? false
        guard isWritten, let change = groups[group]?.pending else {
            return fail(work, .failed, retryable: true, "the group does not take the change")
        }
        let proposal = SimulatedNode.Proposal(
            command: work.id, executor: command.executor, group: group, change: change)
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
                end(proposal.command, proposal.executor, .succeeded(detail: ""))
            } else if model?.pending == proposal.change, model?.leader == node {
                open.append(proposal)
            } else {
                let detail = "the leadership was lost before the change was seen committed"
                end(proposal.command, proposal.executor, .unknown(detail: detail))
            }
        }
        nodes.update(node) { $0.proposals = open }
    }
}
