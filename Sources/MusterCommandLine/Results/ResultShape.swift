/// What the result of a command looks like: `-o help` prints it, the manual and a JSON Schema are
/// made from it, and tests hold results against it.
package indirect enum ResultShape: Hashable, Sendable {
    /// A member of an object.
    package struct Field: Hashable, Sendable {
        package let name: String
        package let shape: ResultShape
        /// One line: what it is, with its unit.
        package let summary: String
        /// Whether it may be missing.
        package let isOptional: Bool

        package init(
            _ name: String, _ shape: ResultShape, _ summary: String, isOptional: Bool = false
        ) {
            self.name = name
            self.shape = shape
            self.summary = summary
            self.isOptional = isOptional
        }
    }

    case object([Field])
    case array(ResultShape)
    /// An object whose names are not known beforehand.
    case map(ResultShape)
    case text
    /// One of these texts.
    case word([String])
    case id
    case number
    case flag
    case time
    case duration
    /// Anything; for content that has a schema of its own.
    case any

    /// What lies at the end of the path; nil when nothing does.
    package subscript(path: ResultPath) -> ResultShape? {
        var shape = self
        for name in path.names {
            guard case .object(let fields) = shape,
                let field = fields.first(where: { $0.name == name })
            else { return nil }
            shape = field.shape
        }
        return shape
    }

    /// Where a value does not have this shape, as sentences; empty when it has.
    package func problems(of value: ResultValue, at path: String = "") -> [String] {
        switch (self, value) {
        case (.any, _), (.text, .text), (.id, .id), (.number, .number), (.flag, .flag),
            (.time, .time), (.duration, .duration):
            return []
        case (.word(let words), .text(let text)):
            return words.contains(text) ? [] : ["\(path): \(text) is none of \(words)"]
        case (.array(let shape), .array(let elements)):
            return elements.enumerated().flatMap { shape.problems(of: $1, at: "\(path)[\($0)]") }
        case (.map(let shape), .object(let members)):
            return members.flatMap { shape.problems(of: $0.value, at: "\(path).\($0.name)") }
        case (.object(let fields), .object(let members)):
            var problems: [String] = []
            for member in members {
                guard let field = fields.first(where: { $0.name == member.name }) else {
                    problems.append("\(path).\(member.name): not in the shape")
                    continue
                }
                problems += field.shape.problems(of: member.value, at: "\(path).\(member.name)")
            }
            for field in fields where !field.isOptional {
                if !members.contains(where: { $0.name == field.name }) {
                    problems.append("\(path).\(field.name): missing")
                }
            }
            return problems
        default:
            return ["\(path): \(value) has another type"]
        }
    }
}
