/// An argument of a command: a word that is no option.
package struct CommandArgument: Sendable {
    /// How often it stands there.
    package enum Count: Sendable {
        case one
        case atMostOne
        case any
        case oneOrMore
    }

    /// What stands for it in help: `NODE`.
    package let name: String
    /// What it may be.
    package let kind: ValueKind
    /// One line: what it is.
    package let summary: String
    /// How often it stands there; only the last argument may repeat.
    package let count: Count

    package init(
        _ name: String, _ kind: ValueKind, _ summary: String, count: Count = .one
    ) {
        self.name = name
        self.kind = kind
        self.summary = summary
        self.count = count
    }

    /// As it stands in help: `NODE`, `[NODE]`, `NODE...`.
    package var usage: String {
        switch count {
        case .one: name
        case .atMostOne: "[\(name)]"
        case .any: "[\(name)...]"
        case .oneOrMore: "\(name)..."
        }
    }
}
