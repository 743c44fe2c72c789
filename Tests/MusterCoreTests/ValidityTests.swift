import MusterCore
import Testing

/// Until when a request may be decided.
@Suite struct ValidityTests {
    /// What a request that is valid for a minute comes to when the manager has heard so much newer
    /// things before it decides it.
    private func answer(heardAfter delay: Duration) -> [Event] {
        let group = VotingGroup(count: 3, healthy: 7, desired: 3)
        var evidence = group.evidence
        evidence.newest = Evidence.Heard(
            position: Position(TopicPartition(.heartbeats, 0), Offset(20)),
            appended: VotingGroup.now + delay)
        let request = Request(
            id: RequestID(unchecked: "r"), principal: Principal(unchecked: "ann"), reason: "test",
            validFor: .seconds(60), onlyAt: nil, overrides: [],
            action: .pause(lasting: .seconds(600)))
        let place = Position(TopicPartition(.requests, 0), Offset(1))
        let input = Input(
            cluster: group.state.id, source: .record(place, appended: VotingGroup.now),
            content: .request(request), correlation: "")
        return group.state.decide(input, evidence: evidence, at: VotingGroup.now)
    }

    @Test func `a request that lay there for longer than it is valid is refused as expired`() {
        let late = answer(heardAfter: .seconds(60) + .milliseconds(1))
        guard case .requestRejected(_, let refusal, _)? = late.first, late.count == 1 else {
            Issue.record("\(late)")
            return
        }
        #expect(refusal.code == .expired && refusal.numbers == [60_001, 60_000])
    }

    @Test func `a request is decided up to its last moment`() {
        for delay in [Duration.seconds(-60), .zero, .seconds(60)] {
            #expect(
                answer(heardAfter: delay).contains {
                    if case .automationPaused = $0 { true } else { false }
                })
        }
    }
}
