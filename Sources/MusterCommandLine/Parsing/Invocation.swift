package import MusterRuntime

/// One call of a command: what was asked for, every value resolved, and where results go.
package struct Invocation: Sendable {
    package let program: Program
    package let command: Command
    /// The words that led to the command.
    package let path: [String]
    package let configuration: Configuration
    package let output: Output
    package let logger: Logger
    package let context: ProcessContext

    let line: ParsedLine
    let files: [ConfigurationFile]

    // MARK: Options

    /// The option's value; nil when there is none. Traps for an option that the table does not
    /// have.
    package func text(_ option: String) -> String? {
        let known = command.options + program.options
        precondition(
            known.contains { $0.name == option }, "the command has no option \(option)")
        return configuration[option].values.last
    }

    /// All values of an option that may be repeated.
    package func texts(_ option: String) -> [String] {
        _ = text(option)
        return configuration[option].values
    }

    /// Whether the flag is set.
    package func flag(_ option: String) -> Bool { text(option) == "true" }

    /// The option's whole number.
    package func number(_ option: String) -> Int64? { text(option).flatMap { Int64($0) } }

    /// The option's whole numbers, as they were given; nil when there is none.
    package func numbers(_ option: String) -> [Int64]? {
        text(option)?.split(separator: ",").compactMap { Int64($0) }
    }

    /// The option's length of time.
    package func duration(_ option: String) -> Duration? {
        text(option).flatMap(DurationText.milliseconds).map { .milliseconds($0) }
    }

    /// The option's moment, in milliseconds since 1970.
    package func time(_ option: String) -> Int64? {
        text(option).flatMap { TimeText.milliseconds($0, now: context.now()) }
    }

    /// The keys and values of a `KEY=VALUE` option, by key in byte order.
    package func pairs(_ option: String) -> [(key: String, value: String)] {
        texts(option).map { pair in
            let key = pair.prefix { $0 != "=" }
            return (String(key), String(pair.dropFirst(key.count + 1)))
        }
    }

    // MARK: Arguments

    /// The argument's word; nil when it was left out. Traps for one that the table does not have.
    package func argument(_ name: String) -> String? { all(name).first }

    /// The words of an argument that may be repeated.
    package func all(_ name: String) -> [String] {
        guard let index = command.arguments.firstIndex(where: { $0.name == name }) else {
            preconditionFailure("the command has no argument \(name)")
        }
        let rest = line.arguments.dropFirst(index)
        switch command.arguments[index].count {
        case .one, .atMostOne: return Array(rest.prefix(1))
        case .any, .oneOrMore: return Array(rest)
        }
    }
}
