package import MusterCore

/// What automation decided under one policy, as far as a back-test compares it.
package struct PolicyOutcome: Hashable, Sendable {
    /// A silent node's removal.
    package struct Removal: Hashable, Sendable {
        package var node: NodeID
        package var store: StoreID
        /// When it began: the deadline had passed, and every proof was there.
        package var began: Timestamp
    }

    /// A learner's promotion.
    package struct Promotion: Hashable, Sendable {
        package var node: NodeID
        package var store: StoreID
        package var group: GroupID
        package var began: Timestamp
    }

    /// A time during which the blindness guard held every removal back.
    package struct Freeze: Hashable, Sendable {
        package var began: Timestamp
        /// Nil while it lasts.
        package var ended: Timestamp?
        package var silent: [NodeID]
    }

    /// How near a group came to losing its majority, as the proofs count it.
    package struct Spare: Hashable, Sendable {
        package var group: GroupID
        /// How many more healthy voters could have failed; negative: it was lost.
        package var spare: Int
        package var at: Timestamp
    }

    package var removals: [Removal] = []
    package var promotions: [Promotion] = []
    package var freezes: [Freeze] = []
    /// The lowest of each group, first time.
    package var spares = SortedMap<GroupID, Spare>()
    package var decisionCount: UInt64 = 0

    package init() {}

    /// Takes a decision in.
    package mutating func note(_ decision: Decision) {
        decisionCount += 1
        for event in decision.events {
            switch event {
            case .sagaStarted(let saga, _) where Self.isAutomatic(saga):
                removals.append(Removal(node: saga.node, store: saga.store, began: decision.at))
            case .commandIssued(let command, _) where command.action == .promoteMember:
                note(command, at: decision.at)
            case .frozen(let silent):
                if let last = freezes.indices.last, freezes[last].ended == nil {
                    freezes[last].silent = Array(Set(freezes[last].silent + silent)).sorted()
                } else {
                    freezes.append(Freeze(began: decision.at, ended: nil, silent: silent))
                }
            case .thawed:
                if let last = freezes.indices.last { freezes[last].ended = decision.at }
            default: break
            }
        }
    }

    /// Whether nobody asked for it, nor has cancelled it.
    static func isAutomatic(_ saga: Saga) -> Bool {
        saga.reason == .silence && !saga.isCancelled
            && (saga.kind == .remove || saga.kind == .replace)
    }

    private mutating func note(_ command: Command, at moment: Timestamp) {
        guard let group = command.group else { return }
        let isKnown = promotions.contains {
            $0.node == command.node && $0.store == command.store && $0.group == group
        }
        if isKnown { return }
        promotions.append(
            Promotion(node: command.node, store: command.store, group: group, began: moment))
    }

    mutating func note(_ spare: Int, of group: GroupID, at moment: Timestamp) {
        if let known = spares[group], known.spare <= spare { return }
        spares[group] = Spare(group: group, spare: spare, at: moment)
    }
}
