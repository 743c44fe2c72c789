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
        repeat {
            last = Offset(UInt64(statement.integer(0)))
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
            let (offset, time) = (statement.integer(0), statement.integer(1))
            statement.reset()
            if time >= moment.milliseconds {
                found = Offset(UInt64(offset))
                high = middle
            } else {
                low = offset + 1
            }
        }
        return found
    }

    private static func size(_ row: Statement) -> Int {
        (row.bytes(2)?.count ?? 0) + (row.bytes(3)?.count ?? 0) + (row.bytes(4)?.count ?? 0)
    }
}
