/// What a command line says, before environment, file and defaults are looked at.
package struct ParsedLine: Sendable {
    /// What is wanted of the command.
    package enum Wish: Sendable {
        case run
        case help
        case version
    }

    package var wish: Wish = .run
    /// The words of the command; empty when none was named.
    package var path: [String] = []
    /// The command; nil when none was named, or only one that others stand under.
    package var command: Command?
    /// The values of each option by its name, in order; for a flag `true` or `false`.
    package var given: [String: [String]] = [:]
    /// The words that are neither command nor option.
    package var arguments: [String] = []
}
