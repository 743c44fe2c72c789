import MusterCore
import MusterSimulation

/// The smallest manager there can be, in a world of its own: a state, its evidence, nodes that are
/// heard, and groups that are observed. Every decision is decided again from its own record, and
/// held to the invariants.
struct ScriptWorld {
    var state = ClusterState(id: ClusterID(unchecked: "c"), genesis: .zero)
    var evidence = Evidence()
    var now = Timestamp(milliseconds: 1_000_000_000)
    var start = Timestamp(milliseconds: 1_000_000_000)
    var nodes = SortedMap<NodeID, NodeUp>()
    var silent: Set<NodeID> = []
    /// Silent to the manager and in contact with its leaders all the same.
    var inContact: Set<NodeID> = []
    var groups = SortedMap<GroupID, ScriptGroup>()
    var capabilities = Capabilities()
    var carriesOut = true
    /// How the next commands of that name end instead.
    var failures: [String: CommandFailure.Code] = [:]
    /// The commands that go on failing.
    var failing: Set<String> = []
    /// After each copy the leader's log begins behind it.
    var compacts = 0
    /// Everything on the heartbeats topic, for whoever takes over.
    var said: [(heard: Evidence.Heard, what: Saying)] = []
    /// How often another manager takes over; nil: never.
    var takeovers: Duration?
    /// What is asked for right after so many decisions, and how long before it was written.
    var interruption: (after: UInt64, action: Request.Action, age: Duration)?
    /// When that was.
    private(set) var interrupted: Timestamp?
    /// Every command, with when it was issued.
    var issued: [(at: Timestamp, command: Command)] = []
    var mischief = ScriptMischief()
    var output: [String] = []
    var problems: [String] = []
    private var offset: UInt64 = 0
    private(set) var chain: UInt64 = 0

    var policy: Policy { state.policy ?? Policy() }

    // MARK: Deciding

    /// - Parameter appended: when it was appended, where that is not now.
    mutating func take(_ content: Input.Content, appended: Timestamp? = nil) {
        let appended = appended ?? now
        if mischief.isAway { return mischief.waiting.append((content, appended)) }
        consider(content, appended)
        wake()
    }

    mutating func consider(_ content: Input.Content, _ appended: Timestamp) {
        offset += 1
        let partition = TopicPartition(.events, 0)
        let position = Position(partition, Offset(offset))
        if case .fact(.groupObserved(let report)) = content, state.listens(to: report.observer) {
            say(.report(report), at: appended)
        }
        let input = Input(
            cluster: state.id, source: .record(position, appended: appended), content: content,
            correlation: "e\(offset)")
        decide(input, .input(position, appended: appended, event: []))
        if case .fact(.nodeUp(let up)) = content { say(.up(up), at: appended) }
        interrupt()
    }

    /// Nobody looks at the clock while nobody is there, or while the log's clock is more than a
    /// lease behind what was decided.
    mutating func wake() {
        if mischief.isAway || now < state.at - policy.lease { return }
        var rounds = 0
        var again = true
        while again && rounds < 200 {
            again = false
            for subject in state.subjects(heardOf: nil) {
                let input = Input(cluster: state.id, source: .manager, content: .wake(subject))
                if decide(input, .timer(subject)) { again = true }
                interrupt()
            }
            rounds += 1
        }
        if rounds == 200 { problems.append("the wake-ups do not come to rest") }
    }

    /// The manager says something of its own sight.
    mutating func see(_ blindness: Blindness?) {
        let subject = Subject.sight(blindness)
        decide(
            Input(cluster: state.id, source: .manager, content: .wake(subject)), .timer(subject))
        wake()
    }

    @discardableResult
    private mutating func decide(_ input: Input, _ cause: Decision.Cause) -> Bool {
        let part = state.extract(for: input, from: evidence)
        let at = max(now, state.at)
        let events = state.decide(input, evidence: part ?? Evidence(), at: at)
        if events.isEmpty { return false }
        if state.decide(input, evidence: part ?? Evidence(), at: at) != events {
            problems.append("decided otherwise the second time")
        }
        let origin = state.origin(of: input)
        let decision = Decision(
            at: at, cause: cause, considered: [], evidence: part, principal: origin.principal,
            correlation: origin.correlation,
            manager: ManagerIdentity(id: Identifier(high: 0, low: 1), version: "script"),
            events: events)
        mischief.past.append(state)
        chain += 1
        let hash = Hash(words: (chain, 0, 0, 0))
        state.evolve(decision, hash: hash)
        output += state.checkInvariants().map { "BROKEN: \($0)" }
        for event in events {
            output.append("+\(EventNotation.seconds(now - start)) \(EventNotation.line(event))")
        }
        for (_, command) in decision.commands(at: state.head.sequence, hash: hash) {
            issued.append((now, command))
        }
        if carriesOut {
            for (id, command) in decision.commands(at: state.head.sequence, hash: hash) {
                pending.append((id, command))
            }
        }
        return true
    }

    /// Somebody asks for something right after that many decisions, and nobody looks at the clock
    /// for it alone.
    private mutating func interrupt() {
        guard let interruption, interruption.after == chain else { return }
        self.interruption = nil
        interrupted = now
        let request = Request(
            id: RequestID(unchecked: "interruption"), principal: Principal(unchecked: "ann"),
            reason: "test", validFor: .seconds(60), onlyAt: nil, overrides: [],
            action: interruption.action)
        consider(.request(request), now - interruption.age)
    }

    var pending: [(id: CommandID, command: Command)] = []

    func heard(at moment: Timestamp? = nil) -> Evidence.Heard {
        let appended = moment ?? now
        let offset = Offset(UInt64(appended.milliseconds))
        return Evidence.Heard(
            position: Position(TopicPartition(.heartbeats, 0), offset), appended: appended)
    }

    // MARK: Time

    /// Lets time pass: heartbeats and observations at their intervals, commands carried out
    /// between.
    mutating func wait(_ duration: Duration) {
        let end = now + duration
        while now < end {
            carryOut()
            now = now + .seconds(1)
            for name in groups.keys { groups.update(name) { $0.commit += mischief.writes } }
            let second = now.milliseconds / 1000
            if let takeovers, (now - start).milliseconds % takeovers.milliseconds == 0 {
                takeOver()
            }
            if second % 3 == 0 { beat() }
            let news = groups.contains { $0.value.isNews }
            if second % 2 == 0 || news { observe() }
            wake()
        }
        carryOut()
    }

    private mutating func beat() {
        for (node, up) in nodes where !silent.contains(node) {
            say(.heartbeat(Heartbeat(identity: up.identity, boot: up.boot, copies: [])))
        }
        for rival in mischief.rivals { evidence.hear(rival, heard(), lease: policy.lease) }
    }

    private mutating func observe() {
        if mischief.views.contains("none") { return }
        for (name, group) in groups {
            elect(name, group)
            guard let leads = groups[name]?.leader, !silent.contains(leads) else { continue }
            let isNews = groups[name]?.isNews ?? false
            touch(name)
            guard let report = report(name) else { continue }
            groups.update(name) { $0.isNews = false }
            if isNews {
                take(.fact(.groupObserved(report)))
            } else {
                say(.report(report))
            }
        }
        for (node, up) in nodes where !silent.contains(node) { own(node, up) }
    }

    /// Servers that run say so themselves.
    private mutating func own(_ node: NodeID, _ up: NodeUp) {
        let entries = (running[node] ?? []).compactMap { name -> GroupReport? in
            guard let group = groups[name], group.leader != node else { return nil }
            let role = group.members[node]?.role
            return GroupReport(
                group: name, state: role == .voter ? .follower : .learner,
                term: Term(group.term), leader: group.leader,
                applied: group.members[node].map { LogIndex($0.match) }, view: nil)
        }
        if entries.isEmpty { return }
        say(.report(GroupsReport(observer: up.identity, groups: entries)))
    }

    var running = SortedMap<NodeID, [GroupID]>()

    private mutating func elect(_ name: GroupID, _ group: ScriptGroup) {
        guard silent.contains(group.leader), !inContact.contains(group.leader) else { return }
        let voters = group.members.filter { $0.value.role == .voter }.map(\.key)
        let alive = voters.filter { !silent.contains($0) || inContact.contains($0) }
        if alive.count >= Proof.quorum(of: voters.count), let first = alive.first {
            groups.update(name) { $0.lead(first) }
        }
    }

    private mutating func touch(_ name: GroupID) {
        let moment = now
        let reached = (groups[name]?.members.keys ?? []).filter { node in
            let isAlive = !silent.contains(node) || inContact.contains(node)
            return isAlive && (running[node] ?? []).contains(name)
        }
        groups.update(name) { group in
            for node in reached {
                let commit = group.commit
                group.members.update(node) {
                    $0.contact = moment
                    $0.match = max($0.match, commit - min(commit, $0.lag))
                }
                if var seat = group.members[node], seat.promotesItself, seat.match == commit {
                    seat.promotesItself = false
                    seat.role = .voter
                    group.change(node, seat)
                }
            }
        }
    }

    func report(_ name: GroupID) -> GroupsReport? {
        guard let group = groups[name], let up = nodes[group.leader] else { return nil }
        let voters = group.members.filter { $0.value.role == .voter }.map(\.key)
        let alive = voters.filter { !silent.contains($0) || inContact.contains($0) }
        let confirmed = alive.count >= Proof.quorum(of: voters.count)
        let views = group.members.map { node, seat in
            MemberView(
                member: Member(node: node, store: seat.store, role: seat.role),
                match: LogIndex(node == group.leader ? group.commit : seat.match),
                contactAge: node == group.leader ? .zero : seat.contact.map { now - $0 })
        }
        let isConfirmed = confirmed && !mischief.views.contains("unconfirmed")
        let view = LeaderView(
            confirmed: isConfirmed,
            changePermitted: isConfirmed && !mischief.views.contains("forbidden"),
            pending: mischief.views.contains("pending"),
            version: group.version, commit: LogIndex(group.commit),
            firstIndex: LogIndex(group.firstIndex), members: views)
        return GroupsReport(
            observer: up.identity,
            groups: [
                GroupReport(
                    group: name, state: .leader, term: Term(group.term), leader: group.leader,
                    applied: LogIndex(group.commit), view: view)
            ])
    }
}
