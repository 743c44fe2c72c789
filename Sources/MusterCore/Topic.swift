/// The eight topics. A topic's name on the log is the installation's prefix, a dot and this name.
package enum Topic: UInt8, CaseIterable, Hashable, Comparable, Sendable {
    case events
    case heartbeats
    case requests
    case journal
    case commands
    case members
    case snapshots
    case quarantine

    /// The name without the prefix.
    package var name: String {
        switch self {
        case .events: "events"
        case .heartbeats: "heartbeats"
        case .requests: "requests"
        case .journal: "journal"
        case .commands: "commands"
        case .members: "members"
        case .snapshots: "snapshots"
        case .quarantine: "quarantine"
        }
    }

    /// The topic with that name, without the prefix; nil when there is none.
    package init?(name: String) {
        guard let topic = Topic.allCases.first(where: { NameOrder.areEqual($0.name, name) }) else {
            return nil
        }
        self = topic
    }

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// One partition of one topic.
package struct TopicPartition: Hashable, Comparable, Sendable {
    package var topic: Topic
    package var partition: Int32

    package init(_ topic: Topic, _ partition: Int32) {
        self.topic = topic
        self.partition = partition
    }

    package static func < (left: Self, right: Self) -> Bool {
        left.topic == right.topic ? left.partition < right.partition : left.topic < right.topic
    }
}

/// Where a record lies: its partition and its offset there.
package struct Position: Hashable, Comparable, Sendable {
    package var partition: TopicPartition
    package var offset: Offset

    package init(_ partition: TopicPartition, _ offset: Offset) {
        self.partition = partition
        self.offset = offset
    }

    package static func < (left: Self, right: Self) -> Bool {
        left.partition == right.partition
            ? left.offset < right.offset : left.partition < right.partition
    }
}
