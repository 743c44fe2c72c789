/// Text that is safe to show to a person: on a terminal, in a log line, in a table.
///
/// What the program's own source says (literals) is taken as it is; whatever is put in by
/// interpolation is escaped, so that a sentence with a node's name in it cannot carry a line break,
/// a terminal's control sequence or a change of writing direction. The escape is unambiguous: a
/// backslash becomes two.
///
/// ```swift
/// let sentence: EscapedText = "unknown node \(name): see \"muster nodes\""
/// ```
package struct EscapedText: Hashable, Sendable, ExpressibleByStringInterpolation,
    CustomStringConvertible
{
    /// The text as it is shown.
    package let text: String

    package var description: String { text }

    /// The escaped form of text from anywhere.
    package init(_ untrusted: String) {
        text = Self.escape(untrusted)
    }

    /// Text known to be harmless, for instance put together from escaped parts and line breaks.
    package init(trusted: String) {
        text = trusted
    }

    package init(stringLiteral value: String) {
        text = value
    }

    package init(stringInterpolation: Interpolation) {
        text = stringInterpolation.text
    }

    /// The pieces of a sentence: literals as they are, values escaped.
    package struct Interpolation: StringInterpolationProtocol {
        var text = ""

        package init(literalCapacity: Int, interpolationCount: Int) {
            text.reserveCapacity(literalCapacity + interpolationCount * 16)
        }

        package mutating func appendLiteral(_ literal: String) { text += literal }

        package mutating func appendInterpolation(_ untrusted: String) {
            text += EscapedText.escape(untrusted)
        }

        package mutating func appendInterpolation(_ escaped: EscapedText) { text += escaped.text }

        package mutating func appendInterpolation(_ number: some BinaryInteger) {
            text += String(number)
        }

        package mutating func appendInterpolation<Value>(_ value: Value) {
            text += EscapedText.escape(String(describing: value))
        }
    }

    package static func + (left: Self, right: Self) -> Self {
        EscapedText(trusted: left.text + right.text)
    }

    /// The texts one after another, with `separator` between them.
    package static func joined(_ parts: [EscapedText], by separator: EscapedText) -> Self {
        EscapedText(trusted: parts.map(\.text).joined(separator: separator.text))
    }

    /// The text with everything that a terminal could obey, or that cannot be seen, as `\u{…}`.
    package static func escape(_ untrusted: String) -> String {
        guard untrusted.unicodeScalars.contains(where: { $0 == "\\" || isHidden($0) }) else {
            return untrusted
        }
        var escaped = ""
        for scalar in untrusted.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\t": escaped += "\\t"
            case "\r": escaped += "\\r"
            case _ where isHidden(scalar):
                escaped += "\\u{" + String(scalar.value, radix: 16) + "}"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    /// Whether a terminal may obey the scalar instead of showing it, or shows nothing for it:
    /// controls, format characters (those of writing direction among them), line and paragraph
    /// separators, and what is ignorable by default.
    package static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.value < 0x7F { return scalar.value < 0x20 }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: return true
        default: return scalar.properties.isDefaultIgnorableCodePoint
        }
    }
}
