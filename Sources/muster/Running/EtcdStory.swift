import MusterAgent
import MusterCommandLine
import MusterCore
import MusterLog
import MusterRuntime
import MusterSimulation
import MusterWire
import Synchronization

/// The story of `muster demo etcd`. It starts and ends servers and agents, and asks the manager as
/// an operator would; what it tells is read from the journal.
final class EtcdStory: Sendable {
    static let cluster = ClusterID(unchecked: "kv")
    private static let group = GroupID(unchecked: "etcd")
    private let log: any EventLog
    private let servers: EtcdServers
    private let writer: EtcdWriter
    private let tell: @Sendable (StoryLine) -> Void
    private let asked = Mutex(0)
    private let seen = Mutex<ClusterState?>(nil)

    /// Something did not happen in time.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    init(
        log: any EventLog, servers: EtcdServers, tell: @escaping @Sendable (StoryLine) -> Void
    ) {
        self.log = log
        self.servers = servers
        writer = EtcdWriter(EtcdServers.names.map(servers.client))
        self.tell = tell
    }

    /// The policy of the story: everything as usual, only faster.
    private static var policy: PolicyPatch {
        var patch = PolicyPatch()
        patch.heartbeatInterval = .seconds(1)
        patch.lease = .seconds(4)
        patch.removalDelay = .seconds(12)
        patch.votersMin = 3
        patch.observationInterval = .seconds(1)
        patch.observationAgeMax = .seconds(4)
        patch.stabilization = .seconds(1)
        return patch
    }

    /// Tells the story from the beginning.
    ///
    /// - Throws: `Failure`, when something expected did not happen in time.
    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            defer { tasks.cancelAll() }
            tasks.addTask { try await self.follow() }
            try await form()
            say("a client begins to write, and remembers what etcd acknowledges")
            tasks.addTask { await self.writer.run() }
            try await grow()
            try await loseForAWhile()
            try await loseTheLeader()
            try await count()
        }
    }

    private func follow() async throws {
        let follower = try await JournalFollower(try await ProjectionLoader().load(log), log)
        while !Task.isCancelled {
            for entry in try await follower.next(waitingUpTo: .milliseconds(500)) { take(entry) }
        }
        await follower.close()
    }

    private func take(_ entry: JournalFollower.Entry) {
        guard entry.cluster == Self.cluster else { return }
        seen.withLock { $0 = entry.after }
        for event in entry.decision.events {
            if let line = StoryLine(event, at: entry.decision.at, entry.after) { tell(line) }
        }
    }

    // MARK: Chapters

    private func form() async throws {
        say(
            "three etcd servers start, and an agent beside each: Muster finds them, and does nothing"
        )
        try await servers.found(Array(EtcdServers.names.prefix(3)), log: log.url)
        try await wait("three voters", .seconds(60)) { state in
            state.groups[Self.group]?.voters.count == 3
                && EtcdServers.names.prefix(3).allSatisfy {
                    state.membership(of: NodeID(unchecked: $0)) == .member
                }
        }
        try await request(.configure(Self.policy))
    }

    private func grow() async throws {
        let newcomers = EtcdServers.names.dropFirst(3).map { NodeID(unchecked: $0) }
        say(
            "a fourth and a fifth are asked for: one behind the other, each a learner first, then "
                + "its server, then a vote")
        for newcomer in newcomers { try await servers.wait(newcomer.text, log: log.url) }
        for newcomer in newcomers {
            try await wait("\(newcomer) is up", .seconds(20)) {
                $0.nodes[newcomer]?.liveness == .up
            }
        }
        for newcomer in newcomers {
            try await request(.add(node: newcomer, role: .voter, groups: .all, wipe: nil))
        }
        try await wait("both vote", .seconds(120)) { state in
            newcomers.allSatisfy { state.groups[Self.group]?.voters.contains($0) == true }
                && state.sagas.isEmpty
        }
    }

    private func leader() throws -> NodeID {
        guard let leader = seen.withLock({ $0?.groups[Self.group]?.leader }) else {
            throw Failure(description: "nobody leads")
        }
        return leader
    }

    private func loseForAWhile() async throws {
        let leader = try leader()
        let founders = EtcdServers.names.prefix(3).map { NodeID(unchecked: $0) }
        guard let node = founders.first(where: { $0 != leader }) else { return }
        say("the machine of \(node), which follows, is lost for a while: all on it is killed")
        servers.kill(node.text)
        try await wait("a deadline for \(node)", .seconds(60)) { $0.nodes[node]?.removal != nil }
        say("the machine of \(node) is started again before the deadline")
        try await servers.again(node.text)
        try await wait("\(node) is back", .seconds(60)) { state in
            state.nodes[node]?.liveness == .up && state.nodes[node]?.removal == nil
                && state.membership(of: node) == .member
        }
        say("five voters as before: nobody was removed")
    }

    private func loseTheLeader() async throws {
        let leader = try leader()
        say("the machine of \(leader), which leads, is lost: its server and its agent are killed")
        servers.kill(leader.text)
        try await wait("\(leader) is removed", .seconds(120)) {
            $0.membership(of: leader) == .removed
        }
        say("four voters are left")
    }

    /// No write may be gone that was acknowledged.
    private func count() async throws {
        guard let count = await writer.count() else {
            throw Failure(description: "what the client wrote cannot be read back")
        }
        guard count.missing == 0 else {
            throw Failure(
                description: "\(count.missing) of \(count.acknowledged) writes are gone that etcd "
                    + "has acknowledged")
        }
        say(
            "\(count.acknowledged) writes were acknowledged, and each is there; "
                + "\(count.others) were refused or not answered meanwhile")
    }

    // MARK: Moving and waiting

    private func say(_ text: String) {
        tell(
            StoryLine(
                at: Timestamp(milliseconds: SystemClock.wallMilliseconds()), subject: "story",
                text: text))
    }

    private func wait(
        _ what: String, _ limit: Duration, _ isTrue: (ClusterState) -> Bool
    ) async throws {
        let end = ContinuousClock.now + limit
        while true {
            if let state = seen.withLock({ $0 }), isTrue(state) { return }
            if ContinuousClock.now > end {
                throw Failure(description: "\(what): not within \(limit.components.seconds) s")
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    private func request(_ action: Request.Action) async throws {
        let now = Timestamp(milliseconds: SystemClock.wallMilliseconds())
        let number = asked.withLock { count in
            count += 1
            return count
        }
        let request = Request(
            id: RequestID(unchecked: "demo-\(now)-\(number)"),
            principal: Principal(unchecked: "demo"),
            reason: "the story of muster demo etcd", validFor: Request.validityDefault, onlyAt: nil,
            overrides: [], action: action)
        let record = InputMessage(Self.cluster, .request(request)).outgoing(
            EventOrigin(id: request.id.text, source: "/muster/demo", time: now))
        let publisher = try await Publisher(log)
        try await publisher.publish(
            NewRecord(
                try await publisher.partition(record.topic, of: Self.cluster), key: record.key,
                headers: record.headers, value: record.value))
        try await publisher.drain()
    }
}
