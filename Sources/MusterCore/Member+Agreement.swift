extension Member {
    /// Whether two reports may speak of one member: an observer that could not tell the store does
    /// not contradict one that could.
    func agrees(with other: Member) -> Bool {
        node == other.node && role == other.role
            && (store == nil || other.store == nil || store == other.store)
    }
}

extension GroupState.Configuration {
    /// Whether a list of members, in node order, may be this configuration's.
    func agrees(with other: [Member]) -> Bool {
        members.count == other.count && zip(members, other).allSatisfy { $0.agrees(with: $1) }
    }
}
