import MusterAgent
import MusterCommandLine
import MusterCore
import MusterLog
import MusterRuntime
import MusterSimulation
import MusterWire
import Synchronization

/// The story of `muster demo etcd`, part by part. It starts, stops and ends servers, agents and the
/// manager, and asks as an operator would; what it tells of Muster, and what it holds a part
/// against, is read from the journal.
final class EtcdStory: Sendable {
    static let cluster = ClusterID(unchecked: "kv")
    static let group = GroupID(unchecked: "etcd")
    let log: any EventLog
    let servers: EtcdServers
    let writer: EtcdWriter
    let client = EtcdClient(limit: .seconds(2))
    private let tell: @Sendable (StoryLine) -> Void
    private let seen = Mutex(Seen())

    /// What the journal has said so far.
    private struct Seen {
        var state: ClusterState?
        /// Since the part began.
        var events: [Moment] = []
        var requests = 0
    }

    /// An event and when it was decided.
    struct Moment: Sendable {
        let at: Timestamp
        let event: Event
    }

    /// How a part has ended: what happened, and of which node to ask why.
    struct End: Sendable {
        let sentence: String
        let look: NodeID
    }

    /// Something did not happen in time, or not as it must.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    init(
        log: any EventLog, servers: EtcdServers, tell: @escaping @Sendable (StoryLine) -> Void
    ) {
        self.log = log
        self.servers = servers
        self.tell = tell
        writer = EtcdWriter { servers.clients }
    }

    static let removalDelay = Duration.seconds(10)
    private static let lease = Duration.milliseconds(2500)
    /// Longer than every deadline together.
    static let ages = removalDelay + lease + .seconds(8)

    /// The policy of the story: everything as usual, only faster.
    static let policy: PolicyPatch = {
        var patch = PolicyPatch()
        patch.heartbeatInterval = .milliseconds(500)
        patch.lease = lease
        patch.removalDelay = removalDelay
        patch.votersMin = 3
        patch.observationInterval = .milliseconds(500)
        patch.observationAgeMax = lease
        patch.stabilization = .seconds(1)
        patch.trustDelay = .seconds(1)
        patch.backoffMin = .milliseconds(500)
        patch.changeLimit = .seconds(5)
        patch.transferLimit = .seconds(5)
        return patch
    }()

    /// Tells these parts, one after the other.
    ///
    /// - Returns: what is to be shown of each.
    /// - Throws: `Failure`, when something did not happen in time or not as it must.
    func run(_ parts: [EtcdPart]) async throws -> [Told] {
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            defer { tasks.cancelAll() }
            tasks.addTask { try await self.follow() }
            tasks.addTask { await self.writer.run() }
            var told: [Told] = []
            for (place, part) in parts.enumerated() {
                told.append(try await play(part, "part \(place + 1) of \(parts.count)"))
            }
            return told
        }
    }

    private func play(_ part: EtcdPart, _ place: String) async throws -> Told {
        if part.voters > 0 {
            try await grow(to: part.voters)
            try await settle()
        }
        say("\(place), \(part.name): \(part.sentence)")
        let before = writer.count
        forget()
        let start = Self.now
        let end = try await part.play(self)
        let (duration, events) = (Self.now - start, events)
        // What comes after the last command of a part is still its own.
        try await settle()
        let (count, missing) = try await writer.check()
        guard missing.isEmpty else {
            throw Failure(
                description: "\(missing.count) of \(count) acknowledged writes are gone: "
                    + missing.prefix(3).joined(separator: ", "))
        }
        let told = Told(
            part: part, end: end, start: start, duration: duration, events: events,
            written: count - before)
        say(told.sentence)
        return told
    }

    // MARK: The journal

    private func follow() async throws {
        let follower = try await JournalFollower(try await ProjectionLoader().load(log), log)
        while !Task.isCancelled {
            for entry in try await follower.next(waitingUpTo: .milliseconds(500)) { take(entry) }
        }
        await follower.close()
    }

    private func take(_ entry: JournalFollower.Entry) {
        guard entry.cluster == Self.cluster else { return }
        seen.withLock { seen in
            seen.state = entry.after
            seen.events += entry.decision.events.map { Moment(at: entry.decision.at, event: $0) }
        }
        for event in entry.decision.events {
            if let line = StoryLine(event, at: entry.decision.at, entry.after) { tell(line) }
        }
    }

    private func forget() { seen.withLock { $0.events = [] } }

    /// What was decided since the part began.
    var events: [Moment] { seen.withLock { $0.events } }

    /// The cluster as the journal has it; nil before anything is known of it.
    var state: ClusterState? { seen.withLock { $0.state } }

    /// The voters, by name.
    var voters: [NodeID] { state?.groups[Self.group]?.voters ?? [] }

    /// Who leads.
    func leader() throws -> NodeID {
        guard let leader = state?.groups[Self.group]?.leader else {
            throw Failure(description: "nobody leads")
        }
        return leader
    }

    /// The voters that do not lead, by name.
    func followers() throws -> [NodeID] {
        let leader = try leader()
        return voters.filter { $0 != leader }
    }

    // MARK: Waiting

    /// The wall clock, which an embedded log's times follow.
    static var now: Timestamp { Timestamp(milliseconds: SystemClock.wallMilliseconds()) }

    /// Says what the story itself does.
    func say(_ text: String) { tell(StoryLine(at: Self.now, subject: "story", text: text)) }

    /// Waits until it is so.
    ///
    /// - Throws: `Failure`, when it is not in time.
    func until(
        _ what: String, within limit: Duration = .seconds(60), _ isSo: () async throws -> Bool
    ) async throws {
        let end = ContinuousClock.now + limit
        while try await !isSo() {
            if ContinuousClock.now > end {
                throw Failure(description: "\(what): not within \(limit.components.seconds) s")
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    /// Waits until the journal says so.
    func wait(
        _ what: String, within limit: Duration = .seconds(90),
        _ isSo: (ClusterState) -> Bool
    ) async throws {
        try await until(what, within: limit) { state.map(isSo) ?? false }
    }

    /// Waits until nothing is under way, and every voter is up.
    private func settle() async throws {
        try await wait("every voter is up and nothing is under way") { state in
            guard let group = state.groups[Self.group], let leader = group.leader else {
                return false
            }
            return state.sagas.isEmpty && state.freeze == nil && group.voters.contains(leader)
                && group.voters.allSatisfy {
                    state.nodes[$0]?.liveness == .up && state.nodes[$0]?.removal == nil
                }
        }
    }

    // MARK: Asking

    /// Asks the manager, until it accepts: one that has just begun has not yet seen who is healthy.
    func ask(_ action: Request.Action) async throws {
        var refusal = ""
        for _ in 0..<30 {
            let id = try await send(action)
            try await until("the request \(id.text) is answered") { outcome(of: id) != nil }
            guard case .rejected(let reason) = outcome(of: id) else { return }
            refusal = reason.sentence
            try await Task.sleep(for: .seconds(1))
        }
        throw Failure(description: "a request is refused: \(refusal)")
    }

    private func outcome(of id: RequestID) -> RequestRecord.Outcome? {
        state?.requests.first { $0.id == id }?.outcome
    }

    private func send(_ action: Request.Action) async throws -> RequestID {
        let number = seen.withLock { seen in
            seen.requests += 1
            return seen.requests
        }
        let id = RequestID(unchecked: "demo-\(Self.now.milliseconds)-\(number)")
        let request = Request(
            id: id, principal: Principal(unchecked: "demo"),
            reason: "the story of muster demo etcd", validFor: Request.validityDefault, onlyAt: nil,
            overrides: [], action: action)
        let record = InputMessage(Self.cluster, .request(request)).outgoing(
            EventOrigin(id: id.text, source: "/muster/demo", time: Self.now))
        let publisher = try await Publisher(log)
        try await publisher.publish(
            NewRecord(
                try await publisher.partition(record.topic, of: Self.cluster), key: record.key,
                headers: record.headers, value: record.value))
        try await publisher.drain()
        return id
    }
}
