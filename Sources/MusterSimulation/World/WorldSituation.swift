internal import MusterCore

/// What is going on in a world when a fault comes.
package enum WorldSituation: String, CaseIterable, Sendable {
    /// Nothing is being done.
    case quiet
    case joining, copying, catchingUp, promoting, removing, replacing, transferring
    /// A command has no outcome, and somebody looks.
    case inDoubt
    /// A node is silent, and its removal is due some day.
    case removalDue
    /// No manager has the cluster's partition.
    case takingOver
}

extension World {
    /// What is going on now.
    var situations: [WorldSituation] {
        var found: Set<WorldSituation> = []
        for saga in reference.state.sagas.values {
            switch saga.kind {
            case .join: found.insert(.joining)
            case .remove, .leave, .demote: found.insert(.removing)
            case .replace: found.insert(.replacing)
            case .promote: found.insert(.promoting)
            case .transfer: found.insert(.transferring)
            }
            for step in saga.steps.values {
                if case .inDoubt = step.phase { found.insert(.inDoubt) }
                switch step.name {
                case .seed: found.insert(.copying)
                case .catchUp: found.insert(.catchingUp)
                case .promote: found.insert(.promoting)
                case .transfer: found.insert(.transferring)
                default: continue
                }
            }
        }
        if reference.state.nodes.values.contains(where: { $0.removal != nil }) {
            found.insert(.removalDue)
        }
        let owners = managers.filter { $0.loop != nil && $0.share.contains(reference.home) }
        if owners.isEmpty { found.insert(.takingOver) }
        if found.isEmpty { found.insert(.quiet) }
        return WorldSituation.allCases.filter(found.contains)
    }
}
