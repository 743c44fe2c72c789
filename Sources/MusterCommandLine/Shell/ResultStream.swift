import Synchronization

/// Prints results one at a time, as they come: `log -f`, `watch`.
///
/// As a table the titles come once, and columns keep the widths that they have reached. `json` and
/// `jsonl` are one object a line, `yaml` is one document each.
package final class ResultStream: Sendable {
    private let output: Output
    private let columns: [ResultLayout.Column]
    private let name: ResultPath?
    private let state: Mutex<State>

    private struct State {
        var widths: [Int]
        var isHeadPrinted = false
    }

    /// - Parameters:
    ///   - columns: of the table, over each item.
    ///   - name: what `-o name` prints of an item.
    package init(_ output: Output, _ columns: [ResultLayout.Column], name: ResultPath? = nil) {
        self.output = output
        self.name = name
        let shown = columns.filter { output.form == .wide || !$0.isWideOnly }
        self.columns = shown
        state = Mutex(
            State(widths: shown.map { max($0.width, TerminalCells.width(of: $0.title)) }))
    }

    /// Prints one item.
    ///
    /// - Throws: `OutputProblem` when nobody reads it any more.
    package func send(_ item: ResultValue) throws {
        let text =
            switch output.form {
            case .json, .jsonl: JSONRendering.line(item) + "\n"
            case .yaml: "---\n" + YAMLRendering.page(item)
            case .name: output.text.cell(item[name ?? ""]) + "\n"
            case .table, .wide: row(item)
            }
        try output.context.writeOutput(text)
    }

    private func row(_ item: ResultValue) -> String {
        state.withLock { state in
            var text = ""
            if !state.isHeadPrinted {
                state.isHeadPrinted = true
                text = line(columns.map(\.title), state.widths) { _ in .strong }
            }
            let cells = columns.map { output.text.cell(item[$0.path]) }
            for index in columns.indices {
                state.widths[index] = max(
                    state.widths[index], TerminalCells.width(of: cells[index]))
            }
            return text + line(cells, state.widths) { columns[$0].tones[cells[$0]] ?? .plain }
        }
    }

    private func line(_ cells: [String], _ widths: [Int], _ tone: (Int) -> Tone) -> String {
        cells.indices.map { index in
            let text = output.text.paint(cells[index], tone(index))
            if index == cells.indices.last { return text }
            let padding = max(0, widths[index] - TerminalCells.width(of: cells[index]))
            return text + String(repeating: " ", count: padding)
        }.joined(separator: "  ") + "\n"
    }
}
