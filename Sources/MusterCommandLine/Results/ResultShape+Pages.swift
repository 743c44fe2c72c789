import MusterRuntime

extension ResultShape {
    /// The shape for people: JSON with the kind of each value for the value, and what it is beside.
    package func helpText() -> String {
        var lines: [(code: String, note: String)] = []
        write("", indent: 0, after: "", note: "", to: &lines)
        let width = min(lines.map(\.code.count).max() ?? 0, 44)
        return lines.map { line in
            guard !line.note.isEmpty else { return line.code }
            let gap = String(repeating: " ", count: max(width - line.code.count, 0) + 2)
            return line.code + gap + line.note
        }.joined(separator: "\n") + "\n"
    }

    private func write(
        _ before: String, indent: Int, after: String, note: String,
        to lines: inout [(code: String, note: String)]
    ) {
        let space = String(repeating: "  ", count: indent)
        switch self {
        case .object(let fields):
            lines.append((space + before + "{", note))
            for (index, field) in fields.enumerated() {
                let note = field.summary + (field.isOptional ? " (if any)" : "")
                field.shape.write(
                    JSONText.quoted(field.name) + ": ", indent: indent + 1,
                    after: index == fields.count - 1 ? "" : ",", note: note, to: &lines)
            }
            lines.append((space + "}" + after, ""))
        case .array(let shape):
            if let word = shape.word {
                lines.append((space + before + "[" + word + ", ...]" + after, note))
                return
            }
            lines.append((space + before + "[", note))
            shape.write("", indent: indent + 1, after: ", ...", note: "", to: &lines)
            lines.append((space + "]" + after, ""))
        case .map(let shape):
            lines.append((space + before + "{", note))
            shape.write("NAME: ", indent: indent + 1, after: ", ...", note: "", to: &lines)
            lines.append((space + "}" + after, ""))
        default:
            lines.append((space + before + (word ?? "") + after, note))
        }
    }

    /// What stands for a single value; nil for what is made of parts.
    private var word: String? {
        switch self {
        case .object, .array, .map: nil
        case .text: "TEXT"
        case .word(let words): words.map { JSONText.quoted($0) }.joined(separator: "|")
        case .id: "\"DIGITS\""
        case .number: "NUMBER"
        case .flag: "true|false"
        case .time: "\"RFC 3339\""
        case .duration: "MILLISECONDS"
        case .any: "ANY"
        }
    }

    /// The shape as a JSON Schema (draft 2020-12), without the line that names the draft.
    package var schema: ResultValue {
        switch self {
        case .object(let fields):
            .object([
                "type": .text("object"),
                "properties": .object(
                    fields.map { field in
                        ResultValue.Member(
                            name: field.name,
                            value: field.shape.schema.describing(field.summary))
                    }),
                "required": .texts(fields.filter { !$0.isOptional }.map(\.name)),
                "additionalProperties": .flag(false),
            ])
        case .array(let shape): .object(["type": .text("array"), "items": shape.schema])
        case .map(let shape):
            .object(["type": .text("object"), "additionalProperties": shape.schema])
        case .text: .object(["type": .text("string")])
        case .word(let words): .object(["type": .text("string"), "enum": .texts(words)])
        case .id: .object(["type": .text("string"), "pattern": .text("^-?[0-9]+$")])
        case .number, .duration: .object(["type": .text("integer")])
        case .flag: .object(["type": .text("boolean")])
        case .time: .object(["type": .text("string"), "format": .text("date-time")])
        case .any: .object([ResultValue.Member]())
        }
    }
}

extension ResultValue {
    /// The schema with a description in front.
    fileprivate func describing(_ text: String) -> ResultValue {
        guard case .object(let members) = self, !text.isEmpty else { return self }
        return .object([Member(name: "description", value: .text(text))] + members)
    }
}
