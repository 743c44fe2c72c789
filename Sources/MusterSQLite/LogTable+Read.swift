import MusterCore
import MusterLog

extension LogTable {
    /// The records at and behind a position, at most `max` and about `bytes`, at least one; nil
    /// when there are none.
    func read(_ position: Position, max: Int, bytes: Int) throws(DatabaseError) -> RecordBatch? {
        let statement = try statement(.read, position.partition)
        statement.bind(2, Int64(clamping: position.offset.value))
        statement.bind(3, Int64(max))
        guard try statement.step() else { return nil }
        defer { statement.reset() }
        var size = LogTable.size(statement)
        var arena = RecordArena(bytes: Swift.max(bytes, size), records: min(max, bytes / 256))
        var last = position.offset
        var least = Int64(clamping: position.offset.value)
        repeat {
            last = try offset(statement, from: least)
            least = Int64(clamping: last.next.value)
            arena.add(
                offset: last, appended: Timestamp(milliseconds: statement.integer(1)),
                key: statement.bytes(2), headers: statement.bytes(3), value: statement.bytes(4))
            guard try statement.step() else { break }
            size = LogTable.size(statement)
        } while arena.hasRoom(for: size)
        return arena.finish(partition: position.partition, next: last.next)
    }

    func readOne(_ position: Position) throws(DatabaseError) -> LogRecord? {
        let statement = try statement(.one, position.partition)
        statement.bind(2, Int64(clamping: position.offset.value))
        guard try statement.step() else { return nil }
        defer { statement.reset() }
        return LogRecord(
            position: position, appended: Timestamp(milliseconds: statement.integer(0)),
            key: statement.bytes(1).map { [UInt8]($0) },
            headers: statement.bytes(2).map { HeaderCoding.decode($0) } ?? [],
            value: statement.bytes(3).map { [UInt8]($0) })
    }

    /// By halving: append times do not decrease within a partition.
    func offset(of partition: TopicPartition, since moment: Timestamp)
        throws(DatabaseError) -> Offset?
    {
        let range = try range(of: partition)
        var (low, high) = (Int64(range.lowerBound.value), Int64(range.upperBound.value))
        var found: Offset?
        while low < high {
            let middle = low + (high - low) / 2
            let statement = try statement(.at, partition)
            statement.bind(2, middle)
            guard try statement.step() else {
                high = middle
                continue
            }
            defer { statement.reset() }
            let offset = try offset(statement, from: middle)
            if statement.integer(1) >= moment.milliseconds {
                found = offset
                high = middle
            } else {
                low = Int64(clamping: offset.next.value)
            }
        }
        return found
    }

    /// The offset of a row that was searched for. SQLite finds whatever lies where a row should be,
    /// so in a damaged file that may be any other.
    private func offset(_ row: Statement, from least: Int64) throws(DatabaseError) -> Offset {
        let number = row.integer(0)
        guard number >= max(least, 0), number < .max else {
            throw .contradiction("records lie out of order: \(number) where \(least) should be")
        }
        return Offset(UInt64(number))
    }

    /// Fails where a record must lie at or behind a position and none is found: before the end of a
    /// partition that is not compacted, and before the last record of any.
    func checkFound(_ position: Position) throws(DatabaseError) {
        let place = position.partition
        let last = try statement(.last, place)
        let isThere = try last.step()
        defer { last.reset() }
        let isBefore = isThere && last.integer(0) >= Int64(clamping: position.offset.value)
        let isCompacted = place.topic == .members || place.topic == .snapshots
        if isCompacted && !isBefore { return }
        throw .contradiction(
            "\(place.topic.name) \(place.partition) goes on behind offset \(position.offset), and "
                + "no record is found there")
    }

    private static func size(_ row: Statement) -> Int {
        (row.bytes(2)?.count ?? 0) + (row.bytes(3)?.count ?? 0) + (row.bytes(4)?.count ?? 0)
    }
}
