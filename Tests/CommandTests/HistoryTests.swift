import Foundation
import Testing

/// `at`, `diff` and `backtest` on a log that a manager wrote, and what is wrong with what they are
/// given.
@Suite(.timeLimit(.minutes(5)))
struct HistoryTests {
    private func withHistory(_ body: (Scene) async throws -> Void) async throws {
        try await Scene.withFacts { scene in
            try await scene.running {
                try await scene.muster(
                    "configure", "--cluster", "orders", "--lease", "60s", "--removal-delay", "10m",
                    "--voters-min", "2")
                try await scene.muster("configure", "--removal-delay", "20m", "--learners-max", "2")
            }
            try await body(scene)
        }
    }

    @Test func `a point is a number, a time, an offset or a head, and all say the same`()
        async throws
    {
        try await withHistory { scene in
            let last = try await scene.muster("log", "-n", "1", "-o", "json").json()
            let offset = try #require(last["offset"] as? String)
            let hash = try #require(last["hash"] as? String)
            let seq = try #require(last["seq"] as? String)
            var answers: Set<String> = []
            for point in [seq, "now", "offset:\(offset)", "\(seq):\(hash)"] {
                let run = try await scene.muster("at", point, "-o", "json")
                #expect(run.status == 0, "\(point): \(run.err)")
                answers.insert(run.out)
            }
            #expect(answers.count == 1)
            let other = String(repeating: "0", count: 64)
            let wrong = try await scene.muster("at", "\(seq):\(other)")
            #expect(wrong.status == 9 && wrong.err.contains(hash), "\(wrong.err)")
            for point in ["2000-01-01", "99", "99:\(other)"] {
                let run = try await scene.muster("at", point)
                #expect(run.status == 5 && run.err.contains("no decision"), "\(run.err)")
            }
            for point in ["nonsense", "0", "offset:x", "1:2", "-1"] {
                let run = try await scene.muster("diff", "1", point)
                #expect(run.status == 64, "\(point): \(run.err)")
            }
        }
    }

    @Test func `a difference names nodes, groups and the policy, there and back`() async throws {
        try await withHistory { scene in
            let there = try await scene.muster("diff", "1", "6", "-o", "json").json()
            let changes = try #require(there["changes"] as? [[String: String]])
            func has(_ kind: String, _ name: String, _ aspect: String, _ from: String, _ to: String)
                -> Bool
            {
                changes.contains(
                    [
                        "kind": kind, "name": name, "aspect": aspect, "from": from, "to": to,
                    ])
            }
            #expect(has("cluster", "orders", "mode", "standalone", "cluster"), "\(changes)")
            #expect(has("policy", "removalDelay", "value", "", "20 m"))
            #expect(has("node", "n2", "membership", "", "member"))
            #expect(
                has("node", "n1", "in g1", "", "voter") && has("node", "n1", "leads g1", "", "yes"))
            #expect(has("group", "g1", "voters", "", "n1 n2 n3"))
            #expect(there["decisions"] as? Int == 5)
            let policy = try await scene.muster("diff", "5", "6", "-o", "json").json()
            let few = try #require(policy["changes"] as? [[String: String]])
            #expect(few.map { $0["name"] } == ["learnersMax", "removalDelay"], "\(few)")
            #expect(few.last?["from"] == "10 m" && few.last?["to"] == "20 m")
            let back = try await scene.muster("diff", "6", "5", "-o", "json").json()
            let reverse = try #require(back["changes"] as? [[String: String]])
            #expect(reverse.last?["from"] == "20 m" && reverse.last?["to"] == "10 m")
            let none = try await scene.muster("diff", "6", "now")
            #expect(none.out.contains("nothing changed"), "\(none.out)")
        }
    }

    @Test func `a policy that does not parse is answered with file, line and the nearest key`()
        async throws
    {
        try await withHistory { scene in
            let cases = [
                ("removal-dely: 5m", "line 1", "removal-delay"),
                ("removalDlay: 5m", "line 1", "removalDelay"),
                ("lease: 5s\nremoval-delay: soon", "line 2", "length of time"),
                ("removal: acts", "line 1", "\"act\""), ("votersMin: -1", "line 1", "whole number"),
                ("- removal-delay", "line 1", "mapping"),
                ("lease: [1s, 2s]", "line 1", "single value"),
                ("lease: 5s\nlease: 6s", "line 2", "lease"), ("a: b: c", "line 1", "not allowed"),
                ("votersMin: 3\nvoters-min: 4", "are the same", "votersMin"),
                ("removal-delay: 1s\nlease: 60s", "would be refused", "three leases"),
                ("voters-min: 9\nvoters-max: 5", "would be refused", "over votersMax"),
                ("", "sets nothing", "policy.yaml"),
            ]
            for (text, says, also) in cases {
                try scene.write(text + "\n", to: "policy.yaml")
                let run = try await scene.muster("backtest", "--policy", "policy.yaml")
                #expect(run.status == 64 && run.out.isEmpty, "\(text): \(run.err)")
                #expect(run.err.contains(says) && run.err.contains(also), "\(text): \(run.err)")
            }
            let none = try await scene.muster("backtest")
            #expect(none.status == 64 && none.err.contains("--policy"), "\(none.err)")
            let missing = try await scene.muster("backtest", "--policy", "nowhere.yaml")
            #expect(missing.status == 64 && missing.err.contains("nowhere.yaml"), "\(missing.err)")
        }
    }

    @Test func `a back-test from after its end, of no cluster, or before the first decision`()
        async throws
    {
        try await withHistory { scene in
            try scene.write("removal-delay: 30m\n", to: "policy.yaml")
            let test = ["backtest", "--policy", "policy.yaml"]
            let turned = try await scene.muster.run(
                test + ["--from", "2026-03-02", "--to", "2026-03-01"])
            #expect(turned.status == 64 && turned.err.contains("is not before"), "\(turned.err)")
            let cluster = try await scene.muster.run(test + ["--cluster", "other"])
            #expect(cluster.status == 5 && cluster.err.contains("other"), "\(cluster.err)")
            let early = try await scene.muster.run(test + ["--to", "2001-01-01"])
            #expect(early.status == 5 && early.err.contains("by then"), "\(early.err)")
            let fine = try await scene.muster.run(test + ["-o", "json"])
            #expect(fine.status == 0, "\(fine.err)")
            #expect(try fine.json()["differences"] as? Int == 0)
        }
    }

    @Test func `configure takes a policy from a file, and the line counts more`() async throws {
        try await withHistory { scene in
            try scene.write("removalDelay: 30m\nlisted: [n7, n8]\n", to: "policy.yaml")
            try await scene.running {
                let run = try await scene.muster(
                    "configure", "--file", "policy.yaml", "--voters-min", "3", "--removal-delay",
                    "40m")
                #expect(run.status == 0, "\(run.err)")
            }
            let json = try await scene.muster("diff", "6", "7", "-o", "json").json()
            let changes = try #require(json["changes"] as? [[String: String]])
            let values = changes.map { "\($0["name"] ?? "") \($0["to"] ?? "")" }
            #expect(values == ["listed n7 n8", "votersMin 3", "removalDelay 40 m"], "\(values)")
        }
    }
}
