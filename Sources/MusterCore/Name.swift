/// The text that names a cluster, a node, a group or a request.
///
/// Names are equal, hashed and ordered by their UTF-8 bytes, never as `String`: Swift compares text
/// canonically, so that "é" in two normal forms would be one name with two journal chains.
package protocol Name: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The name as it came.
    var text: String { get }

    /// The first eight bytes, big-endian, zeros after the end: decides most comparisons.
    var prefix: UInt64 { get }

    /// A name that is known to be valid, for instance because it was read from the journal.
    init(unchecked text: String)
}

extension Name {
    /// A name from outside.
    ///
    /// - Throws: `NameError`, which says what is wrong with the text and where.
    package init(_ text: String) throws(NameError) {
        try NameError.check(text)
        self.init(unchecked: text)
    }

    package static func == (left: Self, right: Self) -> Bool {
        left.prefix == right.prefix && NameOrder.restIsEqual(left.text, right.text)
    }

    package static func < (left: Self, right: Self) -> Bool {
        left.prefix == right.prefix
            ? NameOrder.isLess(left.text, right.text) : left.prefix < right.prefix
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(prefix)
        let bytes = text.utf8
        hasher.combine(bytes.count)
        for byte in bytes.dropFirst(8) { hasher.combine(byte) }
    }

    package var description: String { text }
}

/// Comparison of texts by their UTF-8 bytes.
package enum NameOrder {
    /// Whether both texts have the same bytes.
    @inline(__always)
    package static func areEqual(_ left: String, _ right: String) -> Bool {
        let (a, b) = (left.utf8, right.utf8)
        return a.count == b.count && a.elementsEqual(b)
    }

    /// Whether two texts whose first eight bytes are equal are equal.
    @inline(__always)
    static func restIsEqual(_ left: String, _ right: String) -> Bool {
        let count = left.utf8.count
        return count == right.utf8.count && (count <= 8 || areEqual(left, right))
    }

    /// The first eight bytes, big-endian, zeros after the end.
    static func prefix(of text: String) -> UInt64 {
        var result: UInt64 = 0
        var shift: UInt64 = 64
        for byte in text.utf8.prefix(8) {
            shift -= 8
            result |= UInt64(byte) << shift
        }
        return result
    }

    /// Whether the bytes of `left` come before those of `right`.
    @inline(__always)
    package static func isLess(_ left: String, _ right: String) -> Bool {
        left.utf8.lexicographicallyPrecedes(right.utf8)
    }
}

/// The id of a cluster, the unit of consistency: one journal chain, one partition.
package struct ClusterID: Name {
    package let text: String
    package let prefix: UInt64

    package init(unchecked text: String) {
        self.text = text
        prefix = NameOrder.prefix(of: text)
    }
}

/// The id of a node within its cluster.
package struct NodeID: Name {
    package let text: String
    package let prefix: UInt64

    package init(unchecked text: String) {
        self.text = text
        prefix = NameOrder.prefix(of: text)
    }
}

/// The id of a group (a shard, one Raft group) within its cluster.
package struct GroupID: Name {
    package let text: String
    package let prefix: UInt64

    package init(unchecked text: String) {
        self.text = text
        prefix = NameOrder.prefix(of: text)
    }
}

/// The id of an operator's request, unique within its cluster.
package struct RequestID: Name {
    package let text: String
    package let prefix: UInt64

    package init(unchecked text: String) {
        self.text = text
        prefix = NameOrder.prefix(of: text)
    }
}

/// Who asked: an operator's or a program's name, for the audit.
package struct Principal: Name {
    package let text: String
    package let prefix: UInt64

    package init(unchecked text: String) {
        self.text = text
        prefix = NameOrder.prefix(of: text)
    }
}
