/// The slow pass that says where a document is not JSON.
///
/// simdjson is fast because it does not know where it is. When it has refused a document, this goes
/// through it byte by byte, by the grammar of RFC 8259 with simdjson's own strictness (UTF-8 in
/// strings, no lone surrogate, integers within 64 bits, finite doubles), and throws at the first
/// byte that does not fit. What the bytes end too early for is said to be at their end.
///
/// Owner of the bytes: the caller, for the time of `check`.
struct JSONSyntax {
    let bytes: UnsafeRawBufferPointer
    private let depthMax: Int
    private var place = 0
    private var depth = 0

    init(_ bytes: UnsafeRawBufferPointer, depthMax: Int) {
        self.bytes = bytes
        self.depthMax = depthMax
    }

    /// - Throws: `.syntax` or `.tooDeep` with the byte offset; nothing when all is well.
    mutating func check() throws(JSONReadError) {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
            throw error("begins with a byte order mark; leave it out")
        }
        skipSpace()
        if place == bytes.count { throw error("there is no JSON: nothing but white space") }
        try value()
        skipSpace()
        if place < bytes.count { throw unexpected("the end, as the document is complete") }
    }

    private var byte: UInt8? { place < bytes.count ? bytes[place] : nil }

    private mutating func skipSpace() {
        while let byte, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { place += 1 }
    }

    private mutating func skip(_ expected: Unicode.Scalar) -> Bool {
        guard byte == UInt8(ascii: expected) else { return false }
        place += 1
        return true
    }

    private mutating func value() throws(JSONReadError) {
        switch byte {
        case UInt8(ascii: "{"): try object()
        case UInt8(ascii: "["): try array()
        case UInt8(ascii: "\""): try string()
        case UInt8(ascii: "t"): try literal("true")
        case UInt8(ascii: "f"): try literal("false")
        case UInt8(ascii: "n"): try literal("null")
        case .some(let byte) where byte == UInt8(ascii: "-") || Self.isDigit(byte): try number()
        default: throw unexpected("a value")
        }
    }

    private mutating func enter() throws(JSONReadError) {
        depth += 1
        if depth > depthMax {
            throw error(
                "more than \(depthMax) objects and arrays inside each other", reason: .tooDeep)
        }
        place += 1
        skipSpace()
    }

    private mutating func object() throws(JSONReadError) {
        try enter()
        if !skip("}") {
            repeat {
                skipSpace()
                guard byte == UInt8(ascii: "\"") else {
                    throw unexpected("a member name in quotes")
                }
                try string()
                skipSpace()
                guard skip(":") else { throw unexpected("a colon after the member name") }
                skipSpace()
                try value()
                skipSpace()
            } while skip(",")
            guard skip("}") else { throw unexpected("a comma or } after the member") }
        }
        depth -= 1
    }

    private mutating func array() throws(JSONReadError) {
        try enter()
        if !skip("]") {
            repeat {
                skipSpace()
                try value()
                skipSpace()
            } while skip(",")
            guard skip("]") else { throw unexpected("a comma or ] after the element") }
        }
        depth -= 1
    }

    private mutating func literal(_ word: StaticString) throws(JSONReadError) {
        for index in 0..<word.utf8CodeUnitCount {
            guard byte == word.utf8Start[index] else { throw unexpected("\(word)") }
            place += 1
        }
        if let byte, !Self.endsToken(byte) { throw unexpected("the end of \(word)") }
    }

    private static func endsToken(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x20, 0x0A, 0x0D, 0x09, UInt8(ascii: ","), UInt8(ascii: ":"), UInt8(ascii: "]"),
            UInt8(ascii: "}"), UInt8(ascii: "["), UInt8(ascii: "{"), UInt8(ascii: "\""):
            true
        default: false
        }
    }
}

extension JSONSyntax {
    private mutating func number() throws(JSONReadError) {
        let start = place
        var isWhole = true
        _ = skip("-")
        if skip("0") {
            if let byte, Self.isDigit(byte) {
                throw error("a number does not begin with 0", at: start)
            }
        } else {
            try digits()
        }
        if skip(".") {
            isWhole = false
            try digits()
        }
        if byte == UInt8(ascii: "e") || byte == UInt8(ascii: "E") {
            isWhole = false
            place += 1
            if !skip("+") { _ = skip("-") }
            try digits()
        }
        if let byte, !Self.endsToken(byte) { throw unexpected("the end of the number") }
        let text = String(decoding: bytes[start..<place], as: UTF8.self)
        if isWhole, Int64(text) == nil, UInt64(text) == nil {
            throw error("the whole number is beyond 64 bits", at: start)
        }
        if !isWhole, let number = Double(text), !number.isFinite {
            throw error("the number is beyond what a double holds", at: start)
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
    }

    private mutating func digits() throws(JSONReadError) {
        guard let first = byte, Self.isDigit(first) else { throw unexpected("a digit") }
        while let byte, Self.isDigit(byte) { place += 1 }
    }

    private mutating func string() throws(JSONReadError) {
        let start = place
        place += 1
        while let byte {
            switch byte {
            case UInt8(ascii: "\""):
                place += 1
                return
            case UInt8(ascii: "\\"): try escape()
            case 0..<0x20: throw error("a control character in a string must be escaped")
            case 0x20..<0x80: place += 1
            default: try multibyte()
            }
        }
        throw error("the string that begins at byte \(start) has no closing quote")
    }

    private mutating func escape() throws(JSONReadError) {
        let start = place
        place += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"),
            UInt8(ascii: "f"), UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            place += 1
        case UInt8(ascii: "u"):
            let unit = try codeUnit()
            if unit & 0xFC00 == 0xDC00 { throw error("a lone surrogate", at: start) }
            guard unit & 0xFC00 == 0xD800 else { return }
            let isPair = skip("\\") && byte == UInt8(ascii: "u")
            guard isPair, try codeUnit() & 0xFC00 == 0xDC00 else {
                throw error("a lone surrogate", at: start)
            }
        case nil: throw unexpected("an escaped character")
        default: throw error("the backslash escapes nothing that JSON knows", at: start)
        }
    }

    /// Reads `uXXXX`.
    private mutating func codeUnit() throws(JSONReadError) -> UInt32 {
        place += 1
        var unit: UInt32 = 0
        for _ in 0..<4 {
            guard let byte, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw unexpected("four hex digits")
            }
            unit = unit << 4 | UInt32(digit)
            place += 1
        }
        return unit
    }

    /// One code point of two to four bytes, by the table of RFC 3629.
    private mutating func multibyte() throws(JSONReadError) {
        let lead = bytes[place]
        let (length, second): (Int, ClosedRange<UInt8>) =
            switch lead {
            case 0xC2...0xDF: (2, 0x80...0xBF)
            case 0xE0: (3, 0xA0...0xBF)
            case 0xED: (3, 0x80...0x9F)
            case 0xE1...0xEF: (3, 0x80...0xBF)
            case 0xF0: (4, 0x90...0xBF)
            case 0xF1...0xF3: (4, 0x80...0xBF)
            case 0xF4: (4, 0x80...0x8F)
            default: throw error("not valid UTF-8")
            }
        for index in 1..<length {
            let range = index == 1 ? second : 0x80...0xBF
            guard place + index < bytes.count, range ~= bytes[place + index] else {
                throw error("not valid UTF-8")
            }
        }
        place += length
    }
}

extension JSONSyntax {
    private func error(
        _ sentence: String, at offset: Int? = nil, reason: JSONReadError.Reason = .syntax
    ) -> JSONReadError {
        JSONReadError(reason: reason, sentence: sentence, offset: offset ?? place)
    }

    private func unexpected(_ expected: String) -> JSONReadError {
        let found =
            switch byte {
            case nil: "the end"
            case .some(let byte) where byte > 0x20 && byte < 0x7F:
                "'\(Unicode.Scalar(byte))'"
            case .some(let byte): "the byte 0x" + String(byte, radix: 16, uppercase: true)
            }
        return error("expected \(expected), found \(found)")
    }
}
