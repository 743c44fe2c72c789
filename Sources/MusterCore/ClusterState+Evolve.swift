extension ClusterState {
    /// Folds an accepted decision: the only way state changes.
    ///
    /// - Parameter hash: the hash of the decision's bytes as they lie in the journal.
    package mutating func evolve(_ decision: Decision, hash: Hash) {
        head = Head(sequence: head.sequence.next, hash: hash)
        at = decision.at
    }
}
