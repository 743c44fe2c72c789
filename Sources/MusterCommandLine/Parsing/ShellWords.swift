/// Splits a line into words as a shell would, as far as the examples of a table need it: white
/// space parts words, single and double quotes keep it, and what stands behind a pipe or a
/// redirection belongs to the shell.
package enum ShellWords {
    /// The words of a line up to what belongs to the shell, without their quotes.
    package static func split(_ line: String) -> [String] {
        var words: [String] = []
        var word: String?
        var quote: Character?
        for character in line {
            if let open = quote {
                if character == open {
                    quote = nil
                } else {
                    word = (word ?? "") + String(character)
                }
                continue
            }
            switch character {
            case "'", "\"":
                quote = character
                word = word ?? ""
            case " ":
                if let word { words.append(word) }
                word = nil
            case "|", "<", ">", "&", ";":
                if let word { words.append(word) }
                return words
            default: word = (word ?? "") + String(character)
            }
        }
        if let word { words.append(word) }
        return words
    }
}
