import MusterCore
import MusterLog
import MusterManager
import MusterTesting
import MusterWire
import Testing

/// Back-tests of a recorded story: a node that is silent for a while and comes back, then is silent
/// until it is removed, and comes back after all.
@Suite struct BacktestTests {
    /// A lease is 100 ms, a removal is due 900 ms after a node is down.
    private static let policy: PolicyPatch = {
        var patch = PolicyPatch()
        patch.heartbeatInterval = .milliseconds(40)
        patch.lease = .milliseconds(100)
        patch.removalDelay = .milliseconds(900)
        patch.votersMin = 2
        patch.observationInterval = .milliseconds(40)
        patch.observationAgeMax = .milliseconds(200)
        return patch
    }()

    /// What was recorded: the journal, and the inputs with who was heard.
    private struct Story {
        var recording: Backtest.Recording
        var inputs: [RecordedInput]
        var end: Timestamp
        let node = NodeID(unchecked: "n3")
    }

    /// - Parameter blind: whether another node is silent for 300 ms meanwhile.
    private func story(blind: Bool = false) async throws -> Story {
        var world = try JournalWorld(seed: 1, managers: 1, clusters: ["a"])
        world.isCalm = true
        let cluster = world.fleets[0].cluster
        var fleet = SmallFleet(
            log: try await world.engine(), cluster: cluster.text, partitions: 2)
        try await world.begin(0)
        try world.tell(0, [.assigned([0, 1])])
        world.say(
            0,
            .request(
                Request(
                    id: RequestID(unchecked: "r"), principal: Principal(unchecked: "ann"),
                    reason: "", validFor: .seconds(60), onlyAt: nil, overrides: [],
                    action: .configure(Self.policy))))
        for node in fleet.names {
            let up = NodeUp(
                identity: fleet.identity(node), boot: Identifier(high: 2, low: 2), role: .voter,
                blank: false, engine: nil, address: "", zone: "", groupsVersion: 1,
                groups: [
                    NodeGroup(
                        group: GroupID(unchecked: "g1"), capabilities: Capabilities(),
                        applied: nil)
                ])
            world.say(0, .fact(.nodeUp(up)))
        }
        world.say(0, .fact(.groupObserved(fleet.report())))
        try world.rest(0)
        // Silent for 900 ms, down after 300: back long before its removal is due. Then for good,
        // and back 400 ms after it was removed.
        let silent = [400..<1300, 1800..<3500]
        for moment in stride(from: 0, to: 4000, by: 40) {
            fleet.silent = silent.contains { $0.contains(moment) } ? [fleet.names[2]] : []
            if blind, (2000..<2300).contains(moment) { fleet.silent.insert(fleet.names[1]) }
            for node in fleet.names where !fleet.silent.contains(node) {
                world.say(
                    0,
                    .heartbeat(
                        Heartbeat(
                            identity: fleet.identity(node), boot: Identifier(high: 2, low: 2),
                            copies: [])))
            }
            world.say(0, .report(fleet.report()))
            try world.rest(0)
            world.now = world.now + .milliseconds(40)
            try world.tell(0, [.time])
            try world.rest(0)
        }
        return try await record(world, cluster)
    }

    private func record(_ world: JournalWorld, _ cluster: ClusterID) async throws -> Story {
        var decisions: [RecordedDecision] = []
        var loader = ProjectionLoader()
        loader.usesSnapshots = false
        loader.withEvents = true
        loader.onAccepted = { accepted, _, appended, _ in
            decisions.append(
                RecordedDecision(
                    sequence: accepted.sequence, hash: accepted.hash,
                    decision: accepted.decision, appended: appended))
        }
        let reader = try await loader.load(world.engine()).reader
        let header = try #require(reader.header)
        let home = Partitioner.partition(of: cluster, count: header.partitions)
        let genesis = try #require(reader.headers[home])
        let messages = InputReader()
        var inputs: [RecordedInput] = []
        for (place, records) in world.records
        where [.events, .requests, .heartbeats].contains(place.topic) {
            for record in records {
                let incoming = try messages.read(
                    place.topic, key: record.key, headers: record.headers, value: record.value)
                inputs.append(
                    RecordedInput(incoming, at: record.position, appended: record.appended))
            }
        }
        inputs.sort { ($0.appended, $0.position) < ($1.appended, $1.position) }
        return Story(
            recording: Backtest.Recording(
                header: header, state: ClusterState(id: cluster, genesis: genesis),
                from: JournalWorld.dawn, decisions: decisions),
            inputs: inputs, end: world.now)
    }

    private func report(
        _ story: Story, _ patch: PolicyPatch, inputs: [RecordedInput]? = nil,
        wrongWithin: Duration = .milliseconds(800)
    ) throws -> BacktestReport {
        var test = try Backtest(story.recording, patch: patch, starts: SortedMap())
        for input in inputs ?? story.inputs { try test.take(input) }
        try test.finish(at: story.end)
        return test.report(to: story.end, wrongWithin: wrongWithin)
    }

    private func delay(_ milliseconds: Int) -> PolicyPatch {
        var patch = PolicyPatch()
        patch.removalDelay = .milliseconds(milliseconds)
        return patch
    }

    @Test func `the recorded policy, folded again, decides what the journal says`() async throws {
        let story = try await story()
        let report = try report(story, delay(900))
        let only = try #require(report.removals.first)
        #expect(report.removals.count == 1 && only.comparison.verdict == .same)
        #expect(only.comparison.journal?.node == story.node)
        #expect(only.comparison.journal?.store == only.comparison.recorded?.store)
        #expect(only.comparison.recorded == only.comparison.other)
        #expect(report.firstDifference == nil && report.unlikeJournal.isEmpty)
        #expect(only.recordedJudgement == .wrong && only.heardAgain != nil)
        #expect(report.recordedSpares[GroupID(unchecked: "g1")]?.spare == 0)
        #expect(report.freezes.isEmpty && report.promotions.isEmpty)
    }

    @Test func `under a longer delay the removal is not decided`() async throws {
        let story = try await story()
        let report = try report(story, delay(60_000))
        let only = try #require(report.removals.first)
        #expect(report.removals.count == 1 && only.comparison.verdict == .onlyRecorded)
        #expect(only.comparison.other == nil && only.otherJudgement == nil)
        #expect(report.firstDifference == only.comparison.recorded?.began)
    }

    @Test func `a longer lease takes no silence of two for blindness`() async throws {
        let story = try await story(blind: true)
        var patch = delay(60_000)
        patch.lease = .milliseconds(450)
        let report = try report(story, patch)
        let freeze = try #require(report.freezes.first)
        #expect(report.freezes.count == 1 && freeze.verdict == .onlyRecorded)
        #expect(freeze.journal != nil && freeze.other == nil)
        let began = try #require(freeze.recorded?.began) - JournalWorld.dawn
        #expect(began > .milliseconds(2050) && began < .milliseconds(2300), "\(began)")
        #expect(report.firstDifference.map { $0 <= JournalWorld.dawn + began } == true)
        let same = try self.report(story, delay(900))
        #expect(same.freezes.map(\.verdict) == [.same])
        let group = GroupID(unchecked: "g1")
        #expect(same.recordedSpares[group]?.spare == -1)
        #expect(same.otherSpares[group] == same.recordedSpares[group])
    }

    @Test func `a shorter delay removes a node that was back soon, and that was wrong`()
        async throws
    {
        let story = try await story()
        let report = try report(story, delay(400))
        try #require(report.removals.map(\.comparison.verdict) == [.onlyOther, .earlier])
        let early = report.removals[0]
        #expect(early.otherJudgement == .wrong && early.recordedJudgement == nil)
        let began = try #require(early.comparison.other?.began) - JournalWorld.dawn
        #expect(began > .milliseconds(1000) && began < .milliseconds(1250), "\(began)")
        let strict = try self.report(story, delay(400), wrongWithin: .milliseconds(20))
        #expect(strict.removals[0].otherJudgement == .right)
        let long = try self.report(story, delay(400), wrongWithin: .seconds(60))
        #expect(long.removals[0].otherJudgement == .wrong)
        // The last sign of life came, so nothing is left open.
        #expect(long.removals[1].recordedJudgement == .wrong)
    }

    @Test func `what nobody kept follows from the journal, with the same answers`() async throws {
        let story = try await story()
        var world = RecordedWorld(
            story.recording, since: story.recording.from, until: story.end,
            step: .milliseconds(30), kept: SortedMap())
        var inputs: [RecordedInput] = []
        while let input = world.next() { inputs.append(input) }
        #expect(zip(inputs, inputs.dropFirst()).allSatisfy { $0.appended <= $1.appended })
        let same = try report(story, delay(900), inputs: inputs)
        #expect(same.removals.map(\.comparison.verdict) == [.same])
        #expect(same.unlikeJournal.isEmpty)
        let longer = try report(story, delay(60_000), inputs: inputs)
        #expect(longer.removals.map(\.comparison.verdict) == [.onlyRecorded])
        let shorter = try report(story, delay(400), inputs: inputs)
        try #require(shorter.removals.map(\.comparison.verdict) == [.onlyOther, .earlier])
        #expect(shorter.removals[0].otherJudgement == .wrong)
    }

    @Test func `a back-test may begin in the middle, with what was heard shortly before`()
        async throws
    {
        let story = try await story()
        let from = story.recording.from + .milliseconds(2000)
        var recording = story.recording
        for each in recording.decisions where each.appended < from {
            recording.state.evolve(each.decision, hash: each.hash)
        }
        recording.decisions.removeAll { $0.appended < from }
        recording.from = from
        var test = try Backtest(recording, patch: delay(400), starts: recording.state.next)
        for input in story.inputs where input.appended >= from - .milliseconds(400) {
            if !input.message.isInput || input.appended >= from { try test.take(input) }
        }
        try test.finish(at: story.end)
        let report = test.report(to: story.end, wrongWithin: .seconds(1))
        let only = try #require(report.removals.first)
        #expect(report.removals.count == 1 && only.comparison.verdict == .earlier)
        // The recorded manager looked at its clock every 40 ms.
        let journal = try #require(only.comparison.journal?.began)
        let recorded = try #require(only.comparison.recorded?.began)
        #expect(recorded <= journal && journal - recorded < .milliseconds(41))
    }

    @Test func `a policy that would be refused is refused`() async throws {
        var story = try await story()
        for each in story.recording.decisions {
            story.recording.state.evolve(each.decision, hash: each.hash)
        }
        #expect(throws: Backtest.Failure.self) {
            _ = try Backtest(story.recording, patch: delay(100), starts: SortedMap())
        }
    }
}

extension InputMessage {
    /// Whether it is decided upon, not only heard.
    fileprivate var isInput: Bool {
        switch content {
        case .fact, .request: true
        case .heartbeat, .report: false
        }
    }
}
