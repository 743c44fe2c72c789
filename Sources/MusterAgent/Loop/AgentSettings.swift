package import MusterCore

/// What an agent is told about its node, and how often it does what.
package struct AgentSettings: Sendable {
    package var cluster: ClusterID
    package var role: Role = .voter
    /// Where the node's server is reached, for people and executors; empty when it does not say.
    package var address: String = ""
    /// A label of the failure domain; empty when it does not say.
    package var zone: String = ""
    package var heartbeatInterval: Duration = .seconds(3)
    package var observationInterval: Duration = .seconds(2)
    /// How long commands under way are waited for at a stop.
    package var stopLimit: Duration = .seconds(10)
    /// How long a node that leaves waits to be taken out before it goes all the same.
    package var leaveLimit: Duration = .seconds(300)

    package init(cluster: ClusterID) { self.cluster = cluster }
}
