import MusterCore

extension Evidence {
    /// The moment at which it is looked whether nodes are healthy: that of the newest sign of life.
    ///
    /// A reader is always a little later than what it reads; where leases are short, nobody would
    /// be healthy to a slow one. When nobody at all was heard for three leases it is `now`.
    func moment(_ now: Timestamp, of state: ClusterState) -> Timestamp {
        let lease = state.policy?.lease ?? Policy().lease
        guard let newest = newest?.appended, now - newest <= lease * Policy.downLeases else {
            return now
        }
        return min(
            now, max(newest, groups.values.compactMap { $0.view?.heard.appended }.max() ?? newest))
    }
}
