/// What `decide` answers: a record from outside, or a look at the clock.
package struct Input: Hashable, Sendable {
    package var cluster: ClusterID
    package var source: Source
    package var content: Content
    /// What ties a chain of records together: the event's `correlationid`, else its id; empty for a
    /// wake-up, whose saga knows its own.
    package var correlation: String

    /// Where the input comes from.
    package enum Source: Hashable, Sendable {
        /// A record of an input topic, with its append time.
        case record(Position, appended: Timestamp)
        /// The manager itself: a wake-up.
        case manager
        /// A dry run: decided like a record, never appended.
        case dryRun
    }

    /// What there is to decide upon.
    package enum Content: Hashable, Sendable {
        case fact(Fact)
        case request(Request)
        case wake(Subject)
    }

    /// When it was said, in the log's time; nil for what no record says.
    var said: Timestamp? {
        if case .record(_, let appended) = source { return appended }
        return nil
    }

    package init(
        cluster: ClusterID, source: Source, content: Content, correlation: String = ""
    ) {
        self.cluster = cluster
        self.source = source
        self.content = content
        self.correlation = correlation
    }
}

/// What a wake-up is about. One subject is decided at a time, so that the evidence of its decision
/// is bounded; what a wake-up leaves undone, the next one does.
package enum Subject: Hashable, Sendable {
    /// Who is alive: suspicion, death, return, gaps, the blindness guard.
    case liveness
    /// The pending removal of a silent node.
    case removal(NodeID)
    /// What of a node's saga concerns no single group.
    case saga(NodeID)
    /// A node's saga in one group.
    case step(NodeID, GroupID)
    /// The manager's own sight: why it may be the blind one; nil: it sees.
    case sight(Blindness?)
}
