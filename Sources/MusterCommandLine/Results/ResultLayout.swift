/// How a result is laid out for people. It can show only what lies in the value: every cell is a
/// path into it.
package struct ResultLayout: Hashable, Sendable {
    /// A column of a table.
    package struct Column: Hashable, Sendable {
        package let title: String
        /// From the row's value.
        package let path: ResultPath
        /// Whether only `-o wide` shows it.
        package let isWideOnly: Bool
        /// How words in it are coloured; a word that is not there is plain.
        package let tones: [String: Tone]
        /// The least width in cells, for streams, whose later lines are not known.
        package let width: Int

        package init(
            _ title: String, _ path: ResultPath, wide isWideOnly: Bool = false,
            tones: [String: Tone] = [:], width: Int = 0
        ) {
            self.width = width
            self.title = title
            self.path = path
            self.isWideOnly = isWideOnly
            self.tones = tones
        }
    }

    /// A part of the page.
    package enum Section: Hashable, Sendable {
        /// One line for each value: title, then value. Values that are missing are left out.
        case facts([Column])
        /// A table with a row for each element of the array at the path.
        case table(title: String?, rows: ResultPath, columns: [Column], empty: String)
        /// The text, or each of the texts, at the path, on lines of their own.
        case lines(ResultPath)
    }

    package let sections: [Section]
    /// The array that is the result's substance: `-o jsonl` writes a line for each element. nil:
    /// the result is one thing.
    package let rows: ResultPath?
    /// What `-o name` prints, from the row's value, or from the whole when there are no rows.
    package let name: ResultPath?

    package init(_ sections: [Section], rows: ResultPath? = nil, name: ResultPath? = nil) {
        self.sections = sections
        self.rows = rows
        self.name = name
    }

    /// A single table over the array at the path.
    package static func table(
        _ rows: ResultPath, name: ResultPath?, empty: String, _ columns: [Column]
    ) -> ResultLayout {
        ResultLayout(
            [.table(title: nil, rows: rows, columns: columns, empty: empty)], rows: rows,
            name: name)
    }

    /// Paths that lead nowhere in the shape; empty when the layout fits.
    package func problems(in shape: ResultShape) -> [String] {
        func missing(_ path: ResultPath, in shape: ResultShape?) -> [String] {
            shape?[path] == nil ? ["\(path) leads nowhere"] : []
        }
        func element(_ path: ResultPath) -> ResultShape? {
            if case .array(let element)? = shape[path] { element } else { nil }
        }
        var problems: [String] = []
        for section in sections {
            switch section {
            case .facts(let columns):
                problems += columns.flatMap { missing($0.path, in: shape) }
            case .table(_, let rows, let columns, _):
                guard let row = element(rows) else {
                    problems.append("\(rows) is no array")
                    continue
                }
                problems += columns.flatMap { missing($0.path, in: row) }
            case .lines(let path): problems += missing(path, in: shape)
            }
        }
        if let name { problems += missing(name, in: rows.map { element($0) } ?? shape) }
        return problems
    }
}

/// What a colour says; never the only carrier of what it says.
package enum Tone: Hashable, Sendable {
    case plain
    case good
    case warning
    case bad
    case dim
    case strong

    /// The text with the terminal's sequences around it.
    func paint(_ text: String) -> String {
        let code =
            switch self {
            case .plain: ""
            case .good: "32"
            case .warning: "33"
            case .bad: "31"
            case .dim: "2"
            case .strong: "1"
            }
        return code.isEmpty ? text : "\u{1B}[" + code + "m" + text + "\u{1B}[0m"
    }
}
