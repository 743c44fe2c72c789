internal import MusterCore
internal import MusterWire

// DOMAIN §5. A command is taken when it is for this start, begun when it is still time, and its end
// is said as often as it takes. Every id is looked at once.

extension AgentLoop {
    /// What earlier processes have left: what they had ended is said again where nobody has
    /// acknowledged it, and what they had begun and not ended has an unknown outcome.
    mutating func recall(_ memory: AgentMemory) {
        for (id, entry) in memory.commands {
            var stage = Order.Stage.reported
            if !entry.isReported {
                let lost = "the agent was restarted while it carried out \(entry.action)"
                stage = .ended(entry.outcome ?? .unknown(detail: lost))
            }
            commands[id] = Order(
                executor: entry.executor, command: nil, notAfter: entry.notAfter, stage: stage)
            if case .ended(let outcome) = stage { report(id, outcome) }
        }
    }

    /// A command was read.
    mutating func receive(_ record: CommandRecord) {
        let command = record.command
        guard record.cluster == settings.cluster, command.executor == identity,
            commands[record.id] == nil
        else { return }
        if case .observeGroup = command.action {
            observationDue = now
            return
        }
        commands[record.id] = Order(
            executor: identity, command: command, notAfter: command.notAfter, stage: .waiting)
    }

    /// Begins the commands that wait, where the broker's time is known.
    mutating func beginWaiting() {
        guard let latest = clock.latest(now) else { return }
        for (id, order) in commands {
            guard case .waiting = order.stage, let command = order.command else { continue }
            if case .stopping = phase {
                refuse(id, .failed, retryable: true, "the agent is stopping")
            } else if latest > order.notAfter {
                refuse(id, .expired, retryable: true, expiry(order, latest))
            } else {
                set(id, .beginning)
                note(
                    .began(
                        id, executor: order.executor, action: command.action.name,
                        notAfter: order.notAfter))
            }
        }
    }

    private func expiry(_ order: Order, _ latest: Timestamp) -> String {
        "read \((latest - order.notAfter).milliseconds) ms after its last moment"
    }

    /// A command ends without having been begun: no note is needed.
    private mutating func refuse(
        _ id: CommandID, _ code: CommandFailure.Code, retryable: Bool, _ detail: String
    ) {
        let outcome = CommandOutcome.failed(code, retryable: retryable, detail)
        set(id, .ended(outcome))
        report(id, outcome)
    }

    private mutating func set(_ id: CommandID, _ stage: Order.Stage) {
        commands.update(id) { $0.stage = stage }
    }

    private mutating func note(_ note: AgentNote) {
        let token = token()
        notes[token] = note
        effects.append(.note(token: token, note))
    }

    // MARK: Notes

    /// A note is durable.
    mutating func wrote(_ note: AgentNote) {
        sayOnce("journal", .warning, "")
        switch note {
        case .began(let id, _, _, _): begin(id)
        case .ended(let id, let outcome): report(id, outcome)
        case .reported: break
        }
    }

    /// A note is not durable. What was not begun is not carried out; what has ended is said all the
    /// same, and is unknown only to a successor.
    mutating func couldNotWrite(_ note: AgentNote, _ reason: String) {
        sayOnce("journal", .error, "the agent's local journal cannot be written: \(reason)")
        switch note {
        case .began(let id, _, _, _):
            refuse(
                id, .failed, retryable: true,
                "not begun: the agent's local journal cannot be written: \(reason)")
        case .ended(let id, let outcome): report(id, outcome)
        case .reported: break
        }
    }

    private mutating func begin(_ id: CommandID) {
        guard let order = commands[id], let command = order.command else { return }
        if let latest = clock.latest(now), latest > order.notAfter {
            return end(id, .failed(.expired, retryable: true, expiry(order, latest)))
        }
        guard order.executor == identity else {
            return end(
                id, .failed(.rejected, retryable: true, "the node has another store meanwhile"))
        }
        if command.action.isOnOwnNode,
            command.node != identity.node || command.store != identity.store
        {
            let own = "this node is \(identity.node) on the store \(identity.store)"
            return end(id, .failed(.rejected, retryable: false, own))
        }
        set(id, .running)
        if case .syncGroup(let source, _) = command.action, let group = command.group {
            post(.syncStarted(identity, group: group, source: source), .other)
        }
        let known = roster[command.node]
        let address = known.flatMap {
            $0.store == command.store && !$0.address.isEmpty ? $0.address : nil
        }
        effects.append(
            .carryOut(
                Work(cluster: settings.cluster, id: id, command: command, address: address)))
    }

    // MARK: How it ended

    mutating func progress(_ id: CommandID, _ progress: CopyProgress) {
        guard case .running? = commands[id]?.stage else { return }
        copies[id] = progress
    }

    mutating func finished(_ id: CommandID, _ outcome: CommandOutcome) {
        guard let order = commands[id], case .running = order.stage, let command = order.command
        else { return }
        copies[id] = nil
        observationDue = now
        if case .prepareNode = command.action, case .succeeded = outcome {
            effects.append(.renewStore(id))
            return
        }
        if case .syncGroup = command.action, let group = command.group {
            sayOfCopy(of: group, outcome)
        }
        end(id, outcome)
    }

    private mutating func sayOfCopy(of group: GroupID, _ outcome: CommandOutcome) {
        switch outcome {
        case .succeeded(_, let index):
            post(.synced(identity, group: group, index: index ?? LogIndex(0)), .other)
        case .failed(let failure, let detail):
            post(
                .syncFailed(
                    identity, group: group, reason: Self.cut(detail),
                    retryable: failure.retryable), .other)
        case .unknown(let detail):
            post(
                .syncFailed(identity, group: group, reason: Self.cut(detail), retryable: true),
                .other)
        }
    }

    /// The node begins anew on a blank store; the command ends under the old one.
    mutating func renewed(_ id: CommandID, _ new: NodeIdentity) {
        identity = new
        announced = nil
        seen = nil
        told = SortedMap()
        groupsVersion = 1
        if phase == .working { phase = .looking }
        end(id, .succeeded(detail: "the node has a blank store, \(new.store)"))
        observationDue = now
    }

    /// The disk was said to be cleared and is not blank.
    mutating func notRenewed(_ id: CommandID, _ reason: String) {
        guard case .running? = commands[id]?.stage else { return }
        end(id, .failed(.failed, retryable: false, reason))
    }

    private mutating func end(_ id: CommandID, _ outcome: CommandOutcome) {
        set(id, .ended(outcome))
        note(.ended(id, outcome))
    }

    /// Says how it ended, until the log acknowledges it.
    private mutating func report(_ id: CommandID, _ outcome: CommandOutcome) {
        guard let order = commands[id] else { return }
        let report = CommandReport(
            command: id, executor: order.executor, detail: Self.cut(outcome.detail))
        let fact: Fact
        switch outcome {
        case .succeeded: fact = .commandSucceeded(report)
        case .failed(let failure, _): fact = .commandFailed(report, failure)
        case .unknown: fact = .commandOutcomeUnknown(report)
        }
        post(fact, .report(id), causation: "\(settings.cluster)/\(id)")
    }

    /// The log has the command's end.
    mutating func reported(_ id: CommandID) {
        set(id, .reported)
        note(.reported(id))
        forget()
    }

    /// Ids that nobody can bring any more need no memory.
    private mutating func forget() {
        guard commands.count > 1024, let latest = clock.latest(now) else { return }
        for (id, order) in commands {
            if case .reported = order.stage, order.notAfter + .seconds(3600) < latest {
                commands[id] = nil
            }
        }
    }

    /// A report is a record of at most 64 KiB, and people read it.
    private static func cut(_ text: String) -> String { text.cut(toBytes: 1000) }
}
