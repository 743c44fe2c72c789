import MusterTesting

/// Changes a JSON text as somebody might who knows where its reader is weak: at its members,
/// numbers, strings and nesting, and sometimes at its bytes.
struct DocumentMutator: Sendable {
    /// Texts that stand in place of a value.
    let words: [[UInt8]]

    /// Numbers at the edges of what is allowed, and beyond.
    private static let numbers: [[UInt8]] = [
        "0", "1", "-1", "-0", "01", "1.0", "1e0", "1e400", "2147483647", "2147483648",
        "4294967295", "4294967296", "9007199254740992", "9007199254740993",
        "9223372036854775807", "9223372036854775808", "18446744073709551615",
        "18446744073709551616", "99999999999999999999999", "-9223372036854775808", "0x10", "+1",
        "NaN", "null", "true", "false", "{}", "[]", "\"\"",
    ].flatMap { text in [Array(text.utf8), Array("\"\(text)\"".utf8)] }

    /// What readers of strings trip over, as it stands between the quotes.
    static let texts: [[UInt8]] = escapes.map { Array($0.utf8) } + broken

    private static let escapes: [String] = [
        #"\u0000"#, #"\ud800"#, #"\udc00"#, #"\ud83d\ude00"#, #"\u202e"#, #"\u001b[2J"#,
        #"\/"#, #"\\"#, #"\""#, #"\n"#, #"\x"#, #"\u12"#, "\u{202E}", "\u{1B}[31m", "\u{0}",
        "\n", "e\u{301}", "\u{E9}", "\u{FEFF}", "\u{2028}", "\u{E0041}", "/", "..", "%00",
        "$(id)", "'; --",
    ]

    private static let broken: [[UInt8]] = [
        [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x82],
        [UInt8](repeating: UInt8(ascii: "x"), count: 256),
        [UInt8](repeating: UInt8(ascii: "y"), count: 255),
    ]

    /// The text with one to four changes.
    ///
    /// - Parameter donors: texts whose parts may stand in it.
    func mutate(
        _ bytes: [UInt8], _ dice: inout SeededGenerator, donors: [[UInt8]]
    ) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<[1, 1, 1, 2, 2, 3, 4][dice.pick(7)] { change(&bytes, &dice, donors) }
        return bytes
    }

    private func change(_ bytes: inout [UInt8], _ dice: inout SeededGenerator, _ donors: [[UInt8]])
    {
        let tokens = JSONTokens(bytes).all
        guard !tokens.isEmpty, !dice.happens(perMille: 60) else {
            return ByteMutator.change(&bytes, &dice)
        }
        let token = tokens[dice.pick(tokens.count)]
        switch dice.pick(12) {
        case 0, 1: replaceNumber(&bytes, tokens, &dice)
        case 2: bytes.replaceSubrange(token.range, with: words[dice.pick(words.count)])
        case 3, 4:
            let donor = donors[dice.pick(donors.count)]
            let parts = JSONTokens(donor).all.filter { !$0.isName }
            guard !parts.isEmpty else { return }
            bytes.replaceSubrange(token.range, with: donor[parts[dice.pick(parts.count)].range])
        case 5, 6: insertText(&bytes, tokens, &dice)
        case 7: remove(&bytes, tokens, &dice)
        case 8: duplicate(&bytes, tokens, &dice)
        case 9: nest(&bytes, token, &dice)
        case 10: frame(&bytes, token, &dice)
        default: ByteMutator.change(&bytes, &dice)
        }
    }

    private func replaceNumber(
        _ bytes: inout [UInt8], _ tokens: [JSONTokens.Token], _ dice: inout SeededGenerator
    ) {
        let scalars = tokens.filter { token in
            token.kind == .number
                || token.kind == .string && !token.isName && bytes[token.range].count > 2
                    && 0x30...0x39 ~= bytes[token.range.lowerBound + 1]
        }
        guard !scalars.isEmpty else { return }
        let number = Self.numbers[dice.pick(Self.numbers.count)]
        bytes.replaceSubrange(scalars[dice.pick(scalars.count)].range, with: number)
    }

    private func insertText(
        _ bytes: inout [UInt8], _ tokens: [JSONTokens.Token], _ dice: inout SeededGenerator
    ) {
        let strings = tokens.filter { $0.kind == .string && $0.range.count >= 2 }
        guard !strings.isEmpty else { return }
        let range = strings[dice.pick(strings.count)].range
        let place = range.lowerBound + 1 + dice.pick(range.count - 1)
        bytes.insert(contentsOf: Self.texts[dice.pick(Self.texts.count)], at: place)
    }

    private func remove(
        _ bytes: inout [UInt8], _ tokens: [JSONTokens.Token], _ dice: inout SeededGenerator
    ) {
        let index = dice.pick(tokens.count)
        let next = tokens[index...].first { $0.range.lowerBound >= tokens[index].range.upperBound }
        let end = next?.range.lowerBound ?? tokens[index].range.upperBound
        bytes.removeSubrange(tokens[index].range.lowerBound..<end)
    }

    /// Repeats a member, or an element, beside itself.
    private func duplicate(
        _ bytes: inout [UInt8], _ tokens: [JSONTokens.Token], _ dice: inout SeededGenerator
    ) {
        let index = dice.pick(tokens.count)
        var range = tokens[index].range
        if tokens[index].isName, index + 1 < tokens.count {
            range = range.lowerBound..<max(range.upperBound, tokens[index + 1].range.upperBound)
        }
        let part = Array(bytes[range]) + [UInt8(ascii: ",")]
        let count = [1, 1, 1, 2, 300][dice.pick(5)]
        guard part.count * count < 80_000 else { return }
        bytes.insert(
            contentsOf: repeatElement(part, count: count).joined(), at: range.lowerBound)
    }

    private func nest(
        _ bytes: inout [UInt8], _ token: JSONTokens.Token, _ dice: inout SeededGenerator
    ) {
        guard !token.isName else { return }
        // Up to the limits of nesting and just over them, counted from the top.
        let limits = [1, 2, 31, 32, 33, 34, 63, 64, 65, 66, 500, 20_000]
        let count = max(1, limits[dice.pick(limits.count)] - token.depth)
        let isArray = dice.happens(perMille: 500)
        let (before, after) = isArray ? ("[", "]") : (#"{"a":"#, "}")
        bytes.insert(
            contentsOf: repeatElement(Array(after.utf8), count: count).joined(),
            at: token.range.upperBound)
        bytes.insert(
            contentsOf: repeatElement(Array(before.utf8), count: count).joined(),
            at: token.range.lowerBound)
    }

    /// What stands around a document, and members that nobody knows.
    private func frame(
        _ bytes: inout [UInt8], _ token: JSONTokens.Token, _ dice: inout SeededGenerator
    ) {
        switch dice.pick(6) {
        case 0: bytes.insert(contentsOf: [0xEF, 0xBB, 0xBF], at: 0)
        case 1: bytes.insert(contentsOf: [0, 0, 0, 0, 7], at: 0)
        case 2: bytes += Array("{}".utf8)
        case 3: bytes.insert(contentsOf: Array(" \n\t".utf8), at: token.range.lowerBound)
        default:
            guard token.kind == .object, token.range.count >= 2 else { return }
            let count = [1, 1, 240, 256, 257][dice.pick(5)]
            let isEmpty = bytes[token.range.lowerBound + 1] == UInt8(ascii: "}")
            var members = (0..<count).map { #""s\#($0)":[{"x":1}]"# }.joined(separator: ",")
            if !isEmpty { members += "," }
            bytes.insert(contentsOf: Array(members.utf8), at: token.range.lowerBound + 1)
        }
    }
}

/// Changes bytes, whatever they mean.
enum ByteMutator {
    private static let interesting: [UInt8] =
        Array("\"\\{}[],:0-eu1 \n\r\u{0}=&*!%|>'#".utf8) + [0x80, 0xC3, 0xFF, 0xED]

    static func change(_ bytes: inout [UInt8], _ dice: inout SeededGenerator) {
        let byte =
            dice.happens(perMille: 500)
            ? interesting[dice.pick(interesting.count)] : UInt8(dice.pick(256))
        guard !bytes.isEmpty else { return bytes.append(byte) }
        let place = dice.pick(bytes.count)
        switch dice.pick(6) {
        case 0: bytes[place] = byte
        case 1: bytes.insert(byte, at: place)
        case 2: bytes.remove(at: place)
        case 3: bytes[place] ^= 1 << UInt8(dice.pick(8))
        case 4: bytes.removeSubrange(place..<min(bytes.count, place + 1 + dice.pick(20)))
        default: bytes.removeSubrange(place...)
        }
    }
}

extension SeededGenerator {
    /// A number from 0 up to but not including `count`; 0 where that is 0.
    mutating func pick(_ count: Int) -> Int { Int(next() % UInt64(max(count, 1))) }
}
