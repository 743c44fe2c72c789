internal import MusterCore
internal import MusterEngines
package import MusterLog
package import MusterRuntime

/// An agent: publishes what happens to one node, and carries out the commands meant for it.
///
/// One `run()` works until its task is cancelled; then it says that the node stops, and waits for
/// what is under way.
///
/// ```swift
/// let agent = try await Agent(
///     of: "n1", in: "orders", data: "/var/lib/orders", hooks: "/etc/muster/hooks",
///     log: "kafka://broker:9092/muster")
/// try await agent.run()
/// ```
public struct Agent: Sendable {
    private let log: any EventLog
    private let closesLog: Bool
    private let settings: AgentSettings
    private let folder: NodeFolder
    private let executor: any Executor
    private let logger: Logger
    private let leaves: Bool
    private let mailbox: Mailbox<AgentInput>
    private let onReady: @Sendable () -> Void

    /// Takes a node's data directory, opens a log that exists, and prepares an agent whose commands
    /// are carried out by programs.
    ///
    /// - Parameters:
    ///   - node: the node's name.
    ///   - cluster: the name of its cluster.
    ///   - data: the node's data directory; made where there is none. The agent's own files in it
    ///     are named `muster-…`.
    ///   - hooks: the directory of the programs; an absolute path, writable by nobody else.
    ///   - url: the log, for instance `sqlite:muster.db`.
    ///   - role: what the node is meant to be.
    ///   - address: where other nodes reach it; empty when it does not say.
    ///   - zone: its failure domain; empty when it does not say.
    ///   - beatEvery: how often the node is said to live; a third of the cluster's lease or less.
    ///   - observeEvery: how often the node's servers are looked at.
    ///   - leaves: whether the node asks to be taken out of the cluster when its agent stops.
    /// - Throws: what is wrong with a name, the directories or the log, as a sentence.
    public init(
        of node: String, in cluster: String, data: String, hooks: String, log url: String,
        as role: Role = .voter, address: String = "", zone: String = "",
        beatEvery: Duration = .seconds(3), observeEvery: Duration = .seconds(2),
        leaves: Bool = false
    ) async throws {
        var settings = AgentSettings(cluster: try ClusterID(cluster))
        settings.role = role.core
        settings.address = address
        settings.zone = zone
        settings.heartbeatInterval = max(beatEvery, .milliseconds(50))
        settings.observationInterval = max(observeEvery, .milliseconds(50))
        let id = try NodeID(node)
        let programs = try HookFolder(hooks)
        // A slip in the name of a log makes no new one, and no new start of the node.
        let existing = try await LogEngines.open(url, for: .read)
        await existing.close()
        let folder = try NodeFolder(data, cluster: settings.cluster, node: id)
        self.init(
            log: try await LogEngines.open(url, for: .write), settings: settings, folder: folder,
            executor: HookExecutor(folder: programs, data: folder.path), logger: Logger(),
            leaves: leaves, closesLog: true)
    }

    /// An agent on a log that is open; whoever opened it closes it, unless it is told to.
    ///
    /// - Parameters:
    ///   - leaves: whether the node asks to be taken out of the cluster when it stops.
    ///   - mailbox: where the agent's loop is told what happens, also by a service that speaks for
    ///     itself.
    ///   - onReady: told when the log has answered, before the node's servers are looked at: they
    ///     may not run yet.
    package init(
        log: any EventLog, settings: AgentSettings, folder: NodeFolder, executor: any Executor,
        logger: Logger, leaves: Bool = false, closesLog: Bool = false,
        mailbox: Mailbox<AgentInput> = Mailbox(), onReady: @escaping @Sendable () -> Void = {}
    ) {
        self.log = log
        self.closesLog = closesLog
        self.settings = settings
        self.folder = folder
        self.executor = executor
        self.logger = logger
        self.leaves = leaves
        self.mailbox = mailbox
        self.onReady = onReady
    }

    /// Works until the task is cancelled.
    ///
    /// - Throws: `AgentError` with a sentence that says why it cannot go on without a person, and
    ///   what the log throws.
    public func run() async throws {
        let driver = AgentDriver(
            log: log, settings: settings, folder: folder, executor: executor, logger: logger,
            mailbox: mailbox, onReady: onReady)
        // What must still be said after a cancellation is said by a task of its own: owned by this
        // call, which waits for it.
        let (log, closesLog) = (log, closesLog)
        let work = Task.detached {
            let result = await Self.result { try await driver.work() }
            if closesLog { await log.close() }
            try result.get()
        }
        try await withTaskCancellationHandler {
            try await work.value
        } onCancel: {
            driver.stop(leave: leaves)
        }
    }

    private static func result(
        _ body: () async throws -> Void
    ) async -> Result<Void, any Error> {
        do {
            return .success(try await body())
        } catch {
            return .failure(error)
        }
    }
}

/// Why an agent stopped by itself.
package enum AgentError: Error, Hashable, Sendable {
    /// Who the node is: a newer process of it is up, or what is there is another's. Starting again
    /// would not help.
    case halted(String)
    /// The log failed for good.
    case log(LogError)
    /// The node's own files failed; the text says at what. They may be well again.
    case disk(String, LocalProblem)
}

extension AgentError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .halted(let reason): reason
        case .log(let error): error.description
        case .disk(let what, let problem): "\(what): \(problem)"
        }
    }
}
