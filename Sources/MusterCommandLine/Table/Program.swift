/// The whole table: a program and its commands.
package struct Program: Sendable {
    /// Commands that belong together, under a heading of the help.
    package struct Section: Sendable {
        package let title: String
        package let commands: [Command]

        package init(_ title: String, _ commands: [Command]) {
            self.title = title
            self.commands = commands
        }
    }

    /// The program's word, also the stem of its folders: `muster`.
    package let name: String
    /// One line: what it is.
    package let summary: String
    /// What `version` prints.
    package let version: String
    /// Paragraphs for the manual, parted by empty lines.
    package let discussion: String
    package let examples: [Command.Example]
    /// The options that every command has, the standard ones included.
    package let options: [CommandOption]
    package let sections: [Section]

    /// A program; the standard options and the commands that come from the table itself are added.
    package init(
        _ name: String, _ summary: String, version: String, discussion: String = "",
        examples: [Command.Example] = [], options: [CommandOption] = [], sections: [Section]
    ) {
        self.name = name
        self.summary = summary
        self.version = version
        self.discussion = discussion
        self.examples = examples
        self.options = options + StandardOptions.all
        self.sections = sections + [Section("About \(name)", BuiltInCommands.all)]
    }

    /// All commands on the first level, in the order of help.
    package var commands: [Command] { sections.flatMap(\.commands) }

    /// The commands that do something, with the words that lead to them, in the order of help.
    package var leaves: [(path: [String], command: Command)] {
        func walk(_ command: Command, _ path: [String]) -> [([String], Command)] {
            let path = path + [command.name]
            return command.commands.isEmpty
                ? [(path, command)] : command.commands.flatMap { walk($0, path) }
        }
        return commands.flatMap { walk($0, []) }
    }

    /// The command at the end of the words, or nil; no words: nil.
    package func command(at path: [String]) -> Command? {
        guard let first = path.first, var command = commands.first(where: { $0.name == first })
        else { return nil }
        for word in path.dropFirst() {
            guard let next = command.command(named: word) else { return nil }
            command = next
        }
        return command
    }

    /// What every variable of the program begins with: `MUSTER_`.
    package var variablePrefix: String { name.uppercased() + "_" }

    /// Every option that environment and configuration file can set, once, by name.
    package var settings: [CommandOption] {
        var seen: Set<String> = []
        let all = options + leaves.flatMap(\.command.options)
        return all.filter { $0.isSetting && seen.insert($0.name).inserted }
            .sorted { $0.name < $1.name }
    }
}
