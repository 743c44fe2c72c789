import MusterRuntime

/// The commands that come from the table itself.
enum BuiltInCommands {
    static let all = [help, options, configuration, completion, manual, reference, version]

    private static let help = Command(
        "help", "say how to use a command",
        examples: [.init("help", "list the commands"), .init("help config show", "about one")],
        arguments: [
            CommandArgument("COMMAND", .text, "the words of a command", count: .any)
        ]
    ) { call in
        let path = call.all("COMMAND")
        guard path.isEmpty || call.program.command(at: path) != nil else {
            // The parser knows best which word is wrong and what is near it.
            _ = try LineParser.parse(path + ["--help"], by: call.program)
            throw CommandError.usage("unknown command \"\(path.joined(separator: " "))\"")
        }
        let pages = HelpPages(program: call.program, width: call.context.width)
        try call.context.writeOutput(pages.help(at: path))
        return .ok
    }

    private static let options = Command(
        "options", "list the options that every command has"
    ) { call in
        let pages = HelpPages(program: call.program, width: call.context.width)
        try call.context.writeOutput(pages.commonOptions())
        return .ok
    }

    private static let version = Command("version", "print the version") { call in
        try call.context.writeOutput("\(call.program.name) \(call.program.version)\n")
        return .ok
    }

    private static let completion = Command(
        "completion", "print a completion script for a shell",
        discussion: """
            The script completes commands, options and their values, and asks the program for \
            names of nodes and clusters.
            """,
        examples: [
            .init("completion bash", "to be read by the shell: source <(...)"),
            .init("completion fish", "to be put into fish's folder of completions"),
        ],
        arguments: [
            CommandArgument("SHELL", .word(["bash", "zsh", "fish"]), "the shell to complete for")
        ]
    ) { call in
        let script =
            switch call.argument("SHELL") {
            case "zsh": ZshCompletion(program: call.program).script()
            case "fish": FishCompletion(program: call.program).script()
            default: BashCompletion(program: call.program).script()
            }
        try call.context.writeOutput(script)
        return .ok
    }

    private static let manual = Command(
        "man", "write the manual's pages",
        discussion: "One page for the program, one for each command and one for the configuration.",
        examples: [.init("man share/man/man1", "write the pages into a folder")],
        arguments: [CommandArgument("FOLDER", .directory, "where the pages go")]
    ) { call in
        let folder = call.argument("FOLDER") ?? "."
        for page in ManualPages(program: call.program).all() {
            let path = folder + "/" + page.name
            do throws(FileProblem) {
                try call.context.writeFile(path, page.text)
            } catch {
                throw error.commandError(path)
            }
        }
        return .ok
    }

    private static let reference = Command(
        "reference", "print the reference of all commands as Markdown"
    ) { call in
        try call.context.writeOutput(ReferencePage(program: call.program).markdown())
        return .ok
    }

    private static let configuration = Command(
        "config", "show and check the configuration",
        commands: [ConfigurationCommands.show, ConfigurationCommands.check])
}
