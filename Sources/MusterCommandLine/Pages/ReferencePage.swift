/// The reference of all commands, in Markdown.
struct ReferencePage {
    let program: Program

    private var help: HelpPages { HelpPages(program: program, width: 80) }

    func markdown() -> String {
        var page = """
            # Reference of `\(program.name)`

            Written by `\(program.name) reference` from the table of commands; do not edit.


            """
        for part in program.sections {
            page += "## \(part.title)\n\n"
            for command in part.commands {
                let leaves =
                    command.commands.isEmpty
                    ? [([command.name], command)]
                    : command.commands.map { ([command.name, $0.name], $0) }
                for (path, leaf) in leaves { page += entry(leaf, at: path) }
            }
        }
        page += "## Options of every command\n\n" + options(program.options)
        page += "## Settings\n\n| key | variable | default | |\n|---|---|---|---|\n"
        for setting in program.settings {
            let variable = setting.variable(prefix: program.variablePrefix) ?? ""
            let value = setting.defaultValue.map { "`\($0)`" } ?? ""
            page += "| `\(setting.name)` | `\(variable)` | \(value) | \(cell(setting.summary)) |\n"
        }
        page += "\n## Exit codes\n\n| code | |\n|---|---|\n"
        for code in ExitCode.allCases { page += "| \(code.rawValue) | \(cell(code.summary)) |\n" }
        return page
    }

    private func entry(_ command: Command, at path: [String]) -> String {
        let full = ([program.name] + path).joined(separator: " ")
        var page = "### `\(full)`\n\n\(sentence(command.summary))\n\n"
        page += "```\n" + help.usage(of: command, full) + "\n```\n\n"
        for paragraph in Prose.paragraphs(command.discussion) { page += paragraph + "\n\n" }
        if !command.arguments.isEmpty {
            page += "| argument | |\n|---|---|\n"
            for argument in command.arguments {
                page += "| `\(argument.usage)` | \(cell(argument.summary)) |\n"
            }
            page += "\n"
        }
        page += command.options.isEmpty ? "" : options(command.options)
        if !command.examples.isEmpty {
            page += "```sh\n"
            for example in command.examples {
                page += "# \(example.summary)\n\(program.name) \(example.line)\n"
            }
            page += "```\n\n"
        }
        if let shape = command.shape {
            page += "Result:\n\n```\n" + shape.helpText() + "```\n\n"
        }
        if !command.exitCodes.isEmpty {
            let codes = command.exitCodes.map { "\($0.rawValue) (\($0.summary))" }
            page += "Exit codes besides 0, 1 and 64: " + codes.joined(separator: "; ") + ".\n\n"
        }
        return page
    }

    private func options(_ options: [CommandOption]) -> String {
        var page = "| option | |\n|---|---|\n"
        for option in options {
            let usage = option.usage.drop { $0 == " " }
            page += "| `\(usage)` | \(cell(help.note(option))) |\n"
        }
        return page + "\n"
    }

    private func sentence(_ text: String) -> String {
        text.prefix(1).uppercased() + text.dropFirst() + "."
    }

    private func cell(_ text: String) -> String {
        text.split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|")
    }
}
