package import MusterCore
package import MusterLog
internal import MusterWire

/// Inputs that are gone from the log although nobody can say that they were considered.
///
/// Only a person can answer that: by restoring the topic, or by giving them up, which the journal
/// then says of every cluster concerned. Commands whose outcome was among them are in doubt once
/// their time is over, and are looked for; requests among them are as if they had never been asked.
package struct LostInputs: Hashable, Sendable {
    package let place: TopicPartition
    /// The first one that is gone; where the topic was made anew, how far the old one was read.
    package let from: Offset
    /// What the topic has now.
    package let kept: Range<Offset>

    /// - Parameters:
    ///   - passed: how far inputs of the partition were decided, by the clusters' states.
    ///   - resume: how far they were considered, by the checkpoint.
    /// - Returns: nil when nothing is lost.
    package init?(
        _ place: TopicPartition, _ kept: Range<Offset>, passed: Offset?, resume: Offset?
    ) {
        let furthest = max(passed ?? .zero, resume ?? .zero)
        if furthest > kept.upperBound {
            from = furthest
        } else if let resume, resume < kept.lowerBound {
            from = resume
        } else {
            return nil
        }
        self.place = place
        self.kept = kept
    }

    /// What the log of a projection lost, partition by partition.
    package static func all(
        in projection: Projection, _ kept: SortedMap<TopicPartition, Range<Offset>>
    ) -> [LostInputs] {
        guard let count = projection.reader.header?.partitions, count > 0 else { return [] }
        return kept.compactMap { place, range in
            guard place.topic == .events || place.topic == .requests else { return nil }
            let share = place.partition % Int32(clamping: count)
            let checkpoint = projection.checkpoints.first { $0.partition == share }
            return LostInputs(
                place, range,
                passed: projection.clusters.compactMap { $0.next[place] }.max(),
                resume: checkpoint?.positions[place])
        }
    }

    /// Where reading goes on.
    package var next: Offset { kept.lowerBound }

    /// Whether the topic's numbers began again.
    package var isMadeAnew: Bool { from > kept.upperBound }

    /// Whether a cluster may have been told something that is among them.
    ///
    /// - Parameter share: the journal partition that the inputs belong to.
    package func concern(_ cluster: JournalReader.Cluster, share: Int32) -> Bool {
        let next = cluster.state.next[place]
        if isMadeAnew { return next.map { $0 > self.next } ?? false || cluster.partition == share }
        return next.map { $0 < self.next } ?? (cluster.partition == share)
    }

    /// What names them to the command that gives them up: where, and where reading goes on.
    package var name: String { "\(place.topic.name)/\(place.partition):\(next)" }

    /// What happened.
    package var sentence: String {
        let topic = "\(place.topic.name) \(place.partition)"
        return isMadeAnew
            ? "\(topic) ends at \(kept.upperBound), but inputs up to \(from) were considered: the topic "
                + "was made anew or lost records"
            : "\(topic) begins at \(kept.lowerBound): inputs from \(from) on were deleted before any "
                + "manager considered them"
    }
}
