import MusterCore

/// A promise that an input breaks, as a sentence.
package struct FuzzFailure: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}

/// Fails when it is not so.
func demand(_ isTrue: Bool, _ what: @autoclosure () -> String) throws {
    if !isTrue { throw FuzzFailure(what()) }
}

/// Fails when a sentence that people are shown is empty or acts on a terminal.
func demandHarmless(_ sentence: String, _ what: String) throws {
    try demand(!sentence.isEmpty, "\(what) says nothing")
    for scalar in sentence.unicodeScalars where scalar != "/" && scalar != "\n" {
        let isForbidden = NameError.forbiddenRanges.contains { $0.contains(scalar.value) }
        try demand(
            !isForbidden, "\(what) carries U+\(String(scalar.value, radix: 16)) to a terminal")
    }
}

extension [UInt8] {
    /// As a shell's `printf '%b'` takes it.
    package var escaped: String {
        var text = ""
        for byte in self {
            if 0x20...0x7E ~= byte, byte != UInt8(ascii: "\\"), byte != UInt8(ascii: "'"),
                byte != UInt8(ascii: "%")
            {
                text.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                let digits = String(byte, radix: 16)
                text += "\\x" + (digits.count == 1 ? "0" : "") + digits
            }
        }
        return text
    }
}

extension [UInt8] {
    /// The bytes that `escaped` wrote; nil when it did not. The line's end is none of them.
    package init?(escaped text: String) {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        if rest.last == UInt8(ascii: "\n") { rest.removeLast() }
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\") else {
                bytes.append(byte)
                continue
            }
            guard rest.popFirst() == UInt8(ascii: "x"), rest.count >= 2,
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            else { return nil }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        self = bytes
    }
}
