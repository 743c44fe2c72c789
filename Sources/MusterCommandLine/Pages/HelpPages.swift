/// The short help: examples first, then what may be given.
struct HelpPages {
    let program: Program
    let width: Int

    /// The help of the command that the words lead to; of the program for no words.
    func help(at path: [String]) -> String {
        guard let command = program.command(at: path) else { return programHelp() }
        let full = ([program.name] + path).joined(separator: " ")
        return command.commands.isEmpty ? help(of: command, full) : groupHelp(command, full)
    }

    private func programHelp() -> String {
        var page = "\(program.name): \(program.summary)\n"
        page += examples(program.examples)
        for section in program.sections {
            page += "\n\(section.title):\n"
            page += Prose.list(section.commands.map { ($0.name, $0.summary) }, width: width)
        }
        page += "\nMore: \"\(program.name) help COMMAND\", \"\(program.name) options\"\n"
        return page
    }

    private func groupHelp(_ command: Command, _ full: String) -> String {
        "\(full): \(command.summary)\n\nCommands:\n"
            + Prose.list(command.commands.map { ($0.name, $0.summary) }, width: width)
            + "\nMore: \"\(program.name) help \(command.name) COMMAND\"\n"
    }

    private func help(of command: Command, _ full: String) -> String {
        var page = "\(full): \(command.summary)\n"
        page += examples(command.examples)
        page += "\nUsage: " + usage(of: command, full) + "\n"
        if !command.arguments.isEmpty {
            page += "\n" + Prose.list(command.arguments.map { ($0.name, note($0)) }, width: width)
        }
        if !command.options.isEmpty {
            page += "\nOptions:\n"
            page += Prose.list(command.options.map { ($0.usage, note($0)) }, width: width)
        }
        let codes = command.exitCodes.map { ("\($0.rawValue)", $0.summary) }
        if !codes.isEmpty { page += "\nExit codes:\n" + Prose.list(codes, width: width) }
        page += "\nOptions of every command: \"\(program.name) options\""
        if command.shape != nil { page += "; the result's JSON: \"\(full) -o help\"" }
        return page + "\n"
    }

    func usage(of command: Command, _ full: String) -> String {
        let words =
            [full] + (command.options.isEmpty ? [] : ["[options]"])
            + command.arguments.map(\.usage)
        return words.joined(separator: " ")
    }

    private func examples(_ examples: [Command.Example]) -> String {
        guard !examples.isEmpty else { return "" }
        let items = examples.map { (program.name + " " + $0.line, $0.summary) }
        return "\nExamples:\n" + Prose.list(items, width: width)
    }

    private func note(_ argument: CommandArgument) -> String {
        if case .word(let words) = argument.kind {
            return argument.summary + ": " + words.joined(separator: ", ")
        }
        return argument.summary
    }

    func note(_ option: CommandOption) -> String {
        let note = option.summary
        var extras: [String] = []
        if !option.isFlag, case .word(let words) = option.kind {
            extras.append(words.joined(separator: ", "))
        }
        if option.repeats { extras.append("may be repeated") }
        if let value = option.defaultValue { extras.append("default: \(value)") }
        if let variable = option.variable(prefix: program.variablePrefix) {
            extras.append(variable)
        }
        return extras.isEmpty ? note : note + " (" + extras.joined(separator: "; ") + ")"
    }

    /// The page of `options`.
    func commonOptions() -> String {
        "Options of every command:\n"
            + Prose.list(program.options.map { ($0.usage, note($0)) }, width: width)
            + "\nExit codes:\n"
            + Prose.list(
                ExitCode.allCases.map { ("\($0.rawValue)", $0.summary) }, width: width)
    }

    /// The page of `-o help`.
    func shape(of command: Command, at path: [String]) -> String {
        let full = ([program.name] + path).joined(separator: " ")
        guard let shape = command.shape else { return "\(full) prints no result in JSON.\n" }
        var page = shape.helpText()
        if let rows = command.layout?.rows {
            page += "\n-o jsonl prints each of \"\(rows)\" on a line of its own.\n"
        }
        return page
    }
}
