package import MusterCore
internal import MusterWire

/// What nodes must have said where nobody kept it: heartbeats are gone after an hour, the journal
/// never is.
///
/// A node that a manager did not suspect was heard within every lease, and the decision that
/// suspects it says when it was heard last; so its heartbeats are known but for their moments. What
/// leaders saw is known less well: the registers of leader and members are in the journal, contact
/// is taken from the heartbeats (a silent node is out of the leader's reach, unless a decision says
/// that it was not), and a learner has caught up when the recorded decision said so. Inputs come
/// from the decisions that answer them; those that decided nothing are gone.
package struct RecordedWorld {
    /// A time in which a process was heard.
    private struct Presence {
        let identity: NodeIdentity
        let boot: BootID
        let from: Timestamp
        var to: Timestamp?
    }

    private let cluster: ClusterID
    private let step: Duration
    private let until: Timestamp
    private var presences: [NodeID: [Presence]] = [:]
    /// When leaders reached a node whose agent was silent.
    private var contacts: [NodeID: [Range<Timestamp>]] = [:]
    private var caughtUp: [NodeID: [GroupID: Timestamp]] = [:]
    private var registers: SortedMap<GroupID, GroupState>
    private var changes: ArraySlice<(at: Timestamp, event: Event)> = []
    private var inputs: ArraySlice<RecordedInput> = []
    /// For how long a learner had caught up when that was decided.
    private let stabilization: Duration
    private var tick: Timestamp
    private var queue: [RecordedInput] = []

    /// - Parameters:
    ///   - since: from when nodes are to be heard, not after the recording begins.
    ///   - until: up to when; from then on somebody has kept it.
    ///   - step: how far apart nodes are heard.
    ///   - kept: where the inputs that are still in their topics begin; those before come from
    ///     decisions.
    package init(
        _ recording: Backtest.Recording, since: Timestamp, until: Timestamp, step: Duration,
        kept: SortedMap<TopicPartition, Offset>
    ) {
        cluster = recording.state.id
        registers = recording.state.groups
        tick = since
        self.step = max(step, .milliseconds(10))
        self.until = until
        stabilization = (recording.state.policy ?? Policy()).stabilization
        for (node, known) in recording.state.nodes
        where known.liveness == .up || recording.state.policy == nil {
            presences[node] = [Presence(identity: known.identity, boot: known.boot, from: since)]
        }
        var people: [NodeID: (NodeIdentity, BootID)] = [:]
        for (node, known) in recording.state.nodes { people[node] = (known.identity, known.boot) }
        let reader = InputReader()
        for each in recording.decisions {
            for event in each.decision.events { note(event, each.decision.at, &people) }
            noteInput(each, kept, reader)
        }
        inputs.sort { $0.appended < $1.appended }
    }

    // MARK: The past

    private mutating func note(
        _ event: Event, _ at: Timestamp, _ people: inout [NodeID: (NodeIdentity, BootID)]
    ) {
        switch event {
        case .nodeStarted(let up, _):
            people[up.identity.node] = (up.identity, up.boot)
            close(up.identity.node, at)
            open(up.identity.node, at, people)
        case .nodeSuspected(let node, let heard, by: nil): close(node, heard)
        case .nodeReturned(let node): open(node, at, people)
        case .timeGap(let from, let to, _):
            for node in presences.keys where presences[node]?.last?.to == nil {
                close(node, from)
                open(node, to, people)
            }
        case .removalBlocked(let node, let refusal, _) where refusal.code == .stillInContact:
            // What is recorded behind the end that was asked for ends there.
            let from = min(presences[node]?.last?.to ?? at, until)
            contacts[node, default: []].append(from..<until)
        case .removalRescheduled(let node, _, why: .evidence), .nodeRemoved(let node, _, _):
            guard let last = contacts[node]?.popLast() else { return }
            contacts[node]?.append(last.lowerBound..<max(last.lowerBound, min(at, until)))
        case .stepDone(let node, let group?, .catchUp, _):
            caughtUp[node, default: [:]][group] = at
        case .leaderObserved, .configurationObserved, .groupDeleted:
            changes.append((at, event))
        default: break
        }
    }

    private mutating func open(
        _ node: NodeID, _ at: Timestamp, _ people: [NodeID: (NodeIdentity, BootID)]
    ) {
        guard let (identity, boot) = people[node],
            presences[node]?.last?.to != nil
                || presences[node] == nil
        else { return }
        presences[node, default: []].append(Presence(identity: identity, boot: boot, from: at))
    }

    private mutating func close(_ node: NodeID, _ at: Timestamp) {
        guard let last = presences[node]?.indices.last, presences[node]?[last].to == nil else {
            return
        }
        presences[node]?[last].to = at
    }

    /// An input that is no longer in its topic.
    private mutating func noteInput(
        _ each: RecordedDecision, _ kept: SortedMap<TopicPartition, Offset>, _ reader: InputReader
    ) {
        guard case .input(let position, let appended, let bytes) = each.decision.cause,
            position.offset < kept[position.partition] ?? Offset(.max),
            // What this version cannot read it cannot fold either.
            let incoming = try? reader.read(position.partition.topic, causeEvent: bytes)
        else { return }
        inputs.append(RecordedInput(incoming, at: position, appended: appended))
    }

    // MARK: Telling it

    /// The next record, in the order of time; nil at the end.
    package mutating func next() -> RecordedInput? {
        while queue.isEmpty, tick < until {
            speak(at: tick)
            tick = tick + step
        }
        guard let input = inputs.first else { return queue.isEmpty ? nil : queue.removeFirst() }
        if let heard = queue.first, heard.appended < input.appended {
            return queue.removeFirst()
        }
        inputs.removeFirst()
        return input
    }

    /// Every node that is there is heard once a step, and when it was heard last; leaders say what
    /// they see.
    private mutating func speak(at moment: Timestamp) {
        while let change = changes.first, change.at <= moment {
            fold(change.event)
            changes.removeFirst()
        }
        var present: [NodeID: Presence] = [:]
        for node in presences.keys.sorted() {
            for presence in presences[node] ?? [] where presence.from < moment + step {
                if let end = presence.to, end < moment { continue }
                let heard = max(moment, presence.from)
                say(
                    .heartbeat(
                        Heartbeat(identity: presence.identity, boot: presence.boot, copies: [])),
                    at: heard)
                if let end = presence.to, end > heard, end < moment + step {
                    say(
                        .heartbeat(
                            Heartbeat(
                                identity: presence.identity, boot: presence.boot, copies: [])),
                        at: end)
                }
                if presence.from <= moment { present[node] = presence }
            }
        }
        for node in present.keys.sorted() {
            guard let presence = present[node] else { continue }
            let groups = registers.compactMap { group, register in
                report(group, register, presence, present, moment)
            }
            if groups.isEmpty { continue }
            say(
                .report(GroupsReport(observer: presence.identity, groups: groups)), at: moment)
        }
        queue.sort { $0.appended < $1.appended }
    }

    private mutating func say(_ content: InputMessage.Content, at moment: Timestamp) {
        if moment >= until { return }
        queue.append(
            RecordedInput(
                InputMessage(cluster, content),
                EventOrigin(id: "recorded/\(moment)", source: "/muster/back-test"),
                at: Position(TopicPartition(.heartbeats, 0), .zero), appended: moment))
    }

    private mutating func fold(_ event: Event) {
        switch event {
        case .leaderObserved(let group, let leader, let term):
            registers.update(group, default: GroupState()) {
                $0.leader = leader
                $0.term = term
            }
        case .configurationObserved(let group, let version, let members, let pending):
            registers.update(group, default: GroupState()) {
                $0.configuration = GroupState.Configuration(
                    version: version, members: members, pending: pending)
            }
        case .groupDeleted(let group): registers[group] = nil
        default: break
        }
    }

    /// Indexes are as low as can be, so that nothing that was really said lies below them.
    private func report(
        _ group: GroupID, _ register: GroupState, _ presence: Presence,
        _ present: [NodeID: Presence], _ moment: Timestamp
    ) -> GroupReport? {
        let node = presence.identity.node
        guard let configuration = register.configuration,
            let member = configuration.members.first(where: { $0.node == node }),
            member.store == presence.identity.store
        else { return nil }
        guard register.leader == node else {
            return GroupReport(
                group: group, state: member.role == .voter ? .follower : .learner,
                term: register.term, leader: register.leader, applied: nil, view: nil)
        }
        let members = configuration.members.map { member in
            let isThere =
                present[member.node]?.identity.store == member.store
                || contacts[member.node]?.contains { $0.contains(moment) } ?? false
            let isBehind =
                member.role == .learner
                && caughtUp[member.node]?[group].map { moment < $0 - stabilization } ?? true
            return MemberView(
                member: member, match: isThere ? LogIndex(isBehind ? 0 : 1) : nil,
                contactAge: isThere ? .zero : nil)
        }
        return GroupReport(
            group: group, state: .leader, term: register.term, leader: node,
            applied: LogIndex(1),
            view: LeaderView(
                confirmed: true, changePermitted: true, pending: configuration.pending,
                version: configuration.version, commit: LogIndex(1), firstIndex: nil,
                members: members))
    }
}
