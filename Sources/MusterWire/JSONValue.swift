/// One value of a document that is being read.
///
/// The idea: simdjson turns a document into a tape, an array of words in the order of the text,
/// where an object or array says where it ends. A value is a position on that tape; going on to the
/// next value costs one load, and nothing is allocated before somebody asks for a `String`. Nothing
/// remembers how one came to a value either: when an error needs its JSON Pointer, the tape is
/// walked again from the start.
///
/// Owner of the tape: the `JSONReader`. Lifetime: its `read` call; keep no value beyond. Thread:
/// the reader's.
package struct JSONValue {
    let words: UnsafePointer<UInt64>
    let strings: UnsafePointer<UInt8>
    let index: Int
    package let strictness: JSONStrictness

    /// The kinds of value, by the byte that simdjson's tape has for them.
    enum Tag {
        static let string = UInt8(ascii: "\"")
        static let signed = UInt8(ascii: "l")
        static let unsigned = UInt8(ascii: "u")
        static let double = UInt8(ascii: "d")
        static let `true` = UInt8(ascii: "t")
        static let `false` = UInt8(ascii: "f")
        static let null = UInt8(ascii: "n")
        static let object = UInt8(ascii: "{")
        static let objectEnd = UInt8(ascii: "}")
        static let array = UInt8(ascii: "[")
        static let arrayEnd = UInt8(ascii: "]")
    }

    @inline(__always)
    func at(_ index: Int) -> JSONValue {
        JSONValue(words: words, strings: strings, index: index, strictness: strictness)
    }

    @inline(__always)
    var tag: UInt8 { UInt8(truncatingIfNeeded: words[index] >> 56) }

    /// The place of the value behind this one.
    @inline(__always)
    var after: Int {
        let word = words[index]
        switch UInt8(truncatingIfNeeded: word >> 56) {
        case Tag.object, Tag.array: return Int(UInt32(truncatingIfNeeded: word))
        case Tag.signed, Tag.unsigned, Tag.double: return index + 2
        default: return index + 1
        }
    }

    /// The text of a string's tape word; only for a value whose tag is `string`.
    @inline(__always)
    var textUnchecked: JSONText {
        let place = strings + Int(truncatingIfNeeded: words[index] & 0x00FF_FFFF_FFFF_FFFF)
        let count = UnsafeRawPointer(place).loadUnaligned(as: UInt32.self)
        return JSONText(start: place + 4, count: Int(count))
    }

    /// How many members or elements an object or array has.
    @inline(__always)
    var elementCount: Int { Int(truncatingIfNeeded: words[index] >> 32 & 0xFF_FFFF) }
}

extension JSONValue {
    /// Whether the value is JSON's `null`, which no message of ours has.
    package var isNull: Bool { tag == Tag.null }

    package var isObject: Bool { tag == Tag.object }

    /// A string's text, not copied.
    @inline(__always)
    package func text() throws(JSONReadError) -> JSONText {
        guard tag == Tag.string else { throw wrongKind("text") }
        return textUnchecked
    }

    /// The value as a text.
    @inline(__always)
    package func string() throws(JSONReadError) -> String {
        guard tag == Tag.string else { throw wrongKind("text") }
        return textUnchecked.string
    }

    /// The value as true or false.
    @inline(__always)
    package func bool() throws(JSONReadError) -> Bool {
        switch tag {
        case Tag.true: return true
        case Tag.false: return false
        default: throw wrongKind("true or false")
        }
    }

    /// The members of an object, in any order.
    @inline(__always)
    package func object() throws(JSONReadError) -> JSONObject {
        guard tag == Tag.object else { throw wrongKind("an object") }
        return JSONObject(self)
    }

    /// The value as an array.
    @inline(__always)
    package func array() throws(JSONReadError) -> JSONArray {
        guard tag == Tag.array else { throw wrongKind("an array") }
        return JSONArray(self)
    }

    /// What the value is one of, by the words that stand for them.
    @inline(__always)
    package func word<Value>(_ words: JSONWords<Value>) throws(JSONReadError) -> Value {
        let text = try text()
        guard let value = words.value(of: text) else { throw unknownWord(words.spoken) }
        return value
    }
}

extension JSONValue {
    /// A whole number that is not negative: digits alone, as a string, or as a number up to 2^53.
    ///
    /// `1.0`, `"-1"`, `"01"`, `"+1"` and `""` are refused, and so is what `Integer` does not hold.
    /// (A bare `-0` arrives as 0: simdjson does not tell.)
    @inline(__always)
    package func integer<Integer: FixedWidthInteger>(
        _ type: Integer.Type = Integer.self
    ) throws(JSONReadError) -> Integer {
        guard let number = digits, let fitting = Integer(exactly: number) else {
            throw notDigits(max: UInt64(clamping: Integer.max))
        }
        return fitting
    }

    /// The greatest whole number that JSON readers of all languages keep exactly: 2^53.
    package static var bareNumberMax: UInt64 { 1 << 53 }

    @inline(__always)
    private var digits: UInt64? {
        switch tag {
        case Tag.string: return textUnchecked.decimal
        case Tag.signed, Tag.unsigned:
            // A negative number's bits are greater than the greatest allowed.
            let number = words[index + 1]
            return number <= Self.bareNumberMax ? number : nil
        default: return nil
        }
    }
}
