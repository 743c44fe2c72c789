/// Why a manager may be the blind one (DOMAIN §3), whatever the nodes of one cluster say.
package struct Blindness: Hashable, Sendable {
    package var kind: Kind
    /// How many nodes fell silent; of a lag the milliseconds.
    package var count: UInt64
    /// Of how many that the manager serves; of a lag the milliseconds that are allowed.
    package var of: UInt64

    /// What was noticed.
    package enum Kind: String, CaseIterable, Hashable, Sendable {
        /// Many of all the nodes that the manager serves fell silent at once.
        case fleet
        /// The manager reads what was said longer than a lease ago.
        case lag
    }

    package init(kind: Kind, count: UInt64, of: UInt64) {
        self.kind = kind
        self.count = count
        self.of = of
    }

    /// So many nodes at least must fall silent,
    package static let nodesMin = 5
    /// and so many percent of those that are served.
    package static let percent = 30
    /// Within so many leases.
    package static let leases = 2
}

extension ClusterState {
    /// What a manager says of its own sight: blind for that reason, or seeing again.
    func decideSight(_ blindness: Blindness?, at moment: Timestamp) -> [Event] {
        guard let policy else { return [] }
        if let blindness { return blind == nil ? [.blinded(blindness)] : [] }
        if blind == nil { return [] }
        return [.sighted] + restartedDeadlines(policy, .thaw, at: moment)
    }

    /// Every pending removal's deadline starts again in full.
    func restartedDeadlines(
        _ policy: Policy, _ why: Event.RescheduleReason, at moment: Timestamp
    ) -> [Event] {
        nodes.filter { $0.value.removal != nil }.map {
            .removalRescheduled($0.key, due: moment + policy.removalDelay, why: why)
        }
    }

    /// Why no deadline may pass: many of the cluster's nodes are silent, or the manager itself does
    /// not see; nil when neither is so.
    package var guarded: Refusal? {
        if let blind {
            return Refusal(
                .blind, numbers: [Int64(clamping: blind.why.count), Int64(clamping: blind.why.of)],
                text: blind.why.kind.rawValue)
        }
        return frozen
    }

    /// That the guard holds every removal back, with how many of those that it counts are silent;
    /// nil while it does not.
    package var frozen: Refusal? {
        guard let freeze else { return nil }
        let counted = nodes.count { node, known in
            freeze.silent.contains(node) || isCounted(node, known, at: at)
        }
        let lease = policy?.lease ?? Policy().lease
        return Refusal(
            .frozen, nodes: freeze.silent,
            numbers: [Int64(freeze.silent.count), Int64(counted), lease.milliseconds])
    }

    /// Whether the silence of a node says something of the manager: it is a member that ever spoke,
    /// and nobody said that it would be silent.
    func isCounted(_ node: NodeID, _ known: NodeState, at moment: Timestamp) -> Bool {
        isMember(node) && known.liveness != .unknown && !known.stopAnnounced
            && !isHeld(node, at: moment)
    }
}
