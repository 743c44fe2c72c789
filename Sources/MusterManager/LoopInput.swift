package import MusterCore
package import MusterLog

/// What happens to a manager, from outside the loop.
package enum LoopInput: Sendable {
    /// Records of one partition were read, in order.
    case records(RecordBatch)
    /// A decision that the loop asked to append is acknowledged.
    case appended(token: UInt64, Appended)
    /// Its append failed; it may land all the same, or later.
    case appendFailed(token: UInt64, LogError)
    /// A record that the loop asked to publish is in the log.
    case published(token: UInt64)
    /// It is not, or nobody knows.
    case publishFailed(token: UInt64, LogError)
    /// The end of a journal partition, asked of the log after the loop had asked for it.
    case journalEnd(ask: UInt64, Offset)
    /// The partitions that this manager is to work on: the whole set.
    case assigned(Set<Int32>)
    /// Where the inputs of a partition lie, as `begin` asked.
    case began(Beginning)
    /// Retention has cut inputs before they were read, or the partition ends below the position.
    case outOfRange(Position, kept: Range<Offset>)
    /// Appends in flight have an unknown fate.
    case producerReplaced
    /// Nothing but time has passed.
    case time
    /// Finish what is in flight, write a checkpoint, and end.
    case stop
}

/// Where a manager begins to read the inputs of a partition.
package struct Beginning: Sendable {
    /// The `begin` that this answers.
    package var ask: UInt64
    package var partition: Int32
    /// Per input partition what is kept.
    package var kept: [(partition: TopicPartition, range: Range<Offset>)]
    /// Where to begin to hear heartbeats, by input partition.
    package var heartbeats: SortedMap<TopicPartition, Offset>
    /// The end of the journal partition.
    package var journalEnd: Offset

    package init(
        ask: UInt64, partition: Int32,
        kept: [(partition: TopicPartition, range: Range<Offset>)],
        heartbeats: SortedMap<TopicPartition, Offset>, journalEnd: Offset
    ) {
        self.ask = ask
        self.partition = partition
        self.kept = kept
        self.heartbeats = heartbeats
        self.journalEnd = journalEnd
    }
}

/// What a manager has to do, in order.
package enum LoopEffect: Sendable {
    /// Append a decision, once; say what became of it.
    case append(token: UInt64, NewRecord)
    /// Append a record of another topic, once; say what became of it.
    case publish(token: UInt64, NewRecord)
    /// Ask the log, not a cache, for the end of a journal partition.
    case askJournalEnd(ask: UInt64, partition: Int32)
    /// Find out where the partition's inputs lie. Heartbeats are wanted from the earlier of `since`
    /// and `lookBack` before the newest one.
    case begin(ask: UInt64, partition: Int32, since: Timestamp?, lookBack: Duration)
    /// Read a partition from there on, also when it is read already: no record that was read for an
    /// earlier `read` of the partition may come after this.
    case read(TopicPartition, from: Offset)
    case stopReading(TopicPartition)
    /// Read the record again: with another hash the log has lost its tail, and the fold begins
    /// anew.
    case check(Position, Hash)
    case say(Remark)
    /// Drop everything and begin again from the log.
    case restart(reason: String)
    /// This cannot go on without a person.
    case halt(reason: String)
    /// Everything is written; the loop has ended.
    case ended
}

/// A line for the manager's log.
package struct Remark: Hashable, Sendable {
    /// How important a line is.
    package enum Level: Hashable, Sendable { case debug, info, notice, warning, error }

    package var level: Level
    package var text: String
    package var cluster: ClusterID?

    package init(_ level: Level, _ text: String, cluster: ClusterID? = nil) {
        self.level = level
        self.text = text
        self.cluster = cluster
    }
}
