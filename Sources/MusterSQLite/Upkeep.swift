import MusterCore
import MusterLog

/// Retention and compaction, in small transactions between appends. Offsets are kept.
///
/// Compaction deletes a record when its key comes again behind it, and a tombstone one day after it
/// was written, when everybody has read it. Every process that writes does this; what one has done
/// the next finds done.
struct Upkeep {
    private(set) var due: ContinuousClock.Instant
    private let interval: Duration
    private var rest: [(TopicPartition, TopicSettings.Cleanup)] = []

    /// How many records one transaction looks at.
    private static let recordsMax = 500

    init(interval: Duration) {
        self.interval = interval
        due = ContinuousClock.now + interval
    }

    /// One transaction's worth; true when something was deleted. An error ends the round: what is
    /// wrong with the file is said by the appends.
    mutating func step(_ table: LogTable, now: Timestamp) -> Bool {
        do throws(DatabaseError) {
            if rest.isEmpty { rest = try Upkeep.work(table) }
            guard let (partition, cleanup) = rest.last else {
                due = ContinuousClock.now + interval
                return false
            }
            let (changed, isDone) = try Upkeep.keep(partition, cleanup, table, now: now)
            if isDone { rest.removeLast() }
            if rest.isEmpty { due = ContinuousClock.now + interval }
            return changed
        } catch {
            rest = []
            due = ContinuousClock.now + interval
            return false
        }
    }

    /// A whole round.
    static func run(_ table: LogTable, now: Timestamp) throws(DatabaseError) {
        for (partition, cleanup) in try work(table) {
            while try !keep(partition, cleanup, table, now: now).isDone {}
        }
    }

    private static func work(_ table: LogTable) throws(DatabaseError)
        -> [(TopicPartition, TopicSettings.Cleanup)]
    {
        try table.topics().flatMap { settings in
            settings.cleanup == .delete(retention: nil)
                ? []
                : (0..<settings.partitions).map {
                    (TopicPartition(settings.topic, $0), settings.cleanup)
                }
        }
    }

    private static func keep(
        _ partition: TopicPartition, _ cleanup: TopicSettings.Cleanup, _ table: LogTable,
        now: Timestamp
    ) throws(DatabaseError) -> (changed: Bool, isDone: Bool) {
        switch cleanup {
        case .delete(nil): (false, true)
        case .delete(let retention?):
            try table.expire(partition, before: now - retention, max: recordsMax)
        case .compact:
            try table.compact(
                partition, tombstonesBefore: now - .seconds(24 * 60 * 60), max: recordsMax)
        }
    }
}

extension LogTable {
    fileprivate func expire(_ partition: TopicPartition, before moment: Timestamp, max: Int)
        throws(DatabaseError) -> (changed: Bool, isDone: Bool)
    {
        guard try lastExpired(partition, moment, max) != nil else { return (false, true) }
        return try write { () throws(DatabaseError) in
            guard let last = try lastExpired(partition, moment, max) else { return (false, true) }
            let head = try head(of: partition)
            try saveCut(of: partition, with: head) { $0.first = last + 1 }
            let delete = try statement(.delete, partition)
            delete.bind(2, last)
            try delete.run()
            return (true, false)
        }
    }

    private func lastExpired(_ partition: TopicPartition, _ moment: Timestamp, _ max: Int)
        throws(DatabaseError) -> Int64?
    {
        let expired = try statement(.expired, partition)
        expired.bind(2, moment.milliseconds)
        expired.bind(3, Int64(max))
        guard try expired.step() else { return nil }
        defer { expired.reset() }
        return expired.isNull(0) ? nil : expired.integer(0)
    }

    fileprivate func compact(
        _ partition: TopicPartition, tombstonesBefore moment: Timestamp, max: Int
    ) throws(DatabaseError) -> (changed: Bool, isDone: Bool) {
        let next = try head(of: partition).next
        if try cut(of: partition).compacted >= next { return (false, true) }
        return try write { () throws(DatabaseError) in
            let head = try head(of: partition)
            let from = try cut(of: partition).compacted
            let fresh = try freshKeys(partition, from: from, max: max)
            for (offset, key) in fresh {
                let superseded = try statement(.superseded, partition)
                superseded.bind(3, offset)
                try superseded.run(binding: (2, key))
            }
            let isDone = fresh.count < max
            if isDone {
                let tombstones = try statement(.tombstones, partition)
                tombstones.bind(2, moment.milliseconds)
                try tombstones.run()
            }
            try saveCut(of: partition, with: head) { cut in
                cut.compacted = isDone ? head.next : (fresh.last?.offset ?? from) + 1
            }
            return (true, isDone)
        }
    }

    private func freshKeys(_ partition: TopicPartition, from offset: Int64, max: Int)
        throws(DatabaseError) -> [(offset: Int64, key: [UInt8])]
    {
        let fresh = try statement(.fresh, partition)
        fresh.bind(2, offset)
        fresh.bind(3, Int64(max))
        var keys: [(offset: Int64, key: [UInt8])] = []
        while try fresh.step() {
            keys.append((fresh.integer(0), fresh.bytes(1).map { [UInt8]($0) } ?? []))
        }
        return keys
    }

    /// Writes down what the next record may not be below, as it was before records were deleted.
    private func saveCut(
        of partition: TopicPartition, with head: Head, _ change: (inout Cut) -> Void
    ) throws(DatabaseError) {
        var cut = try cut(of: partition)
        cut.next = head.next
        cut.newest = head.newest?.milliseconds ?? .min
        change(&cut)
        try save(cut, of: partition)
    }
}
