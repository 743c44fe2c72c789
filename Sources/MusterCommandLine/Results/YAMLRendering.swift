import MusterRuntime

/// Writes results as YAML that any reader, of version 1.1 or 1.2, takes for the same values as the
/// JSON: whatever is text and could be taken for a number, a truth value, a time or nothing is
/// quoted, and so is everything but plain words.
enum YAMLRendering {
    static func page(_ value: ResultValue) -> String {
        var yaml = ""
        append(value, indent: 0, to: &yaml)
        return yaml
    }

    private static func append(_ value: ResultValue, indent: Int, to yaml: inout String) {
        let space = String(repeating: "  ", count: indent)
        switch value {
        case .object(let members) where !members.isEmpty:
            for member in members {
                yaml += space + text(member.name) + ":"
                appendInner(member.value, indent: indent, to: &yaml)
            }
        case .array(let elements) where !elements.isEmpty:
            for element in elements {
                yaml += space + "-"
                // The first member of an object stands behind the dash, as people write it.
                if case .object(let members) = element, !members.isEmpty {
                    var inner = ""
                    append(element, indent: indent + 1, to: &inner)
                    yaml += " " + inner.drop { $0 == " " }
                } else {
                    appendInner(element, indent: indent, to: &yaml)
                }
            }
        default: yaml += space + scalar(value) + "\n"
        }
    }

    private static func appendInner(_ value: ResultValue, indent: Int, to yaml: inout String) {
        switch value {
        case .object(let members) where !members.isEmpty:
            yaml += "\n"
            append(value, indent: indent + 1, to: &yaml)
        case .array(let elements) where !elements.isEmpty:
            yaml += "\n"
            append(value, indent: indent + 1, to: &yaml)
        default: yaml += " " + scalar(value) + "\n"
        }
    }

    private static func scalar(_ value: ResultValue) -> String {
        switch value {
        case .text(let text): Self.text(text)
        case .id(let number): "\"\(number)\""
        case .number(let number), .duration(let number): String(number)
        case .flag(let flag): String(flag)
        case .time(let time): "\"" + RFC3339.text(milliseconds: time) + "\""
        case .object: "{}"
        case .array: "[]"
        }
    }

    private static let reserved: Set<String> = [
        "y", "n", "yes", "no", "on", "off", "true", "false", "null",
    ]

    /// Plain when it is made of ASCII letters, digits, `_`, `-`, `.` and `/`, begins with a letter
    /// and is no word that YAML gives a meaning to; in double quotes otherwise.
    private static func text(_ text: String) -> String {
        let bytes = text.utf8
        let isPlain =
            bytes.first.map { isLetter($0) } == true
            && bytes.allSatisfy { isLetter($0) || isDigit($0) || "_-./".utf8.contains($0) }
            && !reserved.contains(text.lowercased())
        return isPlain ? text : quoted(text)
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) && byte >= 0x41
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            // YAML allows only printable characters as they are; beyond its first plane some
            // readers refuse them.
            case _ where EscapedText.isHidden(scalar) || scalar.value > 0xFFFD:
                let digits = String(scalar.value, radix: 16, uppercase: true)
                quoted += "\\U" + String(repeating: "0", count: 8 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
