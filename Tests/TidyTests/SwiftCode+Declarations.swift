// What stands in a file, as far as rules about files need to know.

extension SwiftCode {
    /// A body's first line, counted from 1, and how many lines the declaration has with it.
    struct Body: Equatable {
        let line: Int
        let length: Int
    }

    /// The functions, initialisers, subscripts and computed properties with a body.
    var bodies: [Body] {
        lines.indices.compactMap { index in
            guard let declaration = declaration(at: index),
                ["func", "init", "deinit", "subscript", "var"].contains(declaration.kind),
                let length = length(from: index, isProperty: declaration.kind == "var")
            else { return nil }
            return Body(line: index + 1, length: length)
        }
    }

    /// A declaration that begins on a line.
    struct Declaration {
        /// 1 for the first line.
        let line: Int
        let kind: String
        let name: String
        /// Whether another module may use it.
        let isOffered: Bool
        let indentation: Int
    }

    var declarations: [Declaration] { lines.indices.compactMap(declaration(at:)) }

    private func declaration(at index: Int) -> Declaration? {
        let first = lines[index].first { $0 != " " }
        guard let first, first.isLetter || first == "@" else { return nil }
        var isOffered = false
        var words = Self.words(lines[index])
        while let word = words.first {
            if Self.kinds.contains(word) && !(word == "class" && words.dropFirst().first == "func")
            {
                return Declaration(
                    line: index + 1, kind: word, name: words.dropFirst().first ?? "",
                    isOffered: isOffered, indentation: lines[index].prefix { $0 == " " }.count)
            }
            guard Self.modifiers.contains(word) || word.hasPrefix("@") else { return nil }
            if word == "package" || word == "public" { isOffered = true }
            words.removeFirst()
        }
        return nil
    }

    /// The names of the types that the file declares, and of those that it extends.
    var typeNames: (declared: Set<String>, extended: Set<String>) {
        var result = (declared: Set<String>(), extended: Set<String>())
        for each in declarations {
            if Self.types.contains(each.kind) { result.declared.insert(each.name) }
            guard each.kind == "extension" else { continue }
            let line = lines[each.line - 1].split(separator: " ")
            guard let place = line.firstIndex(of: "extension"), place + 1 < line.count else {
                continue
            }
            let path = line[place + 1].prefix { $0.isLetter || $0.isNumber || $0 == "." }
            result.extended.formUnion(path.split(separator: ".").map(String.init))
        }
        return result
    }

    static let types: Set<String> = ["struct", "class", "enum", "actor", "protocol", "typealias"]
    private static let kinds = types.union([
        "func", "init", "deinit", "subscript", "var", "let", "extension",
    ])
    private static let modifiers: Set<String> = [
        "package", "public", "internal", "private", "fileprivate", "static", "final", "mutating",
        "nonmutating", "indirect", "nonisolated", "class", "borrowing", "consuming", "set",
        "override", "required", "convenience", "lazy", "weak", "unowned", "isolated",
        "unsafe",
    ]

    /// The words of a line; an attribute is one with its mark, a name in backticks one too.
    private static func words(_ line: String) -> [String] {
        var result: [String] = []
        var word = ""
        var depth = 0
        for character in line {
            if character == "(" && (depth > 0 || word.hasPrefix("@")) { depth += 1 }
            if depth > 0 {
                if character == ")" { depth -= 1 }
                continue
            }
            if character == "@" {
                if !word.isEmpty { result.append(word) }
                word = "@"
            } else if character.isLetter || character.isNumber || character == "_" {
                word.append(character)
            } else {
                if !word.isEmpty { result.append(word) }
                word = ""
                // What follows an operator's name or a text is not looked at.
                if "=<>+-*/&|{\"".contains(character) { break }
            }
        }
        if !word.isEmpty { result.append(word) }
        return result
    }

    /// From the line of the declaration to the brace that closes its body; nil without a body.
    private func length(from start: Int, isProperty: Bool) -> Int? {
        var (depth, round, isOpen) = (0, 0, false)
        for index in start..<lines.count {
            for character in lines[index] {
                switch character {
                case "(", "[": round += 1
                case ")", "]": round -= 1
                case "=" where isProperty && !isOpen && round == 0: return nil
                case "{" where isOpen || round == 0:
                    depth += 1
                    isOpen = true
                case "}" where isOpen || round == 0:
                    if !isOpen { return nil }
                    depth -= 1
                    if depth == 0 { return index - start + 1 }
                default: break
                }
            }
            if !isOpen && round == 0 && !goesOn(after: index) { return nil }
        }
        return nil
    }

    /// Whether the head of a declaration goes on in the next line.
    private func goesOn(after index: Int) -> Bool {
        let rest = lines[index].reversed().drop { $0 == " " }
        let following = index + 1 < lines.count ? lines[index + 1].drop { $0 == " " } : ""
        return rest.starts(with: ">-") || rest.first == ","
            || ["{", "->", "async", "throws", "where", ")"].contains { following.hasPrefix($0) }
    }
}
