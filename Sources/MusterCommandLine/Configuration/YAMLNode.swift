/// A piece of a YAML document, with the line where it begins (from 1).
package struct YAMLNode: Hashable, Sendable {
    /// What it is made of.
    package indirect enum Content: Hashable, Sendable {
        /// Text; `isPlain` when it stands there without quotes, so that it may be meant as a number
        /// or a truth value.
        case scalar(String, isPlain: Bool)
        case sequence([YAMLNode])
        /// Keys are unique.
        case mapping([Member])
    }

    /// A key with its value.
    package struct Member: Hashable, Sendable {
        package let key: String
        /// Where the key stands, from 1.
        package let line: Int
        package let value: YAMLNode
    }

    package let content: Content
    package let line: Int

    /// Whether nothing stands there, or one of YAML's words for nothing.
    package var isEmpty: Bool {
        guard case .scalar(let text, isPlain: true) = content else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(text)
    }

    /// What it is, for a sentence.
    package var kindName: String {
        switch content {
        case .scalar: "a single value"
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }

    /// How many nodes it is made of, itself included.
    var size: Int {
        switch content {
        case .scalar: 1
        case .sequence(let nodes): nodes.reduce(1) { $0 + $1.size }
        case .mapping(let members): members.reduce(1) { $0 + $1.value.size }
        }
    }
}

/// Why a text is not the YAML that a configuration may be.
package struct YAMLError: Error, Hashable, Sendable, CustomStringConvertible {
    /// From 1.
    package let line: Int
    /// What is wrong, without the place.
    package let problem: String

    package var description: String { "line \(line): \(problem)" }
}
