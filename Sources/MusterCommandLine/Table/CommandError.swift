package import MusterRuntime

/// Why a command ended without doing what was asked, as a person is told.
package struct CommandError: Error, Equatable, CustomStringConvertible {
    /// What the process exits with.
    package let exitCode: ExitCode
    /// One sentence: the thing and what is wrong with it.
    package let message: EscapedText
    /// What to do about it; nil when the sentence says enough.
    package let advice: EscapedText?

    package init(_ exitCode: ExitCode, _ message: EscapedText, advice: EscapedText? = nil) {
        self.exitCode = exitCode
        self.message = message
        self.advice = advice
    }

    /// An error of the command line.
    package static func usage(_ message: EscapedText, advice: EscapedText? = nil) -> CommandError {
        CommandError(.usage, message, advice: advice)
    }

    package var description: String {
        message.text + (advice.map { "\n  " + $0.text } ?? "")
    }
}
