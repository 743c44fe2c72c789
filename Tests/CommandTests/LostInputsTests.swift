import Foundation
import Testing

/// Inputs that are gone before anybody considered them stop every manager, until a person gives
/// them up.
@Suite(.timeLimit(.minutes(5)))
struct LostInputsTests {
    /// A log with decisions whose managers are gone; then what `change` does to it.
    private func withLoss(
        _ change: (Scene) async throws -> Void, _ body: (Scene) async throws -> Void
    ) async throws {
        try await Scene.withFacts { scene in
            try await scene.running {
                let run = try await scene.muster("configure", "--cluster", "orders")
                try #require(run.status == 0, "\(run.err)")
            }
            try await change(scene)
            try await body(scene)
        }
    }

    /// Starts a manager that stops by itself, and answers with what it wants to be given up.
    private func lost(_ scene: Scene) async throws -> String {
        let manager = try Running(["manager"], scene.muster)
        let end = try await manager.end()
        #expect(end.status != 0 && !end.isSignal, "\(end.err)")
        let word = end.err.firstMatch(of: /muster rebase --lost (\S+)/)
        return String(try #require(word, "\(end.err)").output.1)
    }

    private func expectWork(_ scene: Scene) async throws {
        try await scene.running {
            let run = try await scene.muster("pause", "--cluster", "orders", "--for", "5m")
            #expect(run.status == 0, "\(run.err)")
        }
        let verified = try await scene.muster("verify")
        #expect(verified.status == 0, "\(verified.out)")
    }

    @Test func `inputs cut by retention are given up as the manager named them, and it goes on`()
        async throws
    {
        try await withLoss { scene in
            try await scene.publish(scene.facts + scene.facts)
            try scene.sqlite(
                """
                INSERT OR REPLACE INTO cuts SELECT 'events', partition, max(offset), max(offset) + 1, \
                max(time), 0 FROM records WHERE topic = 'events' GROUP BY partition; \
                DELETE FROM records WHERE topic = 'events' AND offset < (SELECT first FROM cuts \
                WHERE cuts.topic = 'events' AND cuts.partition = records.partition)
                """)
        } _: { scene in
            let name = try await lost(scene)
            let wrong = try await scene.muster("rebase", "--lost", "events/0:999999")
            #expect(wrong.status == 6 && wrong.err.contains(name), "\(wrong.err)")
            let bad = try await scene.muster("rebase", "--lost", "journal/0:1")
            #expect(bad.status == 64 && bad.err.contains("TOPIC/PARTITION:NEXT"), "\(bad.err)")
            let both = try await scene.muster("rebase", "--lost", name, "--past", "1:2")
            #expect(both.status == 64, "\(both.err)")
            let dry = try await scene.muster("rebase", "--lost", name, "--dry-run")
            #expect(dry.status == 0 && dry.out.contains("nothing was appended"), "\(dry.err)")
            #expect(try await lost(scene) == name)
            let done = try await scene.muster("rebase", "--lost", name, "--reason", "cut too early")
            #expect(done.status == 0 && done.out.contains("orders"), "\(done.out) \(done.err)")
            try await expectWork(scene)
            let log = try await scene.muster("log", "-o", "wide")
            #expect(log.out.contains("cut too early"), "\(log.out)")
            let again = try await scene.muster("rebase", "--lost", name)
            #expect(again.status == 6 && again.err.contains("no inputs are lost"), "\(again.err)")
        }
    }

    @Test func `a topic made anew is read from its beginning once the old one is given up`()
        async throws
    {
        try await withLoss { scene in
            try scene.sqlite("DELETE FROM records WHERE topic = 'events'")
            try await scene.publish(Array(scene.facts.prefix(1)))
        } _: { scene in
            let name = try await lost(scene)
            #expect(name.hasSuffix(":0"), "\(name)")
            let done = try await scene.muster("rebase", "--lost", name)
            #expect(done.status == 0, "\(done.err)")
            try await expectWork(scene)
        }
    }
}
