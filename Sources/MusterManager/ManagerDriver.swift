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
            for finding in try await founder.found() {
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

    private static func identity(_ version: String) -> ManagerIdentity {
        var random = SystemRandomNumberGenerator()
        return ManagerIdentity(
            id: Identifier(high: random.next(), low: random.next()), version: version)
    }

    /// Loads the projection and works on it until the end, or until it must be loaded again.
    private func turn(_ identity: ManagerIdentity) async throws -> ManagerTurn.Outcome {
        let projection = try await ProjectionLoader().load(log)
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
            feed.read(snapshots, from: try await log.range(of: snapshots).upperBound)
        }
        let turn = ManagerTurn(log: log, group: options.group, logger: logger, feed: feed)
        let isStopping = state.withLock { state in
            state.turn = turn
            return state.isStopping
        }
        if isStopping { turn.stop() }
        return try await turn.work(loop, as: "\(identity.id)")
    }
}
