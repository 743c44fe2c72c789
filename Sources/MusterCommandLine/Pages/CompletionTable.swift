/// What a completion script needs of the table: for each place in a command line the words and
/// options that may stand there.
struct CompletionTable {
    /// A place: the words of commands so far, and what may follow.
    struct Place {
        /// `quarantine list`; empty at the start.
        let path: [String]
        let commands: [Command]
        let options: [CommandOption]
        let arguments: [CommandArgument]
    }

    let program: Program

    /// Every place, the start first.
    var places: [Place] {
        func walk(_ command: Command, _ path: [String]) -> [Place] {
            let path = path + [command.name]
            let here = Place(
                path: path, commands: command.commands, options: command.options + program.options,
                arguments: command.arguments)
            return [here] + command.commands.flatMap { walk($0, path) }
        }
        let start = Place(
            path: [], commands: program.commands, options: program.options, arguments: [])
        return [start] + program.commands.flatMap { walk($0, []) }
    }

    /// The shell command that lists the names for a kind: the program itself, for two seconds.
    func listing(_ words: [String]) -> String {
        "timeout 2 " + ([program.name] + words).joined(separator: " ") + " -o name 2>/dev/null"
    }

    /// In single quotes, for any of the three shells.
    static func quote(_ text: String) -> String {
        "'"
            + text.split(separator: "'", omittingEmptySubsequences: false)
            .joined(separator: "'\\''") + "'"
    }
}

extension CommandOption {
    /// All its spellings: `--output`, `-o`.
    var spellings: [String] { ["--" + name] + letters.map { "-\($0)" } }
}
