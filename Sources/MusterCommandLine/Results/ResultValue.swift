/// The result of a command as a tree. Every form of output is a rendering of one such value, so
/// that no form says more than another.
package indirect enum ResultValue: Hashable, Sendable {
    /// A member of an object.
    package struct Member: Hashable, Sendable {
        package let name: String
        package let value: ResultValue

        package init(name: String, value: ResultValue) {
            self.name = name
            self.value = value
        }
    }

    /// Members in the order of output, each name once.
    case object([Member])
    case array([ResultValue])
    /// Text of any origin; renderings escape it.
    case text(String)
    /// A number that may need 64 bits, such as an offset: a string in JSON, since readers keep
    /// numbers as doubles.
    case id(Int64)
    /// A count that stays below 2^53: a number in JSON.
    case number(Int64)
    case flag(Bool)
    /// A moment in milliseconds since 1970: RFC 3339 in JSON.
    case time(Int64)
    /// A length of time in milliseconds: that number in JSON.
    case duration(Int64)

    /// An object of the members that have a value, in this order; a name may stand there once.
    package static func object(
        _ members: KeyValuePairs<String, ResultValue?>
    ) -> ResultValue {
        .object(members.compactMap { name, value in value.map { Member(name: name, value: $0) } })
    }

    /// An array of texts.
    package static func texts(_ texts: some Sequence<String>) -> ResultValue {
        .array(texts.map { .text($0) })
    }

    /// What lies at the end of the path; nil when something on the way is missing, or is no object.
    /// The empty path is the value itself.
    package subscript(path: ResultPath) -> ResultValue? {
        var value = self
        for name in path.names {
            guard case .object(let members) = value,
                let member = members.first(where: { $0.name == name })
            else { return nil }
            value = member.value
        }
        return value
    }

    /// The same without what passes by itself: lengths of time are nothing. Two results that are
    /// equal so say the same a moment later.
    package var lasting: ResultValue {
        switch self {
        case .duration: .duration(0)
        case .array(let elements): .array(elements.map(\.lasting))
        case .object(let members):
            .object(members.map { Member(name: $0.name, value: $0.value.lasting) })
        case .text, .id, .number, .flag, .time: self
        }
    }

    /// The elements of an array, and no elements of anything else.
    package var elements: [ResultValue] {
        if case .array(let elements) = self { elements } else { [] }
    }
}

/// The way to a value through objects: `leader.node`. The empty path is the whole.
package struct ResultPath: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    package let names: [String]

    package init(_ names: [String]) { self.names = names }

    package init(stringLiteral value: String) {
        names = value.split(separator: ".").map(String.init)
    }

    package var description: String { names.joined(separator: ".") }

    package static func + (left: Self, right: Self) -> Self { Self(left.names + right.names) }
}
