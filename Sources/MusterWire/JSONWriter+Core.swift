package import MusterCore

// The core's small types as values and as members; a member that is nil is left out.

extension JSONWriter {
    /// A member that is a name.
    package mutating func member(_ name: StaticString, _ value: (some Name)?) {
        member(name, value?.text)
    }

    /// A number of the core, as a string of digits.
    package mutating func member(_ name: StaticString, _ value: (some Number)?) {
        member(name, string: value?.value)
    }

    /// Milliseconds since 1970, as a string of digits.
    package mutating func member(_ name: StaticString, _ value: Timestamp?) {
        member(name, string: value?.milliseconds)
    }

    /// Whole milliseconds, as a string of digits.
    package mutating func member(_ name: StaticString, _ value: Duration?) {
        member(name, string: value?.milliseconds)
    }

    /// A member that is an identifier, as 32 hex digits.
    package mutating func member(_ name: StaticString, _ value: Identifier?) {
        guard let value else { return }
        self.name(name)
        hex([value.high, value.low])
    }

    /// A member that is a hash, as 64 hex digits.
    package mutating func member(_ name: StaticString, _ value: Hash?) {
        guard let value else { return }
        self.name(name)
        hex([value.words.0, value.words.1, value.words.2, value.words.3])
    }

    /// The word that stands for a value.
    package mutating func member<Value>(
        _ name: StaticString, _ value: Value?, _ words: JSONWords<Value>
    ) {
        guard let value else { return }
        member(name, word: words.word(for: value))
    }

    mutating func hex(_ words: InlineArray<2, UInt64>) {
        var digits = InlineArray<32, UInt8>(repeating: 0)
        for index in 0..<32 { digits[index] = Self.hexDigit(words[index / 16], index % 16) }
        string(ascii: digits.span)
    }

    mutating func hex(_ words: InlineArray<4, UInt64>) {
        var digits = InlineArray<64, UInt8>(repeating: 0)
        for index in 0..<64 { digits[index] = Self.hexDigit(words[index / 16], index % 16) }
        string(ascii: digits.span)
    }

    @inline(__always)
    private static func hexDigit(_ word: UInt64, _ index: Int) -> UInt8 {
        hexDigit(UInt8(truncatingIfNeeded: word &>> UInt64(60 - 4 * index)) & 15)
    }
}
