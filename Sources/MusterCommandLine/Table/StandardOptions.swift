import MusterRuntime

/// The options that every program made from a table has.
package enum StandardOptions {
    package static let output = CommandOption(
        "output", "o", "w", value: "FORM",
        .word(["table", "wide", "json", "jsonl", "yaml", "name", "help"]),
        "how to print the result; help prints the shape of its JSON", default: "table",
        isSetting: true)
    package static let configuration = CommandOption(
        "config", value: "FILE", .file, "a configuration file, read before the usual ones")
    package static let color = CommandOption(
        "color", value: "WHEN", .word(["auto", "always", "never"]),
        "when to use colour; auto is on a terminal", default: "auto", isSetting: true)
    package static let timeFormat = CommandOption(
        "time-format", value: "FORM", .word(["relative", "iso", "raw"]),
        "how tables show times; raw is milliseconds since 1970", default: "relative",
        isSetting: true)
    package static let logLevel = CommandOption(
        "log-level", value: "LEVEL", .word(LogLevel.allCases.map(\.rawValue)),
        "the least important log lines to write to standard error", default: "notice",
        isSetting: true)
    package static let logFormat = CommandOption(
        "log-format", value: "FORM", .word(Logger.Format.allCases.map(\.rawValue)),
        "how log lines are written", default: "text", isSetting: true)
    package static let help = CommandOption(flag: "help", "h", summary: "say how to use it")
    package static let version = CommandOption(flag: "version", "V", summary: "print the version")

    static let all = [
        output, color, timeFormat, configuration, logLevel, logFormat, help, version,
    ]
}
