import Foundation
import Testing

/// What an operator looks at while something is going on.
@Suite(.timeLimit(.minutes(5)))
struct LookingTests {
    /// With n1 and n2 heard, and n3 silent for so long that its removal is counted down.
    private func withSilence(
        _ body: (Scene) async throws -> Void, then: (Scene) async throws -> Void
    ) async throws {
        try await Scene.withFacts { scene in
            try await scene.running {
                let run = try await scene.muster(
                    "configure", "--cluster", "orders", "--voters-min", "2", "--lease", "5s",
                    "--heartbeat-interval", "500ms", "--removal-delay", "60s",
                    "--observation-age-max", "20s")
                try #require(run.status == 0, "\(run.out) \(run.err)")
                try await scene.beating([1, 2], without: [3]) {
                    try await eventually("the removal of n3 is counted down", within: .seconds(90))
                    {
                        try await !scene.muster("removals", "-o", "name").out.isEmpty
                    }
                    try await body(scene)
                }
                try await then(scene)
            }
        }
    }

    @Test func `a removal is counted down, put off, watched, and frozen when all are silent`()
        async throws
    {
        try await withSilence { scene in
            let removals = try await scene.muster("removals", "-o", "json").json()
            let rows = try #require(removals["removals"] as? [[String: Any]])
            let first = try #require(rows.first)
            #expect(first["node"] as? String == "n3" && first["phase"] as? String == "waiting")
            let left = try #require(first["left"] as? Int)
            #expect(left > 0 && left <= 60_000)
            #expect(first["unreached"] is Int, "\(first)")
            let watch = try scene.muster.start("removals", "--watch", "-o", "jsonl")
            try await watch.until("\"waiting\"")
            let screen = try scene.terminal(["removals", "--watch"])
            try await screen.until("UNREACHED")
            let due = first["due"] as? String ?? ""
            let extend = try await scene.muster("extend", "n3", "--by", "5m")
            #expect(extend.status == 0 && extend.out.contains("done"), "\(extend.out)")
            try await eventually("both watchers show the new deadline") {
                watch.out.split(separator: "\n").contains { !$0.contains(due) }
                    && screen.out.contains("5 m")
            }
            #expect(screen.out.contains("\u{1B}[H\u{1B}[J") && !watch.out.contains("\u{1B}"))
            for run in [watch, screen] {
                run.signal(SIGINT)
                try await run.end()
            }
            try await pages(scene)
        } then: { scene in
            try await eventually("everybody is silent", within: .seconds(90)) {
                try await scene.muster("removals", "-o", "json").out.contains("\"frozen\"")
            }
            let removals = try await scene.muster("removals")
            #expect(removals.out.contains("Muster may be the blind one"), "\(removals.out)")
            let status = try await scene.muster("status", "-o", "json")
            #expect(status.status == 3)
            let clusters = try status.json()["clusters"] as? [[String: Any]]
            let health = clusters?.first?["health"] as? String
            #expect(health == "frozen" || health == "lost", "\(status.out)")
            #expect((clusters?.first?["frozen"] as? String)?.contains("fell silent") == true)
            let thawed = try await scene.muster(
                "wait", "--for", "cluster/orders=thawed", "--timeout", "200ms")
            #expect(thawed.status == 8 && thawed.out.contains("frozen"), "\(thawed.out)")
        }
    }

    /// The other pages while n3 is silent.
    private func pages(_ scene: Scene) async throws {
        let node = try await scene.muster("node", "n3", "-o", "json").json()
        let removal = try #require(node["removal"] as? [String: Any])
        #expect(removal["phase"] as? String == "waiting")
        #expect(node["silent"] is Int || node["status"] as? String == "down")
        let groups = try #require(node["groups"] as? [[String: Any]])
        #expect(groups.first?["lag"] as? Int == 0 && groups.first?["healthy"] as? Bool == false)
        #expect(groups.first?["committed"] as? String == "100", "\(groups)")
        let events = try #require(node["events"] as? [[String: Any]])
        #expect(events.count <= 10)
        let sentences = events.compactMap { $0["sentence"] as? String }
        for said in ["n3 is up", "n3 is suspected", "n3 is down", "n3 is to be removed at"] {
            #expect(sentences.contains { $0.hasPrefix(said) }, "\(said): \(sentences)")
        }
        let wide = try await scene.muster("groups", "-o", "wide")
        #expect(wide.out.contains("stops it: the loss of any of n1 n2"), "\(wide.out)")
        let status = try await scene.muster("status")
        #expect(status.status == 3 && status.out.contains("member n3 is down"), "\(status.out)")
        #expect(
            status.out.contains("group g1 has 2 of 3 voters healthy, not n3; one more failure"),
            "\(status.out)")
        let why = try await scene.muster("why", "n3").out
        for said in [
            "a node that is silent for 1 lease is suspected (lease 5 s)",
            "a node that is silent for 3 leases is down (lease 5 s)",
            "(removal-delay 1 m)", "a person may put a removal off",
        ] {
            #expect(why.contains(said), "\(said): \(why)")
        }
    }

    @Test func `a manager that is away is missed as soon as something is due`() async throws {
        try await Scene.withManager { scene in
            let well = try await scene.muster("status")
            #expect(well.status == 0, "\(well.out)")
        }
        try await Scene.withFacts { scene in
            try await scene.running {
                try await scene.muster(
                    "configure", "--cluster", "orders", "--lease", "4s", "--heartbeat-interval",
                    "1s")
                try await scene.publish(scene.beats)
            }
            // Nobody decides any more, and nobody is heard: a silence is due after the lease.
            try await eventually("the manager is missed", within: .seconds(90)) {
                let run = try await scene.muster("status")
                return run.status == 3 && run.out.contains("no manager decides for orders")
            }
        }
    }

    @Test func `a number of voters that gains nothing is warned of`() async throws {
        try await Scene.withManager { scene in
            let before = try await scene.muster("status").out
            #expect(!before.contains("no more failures"), "\(before)")
            let four = Scene.event("groupObserved", Scene.report([1, 2, 3, 4], index: 8))
            try await scene.publish([Scene.nodeUp(4), four, four])
            try await eventually("the group has four voters") {
                try await scene.muster("status").out.contains(
                    "group g1 has 4 voters, which bear no more failures than 3")
            }
        }
    }

    @Test func `the first view of a new leader is no loss, and what it refuses says so`()
        async throws
    {
        try await Scene.withManager { scene in
            let view = Scene.event(
                "groupObserved",
                Scene.report().replacing(#""term":"3","leader""#, with: #""term":"4","leader""#))
            try await scene.publish([view])
            try await eventually("the new leader is seen") {
                let groups = try await scene.muster("groups", "-o", "json").json()
                let group = (groups["groups"] as? [[String: Any]])?.first
                let trouble = group?["unusable"] as? [String: Any]
                return trouble?["code"] as? String == "newTerm" && group?["spare"] == nil
            }
            let sentence = "n1 leads g1 since term 4 and was seen once in it"
            let status = try await scene.muster.run(["status"])
            #expect(status.status == 0 && status.out.contains(sentence), "\(status.out)")
            #expect(!status.out.contains("lost"), "\(status.out)")
            let early = try await scene.muster.run(["remove", "n3", "--dry-run"])
            #expect(early.status == 6 && early.out.contains(sentence), "\(early.out) \(early.err)")

            try await scene.publish([view])
            try await eventually("who keeps up is seen") {
                try await scene.muster.run(["remove", "n3", "--dry-run"]).status == 0
            }
        }
    }

    @Test func `why tells of a group, a decision and a node that shares a name`() async throws {
        try await Scene.withManager { scene in
            let group = try await scene.muster("why", "g1")
            #expect(group.status == 0, "\(group.err)")
            #expect(group.out.hasPrefix("g1 is led by n1 in term 3, voters n1 n2 n3 as of 3.7"))
            #expect(group.out.contains("n1 leads g1 in term 3"), "\(group.out)")
            let named = try await scene.muster("why", "group/g1", "-o", "json").json()
            #expect(named["kind"] as? String == "group")
            let decision = try await scene.muster("why", "1", "-o", "json").json()
            #expect(decision["kind"] as? String == "decision" && decision["name"] as? String == "1")
            let all = try #require(decision["decisions"] as? [[String: Any]])
            #expect(all.count == 1 && all[0]["seq"] as? String == "1")
            let far = try await scene.muster("why", "4711")
            #expect(far.status == 5 && far.err.contains("its newest is"), "\(far.err)")
            try await scene.publish([
                Scene.nodeUp(4).replacingOccurrences(of: #""node":"n4""#, with: #""node":"g1""#)
            ])
            try await scene.muster("wait", "--for", "node/g1=up")
            let both = try await scene.muster("why", "g1")
            #expect(both.status == 64 && both.err.contains("node/g1 or group/g1"), "\(both.err)")
            #expect(try await scene.muster("why", "node/g1").out.contains("g1 is known and up"))
        }
    }

    @Test func `a wish that makes no sense is named, with what would`() async throws {
        try await Scene.withManager { scene in
            let wrong: [(wish: String, says: String)] = [
                ("n1=up", "node/NAME=WORD"), ("node/n1", "node/NAME=WORD"),
                ("node/n1=green", "joined, known"), ("group/g1=up", "leader, healthy"),
                ("saga/n1=begun", "ended"), ("request/x=done", "answered, ended"),
                ("cluster/orders=well", "configured, thawed, quiet"), ("seq=0", "seq=41"),
                ("seq=-1", "seq=41"), ("node/a\u{1B}[31m=up", "U+001B"),
            ]
            for (wish, says) in wrong {
                let run = try await scene.muster("wait", "--for", wish)
                #expect(run.status == 64 && run.err.contains(says), "\(wish): \(run.err)")
                #expect(!run.err.contains("\u{1B}"), "\(wish)")
            }
            try await scene.muster("extend", "n1", "--id", "e1")
            let held = try await scene.muster(
                "wait", "--for", "node/n1=joined", "--for", "group/g1=healthy", "--for",
                "saga/n1=ended", "--for", "request/e1=ended", "--for", "cluster/orders=quiet",
                "--for", "seq=1", "--timeout", "10s")
            #expect(held.status == 0, "\(held.out)")
            let unknown = try await scene.muster(
                "wait", "--for", "saga/n9=ended", "--for", "group/g9=leader", "--timeout", "100ms")
            #expect(unknown.status == 8 && unknown.out.contains("unknown"), "\(unknown.out)")
        }
    }
}
