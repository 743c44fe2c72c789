extension Policy {
    /// What makes a policy contradictory or unsafe; nil when it can be kept.
    ///
    /// A removal delay under `removalDelayMin` is the manager's to refuse: it has a flag of its own
    /// for tests and demonstrations.
    package var invalidity: Refusal? {
        for (holds, text) in conditions where !holds {
            return Refusal(.invalidPolicy, text: text)
        }
        return nil
    }

    private var conditions: [(Bool, String)] {
        [
            (votersMin >= 1, "votersMin is 0; at least 1 voter is needed"),
            (votersMin <= votersMax, "votersMin \(votersMin) is over votersMax \(votersMax)"),
            (votersMax <= 99, "votersMax \(votersMax) is over 99"),
            (learnersMax >= 1, "learnersMax is 0; then nothing could join"),
            (attemptsMax >= 1, "attemptsMax is 0; a command needs at least one"),
            (concurrentSyncsMax >= 1, "concurrentSyncsMax is 0; then nothing could join"),
            (concurrentSyncsPerSourceMax >= 1, "concurrentSyncsPerSourceMax is 0"),
            (heartbeatInterval > .zero, "heartbeatInterval is not positive"),
            (
                lease >= heartbeatInterval * 2,
                "lease \(lease.milliseconds) ms is under two heartbeat intervals of "
                    + "\(heartbeatInterval.milliseconds) ms: one lost heartbeat would be a silence"
            ),
            (
                removalDelay >= lease * Policy.downLeases,
                "removalDelay \(removalDelay.milliseconds) ms is under three leases of "
                    + "\(lease.milliseconds) ms"
            ),
            (stabilization > .zero, "stabilization is not positive"),
            (observationInterval > .zero, "observationInterval is not positive"),
            (
                observationAgeMax >= observationInterval,
                "observationAgeMax is under observationInterval"
            ),
            (
                backoffMin > .zero && backoffMin <= backoffMax,
                "backoffMin is not within 0 and backoffMax"
            ),
            (trustDelay >= .zero, "trustDelay is negative"),
            (changeLimit > .zero && transferLimit > .zero, "a command limit is not positive"),
            (observeLimit > .zero && startLimit > .zero, "a command limit is not positive"),
            (copyLimit > .zero && catchUpTimeout > .zero, "a progress limit is not positive"),
            (stallRetry > .zero, "stallRetry is not positive"),
        ]
    }
}
