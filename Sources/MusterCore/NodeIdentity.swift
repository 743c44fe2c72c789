/// Who a node is at one moment: its name, the disk it runs on, and which start of the process.
package struct NodeIdentity: Hashable, Sendable {
    package var node: NodeID
    package var store: StoreID
    package var start: Start

    package init(node: NodeID, store: StoreID, start: Start) {
        self.node = node
        self.store = store
        self.start = start
    }
}

/// The identity of the cluster that a node's data belongs to, as the engine knows it.
package struct EngineIdentity: Hashable, Sendable {
    /// The engine's own cluster id, as text.
    package var cluster: String
    /// Counted up when the cluster was recovered from a backup.
    package var recoveryEpoch: UInt64

    package init(cluster: String, recoveryEpoch: UInt64) {
        self.cluster = cluster
        self.recoveryEpoch = recoveryEpoch
    }

    package static func == (left: Self, right: Self) -> Bool {
        NameOrder.areEqual(left.cluster, right.cluster)
            && left.recoveryEpoch == right.recoveryEpoch
    }
}
