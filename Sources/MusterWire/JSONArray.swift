/// The elements of an array, in order. Owner, lifetime and thread as `JSONValue`'s.
package struct JSONArray: Sequence {
    private let value: JSONValue

    @inline(__always)
    init(_ value: JSONValue) { self.value = value }

    package var count: Int { value.elementCount }
    package var underestimatedCount: Int { count }

    @inline(__always)
    package func makeIterator() -> Iterator {
        Iterator(upcoming: value.at(value.index + 1), end: value.after - 1)
    }

    /// Goes through the elements; it ends with the array.
    package struct Iterator: IteratorProtocol {
        fileprivate var upcoming: JSONValue
        fileprivate let end: Int

        @inline(__always)
        package mutating func next() -> JSONValue? {
            guard upcoming.index < end else { return nil }
            let element = upcoming
            upcoming = element.at(element.after)
            return element
        }
    }

    /// What `read` makes of each element, in order.
    @inline(__always)
    package func read<Element>(
        _ read: (JSONValue) throws(JSONReadError) -> Element
    ) throws(JSONReadError) -> [Element] {
        var result: [Element] = []
        result.reserveCapacity(count)
        for element in self { result.append(try read(element)) }
        return result
    }
}
