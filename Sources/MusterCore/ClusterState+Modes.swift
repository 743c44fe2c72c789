// DOMAIN §7, modes: whether automation may do what a rule says, for one node at one moment. Every
// automatic change asks here; requests do not.

/// What automation does by itself, each with a mode of its own.
package enum Rule: String, CaseIterable, Hashable, Sendable {
    case join
    case promotion
    case removal
    case replacement
}

/// Until when something is held or paused, by whom and why.
package struct Interval: Hashable, Sendable {
    package var since: Timestamp
    package var until: Timestamp
    package var principal: Principal
    package var reason: String

    package init(since: Timestamp, until: Timestamp, principal: Principal, reason: String) {
        self.since = since
        self.until = until
        self.principal = principal
        self.reason = reason
    }

    /// How long a hold or a pause lasts when the request does not say.
    package static let lengthDefault: Duration = .seconds(3600)
    /// How long it may last.
    package static let lengthMax: Duration = .seconds(24 * 3600)
}

extension Policy {
    /// What the policy says of a rule.
    package func mode(_ rule: Rule) -> Mode {
        switch rule {
        case .join: join
        case .promotion: promotion
        case .removal: removal
        case .replacement: replacement
        }
    }
}

extension ClusterState {
    /// Whether automation only watches, proposes or acts: the policy's word, but while automation
    /// is paused, or the node is held, it watches.
    func mode(_ rule: Rule, of node: NodeID, at moment: Timestamp) -> Policy.Mode {
        guard let policy else { return .observe }
        if isPaused(at: moment) || isHeld(node, at: moment) { return .observe }
        return policy.mode(rule)
    }

    /// Whether all automation is paused.
    package func isPaused(at moment: Timestamp) -> Bool {
        pause.map { moment < $0.until } ?? false
    }

    /// Whether the node is held for maintenance: automation leaves it alone, and others' proofs do
    /// not count on it.
    package func isHeld(_ node: NodeID, at moment: Timestamp) -> Bool {
        standingHold(of: node, at: moment) != nil
    }

    /// By whom and until when the node is held; nil when it is not.
    func standingHold(of node: NodeID, at moment: Timestamp) -> Interval? {
        nodes[node]?.hold.flatMap { moment < $0.until ? $0 : nil }
    }

    /// That the node is held, and until when; nil when it is not.
    func holding(of node: NodeID, at moment: Timestamp) -> Refusal? {
        standingHold(of: node, at: moment).map {
            Refusal(.held, nodes: [node], numbers: [$0.until.milliseconds])
        }
    }

    /// Whether the node came and went too often of late.
    package func isDamped(_ node: NodeID, at moment: Timestamp) -> Bool {
        nodes[node]?.flaps.isDamped(at: moment) ?? false
    }

    /// Whether the node came back so lately that it gets neither leadership nor promotion.
    package func isReturning(_ node: NodeID, at moment: Timestamp) -> Bool {
        guard let policy, let returned = nodes[node]?.returned else { return false }
        return moment < returned + policy.trustDelay
    }
}
