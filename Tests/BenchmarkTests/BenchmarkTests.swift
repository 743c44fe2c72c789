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

    @Test func `figures say whether they are what is wanted`() {
        let good = Figure("x", 8, "u", baseline: 10, wanted: .atLeast(0.7))
        let bad = Figure("x", 8, "u", baseline: 10, wanted: .atMost(0.7))
        #expect(good.isMet && !bad.isMet)
        let json = FigureReport.json([good])
        #expect(json.contains("\"ratio\":0.8") && json.contains("\"met\":true"))
        #expect(throws: (any Error).self) { try BenchmarkSettings(["--divide", "0"]) }
    }
}
