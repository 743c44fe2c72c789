internal import MusterCore

// Lists of things that have a name: arrays of objects, no name twice.

extension JSONObject {
    /// The elements of an array, in the order of their names.
    ///
    /// An input may have them in any order, and no name twice. Exact documents have them as they
    /// were written.
    mutating func list<Element: WireForm, Key: Name>(
        _ name: StaticString, byName key: (Element) -> Key
    ) throws(JSONReadError) -> [Element] {
        let array = try required(name).array()
        if value.strictness == .exact { return try array.read(Element.init(reading:)) }
        return try array.ordered(byName: key)
    }

    /// The same; none when the array is missing.
    mutating func optionalList<Element: WireForm, Key: Name>(
        _ name: StaticString, byName key: (Element) -> Key
    ) throws(JSONReadError) -> [Element] {
        guard let value = member(name) else { return [] }
        if value.strictness == .exact { return try value.array().read(Element.init(reading:)) }
        return try value.array().ordered(byName: key)
    }

    /// The elements of an array in its order; none when it is missing. An input may have none
    /// twice.
    mutating func optionalSet<Element: WireForm & Equatable>(
        _ name: StaticString, of type: Element.Type = Element.self
    ) throws(JSONReadError) -> [Element]? {
        guard let value = member(name) else { return nil }
        return try value.array().distinct()
    }

    /// The elements of an array in its order. An input may have none twice.
    mutating func set<Element: WireForm & Equatable>(
        _ name: StaticString, of type: Element.Type = Element.self
    ) throws(JSONReadError) -> [Element] {
        try required(name).array().distinct()
    }

    /// A map as an array of objects in key order; empty when it is missing.
    ///
    /// - Throws: also when the keys are not in order, which no writer of ours does.
    mutating func map<Key: Comparable & Sendable, Value: Sendable>(
        _ name: StaticString,
        _ read: (JSONValue) throws(JSONReadError) -> (key: Key, value: Value)
    ) throws(JSONReadError) -> SortedMap<Key, Value> {
        var result = SortedMap<Key, Value>()
        guard let value = member(name) else { return result }
        for element in try value.array() {
            let pair = try read(element)
            guard result.append(pair.key, pair.value) else {
                throw element.invalid("the element is not above the one before it")
            }
        }
        return result
    }
}

extension JSONArray {
    fileprivate func ordered<Element: WireForm, Key: Name>(
        byName key: (Element) -> Key
    ) throws(JSONReadError) -> [Element] {
        var found: [(element: Element, key: Key, value: JSONValue)] = []
        found.reserveCapacity(count)
        for value in self {
            let element = try Element(reading: value)
            found.append((element, key(element), value))
        }
        found.sort { $0.key < $1.key }
        for (left, right) in zip(found, found.dropFirst()) where left.key == right.key {
            throw right.value.invalid(
                "the name \(JSONExcerpt.quoted(right.key.text)) stands twice in the list")
        }
        return found.map(\.element)
    }

    fileprivate func distinct<Element: WireForm & Equatable>() throws(JSONReadError) -> [Element] {
        var result: [Element] = []
        result.reserveCapacity(count)
        for value in self {
            let element = try Element(reading: value)
            if value.strictness != .exact, result.contains(element) {
                throw value.invalid("\(value.found) stands twice in the list")
            }
            result.append(element)
        }
        return result
    }
}

extension JSONWriter {
    /// A map as an array of objects in key order, left out when it is empty.
    mutating func put<Key: Comparable & Sendable, Value: Sendable>(
        _ name: StaticString, map: SortedMap<Key, Value>,
        _ write: (inout JSONWriter, Key, Value) -> Void
    ) {
        if map.isEmpty { return }
        self.name(name)
        array(of: map) { writer, pair in
            writer.object { write(&$0, pair.key, pair.value) }
        }
    }
}
