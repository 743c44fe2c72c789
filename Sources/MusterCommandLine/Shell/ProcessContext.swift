import MusterRuntime

/// What a command line program has from its process, as values, so that a test is a process too.
package struct ProcessContext: Sendable {
    /// The words after the program's name.
    package var words: [String]
    package var environment: [String: String]
    /// Whether standard output and standard error are terminals.
    package var outputIsTerminal: Bool
    package var errorIsTerminal: Bool
    /// The terminal's width in cells, for prose.
    package var width: Int
    /// The wall clock: milliseconds since 1970.
    package var now: @Sendable () -> Int64
    /// Reads a whole file, `-` being standard input; at most 256 KiB and one byte.
    package var readFile: @Sendable (String) throws(FileProblem) -> [UInt8]
    /// Writes to standard output; throws when nobody reads it any more or it is full.
    package var writeOutput: @Sendable (String) throws(OutputProblem) -> Void
    /// Writes to standard error; what cannot be written is lost.
    package var writeError: @Sendable (String) -> Void
    /// Writes a file anew, its folders included.
    package var writeFile: @Sendable (_ path: String, _ text: String) throws(FileProblem) -> Void

    package init(
        words: [String], environment: [String: String], outputIsTerminal: Bool,
        errorIsTerminal: Bool, width: Int, now: @escaping @Sendable () -> Int64,
        readFile: @escaping @Sendable (String) throws(FileProblem) -> [UInt8],
        writeOutput: @escaping @Sendable (String) throws(OutputProblem) -> Void,
        writeError: @escaping @Sendable (String) -> Void,
        writeFile: @escaping @Sendable (String, String) throws(FileProblem) -> Void
    ) {
        self.words = words
        self.environment = environment
        self.outputIsTerminal = outputIsTerminal
        self.errorIsTerminal = errorIsTerminal
        self.width = width
        self.now = now
        self.readFile = readFile
        self.writeOutput = writeOutput
        self.writeError = writeError
        self.writeFile = writeFile
    }
}

/// Why standard output takes nothing more.
package enum OutputProblem: Error, Equatable {
    /// The reader is gone, as in `muster log | head`: the end, but nobody's fault.
    case readerGone
    /// Something else, in the system's words.
    case failed(String)
}

/// Why a file cannot be used.
package enum FileProblem: Error, Equatable {
    case missing
    case notPermitted
    /// Something else, in the system's words.
    case failed(String)

    /// The error of a command that needs the file.
    package func commandError(_ path: String) -> CommandError {
        switch self {
        case .missing: .usage("the file \(path) does not exist")
        case .notPermitted: CommandError(.notPermitted, "the file \(path) may not be used by you")
        case .failed(let reason): CommandError(.failed, "the file \(path): \(reason)")
        }
    }
}
