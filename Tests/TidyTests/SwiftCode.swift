/// Swift source with the content of comments and texts blanked out, so that what is counted is
/// code.
struct SwiftCode {
    /// The code's lines, as long as the source's.
    let lines: [String]

    init(_ source: String) {
        var scanner = Scanner(Array(source.unicodeScalars))
        lines = scanner.blanked().split(separator: "\n", omittingEmptySubsequences: false)
            .map(String.init)
    }

    private struct Scanner {
        let source: [Unicode.Scalar]
        var place = 0
        var result = ""

        init(_ source: [Unicode.Scalar]) { self.source = source }

        func starts(_ text: String) -> Bool {
            let scalars = Array(text.unicodeScalars)
            return place + scalars.count <= source.count
                && Array(source[place..<place + scalars.count]) == scalars
        }

        mutating func blanked() -> String {
            while place < source.count {
                if starts("//") {
                    skip(until: "\n", keepingEnd: true)
                } else if starts("/*") {
                    skip(until: "*/", keepingEnd: false)
                } else if starts("#\"\"\"") {
                    text(from: "#\"\"\"", to: "\"\"\"#", escape: "\\#")
                } else if starts("\"\"\"") {
                    text(from: "\"\"\"", to: "\"\"\"", escape: "\\")
                } else if starts("#\"") {
                    text(from: "#\"", to: "\"#", escape: "\\#")
                } else if starts("\"") {
                    text(from: "\"", to: "\"", escape: "\\")
                } else {
                    result.unicodeScalars.append(source[place])
                    place += 1
                }
            }
            return result
        }

        private mutating func blank() {
            result.unicodeScalars.append(source[place] == "\n" ? "\n" : " ")
            place += 1
        }

        private mutating func skip(until end: String, keepingEnd: Bool) {
            while place < source.count && !starts(end) { blank() }
            if keepingEnd { return }
            for _ in end.unicodeScalars where place < source.count { blank() }
        }

        private mutating func text(from begin: String, to end: String, escape: String) {
            for _ in begin.unicodeScalars { blank() }
            while place < source.count && !starts(end) {
                if starts(escape) { for _ in escape.unicodeScalars { blank() } }
                if place < source.count { blank() }
            }
            for _ in end.unicodeScalars where place < source.count { blank() }
        }
    }

    /// A function's first line, counted from 1, and how many lines it has.
    struct Function: Equatable {
        let line: Int
        let length: Int
    }

    /// The functions and initialisers with a body.
    var functions: [Function] {
        var result: [Function] = []
        for (index, line) in lines.enumerated() {
            let words = line.split { !($0.isLetter || $0.isNumber || $0 == "_") }
            let isFunction =
                words.contains("func")
                || words.contains("init") && line.contains("init") && !line.contains(".init")
                    && line.trimmingPrefix { $0 == " " }.first.map { $0 != "." } ?? false
            if isFunction, let length = length(from: index) {
                result.append(Function(line: index + 1, length: length))
            }
        }
        return result
    }

    /// From the line of the declaration to the brace that closes its body; nil without a body.
    private func length(from start: Int) -> Int? {
        var (depth, round, isOpen) = (0, 0, false)
        for index in start..<lines.count {
            for character in lines[index] {
                switch character {
                case "(", "[": round += 1
                case ")", "]": round -= 1
                case "{":
                    if round > 0 && !isOpen { continue }
                    depth += 1
                    isOpen = true
                case "}":
                    if round > 0 && !isOpen { continue }
                    if !isOpen && depth == 0 { return nil }
                    depth -= 1
                    if isOpen && depth == 0 { return index - start + 1 }
                default: break
                }
            }
            if !isOpen && round == 0 {
                let rest = lines[index].trimmingCharacters
                let following = index + 1 < lines.count ? lines[index + 1].trimmingCharacters : ""
                let goesOn =
                    rest.hasSuffix("->") || rest.hasSuffix(",") || following.hasPrefix("{")
                    || following.hasPrefix("->") || following.hasPrefix("async")
                    || following.hasPrefix("throws") || following.hasPrefix("where")
                    || following.hasPrefix(")")
                if !goesOn { return nil }
            }
        }
        return nil
    }
}

extension String {
    fileprivate var trimmingCharacters: Substring {
        let front = drop { $0 == " " }
        var end = front
        while end.last == " " { end = end.dropLast() }
        return end
    }
}
