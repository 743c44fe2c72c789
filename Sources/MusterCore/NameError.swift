/// What is wrong with a name that came from outside.
package enum NameError: Error, Hashable, Sendable {
    /// The name has no characters.
    case empty
    /// The name has more than `Name` allows: 255 bytes of UTF-8.
    case tooLong(bytes: Int)
    /// The name holds a code point that no name may hold, `index` code points from its start.
    case forbidden(codePoint: UInt32, index: Int)

    /// The most bytes of UTF-8 that a name may have.
    package static let bytesMax = 255

    /// Code points that no name may hold: the slash, controls, bidirectional and format characters,
    /// line and paragraph separators, tags, and non-characters' neighbours that terminals act on.
    ///
    /// The list is fixed, so that every reader in every language refuses the same names; it stands
    /// in `schemas/names.json` too, and a test holds both together. It binds inputs, never the
    /// acceptance of journal records.
    package static let forbiddenRanges: [ClosedRange<UInt32>] = [
        0x0000...0x001F, 0x002F...0x002F, 0x007F...0x009F, 0x00AD...0x00AD, 0x0600...0x0605,
        0x061C...0x061C, 0x06DD...0x06DD, 0x070F...0x070F, 0x0890...0x0891, 0x08E2...0x08E2,
        0x180E...0x180E, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xFEFF...0xFEFF,
        0xFFF9...0xFFFB, 0x110BD...0x110BD, 0x110CD...0x110CD, 0x13430...0x1345F,
        0x1BCA0...0x1BCA3, 0x1D173...0x1D17A, 0xE0000...0xE007F,
    ]

    static func check(_ text: String) throws(NameError) {
        let bytes = text.utf8.count
        if bytes == 0 { throw .empty }
        if bytes > bytesMax { throw .tooLong(bytes: bytes) }
        var index = 0
        for scalar in text.unicodeScalars {
            for range in forbiddenRanges where range.contains(scalar.value) {
                throw .forbidden(codePoint: scalar.value, index: index)
            }
            index += 1
        }
    }
}

extension NameError: CustomStringConvertible {
    /// A sentence part that completes "the name …".
    package var description: String {
        switch self {
        case .empty:
            return "is empty; give it 1 to \(Self.bytesMax) bytes"
        case .tooLong(let bytes):
            return "has \(bytes) bytes; \(Self.bytesMax) are allowed"
        case .forbidden(let codePoint, let index):
            let hex = String(codePoint, radix: 16, uppercase: true)
            let padded = String(repeating: "0", count: max(0, 4 - hex.count)) + hex
            return "holds the character U+\(padded) at position \(index), which no name may hold"
        }
    }
}
