import Foundation
import Testing

/// A journal that was changed behind Muster's back is noticed by everybody who reads it.
@Suite(.timeLimit(.minutes(5)))
struct DamageTests {
    private static let journal = """
        topic = 'journal' AND partition = \
        (SELECT partition FROM records WHERE topic = 'journal' AND offset > 0 LIMIT 1)
        """

    /// A log with decisions, and no manager any more.
    private func withJournal(_ body: (Scene) async throws -> Void) async throws {
        try await Scene.withFacts { scene in
            try await scene.running {
                try await scene.muster("configure", "--cluster", "orders")
                try await scene.muster("extend", "n1")
                try await scene.muster("extend", "n2")
            }
            let whole = try await scene.muster("replay")
            try #require(whole.status == 0, "\(whole.err)")
            // Snapshots would spare the reader what is damaged.
            try scene.sqlite("DELETE FROM records WHERE topic = 'snapshots'")
            try await body(scene)
        }
    }

    private func expectTrouble(_ scene: Scene, _ sentence: String) async throws {
        let replay = try await scene.muster("replay")
        #expect(replay.status == 3 && replay.err.contains(sentence), "\(replay.err)")
        let status = try await scene.muster("status")
        #expect(status.status == 3 && status.out.contains(sentence), "\(status.out)")
        let log = try await scene.muster("log")
        #expect(log.err.contains(sentence), "\(log.err)")
    }

    @Test func `a flipped byte in a decision breaks the chain behind it`() async throws {
        try await withJournal { scene in
            try scene.sqlite(
                """
                UPDATE records SET value = replace(value, '"node":"n2"', '"node":"n7"') \
                WHERE \(Self.journal) AND offset = 2
                """)
            try await expectTrouble(
                scene, "the chain of cluster orders is broken behind decision 2")
        }
    }

    @Test func `a flipped byte in the chain makes the record void`() async throws {
        try await withJournal { scene in
            try scene.sqlite(
                """
                UPDATE records SET value = replace(value, '"seq":"3"', '"seq":"9"') \
                WHERE \(Self.journal) AND offset = 3
                """)
            try await expectTrouble(
                scene, "the chain of cluster orders is broken behind decision 2")
        }
    }

    @Test func `a missing record is noticed`() async throws {
        try await withJournal { scene in
            try scene.sqlite("DELETE FROM records WHERE \(Self.journal) AND offset = 3")
            try await expectTrouble(
                scene, "the chain of cluster orders is broken behind decision 2")
        }
    }

    @Test func `a missing first decision is noticed`() async throws {
        try await withJournal { scene in
            try scene.sqlite("DELETE FROM records WHERE \(Self.journal) AND offset = 1")
            try await expectTrouble(scene, "the first decision of cluster orders is missing")
        }
    }

    @Test func `content of a newer version stops its cluster`() async throws {
        try await withJournal { scene in
            try scene.sqlite(
                """
                UPDATE records SET value = replace(value, '"decision":{"format":"1"', \
                '"decision":{"format":"2"') WHERE \(Self.journal) AND offset = 3
                """)
            try await expectTrouble(scene, "is read up to decision 2 only")
        }
    }

    @Test func `a header that is none says so`() async throws {
        try await withJournal { scene in
            try scene.sqlite(
                """
                UPDATE records SET value = replace(value, 'murmur2', 'murmur9') \
                WHERE \(Self.journal) AND offset = 0
                """)
            let run = try await scene.muster("nodes")
            #expect(run.status == 4 && run.err.contains("header"), "\(run.err)")
        }
    }
}
