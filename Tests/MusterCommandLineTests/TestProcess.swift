import MusterCommandLine
import Synchronization

/// A process in memory: files, environment, and what was written.
final class TestProcess: Sendable {
    private let state = Mutex(State())
    private let files: [String: String]
    private let environment: [String: String]
    private let isTerminal: Bool
    private let linesUntilReaderIsGone: Int?

    private struct State {
        var output = ""
        var error = ""
        var now: Int64 = 1_772_373_780_250
        var written: [String: String] = [:]
        var writes = 0
    }

    init(
        files: [String: String] = [:], environment: [String: String] = ["HOME": "/op/own"],
        isTerminal: Bool = false, readerGoneAfter: Int? = nil
    ) {
        self.files = files
        self.environment = environment
        self.isTerminal = isTerminal
        linesUntilReaderIsGone = readerGoneAfter
    }

    var output: String { state.withLock { $0.output } }
    var error: String { state.withLock { $0.error } }
    var written: [String: String] { state.withLock { $0.written } }

    func advance(_ milliseconds: Int64) { state.withLock { $0.now += milliseconds } }

    func context(_ words: [String] = []) -> ProcessContext {
        ProcessContext(
            words: words, environment: environment, outputIsTerminal: isTerminal,
            errorIsTerminal: isTerminal, width: 80,
            now: { [self] in state.withLock { $0.now } },
            readFile: { [self] (path) throws(FileProblem) in
                guard let text = files[path] else { throw .missing }
                if text == "forbidden" { throw .notPermitted }
                return Array(text.utf8)
            },
            writeOutput: { [self] (text) throws(OutputProblem) in
                let isGone = state.withLock { state in
                    state.writes += 1
                    if let limit = linesUntilReaderIsGone, state.writes > limit { return true }
                    state.output += text
                    return false
                }
                if isGone { throw .readerGone }
            },
            writeError: { [self] text in state.withLock { $0.error += text } },
            writeFile: { [self] (path, text) throws(FileProblem) in
                state.withLock { $0.written[path] = text }
            })
    }

    /// Runs a line of words parted by spaces.
    func run(_ line: String, _ program: Program = .sample) async -> ExitCode {
        await program.run(context(ShellWords.split(line)))
    }
}
