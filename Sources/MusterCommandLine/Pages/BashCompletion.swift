/// A completion script for bash 4.4 or later; it needs no other package.
struct BashCompletion {
    let program: Program

    private var table: CompletionTable { CompletionTable(program: program) }
    private var function: String { "_" + program.name }

    func script() -> String {
        let valued = table.places.flatMap(\.options).filter { !$0.isFlag }.flatMap(\.spellings)
        return """
            # bash completion for \(program.name); written by "\(program.name) completion bash"
            \(function)() {
                local cur=${COMP_WORDS[COMP_CWORD]} prev='' place='' word='' i count=0 ended=''
                local -a replies=()
                COMPREPLY=()
                for ((i = 1; i < COMP_CWORD; i++)); do
                    word=${COMP_WORDS[i]}
                    if [[ $ended ]]; then count=$((count + 1)); continue; fi
                    case $word in
                        --) ended=1 ;;
                        =) ;;
                        \(unique(valued).joined(separator: "|")))
                            if ((i + 1 == COMP_CWORD)); then prev=$word; fi
                            if [[ ${COMP_WORDS[i + 1]} == '=' ]]; then
                                if ((i + 2 >= COMP_CWORD)); then prev=$word; fi
                                i=$((i + 1))
                            fi
                            i=$((i + 1)) ;;
                        -*) ;;
                        *)
                            case "$place $word" in
            \(commandCases())
                                *) count=$((count + 1)) ;;
                            esac ;;
                    esac
                done
                if [[ $cur == '=' ]]; then cur=''; fi
                if [[ $prev ]]; then
                    case "$place $prev" in
            \(valueCases())
                    esac
                elif [[ $cur == -* && ! $ended ]]; then
                    case $place in
            \(optionCases())
                    esac
                else
                    case "$place:$count" in
            \(argumentCases())
                    esac
                fi
            }
            complete -F \(function) \(program.name)

            """
    }

    private func commandCases() -> String {
        table.places.filter { !$0.path.isEmpty }.map { place in
            let text = " " + place.path.joined(separator: " ")
            return "                    '\(text)') place='\(text)' ;;"
        }.joined(separator: "\n")
    }

    private func optionCases() -> String {
        table.places.map { place in
            let text = place.path.isEmpty ? "" : " " + place.path.joined(separator: " ")
            let words = unique(place.options.flatMap { ["--" + $0.name] })
            return "            '\(text)') " + offer(words) + " ;;"
        }.joined(separator: "\n")
    }

    private func valueCases() -> String {
        var cases: [String] = []
        for place in table.places {
            let text = place.path.isEmpty ? "" : " " + place.path.joined(separator: " ")
            for option in place.options where !option.isFlag {
                let patterns = option.spellings.map { "'\(text) \($0)'" }.joined(separator: "|")
                cases.append("            \(patterns)) " + offer(option.kind) + " ;;")
            }
        }
        return cases.joined(separator: "\n")
    }

    private func argumentCases() -> String {
        var cases: [String] = []
        for place in table.places {
            let text = place.path.isEmpty ? "" : " " + place.path.joined(separator: " ")
            if !place.commands.isEmpty {
                cases.append(
                    "            '\(text):0') " + offer(place.commands.map(\.name)) + " ;;")
            }
            for (index, argument) in place.arguments.enumerated() {
                let repeats = argument.count == .any || argument.count == .oneOrMore
                let pattern = repeats ? "'\(text):'*" : "'\(text):\(index)'"
                cases.append("            \(pattern)) " + offer(argument.kind) + " ;;")
            }
        }
        return cases.joined(separator: "\n")
    }

    private func offer(_ kind: ValueKind) -> String {
        switch kind {
        case .word(let words): offer(words)
        case .file: "mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")"
        case .directory: "mapfile -t COMPREPLY < <(compgen -d -- \"$cur\")"
        case .listed(let words):
            // Names may hold anything, so the shell must not expand them as compgen -W would.
            "mapfile -t replies < <(\(table.listing(words))); "
                + "for word in \"${replies[@]}\"; do "
                + "[[ $word == \"$cur\"* ]] && COMPREPLY+=(\"$(printf '%q' \"$word\")\"); done"
        case .text, .number, .numbers, .duration, .time, .pair: ":"
        }
    }

    private func offer(_ words: [String]) -> String {
        "mapfile -t COMPREPLY < <(compgen -W '" + words.joined(separator: " ")
            + "' -- \"$cur\")"
    }

    private func unique(_ words: [String]) -> [String] {
        var seen: Set<String> = []
        return words.filter { seen.insert($0).inserted }
    }
}
