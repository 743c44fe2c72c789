/// Why an input cannot be read: what its quarantine record says.
package struct UnreadableInput: Error, Hashable, Sendable {
    package var reason: Reason
    /// What is wrong and what to do, as a sentence part without the place; safe to show on a
    /// terminal.
    package var sentence: String
    /// Where, in the record's value, as a JSON Pointer; empty is the whole value; nil where the
    /// trouble is with the record or its headers, or with what is no JSON.
    package var pointer: String?
    /// Where, as the number of bytes of the record's value before it; for what is no JSON.
    package var offset: Int?

    /// The kinds of trouble.
    package enum Reason: Hashable, Sendable {
        /// Key, headers and value together exceed what an input may have.
        case tooLarge
        /// No value, where an event needs one.
        case noValue
        /// A content type that is not read here, batch mode included.
        case contentType
        /// A header that is repeated, has no value or is no text.
        case header
        /// A missing or wrong attribute of CloudEvents.
        case attribute
        /// A heartbeat in another partition than its cluster's.
        case misplaced
        /// The value's JSON, or what a message's rules say about it.
        case json(JSONReadError.Reason)
    }

    package init(
        reason: Reason, sentence: String, pointer: String? = nil, offset: Int? = nil
    ) {
        self.reason = reason
        self.sentence = sentence
        self.pointer = pointer
        self.offset = offset
    }

    /// An error about the value's JSON, which began `skipped` bytes into the value.
    init(_ error: JSONReadError, skipped: Int) {
        reason = .json(error.reason)
        sentence = error.sentence
        pointer = error.offset == nil ? error.pointer : nil
        offset = error.offset.map { $0 + skipped }
    }
}

extension UnreadableInput: CustomStringConvertible {
    /// The place and the sentence, safe to show on a terminal.
    package var description: String {
        JSONReadError(
            reason: .invalid, sentence: sentence, pointer: pointer ?? "", offset: offset
        ).description
    }
}
