package import MusterCore

/// How a topic is kept.
package struct TopicSettings: Hashable, Sendable {
    package var topic: Topic
    /// How many partitions it has, at least 1.
    package var partitions: Int32
    package var cleanup: Cleanup
    /// How many brokers shall keep each record, where the topic is created; nil leaves it to them.
    /// Not described: `inspectTopics` says it.
    package var replication: Int32?

    /// What the log drops by itself. Offsets are kept whatever is dropped.
    package enum Cleanup: Hashable, Sendable {
        /// Records whose append time is older; nil keeps them for ever.
        case delete(retention: Duration?)
        /// Records whose key occurs again later, and tombstones some time after they were written.
        case compact
    }

    package init(
        _ topic: Topic, partitions: Int32, cleanup: Cleanup, replication: Int32? = nil
    ) {
        self.topic = topic
        self.partitions = partitions
        self.cleanup = cleanup
        self.replication = replication
    }

    /// The eight topics as Muster wants them, in the order of `Topic`: the journal for ever, inputs
    /// and quarantine 90 days, commands 7 days, heartbeats an hour, views and snapshots compacted.
    package static func standard(
        partitions: Int32, replication: Int32? = nil
    ) -> [TopicSettings] {
        Topic.allCases.map { topic in
            TopicSettings(
                topic, partitions: partitions, cleanup: standardCleanup(of: topic),
                replication: replication)
        }
    }

    private static func standardCleanup(of topic: Topic) -> Cleanup {
        let day = Duration.seconds(24 * 60 * 60)
        switch topic {
        case .events, .requests, .quarantine: return .delete(retention: day * 90)
        case .heartbeats: return .delete(retention: .seconds(60 * 60))
        case .journal: return .delete(retention: nil)
        case .commands: return .delete(retention: day * 7)
        case .members, .snapshots: return .compact
        }
    }
}

extension TopicSettings.Cleanup: CustomStringConvertible {
    package var description: String {
        switch self {
        case .delete(nil): "kept for ever"
        case .delete(let retention?): "deleted after \(retention.components.seconds) s"
        case .compact: "compacted"
        }
    }
}
