package import MusterCore

/// Reads several partitions as one, in the order of append times.
///
/// Each partition's own order is kept, also where a broker's clock went back; of two records of the
/// same time the one of the lower partition comes first, and inputs come before the journal. One
/// reader serves all partitions: one that is far ahead of the others rests meanwhile, so what is
/// held is bounded. Used by one task at a time; close it when done.
package final class TimelineReader {
    /// Some consecutive records of one partition that no other partition's records lie between.
    package struct Run {
        package let batch: RecordBatch
        package let indices: Range<Int>
        package var partition: TopicPartition { batch.partition }
    }

    private let log: any EventLog
    private let reader: any LogReader
    private var tracks: [Track] = []

    /// How many batches of one partition are held before it rests.
    private static let batchesMax = 16

    /// One partition, and what of it was read and not handed out.
    private struct Track {
        let partition: TopicPartition
        let end: Offset
        /// Where reading goes on.
        var position: Offset
        var batches: [RecordBatch] = []
        /// Of the first batch, the first record that was not handed out.
        var index = 0
        var isRead = false

        var isOver: Bool { position >= end }

        /// The time of the first record; nil when none is held.
        var time: Timestamp? { batches.first.map { $0[index].appended } }
    }

    /// - Parameter spans: what is read of each partition; empty ranges are nothing.
    package init(
        _ log: any EventLog, _ spans: [(partition: TopicPartition, range: Range<Offset>)]
    ) async throws(LogError) {
        self.log = log
        reader = try await log.makeReader()
        for span in spans.sorted(by: { Self.isBefore($0.partition, $1.partition) })
        where !span.range.isEmpty {
            tracks.append(
                Track(
                    partition: span.partition, end: span.range.upperBound,
                    position: span.range.lowerBound))
        }
    }

    /// Inputs come before the journal, as decisions come after what they answer.
    private static func isBefore(_ left: TopicPartition, _ right: TopicPartition) -> Bool {
        let (isLeft, isRight) = (left.topic == .journal, right.topic == .journal)
        return isLeft == isRight ? left < right : isRight
    }

    /// The next records; nil when everything was handed out.
    package func next() async throws(LogError) -> Run? {
        while let missing = tracks.firstIndex(where: { $0.batches.isEmpty && !$0.isOver }) {
            try await fill(missing)
        }
        var first: (index: Int, time: Timestamp)?
        var limit: (index: Int, time: Timestamp)?
        for (index, track) in tracks.enumerated() {
            guard let time = track.time else { continue }
            if first.map({ time < $0.time }) ?? true {
                limit = first
                first = (index, time)
            } else if limit.map({ time < $0.time }) ?? true {
                limit = (index, time)
            }
        }
        guard let first else { return nil }
        return take(first.index, upTo: limit)
    }

    package func close() async { await reader.close() }

    /// Hands out the records of a track that come before the first of the others.
    private func take(_ index: Int, upTo limit: (index: Int, time: Timestamp)?) -> Run {
        let batch = tracks[index].batches[0]
        let start = tracks[index].index
        var end = batch.count
        if let limit {
            end = start + 1
            while end < batch.count {
                let time = batch[end].appended
                guard time < limit.time || time == limit.time && index < limit.index else { break }
                end += 1
            }
        }
        if end == batch.count {
            tracks[index].batches.removeFirst()
            tracks[index].index = 0
        } else {
            tracks[index].index = end
        }
        return Run(batch: batch, indices: start..<end)
    }

    /// Reads until the track holds something, or is over.
    private func fill(_ index: Int) async throws(LogError) {
        for place in tracks.indices where !tracks[place].isRead && !tracks[place].isOver {
            guard place == index || tracks[place].batches.count < Self.batchesMax / 2 else {
                continue
            }
            reader.assign(tracks[place].partition, from: tracks[place].position)
            tracks[place].isRead = true
        }
        while tracks[index].batches.isEmpty, !tracks[index].isOver {
            let batches = try await reader.next(max: 4096, waitingUpTo: .seconds(5))
            for batch in batches { put(batch) }
            if batches.isEmpty { try await skipGap(index) }
        }
    }

    private func put(_ batch: RecordBatch) {
        guard let place = tracks.firstIndex(where: { $0.partition == batch.partition }) else {
            return
        }
        let track = tracks[place]
        if track.isOver || batch.next <= track.position { return }
        let inside = batch.indices.count { batch[$0].offset < track.end }
        if inside == batch.count, inside > 0 {
            tracks[place].batches.append(batch)
        } else if inside > 0 {
            tracks[place].batches.append(batch.split(at: inside).0)
        }
        tracks[place].position = batch.next
        if tracks[place].isOver || tracks[place].batches.count >= Self.batchesMax {
            reader.unassign(track.partition)
            tracks[place].isRead = false
        }
    }

    /// Nothing comes although there should be something: it was cut away meanwhile.
    private func skipGap(_ index: Int) async throws(LogError) {
        let kept = try await log.range(of: tracks[index].partition)
        if kept.isEmpty || kept.upperBound <= tracks[index].position {
            tracks[index].position = tracks[index].end
            reader.unassign(tracks[index].partition)
            tracks[index].isRead = false
        } else if kept.lowerBound > tracks[index].position {
            tracks[index].position = kept.lowerBound
            reader.assign(tracks[index].partition, from: kept.lowerBound)
        }
    }
}
