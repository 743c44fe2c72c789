internal import MusterCore
internal import MusterLog
internal import MusterRuntime
internal import MusterWire
internal import Synchronization

/// Performs what an `AgentLoop` asks for, and tells it what came of it. Holds no state of the
/// domain.
final class AgentDriver: Sendable {
    private let log: any EventLog
    private let settings: AgentSettings
    private let folder: NodeFolder
    private let executor: any Executor
    private let logger: Logger
    private let mailbox: Mailbox<AgentInput>
    private let onReady: @Sendable () -> Void
    private let isStopping = Mutex(false)
    private let counter = Mutex<UInt64>(0)
    private let boot: BootID

    init(
        log: any EventLog, settings: AgentSettings, folder: NodeFolder, executor: any Executor,
        logger: Logger, mailbox: Mailbox<AgentInput>, onReady: @escaping @Sendable () -> Void
    ) {
        self.mailbox = mailbox
        self.onReady = onReady
        self.log = log
        self.settings = settings
        self.folder = folder
        self.executor = executor
        self.logger = logger
        var random = SystemRandomNumberGenerator()
        boot = Identifier(high: random.next(), low: random.next())
    }

    private static var now: Duration { .nanoseconds(SystemClock.bootNanoseconds()) }

    /// Asks the loop to end in order; from any thread.
    func stop(leave: Bool) {
        isStopping.withLock { $0 = true }
        mailbox.send(.stop(leave: leave, reason: "the agent was asked to take the node out"))
    }

    func work() async throws {
        let journal: LocalJournal
        do throws(LocalProblem) {
            journal = try LocalJournal(folder.journalPath)
        } catch {
            throw AgentError.disk("the local journal cannot be used", error)
        }
        if journal.damaged > 0 {
            logger.warning(
                "the local journal has damaged lines, which are left out",
                ["lines": .number(Int64(journal.damaged))])
        }
        guard let (reader, partition) = try await begin() else { return }
        onReady()
        let mailbox = mailbox
        let notes = JournalThread(journal) { token, problem in
            mailbox.send(
                problem.map { .noteFailed(token: token, reason: $0.description) }
                    ?? .noted(token: token))
        }
        let loop = AgentLoop(
            settings: settings, identity: folder.mark.identity, boot: boot, memory: journal.memory,
            now: Self.now)
        let result: Result<Void, any Error>
        do {
            try await drive(loop, reader, partition, notes)
            result = .success(())
        } catch {
            result = .failure(error)
        }
        await notes.end()
        await reader.close()
        try result.get()
    }

    /// A reader of the cluster's commands from now on, and of all that is known of its members.
    ///
    /// Commands from before this start are for an earlier one, so the end known now, before the
    /// start is announced, is early enough.
    ///
    /// - Returns: nil when the agent is to stop.
    private func begin() async throws -> (any LogReader, Int32)? {
        var pause = Duration.milliseconds(100)
        var isSaid = false
        // Once at least: what the node's service has said before the stop is to be said on.
        repeat {
            do {
                let counts = try await log.partitionCounts()
                if let count = counts[.journal], counts[.commands] != nil, counts[.members] != nil {
                    let partition = Partitioner.partition(
                        of: settings.cluster, count: UInt32(count))
                    return (try await read(partition), partition)
                }
                if !isSaid { logger.notice("the log has no topics yet: waiting for a manager") }
                isSaid = true
            } catch let error as LogError where error.isTransient {
                logger.warning("the log does not answer, trying again: \(error)")
            }
            // Nobody cancels this task: `stop` sets the flag.
            try await Task.sleep(for: pause)
            pause = min(pause * 2, .seconds(5))
        } while !isStopping.withLock({ $0 })
        return nil
    }

    private func read(_ partition: Int32) async throws -> any LogReader {
        let reader = try await log.makeReader()
        let commands = TopicPartition(.commands, partition)
        let members = TopicPartition(.members, partition)
        reader.assign(commands, from: try await log.range(of: commands).upperBound)
        reader.assign(members, from: try await log.range(of: members).lowerBound)
        return reader
    }

    // MARK: The loop

    private func drive(
        _ start: AgentLoop, _ reader: any LogReader, _ partition: Int32, _ notes: JournalThread
    ) async throws {
        var loop = start
        try await withThrowingDiscardingTaskGroup { tasks in
            defer { tasks.cancelAll() }
            tasks.addTask { await self.hear(reader) }
            while loop.phase != .ended {
                let deadline = loop.wakeUp.map {
                    ContinuousClock.now + max(.milliseconds(1), $0 - Self.now)
                }
                let inputs = await mailbox.next(until: deadline)
                for effect in loop.handle(inputs + [.time], now: Self.now) {
                    switch effect {
                    case .append(let token, let message, let causation):
                        append(token, message, causation, partition)
                    case .note(let token, let note): notes.write(token, note)
                    case .carryOut(let work): tasks.addTask { await self.carryOut(work) }
                    case .observe: tasks.addTask { await self.observe() }
                    case .renewStore(let id): tasks.addTask { await self.renew(id) }
                    case .say(let remark): say(remark)
                    case .halt(let error): throw error
                    case .ended: break
                    }
                }
            }
        }
    }

    private func say(_ remark: AgentRemark) {
        switch remark.level {
        case .info: logger.info(remark.text)
        case .notice: logger.notice(remark.text)
        case .warning: logger.warning(remark.text)
        case .error: logger.error(remark.text)
        }
    }

    // MARK: What is done

    private func append(
        _ token: UInt64, _ message: InputMessage, _ causation: String?, _ partition: Int32
    ) {
        let number = counter.withLock { count -> UInt64 in
            count += 1
            return count
        }
        let origin = EventOrigin(
            id: "\(boot)-\(number)", source: "/muster/agent",
            time: Timestamp(milliseconds: SystemClock.wallMilliseconds()), causation: causation)
        let record = message.outgoing(origin)
        log.submit(
            NewRecord(
                TopicPartition(record.topic, partition), key: record.key, headers: record.headers,
                value: record.value)
        ) { [mailbox] result in
            switch result {
            case .success(let place): mailbox.send(.appended(token: token, at: place.appended))
            case .failure(let error):
                mailbox.send(.appendFailed(token: token, Self.failure(error)))
            }
        }
    }

    private static func failure(_ error: LogError) -> AppendFailure {
        if error.isTransient { return .transient("\(error)") }
        if case .tooLarge = error { return .never("\(error)") }
        return .fatal(error)
    }

    private func carryOut(_ work: Work) async {
        logger.info(
            "carries out \(work.command.action.name)",
            [
                "command": .of(work.id), "node": .of(work.command.node),
                "group": .text(work.command.group?.text ?? ""),
            ])
        let outcome = await executor.carryOut(work) { [mailbox] progress in
            mailbox.send(.progress(work.id, progress))
        }
        let values: Logger.Values = ["command": .of(work.id), "detail": .text(outcome.detail)]
        switch outcome {
        case .succeeded: logger.info("carried out \(work.command.action.name)", values)
        case .failed: logger.warning("\(work.command.action.name) failed without effect", values)
        case .unknown:
            logger.warning("the outcome of \(work.command.action.name) is unknown", values)
        }
        mailbox.send(.finished(work.id, outcome))
    }

    private func observe() async {
        do throws(ExecutorProblem) {
            let seen = try await executor.observe()
            if !seen.blank {
                try await bind(seen)
            }
            mailbox.send(.observed(seen))
        } catch {
            switch error {
            case .unavailable(let reason): mailbox.send(.notObserved(reason: reason))
            case .foreign(let reason): mailbox.send(.foreign(reason: reason))
            }
        }
    }

    private func bind(_ seen: NodeObservation) async throws(ExecutorProblem) {
        let (folder, member) = (folder, seen.member)
        let engine = seen.engine?.cluster
        let mark = folder.mark
        if mark.member == member ?? mark.member, mark.engine == engine ?? mark.engine { return }
        let problem = await Self.onThread { () -> LocalProblem? in
            do throws(LocalProblem) {
                try folder.bind(member: member, engine: engine)
                return nil
            } catch {
                return error
            }
        }
        // A disk that takes nothing just now says nothing about whose it is.
        if let problem, problem.kind == .identity { throw .foreign(problem.description) }
        if let problem { throw .unavailable(problem.description) }
    }

    private func renew(_ id: CommandID) async {
        let folder = folder
        // Who cleared it says so, and that is not enough: a store that is called blank must be.
        let (isBlank, result) = await Self.onThread {
            () -> (Bool, Result<NodeIdentity, LocalProblem>) in
            var isBlank = false
            do throws(LocalProblem) {
                isBlank = try folder.holdsNoData()
                return (isBlank, .success(isBlank ? try folder.renew() : folder.mark.identity))
            } catch {
                return (isBlank, .failure(error))
            }
        }
        if !isBlank {
            var reason = "\(folder.path) still holds data after prepareNode"
            if case .failure(let problem) = result { reason = problem.description }
            return mailbox.send(.storeKept(id, reason: reason))
        }
        switch result {
        case .success(let identity): mailbox.send(.storeRenewed(id, identity))
        case .failure(let problem):
            mailbox.send(
                .failed(.disk("the disk is empty, and no new store can be written", problem)))
        }
    }

    /// Does what blocks on a thread of its own.
    private static func onThread<Value: Sendable>(
        _ body: @escaping @Sendable () -> Value
    ) async -> Value {
        await withCheckedContinuation { waiting in
            EngineThread.start { waiting.resume(returning: body()) }
        }
    }

    // MARK: What comes in

    private func hear(_ reader: any LogReader) async {
        let events = CloudEventReader()
        var pause = Duration.milliseconds(50)
        while !Task.isCancelled {
            do {
                let batches = try await reader.next(max: 512, waitingUpTo: .seconds(1))
                for batch in batches {
                    let records = batch.indices.map { batch.record(at: $0) }
                    mailbox.send(contentsOf: records.compactMap { read($0, events) })
                }
                pause = .milliseconds(50)
            } catch LogError.closed {
                return
            } catch LogError.offsetOutOfRange(let position, let kept) {
                // Old commands are void, and the view will be written again.
                reader.assign(position.partition, from: min(position.offset, kept.upperBound))
                if position.offset < kept.lowerBound {
                    reader.assign(position.partition, from: kept.lowerBound)
                }
            } catch  where error.isTransient {
                logger.warning("reading failed, trying again: \(error)")
                // Cancelled while it waits: the loop's condition sees it.
                try? await Task.sleep(for: pause)
                pause = min(pause * 2, .seconds(5))
            } catch {
                // Through the mailbox: an error of this task would be seen only when the loop ends.
                return mailbox.send(.failed(.log(error)))
            }
        }
    }

    /// What a record says to this agent; nil for what it cannot read, and for what was deleted.
    private func read(_ record: LogRecord, _ events: CloudEventReader) -> AgentInput? {
        guard record.value != nil else { return nil }
        do throws(UnreadableInput) {
            switch record.position.partition.topic {
            case .commands:
                return .command(
                    try CommandRecord(
                        headers: record.headers, value: record.value, reader: events))
            default:
                return .member(
                    try events.read(key: nil, headers: record.headers, value: record.value) {
                        _, data throws(JSONReadError) -> MemberRecord in
                        try MemberRecord(reading: data)
                    })
            }
        } catch {
            logger.warning(
                "a record cannot be read and is left out: \(error)",
                [
                    "topic": .text(record.position.partition.topic.name),
                    "offset": .of(record.position.offset),
                ])
            return nil
        }
    }
}
