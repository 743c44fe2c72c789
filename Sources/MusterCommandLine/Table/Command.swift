/// One command, as help, completion, manual and parser know it.
package struct Command: Sendable {
    /// What carries a command out.
    package typealias Run = @Sendable (Invocation) async throws -> ExitCode

    /// A line to try.
    package struct Example: Sendable {
        /// The line, without the program's name.
        package let line: String
        /// What it does.
        package let summary: String

        package init(_ line: String, _ summary: String) {
            self.line = line
            self.summary = summary
        }
    }

    /// Its word.
    package let name: String
    /// One line without a full stop: what it does.
    package let summary: String
    /// Paragraphs for the manual, parted by empty lines.
    package let discussion: String
    package let examples: [Example]
    package let arguments: [CommandArgument]
    package let options: [CommandOption]
    /// The exit codes that it uses besides 0, 1, 4 and 64.
    package let exitCodes: [ExitCode]
    /// What its JSON looks like; nil when it prints no result.
    package let shape: ResultShape?
    /// How its result is laid out for people; empty when it prints none, or lays it out itself.
    package let layout: ResultLayout?
    /// The commands inside it; then it does nothing by itself.
    package let commands: [Command]
    package let run: Run?

    /// A command that does something.
    package init(
        _ name: String, _ summary: String, discussion: String = "", examples: [Example] = [],
        arguments: [CommandArgument] = [], options: [CommandOption] = [],
        exitCodes: [ExitCode] = [], shape: ResultShape? = nil, layout: ResultLayout? = nil,
        run: @escaping Run
    ) {
        self.name = name
        self.summary = summary
        self.discussion = discussion
        self.examples = examples
        self.arguments = arguments
        self.options = options
        self.exitCodes = exitCodes
        self.shape = shape
        self.layout = layout
        self.run = run
        commands = []
    }

    /// A word that other commands stand under.
    package init(_ name: String, _ summary: String, commands: [Command]) {
        self.name = name
        self.summary = summary
        self.commands = commands
        discussion = ""
        examples = []
        arguments = []
        options = []
        exitCodes = []
        shape = nil
        layout = nil
        run = nil
    }

    /// The one inside it with that word.
    func command(named name: String) -> Command? { commands.first { $0.name == name } }
}
