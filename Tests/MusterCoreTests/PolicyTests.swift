import MusterCore
import Testing

/// Which policies can be kept.
@Suite struct PolicyTests {
    struct Change: Sendable {
        let apply: @Sendable (inout Policy) -> Void
        init(_ apply: @escaping @Sendable (inout Policy) -> Void) { self.apply = apply }
    }

    @Test func `the defaults can be kept, and so can values at their limits`() {
        var policy = Policy()
        #expect(policy.invalidity == nil)
        policy.lease = policy.heartbeatInterval * 2
        policy.removalDelay = policy.lease * 3
        policy.observationAgeMax = policy.observationInterval
        policy.backoffMin = policy.backoffMax
        policy.trustDelay = .zero
        policy.votersMin = 99
        policy.votersMax = 99
        #expect(policy.invalidity == nil)
    }

    @Test(arguments: contradictions)
    func `what contradicts itself is refused with what contradicts`(said: String, change: Change) {
        var policy = Policy()
        change.apply(&policy)
        let refusal = policy.invalidity
        #expect(refusal?.code == .invalidPolicy)
        #expect(refusal?.text.contains(said) == true, "\(refusal?.text ?? "-")")
    }

    private static let contradictions: [(String, Change)] = [
        ("votersMin is 0", Change { $0.votersMin = 0 }),
        ("votersMin 8 is over votersMax 7", Change { $0.votersMin = 8 }),
        ("votersMax 100 is over 99", Change { $0.votersMax = 100 }),
        ("attemptsMax is 0", Change { $0.attemptsMax = 0 }),
        ("learnersMax is 0", Change { $0.learnersMax = 0 }),
        ("concurrentSyncsMax is 0", Change { $0.concurrentSyncsMax = 0 }),
        ("concurrentSyncsPerSourceMax is 0", Change { $0.concurrentSyncsPerSourceMax = 0 }),
        ("heartbeatInterval is not positive", Change { $0.heartbeatInterval = .zero }),
        ("lease 5999 ms is under two", Change { $0.lease = .milliseconds(5999) }),
        (
            "removalDelay 29999 ms is under three",
            Change { $0.removalDelay = .milliseconds(29_999) }
        ),
        ("stabilization is not positive", Change { $0.stabilization = .zero }),
        ("observationInterval is not positive", Change { $0.observationInterval = .zero }),
        ("observationAgeMax is under", Change { $0.observationAgeMax = .milliseconds(1999) }),
        ("backoffMin is not within", Change { $0.backoffMin = .zero }),
        ("backoffMin is not within", Change { $0.backoffMin = .seconds(61) }),
        ("trustDelay is negative", Change { $0.trustDelay = .milliseconds(-1) }),
        ("a command limit is not positive", Change { $0.changeLimit = .zero }),
        ("a command limit is not positive", Change { $0.transferLimit = .zero }),
        ("a command limit is not positive", Change { $0.observeLimit = .zero }),
        ("a command limit is not positive", Change { $0.startLimit = .zero }),
        ("a progress limit is not positive", Change { $0.copyLimit = .zero }),
        ("a progress limit is not positive", Change { $0.catchUpTimeout = .zero }),
        ("stallRetry is not positive", Change { $0.stallRetry = .zero }),
    ]
}
