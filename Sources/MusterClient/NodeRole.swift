internal import MusterCore

/// What a node is meant to be in its groups.
public enum NodeRole: String, CaseIterable, Hashable, Sendable {
    /// Joins as a learner and is promoted when it has caught up.
    case voter
    /// A learner; promoted by request or by a replacement only.
    case replica
    /// A learner for good.
    case readonly

    init(_ role: Role) {
        switch role {
        case .voter: self = .voter
        case .replica: self = .replica
        case .readonly: self = .readonly
        }
    }

    var core: Role {
        switch self {
        case .voter: .voter
        case .replica: .replica
        case .readonly: .readonly
        }
    }
}
