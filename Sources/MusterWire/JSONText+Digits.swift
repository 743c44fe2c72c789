// Digits of a text, eight at a time. The loads may reach up to seven bytes beyond the text: it ends
// with a zero byte and the parser's buffer has 64 bytes of room behind its last text.

extension JSONText {
    /// The number that a text of decimal digits says; nil for an empty one, a leading zero,
    /// anything but digits, and beyond 64 bits.
    @inline(__always)
    var decimal: UInt64? {
        if count <= 8 {
            guard count > 0, start[0] != UInt8(ascii: "0") || count == 1 else { return nil }
            return Self.decimal(start, count)
        }
        if count <= 16 {
            guard start[0] != UInt8(ascii: "0"), let high = Self.decimal(start, count - 8),
                let low = Self.decimal(start + (count - 8), 8)
            else { return nil }
            return high &* 100_000_000 &+ low
        }
        return longDecimal
    }

    @inline(never)
    private var longDecimal: UInt64? {
        guard count <= 20, start[0] != UInt8(ascii: "0"),
            let high = Self.decimal(start, count - 16),
            let middle = Self.decimal(start + (count - 16), 8),
            let low = Self.decimal(start + (count - 8), 8)
        else { return nil }
        let (product, overflowed) = high.multipliedReportingOverflow(by: 10_000_000_000_000_000)
        let (sum, carried) = product.addingReportingOverflow(middle &* 100_000_000 &+ low)
        return overflowed || carried ? nil : sum
    }

    /// The number of `count` (1 to 8) decimal digits.
    @inline(__always)
    private static func decimal(_ start: UnsafePointer<UInt8>, _ count: Int) -> UInt64? {
        // The first digit lies in the lowest byte; zeros are put before it until there are eight.
        let shift = UInt64(truncatingIfNeeded: 64 - 8 * count)
        var word = UnsafeRawPointer(start).loadUnaligned(as: UInt64.self).littleEndian
        word = word << shift | 0x3030_3030_3030_3030 & ~(UInt64.max << shift)
        let carries = (word &+ 0x0606_0606_0606_0606) & 0xF0F0_F0F0_F0F0_F0F0
        guard (word & 0xF0F0_F0F0_F0F0_F0F0) | carries >> 4 == 0x3333_3333_3333_3333 else {
            return nil
        }
        // Neighbours are joined to numbers below 100, these below 10,000, and these.
        word &= 0x0F0F_0F0F_0F0F_0F0F
        word = (word &* 10 &+ word &>> 8) & 0x00FF_00FF_00FF_00FF
        word = (word &* 100 &+ word &>> 16) & 0x0000_FFFF_0000_FFFF
        return (word &* 10_000 &+ word &>> 32) & 0xFFFF_FFFF
    }

    /// The word that sixteen lower-case hex digits from `offset` on say, the first the highest; nil
    /// for anything else. The text must have them.
    @inline(__always)
    func hex(at offset: Int) -> UInt64? {
        let base = UnsafeRawPointer(start)
        let first = base.loadUnaligned(fromByteOffset: offset, as: UInt64.self).littleEndian
        let second = base.loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self).littleEndian
        guard let high = Self.hex(first), let low = Self.hex(second) else { return nil }
        return high << 32 | low
    }

    @inline(__always)
    private static func hex(_ digits: UInt64) -> UInt64? {
        let letters = digits &>> 6 & 0x0101_0101_0101_0101
        var word = (digits & 0x0F0F_0F0F_0F0F_0F0F) &+ letters &* 9
        // They were hex digits if they are below 16 and writing them gives the same bytes.
        let aboveNine = (word &+ 0x0606_0606_0606_0606) &>> 4 & 0x0101_0101_0101_0101
        guard word & 0xF0F0_F0F0_F0F0_F0F0 == 0,
            word &+ 0x3030_3030_3030_3030 &+ aboveNine &* 39 == digits
        else { return nil }
        word = (word &<< 4 | word &>> 8) & 0x00FF_00FF_00FF_00FF
        word = (word &<< 8 | word &>> 16) & 0x0000_FFFF_0000_FFFF
        return (word &<< 16 | word &>> 32) & 0xFFFF_FFFF
    }
}
