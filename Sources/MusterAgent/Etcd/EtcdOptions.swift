package import MusterCore

/// How the agent of an etcd member reaches it and its neighbours.
package struct EtcdOptions: Sendable {
    /// The client URL of this node's own server.
    package var endpoint: String
    /// The URL by which the other members reach it; also the node's address in Muster.
    package var peer: String
    /// Client URLs of other members, for a node that is none yet.
    package var others: [String] = []
    /// Where the server's metrics are; nil: at its client URL.
    package var metrics: String?
    /// The name of etcd's one Raft group.
    package var group = GroupID(unchecked: "etcd")
    /// The keys in etcd that the agents write: which store each member is bound to.
    package var prefix = "muster/"
    package var credentials: EtcdCredentials?
    /// For `https` URLs.
    package var security: TLSContext?
    /// How long one call may take.
    package var limit: Duration = .seconds(2)
    /// How long a server may take until it answers after its start.
    package var startLimit: Duration = .seconds(45)

    package init(endpoint: String, peer: String) {
        self.endpoint = endpoint
        self.peer = peer
    }

    /// What etcd can do.
    static let capabilities = Capabilities(
        startsAfterAdd: true, seed: .raft, learnersMax: 1, demote: false, transfer: true,
        addNeedsAllVoters: true, configurationVersion: .readPoint)
}
