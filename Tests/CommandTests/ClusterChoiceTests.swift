import Foundation
import Testing

/// Which cluster is meant, and how fresh an answer is.
@Suite(.timeLimit(.minutes(5)))
struct ClusterChoiceTests {
    @Test(arguments: SceneLog.all)
    func `with several clusters one must be named`(log: SceneLog) async throws {
        try await Scene.withFacts(log) { scene in
            try await scene.publish([Scene.nodeUp(1, cluster: "bills")])
            try await scene.running {
                try await eventually("both clusters are there") {
                    try await scene.muster("clusters", "-o", "name").lines == ["bills", "orders"]
                }
            }
            for words in [["nodes"], ["groups"], ["removals"], ["commands"], ["node", "n1"]] {
                let run = try await scene.muster.run(words)
                #expect(run.status == 64, "\(words)")
                #expect(run.err.contains("2 clusters: bills, orders"), "\(run.err)")
                let chosen = try await scene.muster.run(
                    words, environment: ["MUSTER_CLUSTER": "bills"])
                #expect(chosen.status == 0, "\(words): \(chosen.err)")
            }
            let nodes = try await scene.muster("nodes", "--cluster", "bills", "-o", "name")
            #expect(nodes.lines == ["n1"])
            let all = try await scene.muster("log", "-o", "jsonl")
            #expect(all.out.contains("bills") && all.out.contains("orders"))
            let one = try await scene.muster("log", "--cluster", "bills", "-o", "jsonl")
            #expect(one.out.contains("bills") && !one.out.contains("orders"))
        }
    }

    @Test(arguments: SceneLog.all)
    func `queries answer without a manager and say how fresh the answer is`(log: SceneLog)
        async throws
    {
        try await Scene.withManager(log) { _ in }
        try await Scene.withFacts(log) { scene in
            try await scene.running {
                try await scene.muster("configure", "--cluster", "orders")
            }
            for words in [["nodes"], ["status"], ["groups"], ["clusters"], ["why", "n1"]] {
                let run = try await scene.muster.run(words)
                // Whether nodes that came up are well goes by how long ago they were heard.
                let allowed: [Int32] = words == ["status"] ? [0, 3] : [0]
                #expect(allowed.contains(run.status), "\(words): \(run.err)")
                #expect(run.err.contains("as of ") && run.err.contains("records read"))
                #expect(!run.out.contains("records read)"), "data alone is on standard output")
            }
        }
    }

    @Test(arguments: SceneLog.all)
    func `a stream shows what comes, and ends when it was enough`(log: SceneLog) async throws {
        try await Scene.withManager(log) { scene in
            let watch = try scene.muster.start("watch", "-n", "1", "-o", "jsonl")
            try await watch.until("as of")
            let follow = try scene.muster.start("log", "-f")
            try await scene.publish([
                Scene.event("nodeStopping", "{\"cluster\":\"orders\",\(Scene.identity(2))}")
            ])
            try await follow.until("n2 says that it stops")
            follow.signal(SIGTERM)
            try await follow.end()
            try await scene.muster("remove", "n3", "--no-wait")
            let end = try await watch.end()
            #expect(end.status == 0 && end.lines.count == 1, "\(end.out)")
            let value = try JSONSerialization.jsonObject(with: Data(end.out.utf8))
            let change = try #require(value as? [String: Any])
            #expect(change["kind"] as? String == "node", "\(change)")
        }
    }

    @Test(arguments: SceneLog.all)
    func `a stranger's text does not reach the terminal unescaped`(log: SceneLog) async throws {
        try await Scene.withManager(log) { scene in
            let reason = "\u{1B}[31mred\u{202E}\u{7}\nnext"
            try await scene.muster("extend", "n1", "--reason", reason)
            for words in [["log", "-o", "wide"], ["why", "n1"], ["log", "-o", "jsonl"]] {
                let run = try await scene.muster.run(words)
                let bad = run.out.unicodeScalars.filter {
                    [0x1B, 0x202E, 0x7].contains($0.value)
                }
                #expect(
                    bad.isEmpty || words.contains("jsonl") && bad.allSatisfy { $0.value != 0x1B })
            }
            #expect(try await scene.muster("why", "n1", "--all").out.contains("\\u{1b}[31mred"))
        }
    }
}
