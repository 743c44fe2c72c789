/// Writing JSON for people and programs at once: any parser reads the same text, and no terminal
/// obeys it.
package enum JSONText {
    /// Appends the text as a JSON string, quotes included. What `EscapedText` would escape is
    /// written as `\uXXXX`, so the content is kept to the scalar.
    package static func append(_ text: String, to json: inout String) {
        json += "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": json += "\\\""
            case "\\": json += "\\\\"
            case "\n": json += "\\n"
            case "\r": json += "\\r"
            case "\t": json += "\\t"
            case _ where EscapedText.isHidden(scalar):
                for unit in Unicode.UTF16.encode(scalar) ?? .init() { appendUnit(unit, to: &json) }
            default: json.unicodeScalars.append(scalar)
            }
        }
        json += "\""
    }

    /// The text as a JSON string, quotes included.
    package static func quoted(_ text: String) -> String {
        var json = ""
        append(text, to: &json)
        return json
    }

    private static func appendUnit(_ unit: UInt16, to json: inout String) {
        let digits = String(unit, radix: 16)
        json += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    }
}
