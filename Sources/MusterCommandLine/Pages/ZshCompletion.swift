/// A completion script for zsh, with a function for each place.
struct ZshCompletion {
    let program: Program

    private var table: CompletionTable { CompletionTable(program: program) }

    func script() -> String {
        let start = name([])
        return """
            #compdef \(program.name)
            # zsh completion for \(program.name); written by "\(program.name) completion zsh"

            \(table.places.map { function($0) }.joined(separator: "\n"))
            if [[ $funcstack[1] == \(start) ]]; then
                \(start) "$@"
            else
                compdef \(start) \(program.name)
            fi

            """
    }

    private func name(_ path: [String]) -> String {
        "_" + ([program.name] + path).joined(separator: "_")
    }

    private func function(_ place: CompletionTable.Place) -> String {
        var lines = place.options.map { "        " + option($0) }
        if place.commands.isEmpty {
            lines += place.arguments.enumerated().map { index, argument in
                let position =
                    argument.count == .any || argument.count == .oneOrMore
                    ? "*" : argument.count == .atMostOne ? "\(index + 1):" : "\(index + 1)"
                return "        "
                    + CompletionTable.quote(
                        position + ":" + escape(argument.summary) + ":" + action(argument.kind))
            }
            return """
                \(name(place.path))() {
                    _arguments -s -S \\
                \(lines.joined(separator: " \\\n"))
                }

                """
        }
        lines += ["        '1: :->command'", "        '*:: :->rest'"]
        let words = place.commands.map {
            "                " + CompletionTable.quote($0.name + ":" + escape($0.summary))
        }
        let cases = place.commands.map {
            "                \($0.name)) \(name(place.path + [$0.name])) ;;"
        }
        return """
            \(name(place.path))() {
                local curcontext=$curcontext state line
                local -a commands
                _arguments -s -S -C \\
            \(lines.joined(separator: " \\\n"))
                case $state in
                    command)
                        commands=(
            \(words.joined(separator: "\n"))
                        )
                        _describe command commands ;;
                    rest)
                        case $line[1] in
            \(cases.joined(separator: "\n"))
                        esac ;;
                esac
            }

            """
    }

    private func option(_ option: CommandOption) -> String {
        let spellings = option.spellings
        let repeats = option.repeats ? "*" : ""
        let exclusion = option.repeats ? "" : "(" + spellings.joined(separator: " ") + ")"
        let note = "[" + escape(option.summary) + "]"
        let value = option.placeholder.map { ":" + $0 + ":" + action(option.kind) } ?? ""
        return spellings.map { spelling in
            let isLong = spelling.hasPrefix("--") && !option.isFlag
            return CompletionTable.quote(
                repeats + exclusion + spelling + (isLong ? "=" : "") + note + value)
        }.joined(separator: " ")
    }

    private func action(_ kind: ValueKind) -> String {
        switch kind {
        case .word(let words): "(" + words.joined(separator: " ") + ")"
        case .file: "_files"
        case .directory: "_files -/"
        case .listed(let words):
            // In braces it is run when it is needed; each line is one name.
            "{local -a names; names=(${(f)\"$(" + table.listing(words)
                + ")\"}); compadd -a names}"
        case .text, .number, .numbers, .duration, .time, .pair: " "
        }
    }

    private func escape(_ text: String) -> String {
        var escaped = ""
        for character in text {
            if "[]:\\".contains(character) { escaped += "\\" }
            escaped.append(character)
        }
        return escaped
    }
}
