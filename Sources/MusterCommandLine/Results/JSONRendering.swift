import MusterRuntime

/// Writes results as JSON, without an escape sequence or a direction mark reaching the terminal.
enum JSONRendering {
    /// On one line, without white space and without a line break.
    static func line(_ value: ResultValue) -> String {
        var json = ""
        append(value, to: &json)
        return json
    }

    /// With two spaces a level and a line break at the end.
    static func page(_ value: ResultValue) -> String {
        var json = ""
        append(value, indent: 0, to: &json)
        return json + "\n"
    }

    private static func append(_ value: ResultValue, to json: inout String) {
        switch value {
        case .object(let members):
            json += "{"
            for (index, member) in members.enumerated() {
                if index > 0 { json += "," }
                JSONText.append(member.name, to: &json)
                json += ":"
                append(member.value, to: &json)
            }
            json += "}"
        case .array(let elements):
            json += "["
            for (index, element) in elements.enumerated() {
                if index > 0 { json += "," }
                append(element, to: &json)
            }
            json += "]"
        case .text, .id, .number, .flag, .time, .duration: json += scalar(value)
        }
    }

    private static func append(_ value: ResultValue, indent: Int, to json: inout String) {
        let space = String(repeating: "  ", count: indent + 1)
        let end = "\n" + String(repeating: "  ", count: indent)
        switch value {
        case .object(let members) where !members.isEmpty:
            json += "{"
            for (index, member) in members.enumerated() {
                json += (index > 0 ? ",\n" : "\n") + space
                JSONText.append(member.name, to: &json)
                json += ": "
                append(member.value, indent: indent + 1, to: &json)
            }
            json += end + "}"
        case .array(let elements) where !elements.isEmpty:
            json += "["
            for (index, element) in elements.enumerated() {
                json += (index > 0 ? ",\n" : "\n") + space
                append(element, indent: indent + 1, to: &json)
            }
            json += end + "]"
        default: append(value, to: &json)
        }
    }

    private static func scalar(_ value: ResultValue) -> String {
        switch value {
        case .text(let text): JSONText.quoted(text)
        case .id(let number): "\"\(number)\""
        case .number(let number), .duration(let number): String(number)
        case .flag(let flag): String(flag)
        case .time(let time): JSONText.quoted(RFC3339.text(milliseconds: time))
        case .object, .array: preconditionFailure("\(value) is no scalar")
        }
    }
}
