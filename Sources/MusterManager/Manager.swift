internal import MusterCore
internal import MusterEngines
package import MusterLog
package import MusterRuntime

/// A manager: keeps the membership of every cluster whose events lie in its log.
///
/// Any number may run on one log. One `run()` works until its task is cancelled; then what is in
/// flight is read back, a checkpoint is written, and the partitions are released for a successor.
///
/// ```swift
/// let manager = try await Manager(log: "sqlite:muster.db")
/// try await manager.run()
/// ```
public struct Manager: Sendable {
    private let log: any EventLog
    private let options: ManagerOptions
    private let logger: Logger

    /// Opens a log and prepares a manager on it; topics and journal are begun where there are none.
    ///
    /// - Parameter log: a URL, for instance `sqlite:muster.db`.
    /// - Throws: what is wrong with the log, as a sentence.
    public init(log url: String) async throws {
        let log = try await LogEngines.open(url, for: .write)
        self.init(log: log, options: ManagerOptions(), logger: Logger())
    }

    /// A manager on a log that is open; `run` closes it at the end.
    package init(log: any EventLog, options: ManagerOptions, logger: Logger) {
        self.log = log
        self.options = options
        self.logger = logger
    }

    /// Works until the task is cancelled.
    ///
    /// - Throws: a sentence that says why it cannot go on without a person, and what the log
    ///   throws.
    public func run() async throws {
        let driver = ManagerDriver(log: log, options: options, logger: logger)
        // What must still be written after a cancellation is written by a task of its own: owned by
        // this call, which waits for it.
        let work = Task.detached { try await driver.work() }
        try await withTaskCancellationHandler {
            try await work.value
        } onCancel: {
            driver.stop()
        }
    }
}

/// How a manager is run.
package struct ManagerOptions: Sendable {
    /// How many partitions a log gets that has none yet.
    package var partitions: Int32 = 4
    /// How many brokers keep each record of a new log; nil leaves it to them.
    package var replication: Int32?
    /// Managers of one group share the partitions.
    package var group = "muster"
    /// See `ManagerSettings`.
    package var allowsShortRemovalDelay = false
    package var checkpointInterval: Duration = .seconds(5)
    /// The program's version, as the journal names it.
    package var version = "0.2.0"
    /// Told when the journal was read and work begins, again after each time it had to be read
    /// anew.
    package var onReady: @Sendable () -> Void = {}

    package init() {}
}

/// Why a manager stopped by itself.
package enum ManagerError: Error, Sendable {
    /// It cannot go on without a person; the text says what happened and what to do.
    case halted(String)
    /// The log failed for good.
    case log(LogError)
}

extension ManagerError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .halted(let reason): reason
        case .log(.topicMissing(let log, let place)):
            "the topic \(place.topic.name) of the log \(log), or its partition \(place.partition), is "
                + "gone while a manager works on it: restore it and start again"
        case .log(let error): "\(error)"
        }
    }
}
