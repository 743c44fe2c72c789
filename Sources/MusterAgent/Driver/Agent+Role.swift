internal import MusterCore

extension Agent {
    /// What a node is meant to be in its groups.
    public enum Role: String, CaseIterable, Hashable, Sendable {
        /// Joins as a learner and is promoted when it has caught up.
        case voter
        /// A learner; promoted by request or by a replacement only.
        case replica
        /// A learner for good.
        case readonly

        var core: MusterCore.Role {
            switch self {
            case .voter: .voter
            case .replica: .replica
            case .readonly: .readonly
            }
        }
    }
}
