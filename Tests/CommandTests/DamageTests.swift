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
    private func withJournal(
        _ log: SceneLog = .file, _ body: (Scene) async throws -> Void
    ) async throws {
        try await Scene.withFacts(log) { scene in
            try await scene.running {
                try await scene.muster("configure", "--cluster", "orders")
                try await scene.muster("extend", "n1")
                try await scene.muster("extend", "n2")
            }
            let whole = try await scene.muster("replay")
            try #require(whole.status == 0, "\(whole.err)")
            // Snapshots would spare the reader what is damaged.
            if log == .file { try scene.sqlite("DELETE FROM records WHERE topic = 'snapshots'") }
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

    @Test(.enabled(if: SceneLog.all.contains(.kafka), "MUSTER_TEST_KAFKA names no Kafka"))
    func `the same changes are noticed in a journal on Kafka`() async throws {
        try await withJournal(.kafka) { scene in
            func expectTrouble(
                _ sentence: String, _ change: (UInt64, String) -> String?
            ) async throws {
                try await scene.withCopiedJournal(change) { copy in
                    let replay = try await copy.muster("replay")
                    #expect(replay.status == 3 && replay.err.contains(sentence), "\(replay.err)")
                    let log = try await copy.muster("log")
                    #expect(log.err.contains(sentence), "\(log.err)")
                }
            }
            func replacing(
                _ old: String, _ new: String, at place: UInt64
            ) -> (UInt64, String) -> String? {
                { $0 == place ? $1.replacingOccurrences(of: old, with: new) : $1 }
            }
            try await scene.withCopiedJournal({ $1 }) { copy in
                let replay = try await copy.muster("replay")
                #expect(replay.status == 0, "a copy is as good: \(replay.err)")
            }
            let broken = "the chain of cluster orders is broken behind decision 2"
            // Whatever the record decides, a manager has signed it.
            try await expectTrouble(broken) { place, value in
                let id = #""manager":{"id":""#
                guard place == 2, let digit = value.firstRange(of: id)?.upperBound else {
                    return value
                }
                var changed = value
                let other: Character = value[digit] == "0" ? "1" : "0"
                changed.replaceSubrange(digit...digit, with: [other])
                return changed
            }
            try await expectTrouble(broken, replacing(#""seq":"3""#, #""seq":"9""#, at: 3))
            try await expectTrouble(broken) { $0 == 3 ? nil : $1 }
            try await expectTrouble("the first decision of cluster orders is missing") {
                $0 == 1 ? nil : $1
            }
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

    /// Damages the content of the newest decision: the chain holds, and nobody can read it.
    private func damageLast(_ scene: Scene) throws {
        try scene.sqlite(
            """
            UPDATE records SET value = replace(value, '"events":[', '"evnets":[') \
            WHERE \(Self.journal) AND offset = \
            (SELECT max(offset) FROM records WHERE \(Self.journal))
            """)
    }

    @Test func `a damaged record can be passed over by a person, and the chain goes on`()
        async throws
    {
        try await withJournal { scene in
            let none = try await scene.muster("rebase", "--past", "1:" + hash("0"))
            #expect(none.status == 6 && none.err.contains("stands still"), "\(none.err)")
            try damageLast(scene)
            try await expectTrouble(scene, "muster rebase --past")
            let status = try await scene.muster("status")
            let word = try #require(status.out.firstMatch(of: /--past (\d+:[0-9a-f]{64})/))
            let past = String(word.output.1)
            let other = try await scene.muster("rebase", "--past", "1:" + hash("0"))
            #expect(other.status == 6 && other.err.contains(past), "\(other.err)")
            let bad = try await scene.muster("rebase", "--past", "seven")
            #expect(bad.status == 64 && bad.err.contains("SEQ:HASH"), "\(bad.err)")
            let dry = try await scene.muster("rebase", "--past", past, "--dry-run")
            #expect(dry.status == 0 && dry.out.contains("nothing was appended"), "\(dry.err)")
            try await expectTrouble(scene, "muster rebase --past")
            let done = try await scene.muster("rebase", "--past", past, "--reason", "bad disk")
            #expect(done.status == 0 && done.out.contains("passes over"), "\(done.err)")
            #expect(try await scene.muster("replay").status == 0)
            try await scene.running {
                let run = try await scene.muster("pause", "--cluster", "orders", "--for", "5m")
                #expect(run.status == 0, "\(run.err)")
            }
            let log = try await scene.muster("log")
            #expect(log.out.contains("automation is paused"), "\(log.out)")
            #expect(log.out.contains("was skipped"), "\(log.out)")
        }
    }

    private func hash(_ digit: String) -> String { String(repeating: digit, count: 64) }
}
