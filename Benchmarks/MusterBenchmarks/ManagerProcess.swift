internal import Foundation

/// A `muster manager` of its own process, as users run it.
///
/// Owner: whoever made it, who ends it by `stop` or `kill`. One thread at a time.
final class ManagerProcess {
    private let process = Process()
    /// What it says.
    private let words = FileManager.default.temporaryDirectory
        .appendingPathComponent("muster-benchmark-\(UUID().uuidString).txt")

    /// - Parameters:
    ///   - program: the path of `muster`.
    ///   - url: the log, `kafka://…`.
    init(_ program: String, log url: String) throws {
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = [
            "manager", "--log", url, "--partitions", "1", "--log-level", "info",
        ]
        process.environment = ProcessInfo.processInfo.environment.merging(
            ["MUSTER_KAFKA_SESSION_TIMEOUT_MS": "1500"]
        ) { $1 }
        try Data().write(to: words)
        process.standardError = try FileHandle(forWritingTo: words)
        try process.run()
    }

    /// Waits until it has said that.
    ///
    /// - Throws: `Failure` with all that it said, when that takes longer than a minute, or it ends.
    func until(_ text: String) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while true {
            let isOver = !process.isRunning
            let said = said
            if said.contains(text) { return }
            if isOver || ContinuousClock.now > deadline {
                throw KafkaField.Failure(description: "the manager does not say \(text): \(said)")
            }
            try await ContinuousClock().sleep(for: .milliseconds(10))
        }
    }

    private var said: String {
        // Without words it has said nothing.
        (try? String(contentsOf: words, encoding: .utf8)) ?? ""
    }

    /// Whether it works on the only partition, as it says.
    var works: Bool {
        let lines = said.split(separator: "\n")
        let last = lines.last { $0.contains("works on partition") || $0.contains("to another") }
        return last?.contains("works on partition") ?? false
    }

    var isRunning: Bool { process.isRunning }

    /// How much memory it holds, in bytes; 0 when it has ended.
    var residentBytes: Double { Self.residentBytes(of: "\(process.processIdentifier)") }

    /// The same of any process; "self" is this one.
    static func residentBytes(of process: String) -> Double {
        // A process that has ended has no status; `isRunning` says so.
        let status = try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
        let line = status?.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        let number = line?.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first
        return (number.flatMap { Double($0) } ?? 0) * 1024
    }

    /// Ends it in order.
    func stop() {
        process.terminate()
        process.waitUntilExit()
    }

    /// Ends it as a crash does.
    func kill() {
        // A process that has ended meanwhile is as dead as this wants it.
        _ = Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    deinit {
        if process.isRunning { kill() }
        // A file of words that stays is no harm.
        try? FileManager.default.removeItem(at: words)
    }
}
