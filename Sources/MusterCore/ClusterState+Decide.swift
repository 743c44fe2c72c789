extension ClusterState {
    /// What follows from an input, given the state and the evidence that was extracted for it.
    ///
    /// Changes nothing. Every input is safe to repeat; an empty answer means that there is nothing to
    /// do. The same arguments give the same answer in every process.
    ///
    /// - Parameters:
    ///   - evidence: what `extract(for:from:)` gave for this input.
    ///   - at: the moment of the log, not before the state's `at`.
    package func decide(_ input: Input, evidence: Evidence, at: Timestamp) -> [Event] {
        []
    }

    /// The part of the soft state that `decide` may look at for an input; nil when it looks at none.
    package func extract(for input: Input, from evidence: Evidence) -> Evidence? {
        nil
    }

    /// What to look at, in this order, after something was decided or heard: the manager wakes each of
    /// them until none answers any more.
    ///
    /// - Parameter group: the only group that something was heard of; nil: look at everything.
    package func subjects(heardOf group: GroupID?) -> [Subject] {
        []
    }

    /// The next moment at which a wake-up may have something to say; nil when only an input can.
    package func nextDeadline(evidence: Evidence) -> Timestamp? {
        nil
    }

    /// Whose decision it is and what it belongs to: the principal and the correlation of an input.
    package func origin(of input: Input) -> (principal: Principal?, correlation: String) {
        (nil, input.correlation)
    }
}
