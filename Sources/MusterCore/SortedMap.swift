/// A small map in key order: an array of pairs, found by binary search.
///
/// A `Dictionary` has another order in every process, so nothing in the fold or in output may
/// iterate one. Iteration here is by key, and a copy shares its storage until it is changed.
package struct SortedMap<Key: Comparable & Sendable, Value: Sendable>: Sendable {
    /// The pairs in key order.
    package private(set) var pairs: [(key: Key, value: Value)] = []

    package init() {}

    /// The number of pairs.
    package var count: Int { pairs.count }
    package var isEmpty: Bool { pairs.isEmpty }
    package var keys: [Key] { pairs.map(\.key) }
    package var values: [Value] { pairs.map(\.value) }

    /// The value of a key; setting nil removes it.
    package subscript(key: Key) -> Value? {
        get {
            let index = place(of: key)
            return holds(key, at: index) ? pairs[index].value : nil
        }
        set {
            let index = place(of: key)
            if holds(key, at: index) {
                if let newValue { pairs[index].value = newValue } else { pairs.remove(at: index) }
            } else if let newValue {
                pairs.insert((key, newValue), at: index)
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
        return body(&pairs[index].value)
    }

    /// Changes the value in its place, after putting `initial` there when there is none.
    package mutating func update<Result>(
        _ key: Key, default initial: @autoclosure () -> Value, _ body: (inout Value) -> Result
    ) -> Result {
        let index = place(of: key)
        if !holds(key, at: index) { pairs.insert((key, initial()), at: index) }
        return body(&pairs[index].value)
    }

    /// Appends a pair whose key is above all others; for readers of what was written in order.
    ///
    /// - Returns: false, and nothing is changed, when the key is not above the last one.
    package mutating func append(_ key: Key, _ value: Value) -> Bool {
        if let last = pairs.last, !(last.key < key) { return false }
        pairs.append((key, value))
        return true
    }

    private func place(of key: Key) -> Int {
        var (low, high) = (0, pairs.count)
        while low < high {
            let middle = (low + high) / 2
            if pairs[middle].key < key { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private func holds(_ key: Key, at index: Int) -> Bool {
        index < pairs.count && pairs[index].key == key
    }
}

extension SortedMap: Swift.Sequence {
    package func makeIterator() -> IndexingIterator<[(key: Key, value: Value)]> {
        pairs.makeIterator()
    }
}

extension SortedMap: Equatable where Value: Equatable {
    package static func == (left: Self, right: Self) -> Bool {
        left.pairs.elementsEqual(right.pairs) { $0.key == $1.key && $0.value == $1.value }
    }
}
extension SortedMap: Hashable where Key: Hashable, Value: Hashable {
    package func hash(into hasher: inout Hasher) {
        for pair in pairs {
            hasher.combine(pair.key)
            hasher.combine(pair.value)
        }
    }
}
