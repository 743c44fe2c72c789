import Foundation
import MusterBenchmarks
import Testing

/// Each benchmark's body at a tiny size, so that it cannot rot; times are not looked at.
@Suite struct BenchmarkTests {
    private func withDirectory(_ body: (String) async throws -> Void) async throws {
        let directory = FileManager.default.temporaryDirectory
            .appendingPathComponent("muster-benchmark-test-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true)
        do {
            try await body(directory)
        } catch {
            try FileManager.default.removeItem(atPath: directory)
            throw error
        }
        try FileManager.default.removeItem(atPath: directory)
    }

    @Test func `folding reaches the sequence number of its last decision`() {
        let fold = FoldBenchmark()
        #expect(fold.evolve(100) == 113)
        #expect(fold.decideAndEvolve(100) == 113)
    }

    @Test func `an observation with news is one decision, one without is none`() {
        let benchmark = ObservationBenchmark()
        let made = benchmark.facts(0)
        #expect(benchmark.facts(250) == made + 250)
        #expect(benchmark.looks(250) == 0)
    }

    @Test func `an observation is one decision beside other clusters as well`() throws {
        let decided = ObservationBenchmark(nodeCount: 3, groupCount: 4).facts(
            20, beside: 3, rounds: 2)
        #expect(decided.one > 0 && decided.many > 0)
        let loop = try LoopBenchmark().observation(
            20, beside: 3, nodeCount: 3, groupCount: 4, rounds: 2)
        #expect(loop.alone > 0 && loop.beside > 0)
    }

    @Test func `a fleet at rest decides nothing`() throws {
        #expect(try LoopBenchmark().fleet(2, nodeCount: 3, groupCount: 4, seconds: 6) > 0)
    }

    @Test func `a projection's memory is counted for the nodes that were asked for`() {
        let measured = MemoryBenchmark.bytesPerNode(nodeCount: 1000, groupCount: 1)
        #expect(measured.nodes == 1000)
        #expect(measured.bytes > 100)
    }

    @Test func `what is appended is read back, and every row is read and accepted`() async throws {
        try await withDirectory { directory in
            let journal = JournalBenchmark(directory: directory)
            let many = try await journal.decideAppendReadBack(200, window: 16)
            let one = try await journal.decideAppendReadBack(200, window: 1)
            #expect(many.head == one.head)
            #expect(!many.bytes.isEmpty)
            #expect(many.groups.reduce(0, +) == 200)
            _ = try journal.bareAppendReadBack(many.bytes, groups: many.groups, name: "x")
            try await journal.fill(300)
            #expect(try await journal.rebuild().accepted == 300)
            #expect(try journal.bareRead().count == 301)
        }
    }

    private static let servers = ProcessInfo.processInfo.environment["MUSTER_TEST_KAFKA"]

    /// C and Muster hash what was appended there, and the run fails when the hashes differ.
    @Test(
        .enabled(if: servers != nil, "MUSTER_TEST_KAFKA names no Kafka"), .timeLimit(.minutes(3)))
    func `every figure on Kafka comes out, of records that both sides hash to the same`()
        async throws
    {
        var settings = BenchmarkSettings()
        settings.divisor = 2000
        settings.isLong = true
        let program = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
            .deletingLastPathComponent().appending(path: "muster")
        let figures = try await KafkaBenchmark(
            brokers: Self.servers ?? "", program: program.path(), settings: settings
        ).run()
        let names = [
            "rebuild", "takeover", "longest", "command, p50", "command, p99", "sustained", "68,000",
            "heartbeats", "memory",
        ]
        #expect(figures.count == names.count)
        for (figure, name) in zip(figures, names) {
            #expect(figure.name.contains(name) && figure.value > 0, "\(figure)")
        }
    }

    @Test func `figures say whether they are what is wanted`() {
        let good = Figure("x", 8, "u", baseline: 10, wanted: .atLeast(0.7))
        let bad = Figure("x", 8, "u", baseline: 10, wanted: .atMost(0.7))
        #expect(good.isMet && !bad.isMet)
        let json = FigureReport.json([good])
        #expect(json.contains("\"ratio\":0.8") && json.contains("\"met\":true"))
        #expect(throws: (any Error).self) { try BenchmarkSettings(["--divide", "0"]) }
    }
}
