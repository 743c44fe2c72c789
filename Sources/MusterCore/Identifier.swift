/// 128 random bits: a store's or a boot's identity, written as 32 lower-case hex digits.
package struct Identifier: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let high: UInt64
    package let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// The identifier of 32 hex digits in lower case; nil for any other text.
    package init?(hex text: String) {
        guard text.utf8.count == 32 else { return nil }
        var words: (UInt64, UInt64) = (0, 0)
        for (index, byte) in text.utf8.enumerated() {
            guard let digit = Hash.digit(byte) else { return nil }
            if index < 16 {
                words.0 = words.0 << 4 | UInt64(digit)
            } else {
                words.1 = words.1 << 4 | UInt64(digit)
            }
        }
        self.init(high: words.0, low: words.1)
    }

    package static func < (left: Self, right: Self) -> Bool {
        left.high == right.high ? left.low < right.low : left.high < right.high
    }

    package var description: String { Hash.hex(high) + Hash.hex(low) }
}

/// A store: the identity of one data directory.
package typealias StoreID = Identifier
/// A boot: the identity of one process.
package typealias BootID = Identifier

/// A SHA-256 hash, written as 64 lower-case hex digits.
package struct Hash: Hashable, Sendable, CustomStringConvertible {
    /// The 32 bytes as four big-endian words.
    package let words: (UInt64, UInt64, UInt64, UInt64)

    package init(words: (UInt64, UInt64, UInt64, UInt64)) { self.words = words }

    package static let zero = Hash(words: (0, 0, 0, 0))

    /// The hash of 64 hex digits in lower case; nil for any other text.
    package init?(hex text: String) {
        guard text.utf8.count == 64 else { return nil }
        var words: [UInt64] = [0, 0, 0, 0]
        for (index, byte) in text.utf8.enumerated() {
            guard let digit = Hash.digit(byte) else { return nil }
            words[index / 16] = words[index / 16] << 4 | UInt64(digit)
        }
        self.words = (words[0], words[1], words[2], words[3])
    }

    package static func == (left: Self, right: Self) -> Bool {
        left.words.0 == right.words.0 && left.words.1 == right.words.1
            && left.words.2 == right.words.2 && left.words.3 == right.words.3
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
        hasher.combine(words.1)
    }

    package var description: String {
        Hash.hex(words.0) + Hash.hex(words.1) + Hash.hex(words.2) + Hash.hex(words.3)
    }

    static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x61...0x66: byte - 0x61 + 10
        default: nil
        }
    }

    static func hex(_ word: UInt64) -> String {
        var digits = [UInt8](repeating: 0, count: 16)
        for index in 0..<16 {
            let digit = UInt8(truncatingIfNeeded: word >> UInt64(60 - 4 * index)) & 15
            digits[index] = digit < 10 ? 0x30 + digit : 0x61 - 10 + digit
        }
        return String(decoding: digits, as: UTF8.self)
    }
}
