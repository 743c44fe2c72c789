/// Laying out text of known origin in lines.
enum Prose {
    /// The paragraphs of a text, each on one line, as they are parted by empty lines.
    static func paragraphs(_ text: String) -> [String] {
        text.split(separator: "\n\n").map { paragraph in
            paragraph.split(whereSeparator: \.isNewline).joined(separator: " ")
        }
    }

    /// The text in lines of at most `width` cells, each with the indent.
    static func wrap(_ text: String, width: Int, indent: Int) -> String {
        let space = String(repeating: " ", count: indent)
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ") {
            let isFull = !line.isEmpty && indent + line.count + 1 + word.count > width
            if isFull {
                lines.append(line)
                line = ""
            }
            line += (line.isEmpty ? "" : " ") + word
        }
        if !line.isEmpty { lines.append(line) }
        return lines.map { space + $0 + "\n" }.joined()
    }

    /// Two columns: terms, and what they mean beside them, wrapped.
    static func list(_ items: [(term: String, text: String)], width: Int) -> String {
        let longest = min(items.map(\.term.count).max() ?? 0, 30)
        var page = ""
        for (term, text) in items {
            let wrapped = wrap(text, width: max(width, longest + 30), indent: longest + 4)
            if term.count > longest {
                page += "  " + term + "\n" + wrapped
            } else {
                let gap = String(repeating: " ", count: longest - term.count + 2)
                page += "  " + term + gap + wrapped.drop { $0 == " " }
                if wrapped.isEmpty { page += "\n" }
            }
        }
        return page
    }
}
