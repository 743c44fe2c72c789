package import MusterCore
package import MusterLog
internal import MusterWire

/// The story of `muster dev`: three voters form a cluster of two groups, a fourth joins under load,
/// one dies and is removed when its deadline passes and a majority allows it, one returns in time.
/// About 20 seconds.
///
/// The story moves the fleet and asks the manager for a policy, by requests like any operator's;
/// what it tells is read from the log.
package struct DevStory: Sendable {
    package static let cluster = ClusterID(unchecked: "dev")
    private static let names = ["n1", "n2", "n3", "n4"].map(NodeID.init(unchecked:))
    private static let groups = ["g1", "g2"].map(GroupID.init(unchecked:))

    private let log: any EventLog
    private let fleet: FleetService
    private let observer: StoryObserver
    private let tell: @Sendable (StoryLine) -> Void
    private let partition: Int32

    /// Something did not happen in time.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    package init(
        log: any EventLog, fleet: FleetService, partitions: UInt32,
        tell: @escaping @Sendable (StoryLine) -> Void
    ) {
        self.log = log
        self.fleet = fleet
        self.tell = tell
        partition = Partitioner.partition(of: Self.cluster, count: partitions)
        observer = StoryObserver(
            log: log, cluster: Self.cluster, partition: partition, tell: tell)
    }

    /// The fleet as the story begins: four nodes with empty disks.
    package static func fleet() -> Fleet {
        var fleet = Fleet(
            cluster: cluster, now: FleetService.now, seed: 1, settings: Fleet.Settings(),
            speaks: false)
        for name in names { fleet.add(name) }
        return fleet
    }

    /// Founds the two groups on the first node.
    @Sendable private static func found(_ fleet: inout Fleet) {
        let capabilities = Capabilities(seed: .external, learnersMax: 2)
        for group in groups {
            fleet.found(
                group, on: names[0], capabilities: capabilities, commit: 1000, bytes: 8_000_000)
            // Whoever is away for a while finds the entries that it lacks: this engine has no
            // snapshot.
            fleet.groups.update(group) { $0.entriesKept = 1_000_000 }
        }
    }

    /// The policy of the story: everything as usual, only faster.
    package static var policy: PolicyPatch {
        var patch = PolicyPatch()
        patch.joinPolicy = .open
        patch.heartbeatInterval = .milliseconds(200)
        patch.lease = .milliseconds(800)
        patch.trustDelay = .milliseconds(500)
        patch.removalDelay = .milliseconds(3000)
        patch.stabilization = .milliseconds(400)
        patch.observationInterval = .milliseconds(100)
        patch.observationAgeMax = .milliseconds(1000)
        patch.backoffMin = .milliseconds(100)
        patch.concurrentSyncsMax = 4
        patch.concurrentSyncsPerSourceMax = 4
        patch.learnersMax = 2
        return patch
    }

    /// Tells the story from the beginning.
    ///
    /// - Throws: `Failure`, when something expected did not happen in time.
    package func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            group.addTask { try await observer.run() }
            try await form()
            try await grow()
            try await lose()
            try await keep()
        }
    }

    // MARK: Chapters

    private func form() async throws {
        say("one node with two groups; its policy lets every sound node join")
        try await request("policy", .configure(Self.policy))
        fleet.start(Self.names[0], founding: Self.found)
        try await wait("n1 leads both groups", .seconds(10)) { state in
            Self.groups.allSatisfy { state.groups[$0]?.voters == [Self.names[0]] }
        }
        say("two more nodes come up: data first, then membership")
        fleet.start(Self.names[1])
        fleet.start(Self.names[2])
        try await wait("three voters in both groups", .seconds(60)) { votes($0, 3) }
    }

    private func grow() async throws {
        say("a fourth node joins while clients write 2,000 entries a second")
        fleet.with { fleet in
            fleet.settings.writes = 2000
            fleet.grow(to: 40_000_000)
        }
        fleet.start(Self.names[3])
        try await wait("n4 votes in both groups", .seconds(60)) { votes($0, 4) }
        try await wait("n4 has joined", .seconds(5)) { $0.sagas.isEmpty }
    }

    private func lose() async throws {
        let (dead, restarted) = (Self.names[3], Self.names[2])
        say("n4 dies")
        fleet.kill(dead)
        try await wait("the removal of n4 has a deadline", .seconds(15)) {
            $0.nodes[dead]?.removal != nil
        }
        try await countDown(dead, until: .milliseconds(1000))
        say("n3 restarts just now: without it, two of four are no majority")
        fleet.stop(restarted)
        try await wait("the removal is held back", .seconds(10)) {
            $0.nodes[dead]?.removal?.blocked != nil || $0.nodes[dead]?.removal == nil
        }
        fleet.start(restarted)
        try await wait("n4 is removed", .seconds(60)) { $0.membership(of: dead) == .removed }
    }

    private func keep() async throws {
        let held = Self.names[1]
        say("n2 hangs, but not for long")
        fleet.hang(held)
        try await wait("the removal of n2 has a deadline", .seconds(15)) {
            $0.nodes[held]?.removal != nil
        }
        try await countDown(held, until: .milliseconds(1500))
        fleet.resume(held)
        try await wait("the removal of n2 is cancelled", .seconds(10)) {
            $0.nodes[held]?.removal == nil && $0.nodes[held]?.liveness == .up
        }
        try await wait("the group is whole again", .seconds(5)) {
            $0.nodes.allSatisfy { $0.value.liveness == .up || $0.key == Self.names[3] }
        }
        // The operator asks once the leaders have seen n2 healthy.
        try await Task.sleep(for: .milliseconds(700))
        say("an operator asks for n3 to be removed")
        try await request("remove-n3", .remove(node: Self.names[2]))
        try await wait("the request is answered", .seconds(10)) {
            $0.requests.contains { $0.id.text.hasPrefix("remove-n3") }
        }
    }

    private func votes(_ state: ClusterState, _ count: Int) -> Bool {
        Self.groups.allSatisfy { state.groups[$0]?.voters.count == count }
    }

    // MARK: Means

    private func say(_ text: String) {
        tell(StoryLine(at: FleetService.now, subject: "story", text: text))
    }

    private func countDown(_ node: NodeID, until rest: Duration) async throws {
        var told: Int64 = .max
        let limit = ContinuousClock.now + .seconds(30)
        while let due = observer.state?.nodes[node]?.removal?.due, ContinuousClock.now < limit {
            let left = due - FleetService.now
            if left <= rest { return }
            let seconds = (left.milliseconds + 999) / 1000
            if seconds < told {
                told = seconds
                tell(
                    StoryLine(
                        at: FleetService.now, subject: node.text, text: "removal in \(seconds) s"))
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    private func wait(
        _ what: String, _ limit: Duration, _ isTrue: (ClusterState) -> Bool
    ) async throws {
        let end = ContinuousClock.now + limit
        while true {
            if let state = observer.state, isTrue(state) { return }
            if ContinuousClock.now > end {
                throw Failure(
                    description: "\(what): not within \(limit.components.seconds) s")
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    private func request(_ id: String, _ action: Request.Action) async throws {
        let request = Request(
            id: RequestID(unchecked: "\(id)-\(FleetService.now)"),
            principal: Principal(unchecked: "dev"), reason: "the story of muster dev",
            validFor: Request.validityDefault, onlyAt: nil, overrides: [], action: action)
        let message = InputMessage(Self.cluster, .request(request))
        let record = message.outgoing(
            EventOrigin(id: request.id.text, source: "/muster/dev", time: FleetService.now))
        _ = try await log.append(
            NewRecord(
                TopicPartition(record.topic, partition), key: record.key,
                headers: record.headers, value: record.value))
    }
}
