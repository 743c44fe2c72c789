import MusterRuntime

/// What the value of an option, a variable or an argument may be; the parser, the completion and
/// the manual all read it here.
package enum ValueKind: Hashable, Sendable {
    /// Anything.
    case text
    /// One of these words.
    case word([String])
    /// A whole number within the range.
    case number(ClosedRange<Int64>)
    /// Whole numbers within the range, apart by commas.
    case numbers(ClosedRange<Int64>)
    /// A length of time, as `DurationText` reads it.
    case duration
    /// A moment: RFC 3339, a date, or a length of time that lies before now.
    case time
    /// The path of a file, or `-`.
    case file
    /// The path of a folder.
    case directory
    /// `KEY=VALUE`.
    case pair
    /// A name that the given command lists with `-o name`.
    case listed(by: [String])

    /// What is wrong with the value, as the rest of a sentence that begins with the option's name;
    /// nil when nothing is.
    func problem(with value: String) -> EscapedText? {
        switch self {
        case .text, .file, .directory, .listed:
            return value.isEmpty ? "needs a value that is not empty" : nil
        case .word(let words):
            if words.contains(value) { return nil }
            let list = EscapedText.joined(words.map { "\($0)" }, by: ", ")
            if let near = NearestWord.find(value, among: words) {
                return "cannot be \"\(value)\"; did you mean \"\(near)\"? (one of \(list))"
            }
            return "cannot be \"\(value)\": it is one of \(list)"
        case .number(let range):
            if let number = Int64(value), range.contains(number) { return nil }
            return """
                needs a whole number from \(range.lowerBound) to \(range.upperBound), \
                not \"\(value)\"
                """
        case .numbers(let range):
            let parts = value.split(separator: ",", omittingEmptySubsequences: false)
            let wrong = parts.first { part in
                !(Int64(part).map { range.contains($0) } ?? false)
            }
            guard let wrong else { return nil }
            return """
                needs whole numbers from \(range.lowerBound) to \(range.upperBound), apart by \
                commas, not \"\(String(wrong))\"
                """
        case .duration:
            if DurationText.milliseconds(value) != nil { return nil }
            return "needs a length of time such as 250ms, 90s, 5m or 1h30m, not \"\(value)\""
        case .time:
            if TimeText.milliseconds(value, now: 0) != nil { return nil }
            return """
                needs a time such as 2026-03-01T14:03:00Z, 2026-03-01 or 10m (ago), \
                not \"\(value)\"
                """
        case .pair:
            if let index = value.firstIndex(of: "="), index > value.startIndex { return nil }
            return "needs KEY=VALUE, not \"\(value)\""
        }
    }
}
