internal import MusterCore
internal import MusterWire

// What the agent says: facts until they are acknowledged, soft evidence once.

extension AgentLoop {
    mutating func post(_ fact: Fact, _ meaning: Meaning, causation: String? = nil) {
        outbox.append(Letter(fact: fact, meaning: meaning, causation: causation))
    }

    /// Sends what is to be sent. Nothing goes before the node's announcement is acknowledged.
    mutating func flush() {
        if now < retryAt { return }
        for index in outbox.indices where mayGo(outbox[index]) {
            let token = token()
            outbox[index].token = token
            outbox[index].sent = now
            effects.append(
                .append(
                    token: token, InputMessage(settings.cluster, .fact(outbox[index].fact)),
                    causation: outbox[index].causation))
        }
    }

    /// Whether the letter is to be sent, and need not wait for the announcement.
    func mayGo(_ letter: Letter) -> Bool {
        if letter.token != nil { return false }
        if case .announcement = letter.meaning { return true }
        return phase != .looking && phase != .announcing
    }

    mutating func acknowledge(_ token: UInt64, _ moment: Timestamp) {
        sayOnce("log", .warning, "")
        if let sent = soft[token] {
            soft[token] = nil
            clock.note(moment, sent: sent)
            return
        }
        guard let index = outbox.firstIndex(where: { $0.token == token }) else { return }
        let letter = outbox.remove(at: index)
        clock.note(moment, sent: letter.sent)
        failures = 0
        retryAt = .zero
        switch letter.meaning {
        case .announcement:
            if announced == nil { announced = moment }
            if phase == .announcing { phase = .working }
        case .observation(let state): for (group, entry) in state { told[group] = entry }
        case .report(let id): reported(id)
        case .farewell, .other: break
        }
    }

    mutating func fail(_ token: UInt64, _ failure: AppendFailure) {
        let isSoft = soft[token] != nil
        soft[token] = nil
        let index = outbox.firstIndex { $0.token == token }
        switch failure {
        case .fatal(let error): return halt(.log(error))
        case .never(let reason):
            if let index {
                let letter = outbox.remove(at: index)
                say(.error, "a fact was left out, \(letter.fact.kind): \(reason)")
            }
        case .transient(let reason):
            sayOnce("log", .warning, "the log does not answer, trying again: \(reason)")
            if let index { outbox[index].token = nil }
        }
        if isSoft || index == nil { return }
        let pause = Duration.milliseconds(100) * (1 << min(failures, 6))
        failures += 1
        retryAt = now + min(pause, .seconds(5))
        // While it looks, another announcement may have been under way: that one is stale too.
        if phase == .announcing || phase == .looking { lookAgain() }
    }

    /// Where the log of a server ends grows stale while the announcement waits, and would look as
    /// if the disk had lost what its leader knows to be there: the next try is made of a new look.
    private mutating func lookAgain() {
        outbox.removeAll {
            if case .announcement = $0.meaning { return $0.token == nil }
            return false
        }
        phase = .looking
        observationDue = retryAt
    }

    /// A sign of life. While many are under way the log does not answer, and one more says nothing.
    mutating func beat() {
        heartbeatDue = now + settings.heartbeatInterval
        sendSoftly(
            .heartbeat(
                Heartbeat(
                    identity: identity, boot: boot,
                    copies: copies.values.sorted { $0.group < $1.group })))
    }

    private mutating func sendSoftly(_ content: InputMessage.Content) {
        if soft.count >= 16 { return }
        let token = token()
        soft[token] = now
        effects.append(
            .append(token: token, InputMessage(settings.cluster, content), causation: nil))
    }

    // MARK: Observations

    mutating func observed(_ observation: NodeObservation) {
        isObserving = false
        // What was seen before the pause is over is stale when the announcement goes.
        if phase == .looking, now < retryAt { return }
        sayOnce("observation", .warning, "")
        sayOnce(
            "warnings", .warning,
            observation.warnings.isEmpty ? "" : observation.warnings.joined(separator: "; "))
        let before = seen
        seen = observation
        if phase == .looking {
            phase = .announcing
            announce()
        } else if let before, !Self.isSameList(before.list, observation.list) {
            groupsVersion += 1
            announce()
        }
        if phase == .looking || phase == .announcing || observation.groups.isEmpty { return }
        publish(observation.groups)
    }

    private static func isSameList(_ left: [NodeGroup], _ right: [NodeGroup]) -> Bool {
        left.map(\.group) == right.map(\.group)
            && left.map(\.capabilities) == right.map(\.capabilities)
    }

    private mutating func announce() {
        guard let seen else { return }
        post(
            .nodeUp(
                NodeUp(
                    identity: identity, boot: boot, role: settings.role, blank: seen.blank,
                    engine: seen.engine, address: settings.address, zone: settings.zone,
                    groupsVersion: groupsVersion, groups: seen.list)), .announcement)
    }

    /// A fact where leader, term or configuration of a group differ from what was acknowledged
    /// last; else soft evidence.
    private mutating func publish(_ groups: [GroupReport]) {
        var state = SortedMap<GroupID, Told>()
        for entry in groups {
            state[entry.group] = Told(
                state: entry.state, leader: entry.leader, term: entry.term,
                members: entry.view?.members.map(\.member) ?? [],
                pending: entry.view?.pending ?? false)
        }
        let isUnderWay = outbox.contains {
            if case .observation(let other) = $0.meaning { return other == state }
            return false
        }
        let report = GroupsReport(observer: identity, groups: groups)
        if !isUnderWay, state.contains(where: { told[$0.key] != $0.value }) {
            // One that waits is out of date now.
            outbox.removeAll {
                if case .observation = $0.meaning { return $0.token == nil }
                return false
            }
            post(.groupObserved(report), .observation(state))
        } else {
            sendSoftly(.report(report))
        }
    }

    // MARK: Who else there is

    /// The members view: where others are reached, and whether a newer process of this node is up.
    mutating func hear(_ record: MemberRecord) {
        guard record.cluster == settings.cluster else { return }
        if let known = roster[record.node], known.sequence > record.sequence { return }
        roster[record.node] = record
        guard record.node == identity.node else { return }
        // As soon as it is out its server may be told to stop once more: then it is "removing".
        if case .leaving = phase, record.store == identity.store, record.membership == .removed {
            isTakenOut = true
        }
        if record.store == identity.store, record.start > identity.start {
            return halt(
                .halted(
                    "a newer process of \(identity.node) is up (start \(record.start), "
                        + "this is start \(identity.start)): this one stops"))
        }
        // What was decided before this store was announced tells of the disk that it replaces.
        if record.store != identity.store, let announced, record.at >= announced {
            sayOnce(
                "store \(record.store)", .warning,
                "\(identity.node) is known on the store \(record.store) meanwhile, and this disk is "
                    + "\(identity.store): another machine runs under this name (a wrong --node), "
                    + "or one disk was put in the place of another; look at `muster node "
                    + "\(identity.node)`, and end the agent that is wrong")
        }
        let isOurs = record.store == identity.store && record.start == identity.start
        if isOurs {
            sayOnce(
                "refusal", .warning,
                record.refusal.map { "the cluster does not take this node: \($0.sentence)" } ?? "")
        }
    }
}

extension Fact {
    /// What kind of fact it is, for a line in a log.
    fileprivate var kind: String {
        "\(self)".prefix { $0 != "(" }.description
    }
}
