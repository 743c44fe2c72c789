internal import Foundation

/// Figures for people and for programs.
package enum FigureReport {
    /// A Markdown table.
    package static func table(_ figures: [Figure]) -> String {
        var lines = [
            "| figure | value | baseline | ratio | wanted | met |", "|---|---|---|---|---|---|",
        ]
        for figure in figures {
            let wanted: String
            switch figure.wanted {
            case .atLeast(let bound): wanted = "at least \(text(bound))"
            case .atMost(let bound): wanted = "at most \(text(bound))"
            }
            lines.append(
                "| \(figure.name) | \(text(figure.value)) \(figure.unit) "
                    + "| \(text(figure.baseline)) \(figure.unit) | \(text(figure.ratio)) "
                    + "| \(wanted) | \(figure.isMet ? "yes" : "no") |")
        }
        return lines.joined(separator: "\n")
    }

    /// One object a line.
    package static func json(_ figures: [Figure]) -> String {
        figures.map { figure in
            let wanted: String
            switch figure.wanted {
            case .atLeast(let bound): wanted = ">= \(bound)"
            case .atMost(let bound): wanted = "<= \(bound)"
            }
            return "{\"name\":\"\(figure.name)\",\"value\":\(figure.value),"
                + "\"unit\":\"\(figure.unit)\",\"baseline\":\(figure.baseline),"
                + "\"ratio\":\(figure.ratio),\"wanted\":\"\(wanted)\",\"met\":\(figure.isMet)}"
        }
        .joined(separator: "\n")
    }

    private static func text(_ value: Double) -> String {
        if value >= 1000 { return String(Int(value.rounded())) }
        return String(format: value >= 10 ? "%.1f" : "%.2f", value)
    }
}
