/// Manual pages, written in roff's `man` macros.
struct ManualPages {
    struct Page {
        /// The file's name: `muster-log.1`.
        let name: String
        let text: String
    }

    let program: Program

    private var help: HelpPages { HelpPages(program: program, width: 80) }

    /// The program's page, one for each command, and the configuration's.
    func all() -> [Page] {
        [programPage()] + program.leaves.map { page(of: $0.command, at: $0.path) }
            + [configurationPage()]
    }

    private func programPage() -> Page {
        var roff = head(program.name, section: 1)
        roff += section("NAME", "\(program.name) - \(program.summary)")
        roff += section("SYNOPSIS", "\(program.name) [options] COMMAND [...]")
        roff += discussion(program.discussion)
        roff += examples(program.examples)
        for part in program.sections {
            roff += ".SH " + escape(part.title.uppercased()) + "\n"
            for command in part.commands {
                let leaves = command.commands.isEmpty ? [command] : command.commands
                for leaf in leaves {
                    let words =
                        command.commands.isEmpty
                        ? [leaf.name] : [command.name, leaf.name]
                    roff += item(words.joined(separator: " "), leaf.summary)
                }
            }
        }
        roff += ".SH OPTIONS\n" + options(program.options)
        roff += ".SH EXIT STATUS\n"
        for code in ExitCode.allCases { roff += item("\(code.rawValue)", code.summary) }
        roff += section("SEE ALSO", "\(program.name).yaml(5)")
        return Page(name: program.name + ".1", text: roff)
    }

    private func page(of command: Command, at path: [String]) -> Page {
        let full = ([program.name] + path).joined(separator: " ")
        let stem = ([program.name] + path).joined(separator: "-")
        var roff = head(stem, section: 1)
        roff += section("NAME", "\(stem) - \(command.summary)")
        roff += section("SYNOPSIS", help.usage(of: command, full))
        roff += discussion(command.discussion)
        roff += examples(command.examples)
        if !command.arguments.isEmpty {
            roff += ".SH ARGUMENTS\n"
            for argument in command.arguments { roff += item(argument.name, argument.summary) }
        }
        if !command.options.isEmpty { roff += ".SH OPTIONS\n" + options(command.options) }
        if let shape = command.shape {
            roff += ".SH RESULT\n.nf\n" + lines(shape.helpText()) + ".fi\n"
        }
        let codes = [ExitCode.ok, .failed] + command.exitCodes + [.usage]
        roff += ".SH EXIT STATUS\n"
        for code in codes { roff += item("\(code.rawValue)", code.summary) }
        roff += section("SEE ALSO", "\(program.name)(1)")
        return Page(name: stem + ".1", text: roff)
    }

    private func configurationPage() -> Page {
        let name = program.name + ".yaml"
        var roff = head(name, section: 5)
        roff += section("NAME", "\(name) - configuration of \(program.name)")
        roff += discussion(
            """
            A mapping of keys to values in YAML. Files are read in this order, and a key's first \
            value counts: the file named by --config or \(program.variablePrefix)CONFIG, \
            ~/.config/\(program.name)/config.yaml, /etc/\(program.name)/\(program.name).yaml. A \
            variable of the environment counts more than a file, an option more than a variable. \
            An unknown key is an error.
            """)
        roff += ".SH KEYS\n"
        for setting in program.settings { roff += item(setting.name, help.note(setting)) }
        roff += section("SEE ALSO", "\(program.name)(1)")
        return Page(name: name + ".5", text: roff)
    }

    // MARK: Roff

    private func head(_ name: String, section: Int) -> String {
        ".TH \"" + escape(name.uppercased()) + "\" \"\(section)\" \"\" \""
            + escape(program.name + " " + program.version) + "\"\n"
    }

    private func section(_ title: String, _ text: String) -> String {
        ".SH " + title + "\n" + line(text)
    }

    private func discussion(_ text: String) -> String {
        let paragraphs = Prose.paragraphs(text)
        guard !paragraphs.isEmpty else { return "" }
        return ".SH DESCRIPTION\n" + paragraphs.map { line($0) }.joined(separator: ".PP\n")
    }

    private func examples(_ examples: [Command.Example]) -> String {
        guard !examples.isEmpty else { return "" }
        return ".SH EXAMPLES\n"
            + examples.map { item(program.name + " " + $0.line, $0.summary) }.joined()
    }

    private func options(_ options: [CommandOption]) -> String {
        options.map { item($0.usage.drop { $0 == " " }.description, help.note($0)) }.joined()
    }

    private func item(_ term: String, _ text: String) -> String {
        ".TP\n\\fB" + escape(term) + "\\fR\n" + line(text)
    }

    private func lines(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
            .map { line(String($0)) }.joined()
    }

    /// One line of text that roff cannot take for a request.
    private func line(_ text: String) -> String {
        let escaped = escape(text)
        let isRequest = escaped.hasPrefix(".") || escaped.hasPrefix("'")
        return (isRequest ? "\\&" : "") + escaped + "\n"
    }

    private func escape(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\e"
            case "-": escaped += "\\-"
            case "\"": escaped += "\\(dq"
            case "~": escaped += "\\(ti"
            case "^": escaped += "\\(ha"
            case _ where scalar.isASCII: escaped.unicodeScalars.append(scalar)
            // By its number, so that no roff must know in which encoding the page is.
            default:
                let hex = String(scalar.value, radix: 16, uppercase: true)
                escaped += "\\[u" + String(repeating: "0", count: max(0, 4 - hex.count)) + hex + "]"
            }
        }
        return escaped
    }
}
