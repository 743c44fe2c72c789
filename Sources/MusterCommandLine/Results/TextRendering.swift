import MusterRuntime

/// Writes results as tables and lines for people.
package struct TextRendering: Sendable {
    /// How times are shown.
    package enum TimeFormat: String, CaseIterable, Sendable {
        case relative
        case iso
        case raw
    }

    /// Whether columns that only `-o wide` has are shown.
    let isWide: Bool
    let hasColor: Bool
    let timeFormat: TimeFormat
    /// Milliseconds since 1970, for relative times.
    let now: Int64

    /// All sections, an empty line between them.
    func page(_ value: ResultValue, _ layout: ResultLayout) -> String {
        layout.sections.map { section(value, $0) }.filter { !$0.isEmpty }
            .joined(separator: "\n")
    }

    private func section(_ value: ResultValue, _ section: ResultLayout.Section) -> String {
        switch section {
        case .facts(let columns):
            let shown = columns.filter {
                (isWide || !$0.isWideOnly) && value[$0.path] != nil
            }
            let width = shown.map { TerminalCells.width(of: $0.title) }.max() ?? 0
            return shown.map { column in
                TerminalCells.pad(column.title, to: width) + "  "
                    + painted(value[column.path], column) + "\n"
            }.joined()
        case .table(let title, let rows, let columns, let empty):
            let elements = value[rows]?.elements ?? []
            let heading = title.map { paint($0, .strong) + "\n" } ?? ""
            if elements.isEmpty { return empty.isEmpty ? "" : heading + empty + "\n" }
            return heading + table(elements, columns)
        case .lines(let path):
            guard let found = value[path] else { return "" }
            if case .array(let lines) = found { return lines.map { line($0) + "\n" }.joined() }
            return line(found) + "\n"
        }
    }

    /// A value on a line of its own, where an empty text is an empty line.
    private func line(_ value: ResultValue) -> String {
        if case .text(let text) = value { return EscapedText.escape(text) }
        return cell(value)
    }

    /// The rows below their titles, parted by two spaces, numbers to the right.
    func table(_ rows: [ResultValue], _ columns: [ResultLayout.Column]) -> String {
        let shown = columns.filter { isWide || !$0.isWideOnly }
        let cells = rows.map { row in shown.map { cell(row[$0.path]) } }
        let widths = shown.indices.map { index in
            max(
                TerminalCells.width(of: shown[index].title),
                cells.map { TerminalCells.width(of: $0[index]) }.max() ?? 0)
        }
        let isNumber = shown.map { column in
            rows.contains { Self.isNumber($0[column.path]) }
        }
        func line(_ texts: [String], _ tone: (Int) -> Tone) -> String {
            var line = ""
            for index in shown.indices {
                let padding = String(
                    repeating: " ", count: widths[index] - TerminalCells.width(of: texts[index]))
                let text = paint(texts[index], tone(index))
                let isLast = index == shown.indices.last
                line += isNumber[index] ? padding + text : text + (isLast ? "" : padding)
                if !isLast { line += "  " }
            }
            return line + "\n"
        }
        let head = line(shown.map(\.title)) { _ in .strong }
        return head
            + cells.map { texts in
                line(texts) { shown[$0].tones[texts[$0]] ?? .plain }
            }.joined()
    }

    private static func isNumber(_ value: ResultValue?) -> Bool {
        switch value {
        case .number, .id: true
        default: false
        }
    }

    private func painted(_ value: ResultValue?, _ column: ResultLayout.Column) -> String {
        let text = cell(value)
        return paint(text, column.tones[text] ?? .plain)
    }

    func paint(_ text: String, _ tone: Tone) -> String { hasColor ? tone.paint(text) : text }

    /// A value on one line; `-` for none.
    func cell(_ value: ResultValue?) -> String {
        switch value {
        case nil: "-"
        case .text(let text): text.isEmpty ? "-" : EscapedText.escape(text)
        case .id(let number), .number(let number): String(number)
        case .flag(let flag): flag ? "yes" : "no"
        case .time(let time): self.time(time)
        case .duration(let milliseconds): DurationText.text(milliseconds: milliseconds)
        case .array(let elements):
            elements.isEmpty ? "-" : elements.map { cell($0) }.joined(separator: " ")
        case .object(let members):
            members.isEmpty
                ? "-"
                : members.map { EscapedText.escape($0.name) + "=" + cell($0.value) }
                    .joined(separator: " ")
        }
    }

    private func time(_ time: Int64) -> String {
        switch timeFormat {
        case .raw: return String(time)
        case .iso: return RFC3339.text(milliseconds: time)
        case .relative:
            let (past, overflow) = now.subtractingReportingOverflow(time)
            if overflow { return RFC3339.text(milliseconds: time) }
            return past >= 0
                ? DurationText.text(milliseconds: past) + " ago"
                : "in " + DurationText.text(milliseconds: -past)
        }
    }
}
