import Foundation
import MusterCommandLine

/// Holds what a command prints as JSON against its shape, and its table against its JSON.
///
/// A small rendering of its own: times are asked for as RFC 3339, so a cell is the JSON's value;
/// lengths of time, which pass while the two runs are made, are only held to be there.
struct Rendered {
    let command: Command

    // MARK: Shape

    /// Where the JSON does not have the command's shape.
    func shapeProblems(_ json: Any) -> [String] {
        guard let shape = command.shape else { return ["it has no shape"] }
        return problems(json, shape, "")
    }

    private func problems(_ json: Any, _ shape: ResultShape, _ path: String) -> [String] {
        switch shape {
        case .any: return []
        case .text, .time: return json is String ? [] : ["\(path) is no text: \(json)"]
        case .id:
            return (json as? String).flatMap { Int64($0) } != nil
                ? [] : ["\(path) is no id: \(json)"]
        case .word(let words):
            return (json as? String).map { words.contains($0) } == true
                ? [] : ["\(path) is none of \(words): \(json)"]
        case .number, .duration: return json is Int64 || json is Int ? [] : ["\(path): \(json)"]
        case .flag: return json is Bool ? [] : ["\(path) is no flag: \(json)"]
        case .array(let element):
            guard let list = json as? [Any] else { return ["\(path) is no array"] }
            return list.enumerated().flatMap { problems($1, element, "\(path)[\($0)]") }
        case .map(let value):
            guard let object = json as? [String: Any] else { return ["\(path) is no object"] }
            return object.flatMap { problems($0.value, value, "\(path).\($0.key)") }
        case .object(let fields):
            guard let object = json as? [String: Any] else { return ["\(path) is no object"] }
            let names = fields.map(\.name)
            return object.keys.filter { !names.contains($0) }.map { "\(path).\($0) is a stranger" }
                + fields.flatMap { field -> [String] in
                    guard let value = object[field.name] else {
                        return field.isOptional ? [] : ["\(path).\(field.name) is missing"]
                    }
                    return problems(value, field.shape, "\(path).\(field.name)")
                }
        }
    }

    // MARK: Table

    /// Rows and facts of the JSON that the page does not show.
    func missing(_ json: [String: Any], in page: String, isWide: Bool) -> [String] {
        guard let layout = command.layout, let shape = command.shape else { return ["no layout"] }
        let lines = page.split(separator: "\n").map { squeezed(String($0)) }
        var missing: [String] = []
        for section in layout.sections {
            switch section {
            case .facts(let columns):
                for column in columns where isWide || !column.isWideOnly {
                    guard let value = look(json, column.path) else { continue }
                    if isPassing(shape[column.path]) || column.path == "rate" { continue }
                    let line = squeezed(column.title + "  " + cell(value, shape[column.path]))
                    if !lines.contains(line) { missing.append(line) }
                }
            case .table(_, let rows, let columns, let empty):
                guard let list = look(json, rows) as? [Any], !list.isEmpty else {
                    if !empty.isEmpty, !lines.contains(empty) { missing.append(empty) }
                    continue
                }
                guard case .array(let element)? = shape[rows] else { continue }
                for row in list {
                    missing += self.missing(
                        row, columns.filter { isWide || !$0.isWideOnly }, element, lines)
                }
            case .lines(let path):
                if path == "seen" { continue }  // it says how long ago
                let value = look(json, path)
                for text in (value as? [String]) ?? [value as? String].compactMap({ $0 })
                where !text.isEmpty && !lines.contains(squeezed(escaped(text))) {
                    missing.append(text)
                }
            }
        }
        return missing
    }

    private func missing(
        _ row: Any, _ columns: [ResultLayout.Column], _ shape: ResultShape, _ lines: [String]
    ) -> [String] {
        let cells = columns.map { column -> String? in
            isPassing(shape[column.path])
                ? nil : look(row, column.path).map { cell($0, shape[column.path]) } ?? "-"
        }
        let isThere = lines.contains { line in
            var rest = Substring(" " + line + " ")
            for cell in cells {
                guard let cell else { continue }
                guard let found = rest.range(of: " " + squeezed(cell) + " ") else { return false }
                rest = rest[rest.index(before: found.upperBound)...]
            }
            return true
        }
        return isThere ? [] : ["the row \(cells.map { $0 ?? "…" })"]
    }

    /// Whether the value is another one a moment later.
    private func isPassing(_ shape: ResultShape?) -> Bool {
        if case .duration? = shape { return true }
        return false
    }

    private func look(_ json: Any, _ path: ResultPath) -> Any? {
        var value: Any? = json
        for name in path.names { value = (value as? [String: Any])?[name] }
        return value
    }

    private func cell(_ value: Any, _ shape: ResultShape?) -> String {
        // Foundation takes 0 and 1 for flags too: only the shape knows.
        if case .flag? = shape { return value as? Bool == true ? "yes" : "no" }
        return switch value {
        case let number as Int64: "\(number)"
        case let text as String: text.isEmpty ? "-" : escaped(text)
        case let list as [Any]:
            list.isEmpty ? "-" : list.map { cell($0, nil) }.joined(separator: " ")
        default: "\(value)"
        }
    }

    private func escaped(_ text: String) -> String {
        text.replacingOccurrences(of: "\\", with: "\\\\")
            .replacingOccurrences(of: "\n", with: "\\n")
    }

    private func squeezed(_ text: String) -> String {
        text.split(separator: " ").joined(separator: " ")
    }
}
