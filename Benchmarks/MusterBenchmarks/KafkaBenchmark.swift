internal import Foundation
internal import MusterCore
internal import MusterLog
internal import MusterWire

/// Muster's program on a Kafka, each figure beside plain C on the same brokers.
package struct KafkaBenchmark {
    private let brokers: String
    private let program: String
    private let settings: BenchmarkSettings

    /// - Parameters:
    ///   - brokers: `host:port`.
    ///   - program: the path of `muster`.
    package init(brokers: String, program: String, settings: BenchmarkSettings) {
        self.brokers = brokers
        self.program = program
        self.settings = settings
    }

    private var bare: BareKafka { BareKafka(brokers: brokers) }

    /// Measures what the settings ask for.
    package func run() async throws -> [Figure] {
        var figures: [Figure] = []
        let wantsTakeover = settings.wants("takeover")
        if settings.wants("rebuild") || wantsTakeover {
            let field = try await KafkaField(brokers: brokers, "rebuild")
            let count = 1_000_000 / settings.divisor
            let mixed = try await fill(field, count, withEvents: wantsTakeover)
            if settings.wants("rebuild") {
                figures.append(try await rebuild(field, count, mixed))
            }
            if wantsTakeover { figures += try await takeover(field, count) }
            await field.log.close()
        }
        if settings.wants("command") { figures += try await latency() }
        if settings.wants("sustained") { figures += try await sustained() }
        if settings.wants("heartbeats") { figures.append(try await heartbeats()) }
        if settings.isLong, settings.wants("memory") { figures.append(try await memory()) }
        return figures
    }

    // MARK: Rebuild

    /// A journal, and the events that it answers: without them no manager starts on it.
    ///
    /// - Returns: what all the hashes make together.
    private func fill(
        _ field: KafkaField, _ count: Int, withEvents: Bool
    ) async throws -> UInt64 {
        let header = SampleChain.header.bytes
        let partition = TopicPartition(.journal, 0)
        _ = try await field.log.append(NewRecord(partition, key: nil, value: header))
        var chain = SampleChain(genesis: SHA256.hash(of: header))
        var mixed = BareKafka.mix(0, chain.state.head.hash)
        try await field.appendAll(count) { _ in
            let value = chain.next()
            mixed = BareKafka.mix(mixed, chain.state.head.hash)
            let event = withEvents ? chain.event : nil
            let answered = event.map {
                NewRecord(
                    TopicPartition(.events, 0), key: $0.key, headers: $0.headers, value: $0.value)
            }
            return [answered, NewRecord(partition, key: SampleChain.key, value: value)]
                .compactMap { $0 }
        }
        return mixed
    }

    private func rebuild(
        _ field: KafkaField, _ count: Int, _ mixed: UInt64
    ) async throws -> Figure {
        let before = try bare.read(field.name(.journal))
        var loader = ProjectionLoader()
        loader.usesSnapshots = false
        let began = ContinuousClock.now
        let projection = try await loader.load(field.log)
        let seconds = Self.seconds(since: began)
        let after = try bare.read(field.name(.journal))
        guard projection.reader.acceptedCount == UInt64(count), before.count == count + 1 else {
            throw KafkaField.Failure(
                description: "the rebuild accepted \(projection.reader.acceptedCount) of \(count)")
        }
        guard before.mixed == mixed, after.mixed == mixed else {
            throw KafkaField.Failure(description: "C hashed other bytes than were appended")
        }
        let baseline = Double(2 * count + 2) / (before.seconds + after.seconds)
        return Figure(
            "Kafka: rebuild of \(count) decisions", Double(count) / seconds, "decisions/s",
            baseline: baseline, wanted: .atLeast(0.6))
    }

    // MARK: Takeover

    /// Two managers, the one that works is killed; how long nothing is decided.
    private func takeover(_ field: KafkaField, _ count: Int) async throws -> [Figure] {
        let service = SampleService(0)
        let key = Array(service.cluster.text.utf8)
        let worker = try ManagerProcess(program, log: field.url)
        try await worker.until("works on partition 0")
        var managers = [worker]
        defer { for manager in managers { manager.kill() } }
        var journal = try await field.follow(.journal, from: try await field.end(.journal))
        // Behind all that lies there: whoever has decided it has read the rest.
        var start: UInt64 = 2
        _ = try await field.log.append(service.restarted(start))
        _ = try await journal.find(key, within: .seconds(120))
        var gaps: [Double] = []
        for _ in 0..<(settings.divisor == 1 ? 5 : 1) {
            let standby = try ManagerProcess(program, log: field.url)
            managers.append(standby)
            try await standby.until("the journal is read")
            // It joins the group, which may give it the work; whoever has it writes a checkpoint.
            try await Task.sleep(for: .seconds(2))
            var snapshots = try await field.follow(
                .snapshots, from: try await field.end(.snapshots))
            _ = try await snapshots.find(Array("p/0".utf8), within: .seconds(120))
            await snapshots.close()
            start += 1
            _ = try await field.log.append(service.restarted(start))
            _ = try await journal.find(key)
            guard let owner = managers.firstIndex(where: \.works) else {
                throw KafkaField.Failure(description: "nobody works on the partition")
            }
            managers[owner].kill()
            let killed = Self.milliseconds
            managers.remove(at: owner)
            start += 1
            _ = try await field.log.append(service.restarted(start))
            gaps.append(Double(try await journal.find(key).milliseconds - killed))
        }
        await journal.close()
        gaps.sort()
        let name = "Kafka: takeover after kill -9, \(count) decisions"
        return [
            Figure(
                "\(name), median of \(gaps.count)", gaps[gaps.count / 2], "ms",
                baseline: 1500 + 300, wanted: .atMost(1)),
            Figure(
                "\(name), longest", gaps[gaps.count - 1], "ms", baseline: 1500 + 300,
                wanted: .atMost(1)),
        ]
    }

    private static var milliseconds: Int64 { Int64(Date().timeIntervalSince1970 * 1000) }

    // MARK: From an event to its command

    /// A log with so many services, whose manager runs.
    private func founded(
        _ name: String, _ count: Int
    ) async throws -> (field: KafkaField, manager: ManagerProcess, services: [SampleService]) {
        let field = try await KafkaField(brokers: brokers, name)
        let services = (0..<count).map { SampleService($0) }
        try await field.append(count) { services[$0].configured }
        try await field.append(count) { services[$0].founded }
        try await field.append(count) { services[$0].observed(isSoft: false) }
        let manager = try ManagerProcess(program, log: field.url)
        var journal = try await field.follow(.journal, from: .zero)
        try await journal.take(1 + 3 * count, within: .seconds(120))
        await journal.close()
        return (field, manager, services)
    }

    private func latency() async throws -> [Figure] {
        let count = max(20, 1000 / settings.divisor)
        let (field, manager, services) = try await founded("latency", count)
        defer { manager.stop() }
        var commands = try await field.follow(.commands, from: .zero)
        var micros: [Double] = []
        // The first one warms what it touches.
        for (index, service) in services.enumerated() {
            _ = try await field.log.append(service.joined)
            let began = ContinuousClock.now
            try await commands.take(1)
            if index > 0 { micros.append(Self.seconds(since: began) * 1e6) }
        }
        await commands.close()
        await field.log.close()
        micros.sort()
        let other = try await KafkaField(brokers: brokers, "relay")
        let plain = try bare.relay(
            Self.decision, other.name(.events), other.name(.journal), other.name(.commands),
            rounds: count)
        await other.log.close()
        return [
            Figure(
                "Kafka: event to command, p50", Self.part(micros, 0.5), "µs",
                baseline: Self.part(plain, 0.5), wanted: .atMost(2)),
            Figure(
                "Kafka: event to command, p99", Self.part(micros, 0.99), "µs",
                baseline: Self.part(plain, 0.99), wanted: .atMost(1.5)),
        ]
    }

    // MARK: As much as it can

    /// A newcomer in each of many services: it starts, its join begins, its first step is
    /// commanded.
    private func sustained() async throws -> [Figure] {
        let count = 20_000 / settings.divisor
        let (field, first, services) = try await founded("sustained", count)
        first.stop()
        let decided = try await field.end(.journal)
        try await field.appendAll(count) { services[$0].signs }
        try await field.append(count) { services[$0].joined }
        let manager = try ManagerProcess(program, log: field.url)
        var commands = try await field.follow(.commands, from: .zero)
        try await commands.take(count, within: .seconds(120))
        manager.stop()
        var journal = try await field.follow(.journal, from: decided)
        let decisions = Int(try await field.end(.journal).value - decided.value)
        try await journal.take(decisions)
        guard let begun = journal.first, let ended = commands.last else {
            throw KafkaField.Failure(description: "nothing was decided")
        }
        let seconds = Double(max(1, ended.milliseconds - begun.milliseconds)) / 1000
        await commands.close()
        await journal.close()
        await field.log.close()
        let other = try await KafkaField(brokers: brokers, "pipeline")
        try await other.append(count) { services[$0].joined }
        let plain = try bare.pipeline(
            Self.decision, other.name(.events), other.name(.journal), other.name(.commands),
            decisions: 3, window: 20_000)
        await other.log.close()
        return [
            Figure(
                "Kafka: sustained decisions, a command for every third",
                Double(decisions) / seconds, "decisions/s",
                baseline: Double(plain.count) / plain.seconds, wanted: .atLeast(0.5)),
            Figure(
                "Kafka: sustained decisions, beside 68,000", Double(decisions) / seconds,
                "decisions/s", baseline: 68_000, wanted: .atLeast(1)),
        ]
    }

    /// How much later a command comes when so many heartbeats must be considered before it.
    private func heartbeats() async throws -> Figure {
        let count = 2_000_000 / settings.divisor
        let (field, first, services) = try await founded("heartbeats", 1000)
        first.stop()
        try await field.appendAll(services.count) { services[$0].signs }
        var commands = try await field.follow(.commands, from: .zero)
        var seconds: [Double] = []
        for (round, beats) in [0, count].enumerated() {
            try await field.append(beats) { services[$0 % services.count].heartbeat($0) }
            _ = try await field.log.append(services[round].joined)
            let manager = try ManagerProcess(program, log: field.url)
            try await manager.until("works on partition 0")
            let began = ContinuousClock.now
            // Outstanding commands of others come again first.
            let key = Array(services[round].cluster.text.utf8)
            _ = try await commands.find(key, within: .seconds(120))
            seconds.append(Self.seconds(since: began))
            manager.stop()
        }
        await commands.close()
        await field.log.close()
        return Figure(
            "Kafka: heartbeats considered", Double(count) / max(0.001, seconds[1] - seconds[0]),
            "heartbeats/s", baseline: 1_000_000, wanted: .atLeast(1))
    }

    /// How much more memory a manager holds at the end of ten million inputs than after three: the
    /// first ones fill what it reads ahead and keeps.
    private func memory() async throws -> Figure {
        let count = 10_000_000 / settings.divisor
        let (field, manager, services) = try await founded("memory", 1000)
        defer { manager.kill() }
        var held: [Double] = []
        var journal = try await field.follow(.journal, from: try await field.end(.journal))
        for _ in 0..<10 {
            try await field.append(count / 10) { index in
                let service = services[index % services.count]
                return index % 100 == 99
                    ? service.restarted(UInt64(held.count * count / 10 + index))
                    : service.heartbeat(index)
            }
            // Whoever has decided the last of them has considered what lies before it.
            try await journal.take(count / 1000, within: .seconds(120))
            held.append(manager.residentBytes / 1e6)
        }
        await journal.close()
        await field.log.close()
        guard manager.isRunning, let late = held.last else {
            throw KafkaField.Failure(description: "the manager ended by itself")
        }
        return Figure(
            "Kafka: memory after \(count) inputs, beside three tenths of them", late,
            "MB", baseline: held[2], wanted: .atMost(1.2))
    }

    // MARK: Small things

    /// A decision's record of the usual size.
    private static var decision: [UInt8] {
        var chain = SampleChain(genesis: .zero)
        var last: [UInt8] = []
        for _ in 0..<32 { last = chain.next() }
        return last
    }

    private static func part(_ sorted: [Double], _ share: Double) -> Double {
        sorted.isEmpty ? 0 : sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]
    }

    private static func seconds(since moment: ContinuousClock.Instant) -> Double {
        Double((ContinuousClock.now - moment) / .nanoseconds(1)) / 1e9
    }
}
