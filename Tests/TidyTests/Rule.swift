import Testing

/// A rule of the house: what it looks at, what it finds, and samples that show that it finds it.
struct Rule: Sendable, CustomTestStringConvertible {
    typealias File = SourceTree.File

    struct Finding {
        /// Counted from 1.
        let line: Int
        let what: String
    }

    /// As it would be said to somebody.
    let name: String
    /// Files that may break it, with the reason. One that keeps it is an error: the list only
    /// shrinks.
    var exceptions: [String: String] = [:]
    let applies: @Sendable (File) -> Bool
    let findings: @Sendable (File) -> [Finding]
    /// Files that break it: each must be found.
    let broken: [File]
    /// Files that keep it, although they look as if they did not.
    var kept: [File] = []

    var testDescription: String { name }

    static let all: [Rule] = sizes + words + names + dependencies + safety

    /// A rule about lines of code: what it says of one, nil when it has nothing against it.
    static func line(
        _ name: String, exceptions: [String: String] = [:],
        in applies: @escaping @Sendable (File) -> Bool = { $0.isSwift },
        broken: [File], kept: [File] = [],
        _ says: @escaping @Sendable (_ code: String) -> String?
    ) -> Rule {
        Rule(
            name: name, exceptions: exceptions, applies: applies,
            findings: { file in
                file.code.lines.enumerated().compactMap { index, code in
                    says(code).map { Finding(line: index + 1, what: $0) }
                }
            }, broken: broken, kept: kept)
    }
}

extension SourceTree.File {
    /// A sample of Swift source.
    init(_ text: String, at path: String = "Sources/MusterManager/Sample.swift") {
        self.init(path: path, text: text + "\n")
    }
}

extension String {
    /// Whether the word stands in it with nothing of a longer word beside it.
    func hasWord(_ word: String) -> Bool {
        var rest = self[...]
        while let range = rest.firstRange(of: word) {
            let before = rest[..<range.lowerBound].last ?? self[..<range.lowerBound].last
            let after = self[range.upperBound...].first
            func isPart(_ character: Character?) -> Bool {
                character.map { $0.isLetter || $0.isNumber || $0 == "_" } ?? false
            }
            let endsOpen = word.last.map { !isPart($0) } ?? true
            if !isPart(before), endsOpen || !isPart(after) { return true }
            rest = rest[range.upperBound...]
        }
        return false
    }
}
