internal import MusterCore
internal import MusterLog
internal import MusterRuntime

/// Performs what a `ManagerLoop` asks for, and tells it what came of it. Holds no state of the domain.
final class ManagerDriver: Sendable {
    private let log: any EventLog
    private let options: ManagerOptions
    private let logger: Logger
    private let mailbox = Mailbox<Message>()

    /// What happens outside the loop.
    enum Message: Sendable {
        case input(LoopInput)
        /// Publish it again after a failure.
        case publish(NewRecord, token: UInt64?, failures: Int)
        /// Somebody found that the fold must begin anew.
        case restart(String)
        case failed(LogError)
    }

    /// How one turn from load to end came out.
    private enum Outcome {
        case ended
        case restart
    }

    init(log: any EventLog, options: ManagerOptions, logger: Logger) {
        self.log = log
        self.options = options
        self.logger = logger
    }

    /// Asks the loop to end in order; from any thread.
    func stop() { mailbox.send(.input(.stop)) }

    func work() async throws {
        do {
            try await JournalFounder(log: log, partitions: options.partitions).found()
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
    private func turn(_ identity: ManagerIdentity) async throws -> Outcome {
        let projection = try await ProjectionLoader().load(log)
        var settings = ManagerSettings(identity: identity)
        settings.allowsShortRemovalDelay = options.allowsShortRemovalDelay
        settings.checkpointInterval = options.checkpointInterval
        let loop = ManagerLoop(
            settings: settings, reader: projection.reader, checkpoints: projection.checkpoints,
            newest: projection.newest, now: Self.now)
        logger.info(
            "the journal is read",
            [
                "clusters": .number(Int64(projection.reader.clusters.count)),
                "records": .number(Int64(projection.recordCount)),
                "snapshots": .number(Int64(projection.snapshotCount)),
            ])
        let reader = try await log.makeReader()
        for partition in projection.reader.positions.keys.sorted() {
            let position = projection.reader.positions[partition] ?? .zero
            reader.assign(TopicPartition(.journal, partition), from: position)
            let snapshots = TopicPartition(.snapshots, partition)
            reader.assign(snapshots, from: try await log.range(of: snapshots).upperBound)
        }
        let member = "\(identity.id)"
        return try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            group.addTask { await self.read(reader) }
            group.addTask { await self.followAssignments(member) }
            group.addTask { await self.followReplacements() }
            let outcome = try await drive(loop, reader)
            await reader.close()
            return outcome
        }
    }

    static var now: Duration { .nanoseconds(SystemClock.bootNanoseconds()) }

    // MARK: What comes in

    private func read(_ reader: any LogReader) async {
        var pause = Duration.milliseconds(50)
        while !Task.isCancelled {
            do {
                while mailbox.count > 64 && !Task.isCancelled {
                    try await Task.sleep(for: .milliseconds(1))
                }
                let batches = try await reader.next(max: 2048, waitingUpTo: .seconds(1))
                mailbox.send(contentsOf: batches.map { .input(.records($0)) })
                pause = .milliseconds(50)
            } catch LogError.offsetOutOfRange(let position, let kept) {
                mailbox.send(.input(.outOfRange(position, kept: kept)))
                reader.unassign(position.partition)
            } catch LogError.closed {
                return
            } catch let error as LogError where error.isTransient {
                logger.warning("reading failed, trying again: \(error)")
                // Cancelled while it waits: the loop's condition sees it.
                try? await Task.sleep(for: pause)
                pause = min(pause * 2, .seconds(5))
            } catch let error as LogError {
                mailbox.send(.failed(error))
                return
            } catch {
                return
            }
        }
    }

    private func followAssignments(_ member: String) async {
        for await partitions in log.assignments(group: options.group, member: member) {
            mailbox.send(.input(.assigned(partitions)))
        }
    }

    private func followReplacements() async {
        for await _ in log.producerReplacements { mailbox.send(.input(.producerReplaced)) }
    }

    // MARK: The loop

    private func drive(_ start: ManagerLoop, _ reader: any LogReader) async throws -> Outcome {
        var loop = start
        var outcome: Outcome?
        try await withThrowingDiscardingTaskGroup { group in
            while outcome == nil {
                let messages = await mailbox.next(until: deadline(loop))
                var inputs: [LoopInput] = [.time]
                for message in messages {
                    switch message {
                    case .input(let input): inputs.append(input)
                    case .publish(let record, let token, let failures):
                        publish(record, token, failures: failures)
                    case .restart(let reason):
                        logger.warning("the journal is read anew", ["reason": .text(reason)])
                        outcome = .restart
                    case .failed(let error): throw ManagerError.halted("\(error)")
                    }
                }
                for effect in loop.handle(inputs, now: Self.now) {
                    if let end = try perform(effect, reader, &group) { outcome = end }
                }
            }
            group.cancelAll()
        }
        return outcome ?? .ended
    }

    private func deadline(_ loop: ManagerLoop) -> ContinuousClock.Instant? {
        loop.wakeUp.map { .now + max(.milliseconds(1), $0 - Self.now) }
    }

    /// - Returns: the outcome, when the effect ends this turn.
    private func perform(
        _ effect: LoopEffect, _ reader: any LogReader,
        _ group: inout ThrowingDiscardingTaskGroup<any Error>
    ) throws -> Outcome? {
        switch effect {
        case .append(let token, let record): append(record, token)
        case .publish(let record, let token): publish(record, token, failures: 0)
        case .askJournalEnd(let ask, let partition):
            group.addTask { await self.askEnd(ask, partition) }
        case .begin(let partition, let since, let lookBack):
            group.addTask { await self.begin(partition, since, lookBack) }
        case .read(let partition, let offset): reader.assign(partition, from: offset)
        case .stopReading(let partition): reader.unassign(partition)
        case .check(let position, let hash): group.addTask { await self.check(position, hash) }
        case .say(let remark): say(remark)
        case .restart(let reason):
            logger.warning("the journal is read anew", ["reason": .text(reason)])
            return .restart
        case .halt(let reason): throw ManagerError.halted(reason)
        case .ended: return .ended
        }
        return nil
    }

    private func say(_ remark: Remark) {
        let level: LogLevel
        switch remark.level {
        case .debug: level = .debug
        case .info: level = .info
        case .notice: level = .notice
        case .warning: level = .warning
        case .error: level = .error
        }
        if let cluster = remark.cluster {
            logger.log(level, remark.text, ["cluster": .text(cluster.text)])
        } else {
            logger.log(level, remark.text)
        }
    }

    // MARK: What goes out

    private func append(_ record: NewRecord, _ token: UInt64) {
        log.submit(record) { [mailbox] result in
            switch result {
            case .success(let place): mailbox.send(.input(.appended(token: token, place)))
            case .failure(let error):
                mailbox.send(.input(.appendFailed(token: token, error)))
            }
        }
    }

    /// Publishes until it is in the log; later ones of the same key may overtake it, which is why views
    /// carry their sequence number.
    private func publish(_ record: NewRecord, _ token: UInt64?, failures: Int) {
        log.submit(record) { [mailbox, logger] result in
            switch result {
            case .success:
                if let token { mailbox.send(.input(.published(token: token))) }
            case .failure(let error) where error.isTransient:
                if failures == 0 { logger.warning("publishing failed, trying again: \(error)") }
                mailbox.send(.publish(record, token: token, failures: failures + 1))
            case .failure(.closed):
                break
            case .failure(let error):
                logger.error("a record could not be published and was left out: \(error)")
                if let token { mailbox.send(.input(.published(token: token))) }
            }
        }
    }

    /// Asks until the log answers.
    private func asking<Answer: Sendable>(
        _ what: String, _ ask: () async throws -> Answer
    ) async -> Answer? {
        var pause = Duration.milliseconds(20)
        while !Task.isCancelled {
            do {
                return try await ask()
            } catch let error as LogError where error.isTransient {
                logger.warning("\(what) failed, trying again: \(error)")
                // Cancelled while it waits: the loop's condition sees it.
                try? await Task.sleep(for: pause)
                pause = min(pause * 2, .seconds(5))
            } catch let error as LogError {
                mailbox.send(.failed(error))
                return nil
            } catch {
                return nil
            }
        }
        return nil
    }

    private func askEnd(_ ask: UInt64, _ partition: Int32) async {
        let range = await asking("asking for the journal's end") {
            try await log.range(of: TopicPartition(.journal, partition))
        }
        if let range { mailbox.send(.input(.journalEnd(ask: ask, range.upperBound))) }
    }

    private func check(_ position: Position, _ hash: Hash) async {
        let record = await asking("reading the journal again") { try await log.readOne(position) }
        guard let record else { return }
        if record?.value.map({ SHA256.hash(of: $0) }) != hash {
            mailbox.send(
                .restart("the record at \(position.offset) of the journal is another one now"))
        }
    }

    private func begin(_ partition: Int32, _ since: Timestamp?, _ lookBack: Duration) async {
        let beginning = await asking("looking for where to begin") {
            try await find(partition, since, lookBack)
        }
        if let beginning { mailbox.send(.input(.began(beginning))) }
    }

    private func find(
        _ partition: Int32, _ since: Timestamp?, _ lookBack: Duration
    ) async throws -> Beginning {
        var kept: [(partition: TopicPartition, range: Range<Offset>)] = []
        for topic in [Topic.events, .requests, .heartbeats] {
            let place = TopicPartition(topic, partition)
            kept.append((place, try await log.range(of: place)))
        }
        let place = TopicPartition(.heartbeats, partition)
        let range = kept[2].range
        var heartbeats = range.lowerBound
        if !range.isEmpty {
            let last = Position(place, Offset(range.upperBound.value - 1))
            if let newest = try await log.readOne(last)?.appended {
                let from = min(since ?? newest, newest - lookBack)
                heartbeats = try await log.offset(of: place, since: from) ?? range.upperBound
            }
        }
        let end = try await log.range(of: TopicPartition(.journal, partition)).upperBound
        return Beginning(
            partition: partition, kept: kept, heartbeats: heartbeats, journalEnd: end)
    }
}
