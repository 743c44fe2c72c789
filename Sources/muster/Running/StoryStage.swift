import MusterCommandLine
import MusterEngines
import MusterLog
import MusterManager
import MusterRuntime
import MusterSimulation

/// Where a story is told: a new log with a manager on it, lines for people as things happen, and
/// what is there at the end.
struct StoryStage: Sendable {
    /// Another way to the log than the manager's.
    let log: any EventLog
    let tell: @Sendable (StoryLine) -> Void
    private let call: Invocation
    /// nil: the story starts its own.
    private let manager: Manager?

    /// - Parameters:
    ///   - partitions: of the log; nil: as many as a manager makes.
    ///   - isManaged: whether a manager runs in this process.
    init(
        _ call: Invocation, url: String, partitions: UInt32? = nil, isManaged: Bool = true
    ) async throws {
        var options = ManagerOptions()
        if let partitions { options.partitions = Int32(partitions) }
        options.allowsShortRemovalDelay = true
        options.version = call.program.version
        let managed = try await LogEngines.open(url, for: .write)
        try await JournalFounder(log: managed, partitions: options.partitions).found()
        log = try await LogEngines.open(url, for: .write)
        if isManaged {
            manager = Manager(log: managed, options: options, logger: call.logger)
        } else {
            manager = nil
            await managed.close()
        }
        tell = StoryTeller(call).tell
        self.call = call
    }

    /// The option that keeps everything running after the story.
    static let stay = CommandOption(
        flag: "stay", summary: "keep everything running after the story")

    /// Runs a story as a command: what goes wrong in it is the command's error.
    static func run(_ body: () async throws -> Void) async throws -> ExitCode {
        do {
            try await body()
        } catch let failure as ServiceFailure {
            throw CommandError.of(failure.error)
        } catch {
            throw CommandError.of(error)
        }
        return .ok
    }

    /// Tells the story while the manager and the services run, and ends them; with `stay`, when
    /// somebody stops the command.
    ///
    /// - Parameter staying: what goes on, for a note.
    func play(
        beside services: [Service] = [], staying: EscapedText,
        _ story: @escaping @Sendable () async throws -> Void
    ) async throws {
        let (manager, call) = (manager, call)
        let managers = [manager].compactMap { $0 }.map { manager in
            Service("manager") { try await manager.run() }
        }
        let last = Service("story") {
            try await story()
            guard call.flag(Self.stay.name) else { return }
            call.output.note("\(staying); stop it with Ctrl-C")
            let end = ContinuousClock()
            while !Task.isCancelled { try await end.sleep(for: .seconds(3600)) }
        }
        try await ServiceRun(managers + services + [last], logger: call.logger).run()
        await log.close()
    }

    /// Shows what is there at the end, apart from the lines of the story.
    func show(_ result: ResultValue) throws {
        if call.output.form == .table || call.output.form == .wide {
            try call.output.print("")
        }
        try call.show(result)
    }
}
