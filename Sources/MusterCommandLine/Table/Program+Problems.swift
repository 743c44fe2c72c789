import MusterRuntime

extension Program {
    /// What is wrong with the table, as sentences; empty when it fits together. A test of every
    /// program calls it, so that no help, completion or example promises what the parser refuses.
    package func problems() -> [String] {
        var problems: [String] = []
        var paths: Set<[String]> = []
        for (path, command) in leaves {
            let full = path.joined(separator: " ")
            if !paths.insert(path).inserted {
                problems.append("\(full): the command is there twice")
            }
            problems += optionProblems(of: command).map { "\(full): " + $0 }
            problems += argumentProblems(of: command).map { "\(full): " + $0 }
            problems += resultProblems(of: command).map { "\(full): " + $0 }
            problems += command.examples.flatMap { exampleProblems($0, of: path) }
            if command.summary.isEmpty || command.summary.hasSuffix(".") {
                problems.append("\(full): the summary is no line without a full stop")
            }
        }
        return problems + examples.flatMap { exampleProblems($0, of: nil) } + settingProblems()
    }

    private func optionProblems(of command: Command) -> [String] {
        var problems: [String] = []
        var spellings: Set<String> = []
        for option in command.options + options {
            for spelling in option.spellings where !spellings.insert(spelling).inserted {
                problems.append("\(spelling) is there twice")
            }
            if let value = option.defaultValue, let problem = option.kind.problem(with: value) {
                problems.append("the default of --\(option.name) " + problem.text)
            }
            problems += listingProblems(option.kind)
        }
        return problems
    }

    private func argumentProblems(of command: Command) -> [String] {
        var problems = command.arguments.flatMap { listingProblems($0.kind) }
        var mayEnd = false
        for (index, argument) in command.arguments.enumerated() {
            let isLast = index == command.arguments.count - 1
            let repeats = argument.count == .any || argument.count == .oneOrMore
            if repeats, !isLast { problems.append("\(argument.name) repeats but is not the last") }
            let isNeeded = argument.count == .one || argument.count == .oneOrMore
            if isNeeded, mayEnd { problems.append("\(argument.name) follows an optional one") }
            mayEnd = mayEnd || !isNeeded
        }
        return problems
    }

    private func listingProblems(_ kind: ValueKind) -> [String] {
        guard case .listed(let words) = kind else { return [] }
        return command(at: words)?.layout?.name == nil
            ? ["\"\(words.joined(separator: " "))\" lists no names"] : []
    }

    private func resultProblems(of command: Command) -> [String] {
        guard let layout = command.layout else { return [] }
        guard let shape = command.shape else { return ["it has a layout but no shape"] }
        return layout.problems(in: shape)
    }

    private func exampleProblems(_ example: Command.Example, of path: [String]?) -> [String] {
        let words = ShellWords.split(example.line)
        do {
            let line = try LineParser.parse(words, by: self)
            if let path, line.path != path {
                return ["the example \"\(example.line)\" is one of another command"]
            }
            return []
        } catch {
            return ["the example \"\(example.line)\": \(error.message.text)"]
        }
    }

    private func settingProblems() -> [String] {
        var problems: [String] = []
        let all = options + leaves.flatMap(\.command.options)
        for setting in settings {
            let same = all.filter { $0.isSetting && $0.name == setting.name }
            if same.contains(where: { $0.kind != setting.kind || $0.repeats != setting.repeats }) {
                problems.append("the setting \(setting.name) has two meanings")
            }
        }
        return problems
    }
}
