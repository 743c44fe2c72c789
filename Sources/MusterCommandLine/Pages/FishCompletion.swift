/// A completion script for fish: one `complete` for each thing that may stand in a place.
struct FishCompletion {
    let program: Program

    private var table: CompletionTable { CompletionTable(program: program) }

    func script() -> String {
        let valued = table.places.flatMap(\.options).filter { !$0.isFlag }.flatMap(\.spellings)
        var lines = [
            "# fish completion for \(program.name); written by \"\(program.name) completion fish\"",
            "# The words of the command line that name commands, and how many others follow.",
            "function __\(program.name)_place",
            "    set -l place ''",
            "    set -l skip 0",
            "    set -l count 0",
            "    for word in (commandline -opc)[2..-1]",
            "        if test $skip -eq 1",
            "            set skip 0",
            "            continue",
            "        end",
            "        switch $word",
            "            case " + unique(valued).joined(separator: " "),
            "                set skip 1",
            "            case '-*'",
            "            case '*'",
            "                switch \"$place $word\"",
            "                    case " + commandPaths(),
            "                        set place \"$place $word\"",
            "                    case '*'",
            "                        set count (math $count + 1)",
            "                end",
            "        end",
            "    end",
            "    echo \"$place:$count\"",
            "end",
            "complete -c \(program.name) -f",
        ]
        for option in program.options { lines.append(complete(option, in: nil)) }
        for place in table.places {
            let text = place.path.isEmpty ? "" : " " + place.path.joined(separator: " ")
            for command in place.commands {
                lines.append(
                    "complete -c \(program.name) -n \(condition(text, "0")) -a \(command.name)"
                        + " -d " + quote(command.summary))
            }
            for option in place.options.dropLast(program.options.count) {
                lines.append(complete(option, in: text))
            }
            for (index, argument) in place.arguments.enumerated() {
                let repeats = argument.count == .any || argument.count == .oneOrMore
                let test = condition(text, repeats ? "*" : "\(index)")
                lines.append("complete -c \(program.name) -n \(test)" + value(argument.kind))
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func commandPaths() -> String {
        table.places.dropFirst().map { quote(" " + $0.path.joined(separator: " ")) }
            .joined(separator: " ")
    }

    private func condition(_ place: String, _ count: String) -> String {
        quote("string match -q -- '\(place):\(count)' (__\(program.name)_place)")
    }

    private func complete(_ option: CommandOption, in place: String?) -> String {
        var line = "complete -c \(program.name)"
        if let place { line += " -n " + condition(place, "*") }
        line += " -l " + option.name
        for letter in option.letters { line += " -s \(letter)" }
        line += " -d " + quote(option.summary)
        if option.isFlag { return line }
        return line + (option.kind == .file ? " -r" : " -x") + value(option.kind)
    }

    private func value(_ kind: ValueKind) -> String {
        switch kind {
        case .word(let words): " -a " + quote(words.joined(separator: " "))
        case .file: " -F"
        case .directory: " -a '(__fish_complete_directories)'"
        case .listed(let words): " -a " + quote("(" + table.listing(words) + ")")
        case .text, .number, .numbers, .duration, .time, .pair: ""
        }
    }

    /// In single quotes; fish knows `\'` and `\\` inside them.
    private func quote(_ text: String) -> String {
        var quoted = "'"
        for character in text {
            if character == "'" || character == "\\" { quoted += "\\" }
            quoted.append(character)
        }
        return quoted + "'"
    }

    private func unique(_ words: [String]) -> [String] {
        var seen: Set<String> = []
        return words.filter { seen.insert($0).inserted }
    }
}
