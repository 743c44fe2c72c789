/// Writes JSON, the same bytes for the same calls in every process.
///
/// Members stand in the order of the calls; there is no white space; strings are escaped as RFC
/// 8785 does; what is nil is left out, never `null`. Numbers of 64 bits are strings of digits
/// (`string`), as readers of other languages round them otherwise; `number` is for what stays below
/// 2^53.
///
/// Keep one and `clear` it: it keeps its memory.
package struct JSONWriter: Sendable {
    /// What was written since the start or the last `clear`.
    package private(set) var bytes: [UInt8] = []
    /// Whether a comma must come before the next value or name of this object or array.
    private var wantsComma = false

    /// - Parameter capacity: how many bytes to have room for at first.
    package init(capacity: Int = 1024) { bytes.reserveCapacity(capacity) }

    /// Begins anew with the same memory.
    package mutating func clear() {
        bytes.removeAll(keepingCapacity: true)
        wantsComma = false
    }

    /// An object whose members `body` writes.
    @inline(__always)
    package mutating func object<Failure>(
        _ body: (inout JSONWriter) throws(Failure) -> Void
    ) throws(Failure) {
        begin("{")
        try body(&self)
        end("}")
    }

    /// An array whose elements `body` writes.
    @inline(__always)
    package mutating func array<Failure>(
        _ body: (inout JSONWriter) throws(Failure) -> Void
    ) throws(Failure) {
        begin("[")
        try body(&self)
        end("]")
    }

    /// An array of what `write` makes of each element.
    @inline(__always)
    package mutating func array<Elements: Sequence>(
        of elements: Elements, _ write: (inout JSONWriter, Elements.Element) -> Void
    ) {
        begin("[")
        for element in elements { write(&self, element) }
        end("]")
    }

    /// A member's name; exactly one value must follow.
    ///
    /// - Parameter name: without anything that JSON escapes.
    @inline(__always)
    package mutating func name(_ name: StaticString) {
        if wantsComma { bytes.append(UInt8(ascii: ",")) }
        bytes.append(UInt8(ascii: "\""))
        name.withUTF8Buffer { bytes.append(contentsOf: $0) }
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
        wantsComma = false
    }

    /// A text, escaped.
    package mutating func string(_ text: String) {
        startValue()
        quote(text)
    }

    /// A fixed word as a string, without anything that JSON escapes.
    package mutating func string(word: StaticString) {
        startValue()
        bytes.append(UInt8(ascii: "\""))
        word.withUTF8Buffer { bytes.append(contentsOf: $0) }
        bytes.append(UInt8(ascii: "\""))
    }

    /// ASCII that needs no escaping, as a string.
    mutating func string(ascii: Span<UInt8>) {
        startValue()
        bytes.append(UInt8(ascii: "\""))
        ascii.withUnsafeBufferPointer { bytes.append(contentsOf: $0) }
        bytes.append(UInt8(ascii: "\""))
    }

    /// A number as a string of digits: for everything of 64 bits.
    package mutating func string(_ number: some FixedWidthInteger) {
        startValue()
        bytes.append(UInt8(ascii: "\""))
        digits(number)
        bytes.append(UInt8(ascii: "\""))
    }

    /// A bare number.
    ///
    /// Traps beyond 2^53, where other readers would round it.
    package mutating func number(_ number: some FixedWidthInteger) {
        precondition(
            number.magnitude <= JSONValue.bareNumberMax, "\(number) must be written as a string")
        startValue()
        digits(number)
    }

    /// True or false.
    package mutating func bool(_ value: Bool) {
        startValue()
        bytes.append(contentsOf: (value ? "true" : "false").utf8)
    }

    /// A value that is valid JSON without white space already, as it is.
    package mutating func raw(_ json: some Sequence<UInt8>) {
        startValue()
        bytes.append(contentsOf: json)
    }
}

// Members: a name with its value, both left out when the value is nil.
extension JSONWriter {
    /// A member that is a text.
    package mutating func member(_ name: StaticString, _ text: String?) {
        guard let text else { return }
        self.name(name)
        string(text)
    }

    /// A member that is a word, which needs no escapes.
    package mutating func member(_ name: StaticString, word: StaticString?) {
        guard let word else { return }
        self.name(name)
        string(word: word)
    }

    /// A number as a string of digits.
    @inline(__always)
    package mutating func member<Integer: FixedWidthInteger>(
        _ name: StaticString, string number: Integer?
    ) {
        guard let number else { return }
        self.name(name)
        string(number)
    }

    /// A bare number, at most 2^53.
    @inline(__always)
    package mutating func member<Integer: FixedWidthInteger>(
        _ name: StaticString, number: Integer?
    ) {
        guard let number else { return }
        self.name(name)
        self.number(number)
    }

    /// A member that is true or false.
    package mutating func member(_ name: StaticString, _ value: Bool?) {
        guard let value else { return }
        self.name(name)
        bool(value)
    }

    /// An array of texts.
    package mutating func member(_ name: StaticString, _ texts: [String]?) {
        guard let texts else { return }
        self.name(name)
        array(of: texts) { $0.string($1) }
    }

    /// An array of what `write` makes of each element.
    @inline(__always)
    package mutating func member<Elements: Sequence>(
        _ name: StaticString, of elements: Elements?,
        _ write: (inout JSONWriter, Elements.Element) -> Void
    ) {
        guard let elements else { return }
        self.name(name)
        array(of: elements, write)
    }
}

extension JSONWriter {
    @inline(__always)
    private mutating func startValue() {
        if wantsComma { bytes.append(UInt8(ascii: ",")) }
        wantsComma = true
    }

    @inline(__always)
    private mutating func begin(_ bracket: Unicode.Scalar) {
        startValue()
        bytes.append(UInt8(ascii: bracket))
        wantsComma = false
    }

    @inline(__always)
    private mutating func end(_ bracket: Unicode.Scalar) {
        bytes.append(UInt8(ascii: bracket))
        wantsComma = true
    }

    @inline(__always)
    private mutating func digits(_ number: some FixedWidthInteger) {
        var buffer = InlineArray<20, UInt8>(repeating: 0)
        var start = 20
        var rest = UInt64(number.magnitude)
        repeat {
            start -= 1
            let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
            buffer[start] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: digit)
            rest = quotient
        } while rest > 0
        if number < 0 { bytes.append(UInt8(ascii: "-")) }
        for index in start..<20 { bytes.append(buffer[index]) }
    }

    /// Appends a text in quotes: at once where nothing needs escaping, which is nearly always.
    private mutating func quote(_ text: String) {
        var text = text
        bytes.append(UInt8(ascii: "\""))
        text.withUTF8 { utf8 in
            if utf8.contains(where: Self.mustEscape) {
                for byte in utf8 { escape(byte) }
            } else {
                bytes.append(contentsOf: utf8)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    @inline(__always)
    private static func mustEscape(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    private mutating func escape(_ byte: UInt8) {
        guard Self.mustEscape(byte) else {
            bytes.append(byte)
            return
        }
        bytes.append(UInt8(ascii: "\\"))
        switch byte {
        case 0x08: bytes.append(UInt8(ascii: "b"))
        case 0x09: bytes.append(UInt8(ascii: "t"))
        case 0x0A: bytes.append(UInt8(ascii: "n"))
        case 0x0C: bytes.append(UInt8(ascii: "f"))
        case 0x0D: bytes.append(UInt8(ascii: "r"))
        case 0x00..<0x20:
            bytes.append(contentsOf: "u00".utf8)
            bytes.append(Self.hexDigit(byte >> 4))
            bytes.append(Self.hexDigit(byte & 15))
        default: bytes.append(byte)
        }
    }

    @inline(__always)
    static func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }
}
