/// The members of an object.
///
/// Ask for members in the order of the schema, which is the order in which they mostly come: the
/// cursor stands behind the member found last, so each is found at the first look. Any other order
/// works too and costs a search. Then call `finish`. Owner, lifetime and thread as `JSONValue`'s.
package struct JSONObject {
    /// The object itself.
    package let value: JSONValue
    /// The tape's place of the name to look at first, and how many members lie before it.
    private var cursor: Int
    private var ordinal = 0
    private let end: Int
    /// Which members were asked for, by their ordinal; members from the 65th on have no bit.
    private var taken: UInt64 = 0

    @inline(__always)
    init(_ value: JSONValue) {
        self.value = value
        cursor = value.index + 1
        end = value.after - 1
    }

    package var count: Int { value.elementCount }

    /// The member of that name; nil when there is none.
    @inline(__always)
    package mutating func member(_ name: StaticString) -> JSONValue? {
        if cursor < end, value.at(cursor).textUnchecked == name { return takeAtCursor() }
        return search(name)
    }

    /// The member of that name.
    ///
    /// - Throws: `.missingMember` when there is none.
    @inline(__always)
    package mutating func required(_ name: StaticString) throws(JSONReadError) -> JSONValue {
        guard let member = member(name) else { throw missing(name) }
        return member
    }

    /// Ends the reading of an exact document: every member must have been asked for.
    ///
    /// Inputs may hold members that nobody knows; for them it does nothing. Objects of exact
    /// documents have at most 64 members.
    ///
    /// - Throws: `.unknownMember`, or `.duplicateMember` where a name comes twice.
    @inline(__always)
    package func finish() throws(JSONReadError) {
        guard value.strictness == .exact else { return }
        if taken.nonzeroBitCount != count { throw leftOver() }
    }

    /// The error for a member that must be there and is not.
    @inline(never)
    package func missing(_ name: StaticString) -> JSONReadError {
        let name = name.description
        return JSONReadError(
            reason: .missingMember, sentence: "the member \(JSONExcerpt.quoted(name)) is missing",
            pointer: value.pointer + "/" + JSONValue.token(name))
    }

    @inline(__always)
    private mutating func takeAtCursor() -> JSONValue {
        let member = value.at(cursor + 1)
        if ordinal < 64 { taken |= 1 &<< UInt64(truncatingIfNeeded: ordinal) }
        cursor = member.after
        ordinal += 1
        return member
    }

    @inline(never)
    private mutating func search(_ name: StaticString) -> JSONValue? {
        if find(name, from: cursor, ordinal: ordinal, to: end) { return takeAtCursor() }
        // Everything before the cursor was asked for already: nothing is left to be found there.
        let before = ordinal >= 64 ? ~0 : (1 &<< UInt64(truncatingIfNeeded: ordinal)) - 1
        if ordinal <= 64, taken & before == before { return nil }
        if find(name, from: value.index + 1, ordinal: 0, to: cursor) { return takeAtCursor() }
        return nil
    }

    /// Moves the cursor to the name, if it lies in that part.
    @inline(__always)
    private mutating func find(
        _ name: StaticString, from start: Int, ordinal first: Int, to end: Int
    ) -> Bool {
        var (place, number) = (start, first)
        while place < end {
            if value.at(place).textUnchecked == name {
                (cursor, ordinal) = (place, number)
                return true
            }
            place = value.at(place + 1).after
            number += 1
        }
        return false
    }

    @inline(never)
    private func leftOver() -> JSONReadError {
        var names: [JSONText] = []
        for (number, member) in members.enumerated() {
            let isTaken = number < 64 && taken >> UInt64(number) & 1 == 1
            if !isTaken {
                let isRepeated = names.contains { $0 == member.name }
                return JSONStrictWalk.nameError(
                    isRepeated ? .duplicateMember : .unknownMember, member.value)
            }
            names.append(member.name)
        }
        return value.invalid("an object with more members than can be checked")
    }
}

extension JSONObject {
    /// All members in the order in which they came.
    package var members: Members { Members(value: value) }

    /// Goes through names and values.
    package struct Members: Sequence, IteratorProtocol {
        private var name: JSONValue
        private let end: Int

        fileprivate init(value: JSONValue) {
            name = value.at(value.index + 1)
            end = value.after - 1
        }

        package mutating func next() -> (name: JSONText, value: JSONValue)? {
            guard name.index < end else { return nil }
            let member = name.at(name.index + 1)
            let text = name.textUnchecked
            name = name.at(member.after)
            return (text, member)
        }
    }
}
