import Foundation
import Testing

/// Every exit code is what the manual says, by a case of each.
@Suite(.timeLimit(.minutes(5)))
struct ExitCodeTests {
    @Test(arguments: SceneLog.all)
    func `0, 3 and 5 on a log with facts`(log: SceneLog) async throws {
        try await Scene.withManager(log) { scene in
            #expect(try await scene.muster("status").status == 0)
            #expect(try await scene.muster("node", "n1").status == 0)
            let node = try await scene.muster("node", "n7")
            #expect(node.status == 5 && node.err.contains("no node \"n7\""), "\(node.err)")
            let cluster = try await scene.muster("nodes", "--cluster", "other")
            #expect(cluster.status == 5 && cluster.err.contains("other"), "\(cluster.err)")
            #expect(try await scene.muster("why", "n7").status == 5)
            #expect(try await scene.muster("at", "4711").status == 5)
            #expect(try await scene.muster("quarantine", "show", "events/0/9").status == 5)
        }
    }

    @Test func `status ends with 3 when inputs lie unread and say so`() async throws {
        try await Scene.withManager { _ in }
        try await Scene.withFacts { scene in
            try scene.sqlite("UPDATE records SET time = time - 3600000 WHERE topic = 'events'")
            let run = try await scene.muster("status")
            #expect(run.status == 3 && run.out.contains("is a manager running"), "\(run.out)")
        }
    }

    @Test func `4: no file, no log, no database`() async throws {
        try await Scene.with { scene in
            for words in [["nodes"], ["status"], ["log"], ["replay"], ["why", "n1"], ["watch"]] {
                let run = try await scene.muster.run(words)
                #expect(run.status == 4 && run.out.isEmpty, "\(words): \(run.err)")
                #expect(run.err.contains("does not exist"), "\(run.err)")
            }
            try scene.write("this is no database, and never was one", to: "muster.db")
            for words in [["nodes"], ["manager"], ["topics", "list"]] {
                let run = try await scene.muster.run(words)
                #expect(run.status == 4 && run.err.contains("muster.db"), "\(words): \(run.err)")
            }
            let left = try String(
                contentsOf: scene.folder.appending(path: "muster.db"), encoding: .utf8)
            #expect(left == "this is no database, and never was one")
        }
    }

    @Test func `requests and facts make no log by a slip in its name`() async throws {
        try await Scene.with { scene in
            let remove = try await scene.muster("remove", "n1", "--log", "sqlite:typo.db")
            #expect(remove.status == 4, "\(remove.err)")
            let publish = try await scene.muster(
                "publish", "node-reported-up", "--cluster", "orders", "--node", "n1", "--log",
                "sqlite:typo.db")
            #expect(publish.status == 4, "\(publish.err)")
            let lines = try await scene.muster("publish", "lines", "-", "--log", "sqlite:typo.db")
            #expect(lines.status == 4, "\(lines.err)")
            #expect(!FileManager.default.fileExists(atPath: scene.folder.path() + "/typo.db"))
        }
    }

    @Test
    func `an agent: 4 without a log, 64 for hooks that are not there, 7 for those of others`()
        async throws
    {
        try await Scene.with { scene in
            let words = ["agent", "--cluster", "orders", "--node", "n1", "--data", "data"]
            func hooks(_ path: String, _ status: Int32, _ sentence: String) async throws {
                let run = try await scene.muster.run(words + ["--hooks", path])
                #expect(run.status == status && run.err.contains(sentence), "\(path): \(run.err)")
            }
            let run = try await scene.muster.run(
                words + ["--etcd", "http://127.0.0.1:9", "--etcd-peer", "http://127.0.0.1:2"])
            #expect(run.status == 4 && run.err.contains("does not exist"), "\(run.err)")
            let place = scene.folder.appending(path: "hooks").path()
            try await hooks("hooks", 64, "must be an absolute path")
            try await hooks(place, 64, "No such file or directory")
            try scene.write("no directory", to: "hooks")
            try await hooks(place, 64, "is no directory")
            try FileManager.default.removeItem(atPath: place)
            try FileManager.default.createDirectory(
                atPath: place, withIntermediateDirectories: false)
            try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: place)
            try await hooks(place, 7, "is writable by others")
            // None of them costs the node a start.
            let data = scene.folder.appending(path: "data").path()
            #expect(!FileManager.default.fileExists(atPath: data))
        }
    }

    @Test func `64: words that make no sense`() async throws {
        try await Scene.with { scene in
            let cases = [
                ["nodes", "--log", "kafka://"], ["nodes", "--log", "nothing"],
                ["nodes", "--log", "sqlite:"], ["remove"], ["remove", "n1", "n2"],
                ["extend", "n1", "--by", "soon"], ["wait"], ["wait", "--for", "node/n1=green"],
                ["at", "yesterday-ish"], ["publish", "node-up", "--cluster", "c"],
                ["nodes", "-o", "xml"], ["publish", "lines", "missing.jsonl"],
            ]
            let watch = ["agent", "--cluster", "c", "--watch", "n1=tcp://127.0.0.1:9"]
            let ofNodes = [
                ["--leave"], ["--hooks", "/hooks"], ["--data", "/data"], ["--node", "n"],
            ]
            for words in ofNodes {
                let run = try await scene.muster.run(watch + words)
                #expect(run.status == 64 && run.err.contains(words[0]), "\(words): \(run.err)")
            }
            for words in cases {
                let run = try await scene.muster.run(words)
                #expect(run.status == 64, "\(words): \(run.status) \(run.err)")
                #expect(run.err.hasPrefix("muster: ") && run.out.isEmpty, "\(words): \(run.err)")
            }
        }
    }

    @Test(arguments: SceneLog.all)
    func `6 refused, 8 pending, and a repeated id has no second effect`(log: SceneLog) async throws
    {
        try await Scene.withFacts(log) { scene in
            let pending = try await scene.muster(
                "configure", "--cluster", "orders", "--timeout", "200ms", "--id", "c1")
            #expect(pending.status == 8 && pending.out.contains("no manager"), "\(pending.out)")
            let noWait = try await scene.muster(
                "configure", "--cluster", "orders", "--no-wait", "--id", "c2")
            #expect(noWait.status == 0 && noWait.out.contains("appended"), "\(noWait.out)")
            try await scene.running {
                try await scene.muster("wait", "--for", "cluster/orders=configured")
                let refused = try await scene.muster("extend", "n1", "--id", "e1")
                #expect(refused.status == 6, "\(refused.out) \(refused.err)")
                let before = try await scene.counts()["requests"]
                let again = try await scene.muster("extend", "n1", "--id", "e1", "-o", "json")
                #expect(again.status == 6 && again.err.contains("used before"), "\(again.err)")
                #expect(try again.json()["outcome"] as? String == "rejected")
                #expect(try await scene.counts()["requests"] == before)
                let done = try await scene.muster("configure", "--id", "c1")
                #expect(done.status == 0 && done.err.contains("used before"), "\(done.err)")
            }
        }
    }

    @Test(arguments: SceneLog.all)
    func `6 when the log has another number of partitions`(log: SceneLog) async throws {
        try await Scene.withFacts(log) { scene in
            let run = try await scene.muster("topics", "create", "--partitions", "8")
            #expect(run.status == 6 && run.err.contains("2 partitions"), "\(run.err)")
            #expect(try await scene.muster("topics", "create").status == 0)
        }
    }

    @Test(arguments: SceneLog.all)
    func `8 when a wish does not come true in time`(log: SceneLog) async throws {
        try await Scene.withManager(log) { scene in
            let run = try await scene.muster(
                "wait", "--for", "node/n1=down", "--timeout", "200ms")
            #expect(run.status == 8, "\(run.out)")
        }
    }

    @Test(.enabled(if: getuid() == 0, "only root can become somebody else"))
    func `7 when the file may not be used`() async throws {
        try await Scene.withFacts { scene in
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o755], ofItemAtPath: scene.folder.path())
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o600],
                ofItemAtPath: scene.folder.appending(path: "muster.db").path())
            let nobody = [
                "/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
            ]
            let able = try await Running(
                ["version"], scene.muster, through: nobody
            ).end()
            if able.status != 0 { return }  // this folder of builds is closed to others
            let run = try await Running(
                ["nodes"], scene.muster, through: nobody
            ).end()
            #expect(run.status == 7 && run.err.contains("muster.db"), "\(run.err)")
        }
    }

    @Test(arguments: SceneLog.all)
    func `a manager ends with 0 by a signal, and a stream by the signal itself`(log: SceneLog)
        async throws
    {
        try await Scene.withFacts(log) { scene in
            try await scene.running {
                let follow = try scene.muster.start("log", "-f")
                try await follow.until("nodeStarted")
                follow.signal(SIGINT)
                let end = try await follow.end()
                #expect(end.status == 130 || (end.isSignal && end.status == SIGINT))
                let watch = try scene.muster.start("watch")
                try await watch.until("as of")
                watch.signal(SIGTERM)
                let over = try await watch.end()
                #expect(over.status == 143 || (over.isSignal && over.status == SIGTERM))
            }
        }
    }
}
