import MusterCore

/// Who works on which partition: ranges of equal size by the order of the members' names, so that
/// every member works out the same from the same list of members.
package enum PartitionShare {
    /// The partitions of `member`; none when it is not among the members.
    package static func share(
        of member: String, among members: [String], partitions: Int32
    ) -> Set<Int32> {
        let sorted = members.sorted { NameOrder.isLess($0, $1) }
        let place = sorted.firstIndex { NameOrder.areEqual($0, member) }
        guard let place, partitions > 0 else { return [] }
        let count = Int(partitions)
        let range = (count * place / sorted.count)..<(count * (place + 1) / sorted.count)
        return Set(range.map { Int32($0) })
    }
}
