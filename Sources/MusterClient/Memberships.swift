/// The membership of a cluster now, and again whenever it becomes another.
///
/// Each iterator reads the log for itself. A program that falls behind gets the newest membership,
/// not each one that it missed.
public struct Memberships: AsyncSequence, Sendable {
    /// What it gives.
    public typealias Element = Membership
    private let cluster: Cluster

    init(_ cluster: Cluster) { self.cluster = cluster }

    /// An iterator that reads the log for itself.
    public func makeAsyncIterator() -> Iterator { Iterator(cluster) }

    /// Reads the journal from its end on.
    public struct Iterator: AsyncIteratorProtocol {
        private let cluster: Cluster
        private var follower: ClusterFollower?
        private var shown: Membership?

        init(_ cluster: Cluster) { self.cluster = cluster }

        /// Waits for the next membership; the first comes at once.
        ///
        /// - Returns: nil when the task was cancelled.
        /// - Throws: `ClientError`; the sequence is over then.
        public mutating func next() async throws -> Membership? {
            do {
                return try await ClientError.translating { try await find() }
            } catch is CancellationError {
                follower = nil
                return nil
            }
        }

        private mutating func find() async throws -> Membership {
            let follower: ClusterFollower
            if let begun = self.follower {
                follower = begun
            } else {
                follower = try await ClusterFollower(cluster.id, cluster.log, cluster.readers)
                self.follower = follower
            }
            while true {
                let membership = Membership(follower.state, cluster.id)
                if shown.map({ !$0.isLike(membership) }) ?? true {
                    shown = membership
                    return membership
                }
                _ = try await follower.next(waitingUpTo: .seconds(10))
            }
        }
    }
}
