package import MusterCore

/// A record ready to be appended; which partition it goes to follows from its cluster.
package struct OutgoingRecord: Hashable, Sendable {
    package var topic: Topic
    /// The cluster whose partition it belongs in; nil where the record names a partition itself.
    package var cluster: ClusterID?
    /// nil is no key.
    package var key: [UInt8]?
    package var headers: [Header]
    /// nil is a tombstone.
    package var value: [UInt8]?

    package init(
        topic: Topic, cluster: ClusterID?, key: [UInt8]?, headers: [Header], value: [UInt8]?
    ) {
        self.topic = topic
        self.cluster = cluster
        self.key = key
        self.headers = headers
        self.value = value
    }

    /// The CloudEvents source of everything that managers write. It names no process: whichever
    /// manager publishes a decision's consequences, the event is the same, by source and id.
    package static let managerSource = "/muster/manager"
}
