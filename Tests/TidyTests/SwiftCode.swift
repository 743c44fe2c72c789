/// Swift source, told apart: code, comments, and the text of literals. Each line keeps its columns.
struct SwiftCode: Sendable {
    /// The code's lines; comments and the text of literals are blank.
    let lines: [String]
    /// The comments' lines; everything else is blank.
    let comments: [String]

    init(_ source: String) {
        var scanner = Scanner(Array(source.unicodeScalars))
        scanner.scan()
        lines = Self.split(scanner.code)
        comments = Self.split(scanner.comments)
    }

    private static func split(_ text: String) -> [String] {
        text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    private struct Scanner {
        let source: [Unicode.Scalar]
        var place = 0
        var code = ""
        var comments = ""

        init(_ source: [Unicode.Scalar]) { self.source = source }

        private enum Kind { case code, comment, text }

        mutating func scan() {
            while place < source.count { step() }
        }

        private func scalar(_ offset: Int) -> Unicode.Scalar? {
            place + offset < source.count ? source[place + offset] : nil
        }

        private func starts(_ text: [Unicode.Scalar]) -> Bool {
            place + text.count <= source.count
                && source[place..<place + text.count].elementsEqual(text)
        }

        private mutating func take(_ kind: Kind) {
            let scalar = source[place]
            let blank: Unicode.Scalar = scalar == "\n" ? "\n" : " "
            code.unicodeScalars.append(kind == .code ? scalar : blank)
            comments.unicodeScalars.append(kind == .comment ? scalar : blank)
            place += 1
        }

        private mutating func step() {
            switch source[place] {
            case "/" where scalar(1) == "/":
                while place < source.count, source[place] != "\n" { take(.comment) }
            case "/" where scalar(1) == "*":
                block()
            case "\"":
                text(hashes: 0)
            case "#":
                var hashes = 1
                while scalar(hashes) == "#" { hashes += 1 }
                if scalar(hashes) == "\"" { text(hashes: hashes) } else { take(.code) }
            default:
                take(.code)
            }
        }

        private mutating func block() {
            var depth = 0
            repeat {
                if starts(["/", "*"]) {
                    depth += 1
                    take(.comment)
                } else if starts(["*", "/"]) {
                    depth -= 1
                    take(.comment)
                }
                if place < source.count { take(.comment) }
            } while depth > 0 && place < source.count
        }

        /// A literal, from its first mark to its last. What is interpolated is code.
        private mutating func text(hashes: Int) {
            let pounds = [Unicode.Scalar](repeating: "#", count: hashes)
            for _ in 0..<hashes { take(.text) }
            let isLong = starts(["\"", "\"", "\""])
            let marks = [Unicode.Scalar](repeating: "\"", count: isLong ? 3 : 1)
            for _ in marks { take(.text) }
            while place < source.count, !starts(marks + pounds) {
                if !isLong && source[place] == "\n" { return }
                guard starts(["\\"] + pounds) else {
                    take(.text)
                    continue
                }
                for _ in 0...hashes { take(.text) }
                if scalar(0) == "(" { interpolation() } else if place < source.count { take(.text) }
            }
            for _ in marks + pounds where place < source.count { take(.text) }
        }

        private mutating func interpolation() {
            var depth = 0
            repeat {
                if source[place] == "(" { depth += 1 }
                if source[place] == ")" { depth -= 1 }
                step()
            } while depth > 0 && place < source.count
        }
    }
}
