import Foundation
import Testing

/// The program as a user has it: a process with words, a folder, and an end.
struct Muster {
    /// How a run ended.
    struct Run {
        let words: [String]
        let status: Int32
        /// Whether a signal ended it, which `status` then names.
        let isSignal: Bool
        let out: String
        let err: String

        /// What standard output says, as JSON.
        func json() throws -> [String: Any] {
            try #require(!out.isEmpty, "\(words) ended with \(status): \(err)")
            let value = try JSONSerialization.jsonObject(with: Data(out.utf8))
            return try #require(value as? [String: Any], "\(words): \(out)")
        }

        var lines: [String] {
            out.split(separator: "\n").map(String.init)
        }
    }

    let folder: URL
    var environment: [String: String]

    /// Beside the test bundle, as the build leaves it: the same configuration.
    static let executable: URL = {
        let bundle = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        return bundle.deletingLastPathComponent().appending(path: "muster")
    }()

    /// Runs the program to its end, at most 60 s.
    @discardableResult
    func callAsFunction(
        _ words: String..., input: Data? = nil, environment: [String: String] = [:]
    ) async throws -> Run {
        try await run(words, input: input, environment: environment)
    }

    func run(
        _ words: [String], input: Data? = nil, environment: [String: String] = [:]
    ) async throws -> Run {
        let process = try Running(
            words, self, environment: environment, input: input)
        return try await process.end(within: .seconds(60))
    }

    /// Starts the program and lets it run.
    func start(_ words: String..., environment: [String: String] = [:]) throws -> Running {
        try Running(words, self, environment: environment)
    }
}

/// A run that may still be under way.
///
/// What it says goes to files: a pipe's end would be inherited by other processes that tests start
/// at the same time, and would not be closed before they end.
final class Running {
    private let words: [String]
    private let process = Process()
    private let files: (out: URL, err: URL, input: URL)

    /// - Parameters:
    ///   - input: what the program reads from a pipe; nil: nothing.
    ///   - program: what runs the program, and its words; none: it is run as it is.
    init(
        _ words: [String], _ muster: Muster, environment: [String: String] = [:],
        input: Data? = nil, through program: [String] = []
    ) throws {
        self.words = words
        let name = muster.folder.appending(path: ".run-\(UUID().uuidString)").path()
        files = (
            URL(filePath: name + ".out"), URL(filePath: name + ".err"), URL(filePath: name + ".in")
        )
        var line = program + [Muster.executable.path()] + words
        if let input {
            try input.write(to: files.input)
            line =
                ["/bin/sh", "-c", #"f=$1; shift; cat "$f" | "$@""#, "sh", files.input.path()]
                + line
        }
        process.executableURL = URL(filePath: line[0])
        process.arguments = Array(line.dropFirst())
        process.currentDirectoryURL = muster.folder
        process.environment = muster.environment.merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        for file in [files.out, files.err] { try Data().write(to: file) }
        process.standardOutput = try FileHandle(forWritingTo: files.out)
        process.standardError = try FileHandle(forWritingTo: files.err)
        try process.run()
    }

    var out: String { text(files.out) }
    var err: String { text(files.err) }

    private func text(_ file: URL) -> String {
        String(decoding: FileManager.default.contents(atPath: file.path()) ?? Data(), as: UTF8.self)
    }

    /// Waits until it has said what is wanted on either stream.
    func until(_ what: String, within limit: Duration = .seconds(30)) async throws {
        try await eventually("\(words) says \(what)", within: limit) {
            out.contains(what) || err.contains(what)
        }
    }

    func signal(_ number: Int32) { kill(process.processIdentifier, number) }

    /// Waits for the end; kills it when that does not come in time.
    @discardableResult
    func end(within limit: Duration = .seconds(30)) async throws -> Muster.Run {
        let end = ContinuousClock.now + limit
        while process.isRunning, ContinuousClock.now < end {
            try await ContinuousClock().sleep(for: .milliseconds(3))
        }
        let isOver = !process.isRunning
        if !isOver { signal(SIGKILL) }
        process.waitUntilExit()
        try #require(isOver, "\(words) did not end within \(limit): \(out) \(err)")
        defer {
            for file in [files.out, files.err, files.input] {
                try? FileManager.default.removeItem(at: file)  // some were never made
            }
        }
        return Muster.Run(
            words: words, status: process.terminationStatus,
            isSignal: process.terminationReason == .uncaughtSignal, out: out, err: err)
    }
}

/// Waits for a fact.
func eventually(
    _ what: String, within limit: Duration = .seconds(30), _ isTrue: () async throws -> Bool
) async throws {
    let end = ContinuousClock.now + limit
    while try await !isTrue() {
        try #require(ContinuousClock.now < end, "\(what): not within \(limit)")
        try await ContinuousClock().sleep(for: .milliseconds(10))
    }
}
