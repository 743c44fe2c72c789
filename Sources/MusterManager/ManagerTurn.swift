internal import MusterCore
internal import MusterLog
internal import MusterRuntime

/// Performs what one `ManagerLoop` asks for, and tells it what came of it, from its load to its
/// end. Nothing of an earlier turn reaches it: it has a mailbox and a reader of its own.
final class ManagerTurn: Sendable {
    private let log: any EventLog
    private let group: String
    private let logger: Logger
    private let feed: RecordFeed
    private let mailbox = Mailbox<Message>()
    /// Open when the partitions are to go to another manager.
    private let leaving = Latch()

    /// How long work goes on after the partitions were released, so that it does not stand still
    /// until the successor has taken over; nothing rests on there being one at a time.
    private static let handOver: Duration = .seconds(1)

    /// What happens outside the loop.
    private enum Message: Sendable {
        case input(LoopInput)
        /// A batch, with the number of the `read` that it belongs to.
        case records(RecordBatch, UInt64)
        /// Somebody found that the fold must begin anew.
        case restart(String)
        case failed(LogError)
    }

    /// How the turn came out.
    enum Outcome {
        case ended
        case restart
    }

    init(log: any EventLog, group: String, logger: Logger, feed: RecordFeed) {
        self.log = log
        self.group = group
        self.logger = logger
        self.feed = feed
    }

    static var now: Duration { .nanoseconds(SystemClock.bootNanoseconds()) }

    /// Asks the loop to end in order; from any thread.
    func stop() { leaving.open() }

    func work(_ loop: ManagerLoop, as member: String) async throws -> Outcome {
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            defer {
                leaving.open()
                tasks.cancelAll()
            }
            tasks.addTask { await self.read() }
            tasks.addTask { await self.followAssignments(member) }
            tasks.addTask { await self.leaveInOrder() }
            tasks.addTask { await self.followReplacements() }
            tasks.addTask { await self.watchTopics() }
            let outcome = try await drive(loop)
            await feed.close()
            return outcome
        }
    }

    // MARK: What comes in

    private func read() async {
        var pause = Duration.milliseconds(50)
        while !Task.isCancelled {
            do {
                while mailbox.count > 64 && !Task.isCancelled {
                    try await Task.sleep(for: .milliseconds(1))
                }
                let batches = try await feed.next(max: 2048, waitingUpTo: .seconds(1))
                mailbox.send(contentsOf: batches.map { .records($0.batch, $0.number) })
                pause = .milliseconds(50)
            } catch LogError.offsetOutOfRange(let position, let kept) {
                mailbox.send(.input(.outOfRange(position, kept: kept)))
            } catch LogError.closed {
                return
            } catch let error as LogError where Self.mayPass(error) {
                warn("reading failed", error)
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
        await withTaskGroup(of: Void.self) { tasks in
            tasks.addTask { [self] in
                for await partitions in log.assignments(group: group, member: member) {
                    mailbox.send(.input(.assigned(partitions)))
                }
            }
            tasks.addTask { [self] in await leaving.wait() }
            await tasks.next()
            tasks.cancelAll()
        }
    }

    private func leaveInOrder() async {
        await leaving.wait()
        // Cancelled when the turn is over: then nobody reads the mailbox.
        try? await Task.sleep(for: Self.handOver)
        mailbox.send(.input(.stop))
    }

    private func followReplacements() async {
        for await _ in log.producerReplacements { mailbox.send(.input(.producerReplaced)) }
    }

    /// Whether it may pass by itself. A broker that has just started may say of every topic that
    /// there is none: whether one is gone for good `watchTopics` judges.
    private static func mayPass(_ error: LogError) -> Bool {
        if case .topicMissing = error { return true }
        return error.isTransient
    }

    /// Of a topic that is missing `watchTopics` says so, once.
    private func warn(_ what: String, _ error: LogError) {
        if case .topicMissing = error { return }
        logger.warning("\(what), trying again: \(error)")
    }

    /// In how many looks in a row a topic must be missing before it counts as gone.
    private static let looksMax = 3

    /// Looks again and again whether the log answers and the topics are still there: while there is
    /// nothing to do nobody else would notice, and a reader of a topic that was deleted may never
    /// hear of it.
    private func watchTopics() async {
        var known: [Topic: Int32] = [:]
        var missed: [Topic: Int] = [:]
        var isAway = false
        while !Task.isCancelled {
            // Cancelled while it waits: the loop's condition sees it.
            try? await Task.sleep(for: .seconds(5))
            let counts: [Topic: Int32]
            do throws(LogError) {
                counts = try await log.partitionCounts()
            } catch {
                if !isAway, error.isTransient {
                    logger.warning("nothing can be done now: \(error)")
                }
                isAway = isAway || error.isTransient
                continue
            }
            if isAway { logger.notice("the log answers again") }
            isAway = false
            for topic in Topic.allCases {
                let count = counts[topic] ?? 0
                if count >= max(1, known[topic] ?? 0) {
                    known[topic] = count
                    missed[topic] = nil
                    continue
                }
                missed[topic, default: 0] += 1
                if missed[topic] == 1 {
                    logger.warning("the topic \(topic.name) is not there now; looking again")
                }
                if missed[topic] == Self.looksMax {
                    let place = TopicPartition(topic, count)
                    mailbox.send(.failed(.topicMissing(log: log.url, place)))
                    return
                }
            }
        }
    }

    // MARK: The loop

    private func drive(_ start: ManagerLoop) async throws -> Outcome {
        var loop = start
        var outcome: Outcome?
        try await withThrowingDiscardingTaskGroup { tasks in
            while outcome == nil {
                let deadline = loop.wakeUp.map {
                    ContinuousClock.now + max(.milliseconds(1), $0 - Self.now)
                }
                var inputs: [LoopInput] = [.time]
                for message in await mailbox.next(until: deadline) {
                    switch message {
                    case .input(let input): inputs.append(input)
                    case .records(let batch, let number):
                        // Effects of an earlier input may ask anew: one at a time.
                        try perform(loop.handle(inputs, now: Self.now), &tasks, &outcome)
                        inputs = []
                        if feed.isCurrent(number, batch.partition) {
                            inputs.append(.records(batch))
                        }
                    case .restart(let reason):
                        logger.warning("the journal is read anew", ["reason": .text(reason)])
                        outcome = .restart
                    case .failed(let error): throw ManagerError.log(error)
                    }
                }
                try perform(loop.handle(inputs, now: Self.now), &tasks, &outcome)
            }
            tasks.cancelAll()
        }
        return outcome ?? .ended
    }

    private func perform(
        _ effects: [LoopEffect], _ tasks: inout ThrowingDiscardingTaskGroup<any Error>,
        _ outcome: inout Outcome?
    ) throws {
        for effect in effects {
            switch effect {
            case .append(let token, let record): append(record, token)
            case .publish(let token, let record): publish(record, token)
            case .askJournalEnd(let ask, let partition):
                tasks.addTask { await self.askEnd(ask, partition) }
            case .begin(let ask, let partition, let since, let lookBack):
                tasks.addTask { await self.begin(ask, partition, since, lookBack) }
            case .read(let partition, let offset): feed.read(partition, from: offset)
            case .stopReading(let partition): feed.stopReading(partition)
            case .check(let position, let hash):
                tasks.addTask { await self.check(position, hash) }
            case .say(let remark): say(remark)
            case .restart(let reason):
                logger.warning("the journal is read anew", ["reason": .text(reason)])
                outcome = .restart
            case .halt(let reason): throw ManagerError.halted(reason)
            case .ended: outcome = outcome ?? .ended
            }
        }
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

    private func publish(_ record: NewRecord, _ token: UInt64) {
        log.submit(record) { [mailbox] result in
            switch result {
            case .success: mailbox.send(.input(.published(token: token)))
            case .failure(let error):
                mailbox.send(.input(.publishFailed(token: token, error)))
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
            } catch let error as LogError where Self.mayPass(error) {
                warn("\(what) failed", error)
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
        let found = record.map { SHA256.hash(of: $0.value ?? []) }
        if found != hash {
            mailbox.send(
                .restart("the record at \(position.offset) of the journal is another one now"))
        }
    }

    private func begin(
        _ ask: UInt64, _ partition: Int32, _ since: Timestamp?, _ lookBack: Duration
    ) async {
        let beginning = await asking("looking for where to begin") {
            try await find(ask, partition, since, lookBack)
        }
        if let beginning { mailbox.send(.input(.began(beginning))) }
    }

    private func find(
        _ ask: UInt64, _ partition: Int32, _ since: Timestamp?, _ lookBack: Duration
    ) async throws -> Beginning {
        var kept: [(partition: TopicPartition, range: Range<Offset>)] = []
        var heartbeats = SortedMap<TopicPartition, Offset>()
        for place in try await inputs(of: partition) {
            let range = try await log.range(of: place)
            kept.append((place, range))
            guard place.topic == .heartbeats else { continue }
            heartbeats[place] = try await firstHeartbeat(of: place, range, since, lookBack)
        }
        let end = try await log.range(of: TopicPartition(.journal, partition)).upperBound
        return Beginning(
            ask: ask, partition: partition, kept: kept, heartbeats: heartbeats, journalEnd: end)
    }

    /// The input partitions that belong to a journal partition: of each topic the one of its
    /// number, and every so many-th behind it where the topic has more.
    private func inputs(of partition: Int32) async throws -> [TopicPartition] {
        let counts = try await log.partitionCounts()
        func count(_ topic: Topic) throws(LogError) -> Int32 {
            guard let count = counts[topic], count > 0 else {
                throw .topicMissing(log: log.url, TopicPartition(topic, partition))
            }
            return count
        }
        let step = Int(try count(.journal))
        var places: [TopicPartition] = []
        for topic in [Topic.events, .requests, .heartbeats] {
            let end = max(try count(topic), partition + 1)
            for number in stride(from: partition, to: end, by: step) {
                places.append(TopicPartition(topic, number))
            }
        }
        return places
    }

    /// Where to begin to hear: what is newest there says how far back to look.
    private func firstHeartbeat(
        of place: TopicPartition, _ range: Range<Offset>, _ since: Timestamp?, _ lookBack: Duration
    ) async throws -> Offset {
        if range.isEmpty { return range.lowerBound }
        let last = Position(place, Offset(range.upperBound.value - 1))
        guard let newest = try await log.readOne(last)?.appended else { return range.lowerBound }
        let from = min(since ?? newest, newest - lookBack)
        return try await log.offset(of: place, since: from) ?? range.upperBound
    }
}
