/// A node for which a lease is held, and what is said of it.
public struct Node: Hashable, Sendable {
    /// The node's name.
    public var name: String
    /// Its data directory. Files `muster-…` in it say which disk this is and count the starts, so
    /// that a lost disk is seen as a new node.
    public var data: String
    /// What it is meant to be in its groups.
    public var role: NodeRole
    /// Where the node is reached, for people and for other nodes; empty when it does not say.
    public var address: String
    /// Its failure domain; empty when it does not say.
    public var zone: String
    /// How often to beat; the cluster's policy says how long a beat counts (10 s if it does not).
    public var heartbeatInterval: Duration = .seconds(3)
    /// How often what the groups look like is said again.
    public var reportInterval: Duration = .seconds(2)
    /// Whether the node asks to be taken out of the cluster when its lease ends, and waits for it.
    public var leavesAtEnd = false

    /// A node that beats every 3 s and is not taken out at the end.
    ///
    /// - Parameter data: the data directory; it is made where there is none.
    public init(
        _ name: String, data: String, role: NodeRole = .voter, address: String = "",
        zone: String = ""
    ) {
        self.name = name
        self.data = data
        self.role = role
        self.address = address
        self.zone = zone
    }
}
