package import MusterCore

/// Where a reader stands in each of its partitions.
package struct ReaderPositions: Sendable {
    package var isClosed = false
    /// Sorted by partition.
    private var positions: [Position] = []
    private var turn = 0

    package init() {}

    package mutating func assign(_ partition: TopicPartition, from offset: Offset) {
        unassign(partition)
        let place = positions.firstIndex { partition < $0.partition } ?? positions.count
        positions.insert(Position(partition, offset), at: place)
    }

    package mutating func unassign(_ partition: TopicPartition) {
        positions.removeAll { $0.partition == partition }
    }

    /// Moves on, unless the partition was taken away meanwhile.
    package mutating func advance(_ partition: TopicPartition, to offset: Offset) {
        guard let place = positions.firstIndex(where: { $0.partition == partition }) else { return }
        positions[place].offset = offset
    }

    /// Every position, beginning with another one each time, so that a full partition starves none.
    package mutating func inTurn() -> [Position] {
        if positions.isEmpty { return [] }
        turn = (turn + 1) % positions.count
        return Array(positions[turn...] + positions[..<turn])
    }
}
