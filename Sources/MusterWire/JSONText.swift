/// The text of a JSON string, unescaped, where the parser put it: nothing is copied.
///
/// Owner: the `JSONReader` whose document it is from. Lifetime: that document's `read` call.
/// Thread: the reader's. Compare it with literals in a `switch`, or make a `String` of it.
package struct JSONText {
    let start: UnsafePointer<UInt8>
    package let count: Int

    /// The bytes, valid UTF-8.
    @inline(__always)
    package var bytes: UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(start: start, count: count)
    }

    @inline(__always)
    package var string: String { String(decoding: bytes, as: UTF8.self) }

    /// Whether the text has the bytes of a literal.
    @inline(__always)
    package static func == (text: JSONText, literal: StaticString) -> Bool {
        literal.utf8CodeUnitCount == text.count
            && areEqual(text.start, literal.utf8Start, text.count)
    }

    /// Lets a text be matched by the literals of a `switch`.
    @inline(__always)
    package static func ~= (literal: StaticString, text: JSONText) -> Bool { text == literal }

    /// Whether both texts have the same bytes.
    package static func == (left: JSONText, right: JSONText) -> Bool {
        left.count == right.count && areEqual(left.start, right.start, left.count)
    }

    /// Compares eight bytes at a time, and the rest by one load that overlaps: names are short, and
    /// a call of `memcmp` costs more than it compares. Reads nothing outside of `count` bytes.
    @inline(__always)
    static func areEqual(
        _ left: UnsafePointer<UInt8>, _ right: UnsafePointer<UInt8>, _ count: Int
    ) -> Bool {
        let (a, b) = (UnsafeRawPointer(left), UnsafeRawPointer(right))
        var at = 0
        if count >= 8 {
            while at + 8 <= count {
                if word(a, at) != word(b, at) { return false }
                at += 8
            }
            return word(a, count - 8) == word(b, count - 8)
        }
        if count >= 4 {
            return half(a, 0) == half(b, 0) && half(a, count - 4) == half(b, count - 4)
        }
        while at < count {
            if left[at] != right[at] { return false }
            at += 1
        }
        return true
    }

    @inline(__always)
    private static func word(_ base: UnsafeRawPointer, _ offset: Int) -> UInt64 {
        base.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
    }

    @inline(__always)
    private static func half(_ base: UnsafeRawPointer, _ offset: Int) -> UInt32 {
        base.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
    }
}
