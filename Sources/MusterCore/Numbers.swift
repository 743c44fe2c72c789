// Numbers that must not be swapped for each other have types of their own.

/// A count in 64 bits that has a meaning of its own.
package protocol Number: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The bare number.
    var value: UInt64 { get }
    /// The number of that value.
    init(_ value: UInt64)
}

extension Number {
    package static func < (left: Self, right: Self) -> Bool { left.value < right.value }
    package var description: String { String(value) }
    /// The number after this one; stays at the end of the range instead of trapping, for what is
    /// read may hold any.
    package var next: Self { Self(value == .max ? value : value + 1) }
}

/// The place of a decision in its cluster's chain: the first is 1.
package struct Sequence: Number {
    package let value: UInt64
    package init(_ value: UInt64) { self.value = value }
}

/// The place of a record in a topic partition: the first is 0; offsets may have gaps.
package struct Offset: Number {
    package let value: UInt64
    package init(_ value: UInt64) { self.value = value }
    package static let zero = Offset(0)
}

/// A node's incarnation: how often a process has been started on its store.
package struct Start: Number {
    package let value: UInt64
    package init(_ value: UInt64) { self.value = value }
}

/// A Raft term.
package struct Term: Number {
    package let value: UInt64
    package init(_ value: UInt64) { self.value = value }
}

/// A position in a Raft log.
package struct LogIndex: Number {
    package let value: UInt64
    package init(_ value: UInt64) { self.value = value }
}

/// Counts the changes of a cluster's members, roles, floors and policy; requests may name it.
package struct MembershipVersion: Number {
    package let value: UInt64
    package init(_ value: UInt64) { self.value = value }
}

/// The version of a group's committed configuration: ordered by term, then by configuration index
/// (or the applied index of a linearizable read, where the engine has no configuration index).
package struct ConfigurationVersion: Hashable, Comparable, Sendable, CustomStringConvertible {
    package var term: Term
    package var index: LogIndex

    package init(term: Term, index: LogIndex) {
        self.term = term
        self.index = index
    }

    package static func < (left: Self, right: Self) -> Bool {
        left.term == right.term ? left.index < right.index : left.term < right.term
    }

    package var description: String { "\(term).\(index)" }
}
