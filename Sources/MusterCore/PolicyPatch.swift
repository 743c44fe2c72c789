/// The members of a policy that a `configure` request wants changed; nil leaves a member as it is.
package struct PolicyPatch: Hashable, Sendable {
    package var join: Policy.Mode?
    package var promotion: Policy.Mode?
    package var removal: Policy.Mode?
    package var replacement: Policy.Mode?
    package var joinPolicy: Policy.JoinPolicy?
    package var listed: [NodeID]?
    package var votersMin: UInt32?
    package var votersMax: UInt32?
    package var learnersMax: UInt32?
    package var concurrentSyncsMax: UInt32?
    package var concurrentSyncsPerSourceMax: UInt32?
    package var attemptsMax: UInt32?
    package var heartbeatInterval: Duration?
    package var lease: Duration?
    package var trustDelay: Duration?
    package var removalDelay: Duration?
    package var stabilization: Duration?
    package var catchUpTimeout: Duration?
    package var observationInterval: Duration?
    package var observationAgeMax: Duration?
    package var changeLimit: Duration?
    package var transferLimit: Duration?
    package var observeLimit: Duration?
    package var startLimit: Duration?
    package var copyLimit: Duration?
    package var backoffMin: Duration?
    package var backoffMax: Duration?
    package var stallRetry: Duration?

    package init() {}

    /// The policy with this patch applied.
    package func applied(to policy: Policy) -> Policy {
        var result = policy
        for change in Self.members { change(self, &result) }
        return result
    }

    private typealias Change = @Sendable (PolicyPatch, inout Policy) -> Void

    private static func member<Value>(
        _ from: any KeyPath<PolicyPatch, Value?> & Sendable,
        _ to: any WritableKeyPath<Policy, Value> & Sendable
    ) -> Change {
        { patch, policy in
            if let value = patch[keyPath: from] { policy[keyPath: to] = value }
        }
    }

    private static let members: [Change] = [
        member(\.join, \.join), member(\.promotion, \.promotion),
        member(\.removal, \.removal), member(\.replacement, \.replacement),
        member(\.joinPolicy, \.joinPolicy), member(\.listed, \.listed),
        member(\.votersMin, \.votersMin), member(\.votersMax, \.votersMax),
        member(\.learnersMax, \.learnersMax),
        member(\.concurrentSyncsMax, \.concurrentSyncsMax),
        member(\.concurrentSyncsPerSourceMax, \.concurrentSyncsPerSourceMax),
        member(\.attemptsMax, \.attemptsMax),
        member(\.heartbeatInterval, \.heartbeatInterval), member(\.lease, \.lease),
        member(\.trustDelay, \.trustDelay), member(\.removalDelay, \.removalDelay),
        member(\.stabilization, \.stabilization), member(\.catchUpTimeout, \.catchUpTimeout),
        member(\.observationInterval, \.observationInterval),
        member(\.observationAgeMax, \.observationAgeMax),
        member(\.changeLimit, \.changeLimit), member(\.transferLimit, \.transferLimit),
        member(\.observeLimit, \.observeLimit), member(\.startLimit, \.startLimit),
        member(\.copyLimit, \.copyLimit), member(\.backoffMin, \.backoffMin),
        member(\.backoffMax, \.backoffMax), member(\.stallRetry, \.stallRetry),
    ]
}
