/// The values of a JSON text and where they lie, found without judging it: of a text that is no
/// JSON whatever looks like one.
struct JSONTokens {
    enum Kind { case string, number, word, object, array }

    struct Token {
        var kind: Kind
        var range: Range<Int>
        /// Whether it is a member's name.
        var isName = false
        /// How many objects and arrays it stands in.
        var depth: Int
    }

    private(set) var all: [Token] = []

    init(_ bytes: [UInt8]) {
        var open: [Int] = []
        var place = 0
        while place < bytes.count {
            let start = place
            switch bytes[place] {
            case UInt8(ascii: "\""):
                place = Self.stringEnd(bytes, place)
                let isName = place < bytes.count && bytes[place] == UInt8(ascii: ":")
                add(.string, start..<place, open.count, isName: isName)
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                let kind: Kind = bytes[place] == UInt8(ascii: "{") ? .object : .array
                place += 1
                add(kind, start..<place, open.count)
                open.append(all.count - 1)
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                place += 1
                if let token = open.popLast() {
                    all[token].range = all[token].range.lowerBound..<place
                }
            case UInt8(ascii: ","), UInt8(ascii: ":"), 0x20, 0x0A, 0x0D, 0x09: place += 1
            default:
                while place < bytes.count, !Self.isEnd(bytes[place]) { place += 1 }
                place = max(place, start + 1)
                let isNumber = bytes[start] == UInt8(ascii: "-") || 0x30...0x39 ~= bytes[start]
                add(isNumber ? .number : .word, start..<place, open.count)
            }
        }
    }

    private mutating func add(
        _ kind: Kind, _ range: Range<Int>, _ depth: Int, isName: Bool = false
    ) {
        all.append(Token(kind: kind, range: range, isName: isName, depth: depth))
    }

    private static func stringEnd(_ bytes: [UInt8], _ start: Int) -> Int {
        var place = start + 1
        while place < bytes.count {
            if bytes[place] == UInt8(ascii: "\"") { return place + 1 }
            place += bytes[place] == UInt8(ascii: "\\") ? 2 : 1
        }
        return bytes.count
    }

    private static func isEnd(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: ","), UInt8(ascii: ":"), UInt8(ascii: "{"), UInt8(ascii: "}"),
            UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "\""), 0x20, 0x0A, 0x0D, 0x09:
            true
        default: false
        }
    }
}
