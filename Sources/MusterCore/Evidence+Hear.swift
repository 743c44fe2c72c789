extension Evidence {
    /// Folds a heartbeat into what is known softly.
    ///
    /// - Parameter lease: how long a heartbeat counts; a longer silence of the whole cluster is a gap.
    package mutating func hear(_ heartbeat: Heartbeat, _ heard: Heard, lease: Duration) {}

    /// Folds an agent's report of its groups into what is known softly.
    package mutating func hear(_ report: GroupsReport, _ heard: Heard, lease: Duration) {}
}
