internal import Foundation

/// All benchmarks, one after another, each beside its baseline.
package struct BenchmarkRun {
    private let settings: BenchmarkSettings

    package init(_ settings: BenchmarkSettings) { self.settings = settings }

    /// Measures what the settings ask for.
    package func run() async throws -> [Figure] {
        if let brokers = settings.brokers {
            return try await KafkaBenchmark(
                brokers: brokers, program: Self.program, settings: settings
            ).run()
        }
        var figures: [Figure] = []
        if settings.wants("evolve") { figures += fold() }
        if settings.wants("observation") { figures += try observation() }
        if settings.wants("memory") { figures += memory() }
        figures += try loop()
        let directory = FileManager.default.temporaryDirectory
            .appendingPathComponent("muster-benchmark-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true)
        do {
            let journal = JournalBenchmark(directory: directory)
            if settings.wants("append") { figures += try await append(journal) }
            if settings.wants("rebuild") { figures += try await rebuild(journal) }
            if settings.wants("nodes") || settings.wants("why") {
                figures += try await nodes(directory)
            }
        } catch {
            try FileManager.default.removeItem(atPath: directory)
            throw error
        }
        try FileManager.default.removeItem(atPath: directory)
        return figures
    }

    private func fold() -> [Figure] {
        let fold = FoldBenchmark()
        let count = 2_000_000 / settings.divisor
        _ = fold.evolve(count / 10)
        let evolve = Stopwatch.seconds { _ = fold.evolve(count) }
        let decide = Stopwatch.seconds { _ = fold.decideAndEvolve(count / 4) }
        return [
            Figure(
                "evolve", Double(count) / evolve, "decisions/s", baseline: 2_000_000,
                wanted: .atLeast(1)),
            Figure(
                "decide and evolve", Double(count / 4) / decide, "decisions/s",
                baseline: 500_000, wanted: .atLeast(1)),
        ]
    }

    private func observation() throws -> [Figure] {
        let benchmark = ObservationBenchmark()
        let count = 400_000 / settings.divisor
        _ = benchmark.facts(count / 10)
        let facts = Stopwatch.seconds { _ = benchmark.facts(count) }
        let looks = Stopwatch.seconds { _ = benchmark.looks(count) }
        return [
            Figure(
                "observation with news, 15 nodes with 100 groups", facts / Double(count) * 1e6,
                "µs", baseline: 20, wanted: .atMost(1)),
            Figure(
                "observation without news, 15 nodes with 100 groups",
                looks / Double(count) * 1e6, "µs", baseline: 20, wanted: .atMost(1)),
        ] + (try observationBeside())
    }

    /// The same beside other clusters; the baseline is what it costs beside one, or beside none.
    private func observationBeside() throws -> [Figure] {
        let others = max(2, 1000 / settings.divisor)
        let (one, many) = ObservationBenchmark().facts(10_000 / settings.divisor, beside: others)
        let (alone, beside) = try LoopBenchmark().observation(
            400 / settings.divisor, beside: others)
        return [
            Figure(
                "observation with news beside \(others) other clusters, or one", many * 1e6, "µs",
                baseline: one * 1e6, wanted: .atMost(1.5)),
            Figure(
                "observation through the loop beside \(others) other clusters, or none",
                beside * 1e6, "µs", baseline: alone * 1e6, wanted: .atMost(1.5)),
        ]
    }

    private func memory() -> [Figure] {
        let count = 100_000 / settings.divisor
        let one = MemoryBenchmark.bytesPerNode(nodeCount: count, groupCount: 1).bytes
        let three = MemoryBenchmark.bytesPerNode(nodeCount: count, groupCount: 3).bytes
        return [
            Figure("memory per node", one, "bytes", baseline: 1000, wanted: .atMost(1)),
            Figure(
                "memory per further group", (three - one) / 2, "bytes", baseline: 200,
                wanted: .atMost(1)),
        ]
    }

    private func loop() throws -> [Figure] {
        let loop = LoopBenchmark()
        var figures: [Figure] = []
        if settings.wants("loop: decisions") {
            let (seconds, decisions) = try loop.sustained(20_000 / settings.divisor)
            figures.append(
                Figure(
                    "loop: decisions", Double(decisions) / seconds, "decisions/s",
                    baseline: 68_000, wanted: .atLeast(1)))
        }
        if settings.wants("loop: heartbeats") {
            let count = 1_000_000 / settings.divisor
            let seconds = try loop.heartbeats(count)
            figures.append(
                Figure(
                    "loop: heartbeats", Double(count) / seconds, "heartbeats/s",
                    baseline: 1_000_000, wanted: .atLeast(1)))
        }
        if settings.wants("loop: a fleet") {
            let count = max(1, 1000 / settings.divisor)
            let share = try loop.fleet(count) * 1000 / Double(count)
            figures += [
                Figure(
                    "loop: a fleet of 1000 clusters, 9 nodes, 16 groups", share * 100,
                    "% of a core", baseline: 20, wanted: .atMost(1)),
                Figure(
                    "loop: a fleet of \(count) clusters, memory of the process",
                    ManagerProcess.residentBytes(of: "self") / 1e6, "MB", baseline: 500,
                    wanted: .atMost(1)),
            ]
        }
        return figures
    }

    private func append(_ journal: JournalBenchmark) async throws -> [Figure] {
        let count = 40_000 / settings.divisor
        let many = try await journal.decideAppendReadBack(count, window: 256)
        let bareMany = try journal.bareAppendReadBack(
            many.bytes, groups: many.groups, name: "many")
        let single = 400 / settings.divisor
        let one = try await journal.decideAppendReadBack(single, window: 1)
        let bareOne = try journal.bareAppendReadBack(
            one.bytes, groups: one.groups, name: "one")
        return [
            Figure(
                "append and read back, 256 in flight", Double(count) / many.seconds,
                "decisions/s", baseline: Double(count) / bareMany, wanted: .atLeast(0.7)),
            Figure(
                "append and read back, one at a time", one.seconds / Double(single) * 1e6, "µs",
                baseline: bareOne / Double(single) * 1e6, wanted: .atMost(1.5)),
        ]
    }

    private func rebuild(_ journal: JournalBenchmark) async throws -> [Figure] {
        let count = 1_000_000 / settings.divisor
        try await journal.fill(count)
        let bare = try journal.bareRead()
        let ours = try await journal.rebuild()
        guard ours.accepted == UInt64(count), bare.count == count + 1 else {
            throw BenchmarkSettings.Failure(
                description: "the rebuild accepted \(ours.accepted) of \(count) decisions")
        }
        return [
            Figure(
                "rebuild of \(count) decisions", Double(count) / ours.seconds, "decisions/s",
                baseline: Double(bare.count) / bare.seconds, wanted: .atLeast(0.5))
        ]
    }

    /// The program, which lies beside this one.
    private static var program: String {
        URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
            .appendingPathComponent("muster").path
    }

    private func nodes(_ directory: String) async throws -> [Figure] {
        let query = QueryBenchmark(directory: directory, program: Self.program)
        let small = try await query.fill("small", nodes: 100, further: 0)
        let large = try await query.fill(
            "large", nodes: 100, further: 1_000_000 / settings.divisor)
        return [
            Figure(
                "nodes: 100 of them, cold",
                try query.milliseconds(small, nodes: 100, rounds: 5), "ms", baseline: 100,
                wanted: .atMost(1)),
            Figure(
                "nodes: after \(1_000_000 / settings.divisor) decisions, with a snapshot",
                try query.milliseconds(large, nodes: 100, rounds: 5), "ms", baseline: 300,
                wanted: .atMost(1)),
            Figure(
                "why: after \(1_000_000 / settings.divisor) decisions, with a snapshot",
                try query.why(large, rounds: 5), "ms", baseline: 500, wanted: .atMost(1)),
        ]
    }
}
