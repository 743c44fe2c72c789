package import MusterRuntime

/// Where a command's result and its messages go: data to standard output, everything else to
/// standard error.
package struct Output: Sendable {
    /// How results are printed.
    package enum Form: String, CaseIterable, Sendable {
        case table
        case wide
        case json
        case jsonl
        case yaml
        case name
    }

    package let form: Form
    /// Whether tables on standard output have colour.
    package let hasColor: Bool
    let timeFormat: TextRendering.TimeFormat
    let context: ProcessContext

    /// Prints a result.
    ///
    /// - Throws: `OutputProblem` when nobody reads it any more.
    package func show(_ value: ResultValue, _ layout: ResultLayout) throws {
        try context.writeOutput(render(value, layout))
    }

    /// The result as `show` prints it.
    package func render(_ value: ResultValue, _ layout: ResultLayout) -> String {
        let rows = layout.rows.map { value[$0]?.elements ?? [] }
        switch form {
        case .table, .wide: return text.page(value, layout)
        case .json: return JSONRendering.page(value)
        case .yaml: return YAMLRendering.page(value)
        case .jsonl: return (rows ?? [value]).map { JSONRendering.line($0) + "\n" }.joined()
        case .name:
            let name = layout.name ?? ""
            return (rows ?? [value]).map { text.cell($0[name]) + "\n" }.joined()
        }
    }

    /// Text that is the result itself, such as a completion script.
    package func print(_ text: EscapedText) throws {
        try context.writeOutput(text.text + "\n")
    }

    /// A line on standard error, for people.
    package func note(_ text: EscapedText) {
        context.writeError(text.text + "\n")
    }

    var text: TextRendering {
        TextRendering(
            isWide: form == .wide, hasColor: hasColor, timeFormat: timeFormat, now: context.now())
    }

    /// Whether to colour what goes to a stream: `always` and `never` as said; `auto` on a terminal
    /// that knows how, unless NO_COLOR is set, and anywhere with CLICOLOR_FORCE.
    static func decideColor(
        _ choice: String?, environment: [String: String], isTerminal: Bool
    ) -> Bool {
        switch choice {
        case "always": return true
        case "never": return false
        default:
            if environment["NO_COLOR"]?.isEmpty == false { return false }
            if let force = environment["CLICOLOR_FORCE"], !force.isEmpty, force != "0" {
                return true
            }
            return isTerminal && environment["TERM"] != "dumb"
        }
    }
}
