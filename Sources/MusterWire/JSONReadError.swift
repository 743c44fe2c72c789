internal import MusterCore

/// Why a document, or a value in it, cannot be read as what it should be.
package struct JSONReadError: Error, Hashable, Sendable {
    package var reason: Reason
    /// What is wrong, as a sentence part without the place; safe to show on a terminal.
    package var sentence: String
    /// The place as a JSON Pointer (RFC 6901); empty is the whole document. It holds member names
    /// as they came: escape it before showing it, as `description` does.
    package var pointer: String
    /// The place as the number of bytes before it; known for what is no JSON at all (`.syntax` and
    /// `.tooDeep`), nil otherwise.
    package var offset: Int?

    /// The kinds of error, for those who act on them.
    package enum Reason: Hashable, Sendable {
        /// Not JSON as RFC 8259 has it, or beyond its interoperable part: UTF-8, surrogates,
        /// numbers.
        case syntax
        /// More objects and arrays inside each other than allowed.
        case tooDeep
        /// An object with more members than allowed.
        case tooManyMembers
        /// A member name twice in one object.
        case duplicateMember
        /// A member that must be there is not.
        case missingMember
        /// A member that nobody knows, where that is an error: content of another version.
        case unknownMember
        /// A word that is none of those known: content of another version, or a mistake.
        case unknownWord
        /// A value of another kind than expected.
        case wrongKind
        /// A number that is not digits alone, or outside its range.
        case number
        /// A value that the message's own rules refuse.
        case invalid
    }

    package init(reason: Reason, sentence: String, pointer: String = "", offset: Int? = nil) {
        self.reason = reason
        self.sentence = sentence
        self.pointer = pointer
        self.offset = offset
    }
}

extension JSONReadError: CustomStringConvertible {
    /// The place and the sentence, safe to show on a terminal.
    package var description: String {
        if let offset { return "at byte \(offset): \(sentence)" }
        if pointer.isEmpty { return sentence }
        return "at \(JSONExcerpt.escaped(pointer, charactersMax: 200)): \(sentence)"
    }
}

/// Untrusted text made safe for messages: escaped, and cut where it is long.
package enum JSONExcerpt {
    /// The text in quotes, at most `charactersMax` code points of it.
    package static func quoted(_ text: String, charactersMax: Int = 60) -> String {
        "\"\(escaped(text, charactersMax: charactersMax))\""
    }

    /// The text with everything that acts on a terminal as `\u{…}`, quotes and backslashes escaped.
    package static func escaped(_ text: String, charactersMax: Int) -> String {
        var result = ""
        var count = 0
        for scalar in text.unicodeScalars {
            if count == charactersMax { return result + "…" }
            count += 1
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            case "/": result += "/"
            default:
                if NameError.forbiddenRanges.contains(where: { $0.contains(scalar.value) }) {
                    result += "\\u{\(String(scalar.value, radix: 16))}"
                } else {
                    result.unicodeScalars.append(scalar)
                }
            }
        }
        return result
    }
}
