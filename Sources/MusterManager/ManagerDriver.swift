internal import MusterCore
internal import MusterLog
internal import MusterRuntime
import Synchronization

/// Runs a manager: begins the journal, loads the projection, and works on it, turn by turn, until
/// it is told to stop. Holds no state of the domain.
final class ManagerDriver: Sendable {
    private let log: any EventLog
    private let options: ManagerOptions
    private let logger: Logger
    private let state = Mutex(State())

    private struct State {
        var isStopping = false
        var turn: ManagerTurn?
    }

    init(log: any EventLog, options: ManagerOptions, logger: Logger) {
        self.log = log
        self.options = options
        self.logger = logger
    }

    /// Asks the loop to end in order; from any thread.
    func stop() {
        let turn = state.withLock { state in
            state.isStopping = true
            return state.turn
        }
        turn?.stop()
    }

    /// Works until `stop`, and closes the log.
    func work() async throws {
        do {
            let founder = JournalFounder(
                log: log, partitions: options.partitions, replication: options.replication)
            let findings = try await patiently("beginning the journal") {
                try await founder.found()
            }
            for finding in findings ?? [] {
                logger.warning(
                    "\(finding.topic.name) has \(finding.found), \(finding.wanted) would be better: "
                        + finding.cost)
            }
            let identity = Self.identity(options.version)
            while try await turn(identity) == .restart {}
        } catch {
            await log.close()
            throw error
        }
        await log.close()
    }

    /// Does it again while the log does not answer: it was opened, so that will pass.
    ///
    /// - Returns: nil when the manager is to stop.
    private func patiently<Result>(
        _ what: String, _ body: () async throws -> Result
    ) async throws -> Result? {
        var pause = Duration.milliseconds(100)
        while !state.withLock({ $0.isStopping }) {
            do {
                return try await body()
            } catch {
                guard Self.isTransient(error) else { throw error }
                logger.warning("\(what) failed, trying again: \(error)")
            }
            // Nobody cancels this task: `stop` sets the flag.
            try await Task.sleep(for: pause)
            pause = min(pause * 2, .seconds(5))
        }
        return nil
    }

    private static func isTransient(_ error: any Error) -> Bool {
        switch error {
        case let error as LogError: error.isTransient
        case ProjectionError.log(let error): error.isTransient
        default: false
        }
    }

    private static func identity(_ version: String) -> ManagerIdentity {
        var random = SystemRandomNumberGenerator()
        return ManagerIdentity(
            id: Identifier(high: random.next(), low: random.next()), version: version)
    }

    /// Loads the projection and works on it until the end, or until it must be loaded again.
    private func turn(_ identity: ManagerIdentity) async throws -> ManagerTurn.Outcome {
        let loaded = try await patiently("reading the journal") {
            try await ProjectionLoader().load(log)
        }
        guard let projection = loaded else { return .ended }
        var settings = ManagerSettings(identity: identity)
        settings.allowsShortRemovalDelay = options.allowsShortRemovalDelay
        settings.checkpointInterval = options.checkpointInterval
        let loop = ManagerLoop(
            settings: settings, reader: projection.reader, checkpoints: projection.checkpoints,
            newest: projection.newest, now: ManagerTurn.now)
        logger.info(
            "the journal is read",
            [
                "clusters": .number(Int64(projection.reader.clusters.count)),
                "records": .number(Int64(projection.recordCount)),
                "snapshots": .number(Int64(projection.snapshotCount)),
            ])
        let feed = RecordFeed(try await log.makeReader())
        for partition in projection.reader.positions.keys.sorted() {
            let position = projection.reader.positions[partition] ?? .zero
            feed.read(TopicPartition(.journal, partition), from: position)
            let snapshots = TopicPartition(.snapshots, partition)
            let range = try await patiently("asking for the snapshots' end") {
                try await log.range(of: snapshots)
            }
            guard let range else { break }
            feed.read(snapshots, from: range.upperBound)
        }
        let turn = ManagerTurn(log: log, group: options.group, logger: logger, feed: feed)
        let isStopping = state.withLock { state in
            state.turn = turn
            return state.isStopping
        }
        if isStopping { turn.stop() } else { options.onReady() }
        return try await turn.work(loop, as: "\(identity.id)")
    }
}
