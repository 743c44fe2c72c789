import MusterRuntime

/// Reads a command line by the table, with GNU's habits: `--name value`, `--name=value`, `-ovalue`,
/// letters in one word, options after arguments, `--` before words that are no options.
///
/// Options are never abbreviated: what a script says must not change its meaning with the next
/// version. A flag that is a setting can be taken back with `--no-NAME`.
struct LineParser {
    private let program: Program
    private var line = ParsedLine()
    private var group: Command?
    private var words: ArraySlice<String>
    private var takesOptions = true

    private init(_ words: [String], _ program: Program) {
        self.program = program
        self.words = words[...]
    }

    /// - Parameter words: the command line without the program's own name.
    /// - Throws: `CommandError` with `.usage`: what is wrong, and the nearest right word.
    static func parse(_ words: [String], by program: Program) throws(CommandError) -> ParsedLine {
        var parser = LineParser(words, program)
        while let word = parser.words.popFirst() { try parser.take(word) }
        if parser.line.wish == .run { try parser.checkArguments() }
        return parser.line
    }

    private mutating func take(_ word: String) throws(CommandError) {
        if takesOptions, word == "--" {
            takesOptions = false
        } else if takesOptions, word.hasPrefix("--") {
            try takeLong(word)
        } else if takesOptions, word.hasPrefix("-"), word != "-" {
            try takeLetters(word)
        } else if line.command == nil {
            try takeCommand(word)
        } else {
            line.arguments.append(word)
        }
    }

    // MARK: Commands

    private mutating func takeCommand(_ word: String) throws(CommandError) {
        let candidates = group?.commands ?? program.commands
        guard let found = candidates.first(where: { $0.name == word }) else {
            throw unknownCommand(word, among: candidates)
        }
        line.path.append(word)
        if found.commands.isEmpty { line.command = found } else { group = found }
    }

    private func unknownCommand(_ word: String, among candidates: [Command]) -> CommandError {
        let before = ([program.name] + line.path).joined(separator: " ")
        let advice: EscapedText = "see \"\([before, "--help"].joined(separator: " "))\""
        if let near = NearestWord.find(word, among: candidates.map(\.name)) {
            return .usage(
                "unknown command \"\(word)\"; did you mean \"\(before) \(near)\"?", advice: advice)
        }
        if let leaf = program.leaves.first(where: { $0.path.count > 1 && $0.path.last == word }) {
            let full = ([program.name] + leaf.path).joined(separator: " ")
            return .usage("unknown command \"\(word)\"; did you mean \"\(full)\"?", advice: advice)
        }
        return .usage("unknown command \"\(word)\"", advice: advice)
    }

    // MARK: Options

    private var knownOptions: [CommandOption] { (line.command?.options ?? []) + program.options }

    private mutating func takeLong(_ word: String) throws(CommandError) {
        let body = word.dropFirst(2)
        let name = String(body.prefix { $0 != "=" })
        let attached = body.count > name.count ? String(body.dropFirst(name.count + 1)) : nil
        if let option = knownOptions.first(where: { $0.name == name }) {
            try take(option, attached: attached, as: "--" + name)
        } else if name.hasPrefix("no-"), attached == nil,
            let option = knownOptions.first(where: {
                $0.isFlag && $0.isSetting && $0.name == name.dropFirst(3)
            })
        {
            line.given[option.name] = ["false"]
        } else {
            throw unknownOption("--" + name)
        }
    }

    private mutating func takeLetters(_ word: String) throws(CommandError) {
        var letters = word.dropFirst()
        while let letter = letters.popFirst() {
            guard let option = knownOptions.first(where: { $0.letters.contains(letter) }) else {
                throw unknownOption("-" + String(letter))
            }
            if option.isFlag {
                try take(option, attached: nil, as: "-" + String(letter))
                continue
            }
            var attached = letters.isEmpty ? nil : String(letters)
            // kubectl's hands write -o=json.
            if case .word = option.kind, let value = attached, value.hasPrefix("=") {
                attached = String(value.dropFirst())
            }
            return try take(option, attached: attached, as: "-" + String(letter))
        }
    }

    private mutating func take(
        _ option: CommandOption, attached: String?, as spelling: String
    ) throws(CommandError) {
        guard !option.isFlag else {
            guard attached == nil else {
                throw .usage("\(spelling) takes no value, but \"\(attached ?? "")\" was given")
            }
            if option.name == "help" { line.wish = .help }
            if option.name == "version", line.wish == .run { line.wish = .version }
            line.given[option.name] = ["true"]
            return
        }
        guard let value = attached ?? words.popFirst() else {
            throw .usage(
                "\(spelling) needs a value: \(option.placeholder ?? "")", advice: usageAdvice)
        }
        if let problem = option.kind.problem(with: value) {
            throw .usage("\(spelling) " + problem, advice: usageAdvice)
        }
        if option.repeats {
            line.given[option.name, default: []].append(value)
        } else {
            line.given[option.name] = [value]
        }
    }

    private func unknownOption(_ spelling: String) -> CommandError {
        if spelling.hasPrefix("--") {
            let known = knownOptions.map { "--" + $0.name }
            if let near = NearestWord.find(spelling, among: known) {
                return .usage(
                    "unknown option \(spelling); did you mean \(near)?", advice: usageAdvice)
            }
        }
        let owner = program.leaves.first { leaf in
            leaf.command.options.contains {
                "--" + $0.name == spelling || $0.letters.contains { "-\($0)" == spelling }
            }
        }
        if let owner, line.command == nil {
            let full = ([program.name] + owner.path).joined(separator: " ")
            return .usage(
                "option \(spelling) belongs to a command and stands behind it, as in \"\(full)\"",
                advice: usageAdvice)
        }
        return .usage("unknown option \(spelling)", advice: usageAdvice)
    }

    private var usageAdvice: EscapedText {
        "see \"\(([program.name] + line.path + ["--help"]).joined(separator: " "))\""
    }

    // MARK: Arguments

    private func checkArguments() throws(CommandError) {
        guard let command = line.command else {
            guard let group else { return }
            let names = group.commands.map(\.name).joined(separator: ", ")
            throw .usage(
                "\"\(program.name) \(group.name)\" needs one of: \(names)", advice: usageAdvice)
        }
        var rest = line.arguments[...]
        for argument in command.arguments {
            let taken: ArraySlice<String>
            switch argument.count {
            case .one, .oneOrMore:
                guard !rest.isEmpty else {
                    throw .usage("\(argument.name) is missing", advice: usageAdvice)
                }
                taken = argument.count == .one ? rest.prefix(1) : rest
            case .atMostOne: taken = rest.prefix(1)
            case .any: taken = rest
            }
            rest = rest.dropFirst(taken.count)
            for word in taken {
                if let problem = argument.kind.problem(with: word) {
                    throw .usage("\(argument.name) " + problem, advice: usageAdvice)
                }
            }
        }
        if let extra = rest.first {
            throw .usage("unexpected argument \"\(extra)\"", advice: usageAdvice)
        }
    }
}
