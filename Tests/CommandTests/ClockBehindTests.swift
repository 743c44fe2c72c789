import Foundation
import Testing

/// What an operator sees of a log whose clock went back.
@Suite(.timeLimit(.minutes(5)))
struct ClockBehindTests {
    @Test func `status says how far the log's clock is behind, until it has caught up`()
        async throws
    {
        try await Scene.withFacts { scene in
            try await scene.running {
                try await scene.muster(
                    "configure", "--cluster", "orders", "--lease", "60s", "--removal-delay", "10m")
            }
            let before = try await scene.muster("status")
            #expect(!before.out.contains("clockBehind"), "\(before.out)")
            // Less than a lease is nothing; what was decided keeps its time.
            for (back, isBehind) in [(30_000, false), (3_570_000, true)] {
                try scene.sqlite("UPDATE records SET time = time - \(back)")
                let run = try await scene.muster("status")
                #expect(run.out.contains("clockBehind") == isBehind, "\(run.out)")
                #expect(!isBehind || run.status == 3)
            }
            let sequence = try #require(
                try await scene.muster("verify", "-o", "name").lines.first?
                    .firstMatch(of: /([0-9]+):/)?.output.1)
            let run = try await scene.muster("status", "-o", "json")
            let problems = try #require(try run.json()["problems"] as? [[String: Any]])
            let sentences = problems.compactMap { $0["sentence"] as? String }
            let began = "clockBehind: the log's clock is "
            let ended = " behind decision \(sequence); no timer fires until it has caught up"
            #expect(
                sentences.contains { $0.hasPrefix(began) && $0.hasSuffix(ended) }, "\(sentences)")
            try scene.sqlite("UPDATE records SET time = time + 3600000")
            let after = try await scene.muster("status")
            #expect(!after.out.contains("clockBehind"), "\(after.out)")
        }
    }
}
