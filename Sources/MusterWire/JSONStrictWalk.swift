/// The check of a whole input on the tape, for what simdjson lets pass: names used twice, objects
/// with too many members, nesting.
///
/// The idea: one pass over the tape; at each object its direct members are gathered as 64-bit
/// digests of their names. Few are compared in pairs, many are sorted; only equal digests have
/// their bytes compared. So a hostile 64 KiB costs no more than its number of members.
struct JSONStrictWalk {
    /// A member's digest, and the tape's place of its name.
    private struct Entry {
        var digest: UInt64
        var place: Int
    }

    /// Kept between documents, so that checking allocates nothing.
    private var entries: [Entry] = []

    /// Checks everything below the root.
    mutating func check(_ root: JSONValue) throws(JSONReadError) {
        var depth = 0
        var place = root.index
        let end = root.after
        while place < end {
            let value = root.at(place)
            switch value.tag {
            case JSONValue.Tag.object:
                depth += 1
                if depth > root.strictness.depthMax { throw Self.tooDeep(value) }
                try checkNames(value)
                place += 1
            case JSONValue.Tag.array:
                depth += 1
                if depth > root.strictness.depthMax { throw Self.tooDeep(value) }
                place += 1
            case JSONValue.Tag.objectEnd, JSONValue.Tag.arrayEnd:
                depth -= 1
                place += 1
            default:
                place = value.after
            }
        }
    }

    private mutating func checkNames(_ object: JSONValue) throws(JSONReadError) {
        entries.removeAll(keepingCapacity: true)
        if object.elementCount > JSONStrictness.membersMax { throw Self.tooManyMembers(object) }
        let end = object.after - 1
        var place = object.index + 1
        while place < end {
            let text = object.at(place).textUnchecked
            entries.append(Entry(digest: Self.digest(text), place: place))
            place = object.at(place + 1).after
        }
        if entries.count > 12 {
            entries.sort { ($0.digest, $0.place) < ($1.digest, $1.place) }
            for later in entries.indices.dropFirst() {
                var earlier = later - 1
                while earlier >= 0, entries[earlier].digest == entries[later].digest {
                    try compare(object, earlier, later)
                    earlier -= 1
                }
            }
        } else {
            for later in entries.indices {
                for earlier in 0..<later
                where entries[earlier].digest == entries[later].digest {
                    try compare(object, earlier, later)
                }
            }
        }
    }

    private func compare(
        _ object: JSONValue, _ earlier: Int, _ later: Int
    ) throws(JSONReadError) {
        let (first, second) = (object.at(entries[earlier].place), object.at(entries[later].place))
        if first.textUnchecked == second.textUnchecked {
            throw Self.nameError(.duplicateMember, object.at(second.index + 1))
        }
    }

    /// Mixes a name's bytes eight at a time; the string buffer has room behind every text, so the
    /// last load may reach beyond it, and what it reads there is masked out.
    private static func digest(_ text: JSONText) -> UInt64 {
        let base = UnsafeRawPointer(text.start)
        var digest = UInt64(text.count) &* 0x9E37_79B9_7F4A_7C15
        var offset = 0
        while offset < text.count {
            var word = base.loadUnaligned(fromByteOffset: offset, as: UInt64.self).littleEndian
            let rest = text.count - offset
            if rest < 8 { word &= (1 &<< UInt64(8 * rest)) &- 1 }
            digest = (digest ^ word) &* 0xD6E8_FEB8_6659_FD93
            digest ^= digest &>> 32
            offset += 8
        }
        return digest
    }
}

extension JSONStrictWalk {
    @inline(never)
    static func tooDeep(_ value: JSONValue) -> JSONReadError {
        let limit = value.strictness.depthMax
        return JSONReadError(
            reason: .tooDeep,
            sentence: "more than \(limit) objects and arrays inside each other",
            pointer: value.pointer)
    }

    @inline(never)
    static func tooManyMembers(_ object: JSONValue) -> JSONReadError {
        JSONReadError(
            reason: .tooManyMembers,
            sentence: "the object has \(object.elementCount) members; "
                + "\(JSONStrictness.membersMax) are allowed",
            pointer: object.pointer)
    }

    /// The error about a member's name.
    @inline(never)
    static func nameError(_ reason: JSONReadError.Reason, _ member: JSONValue) -> JSONReadError {
        let name = JSONExcerpt.quoted(member.at(member.index - 1).textUnchecked.string)
        let sentence =
            reason == .duplicateMember
            ? "the member \(name) comes twice in one object"
            : "the member \(name) is not known here"
        return JSONReadError(reason: reason, sentence: sentence, pointer: member.pointer)
    }
}
