/// A small map in key order: two arrays of the same length, searched by halving.
///
/// A `Dictionary` has another order in every process, so nothing in the fold or in output may
/// iterate one. Iteration here is by key, and a copy shares its storage until it is changed. Keys
/// lie apart from values, so that a search moves no values.
package struct SortedMap<Key: Comparable & Sendable, Value: Sendable>: Sendable {
    /// The keys in order.
    package private(set) var keys: [Key] = []
    /// The values in the order of their keys.
    package private(set) var values: [Value] = []

    package init() {}

    /// The number of pairs.
    package var count: Int { keys.count }
    package var isEmpty: Bool { keys.isEmpty }

    /// The value of a key; setting nil removes it.
    package subscript(key: Key) -> Value? {
        get {
            let index = place(of: key)
            return holds(key, at: index) ? values[index] : nil
        }
        set {
            let index = place(of: key)
            if holds(key, at: index) {
                if let newValue {
                    values[index] = newValue
                } else {
                    keys.remove(at: index)
                    values.remove(at: index)
                }
            } else if let newValue {
                insert(key, newValue, at: index)
            }
        }
    }

    /// Changes a value in its place, without a copy.
    ///
    /// - Returns: what `body` returns; nil when the key is not there, and `body` is not called.
    @discardableResult
    package mutating func update<Result>(
        _ key: Key, _ body: (inout Value) -> Result
    ) -> Result? {
        let index = place(of: key)
        guard holds(key, at: index) else { return nil }
        return body(&values[index])
    }

    /// Changes the value in its place, after putting `initial` there when there is none.
    package mutating func update<Result>(
        _ key: Key, default initial: @autoclosure () -> Value, _ body: (inout Value) -> Result
    ) -> Result {
        let index = place(of: key)
        if !holds(key, at: index) { insert(key, initial(), at: index) }
        return body(&values[index])
    }

    /// Appends a pair whose key is above all others; for readers of what was written in order.
    ///
    /// - Returns: false, and nothing is changed, when the key is not above the last one.
    package mutating func append(_ key: Key, _ value: Value) -> Bool {
        if let last = keys.last, !(last < key) { return false }
        keys.append(key)
        values.append(value)
        return true
    }

    /// Looks at a value in its place, without a copy of it.
    ///
    /// - Returns: what `body` returns; nil when the key is not there, and `body` is not called.
    package func look<Result>(_ key: Key, _ body: (borrowing Value) -> Result) -> Result? {
        let index = place(of: key)
        guard holds(key, at: index) else { return nil }
        return body(values[index])
    }

    /// Whether any of the values is as wanted; none is copied to find out.
    package func hasValue(_ isWanted: (borrowing Value) -> Bool) -> Bool {
        for index in values.indices where isWanted(values[index]) { return true }
        return false
    }

    private mutating func insert(_ key: Key, _ value: Value, at index: Int) {
        keys.insert(key, at: index)
        values.insert(value, at: index)
    }

    private func place(of key: Key) -> Int {
        var (low, high) = (0, keys.count)
        while low < high {
            let middle = (low + high) / 2
            if keys[middle] < key { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private func holds(_ key: Key, at index: Int) -> Bool {
        index < keys.count && keys[index] == key
    }
}

extension SortedMap: Swift.Sequence {
    package func makeIterator() -> SortedMapIterator<Key, Value> {
        SortedMapIterator(map: self)
    }

    package var underestimatedCount: Int { count }
}

/// Walks a map in key order.
package struct SortedMapIterator<Key: Comparable & Sendable, Value: Sendable>: IteratorProtocol {
    private let map: SortedMap<Key, Value>
    private var index = 0

    fileprivate init(map: SortedMap<Key, Value>) { self.map = map }

    package mutating func next() -> (key: Key, value: Value)? {
        guard index < map.count else { return nil }
        defer { index += 1 }
        return (map.keys[index], map.values[index])
    }
}

extension SortedMap: Equatable where Value: Equatable {
    package static func == (left: Self, right: Self) -> Bool {
        left.keys == right.keys && left.values == right.values
    }
}

extension SortedMap: Hashable where Key: Hashable, Value: Hashable {
    package func hash(into hasher: inout Hasher) {
        hasher.combine(keys)
        hasher.combine(values)
    }
}
