/// The words that stand for the values of an enumeration on the wire, for both directions.
///
/// A table per enumeration, in a `static let`; at most a few dozen words, looked up in order.
package struct JSONWords<Value: Equatable & Sendable>: Sendable {
    private let entries: [(word: StaticString, value: Value)]

    package init(_ entries: [(word: StaticString, value: Value)]) { self.entries = entries }

    /// What the text stands for; nil when it is none of the words.
    @inline(__always)
    package func value(of text: JSONText) -> Value? {
        for entry in entries where text == entry.word { return entry.value }
        return nil
    }

    /// The word for a value.
    ///
    /// Traps when the table lacks it, which is a mistake in the program: a test goes through all
    /// cases.
    package func word(for value: Value) -> StaticString {
        for entry in entries where entry.value == value { return entry.word }
        fatalError("no word for \(value)")
    }

    /// All words, in the table's order.
    package var all: [String] { entries.map { $0.word.description } }

    /// The words as a sentence names them.
    var spoken: String {
        let quoted = all.map { "\"\($0)\"" }
        return quoted.count == 1 ? quoted[0] : "one of " + quoted.joined(separator: ", ")
    }
}
