import Foundation
import Testing

/// How well groups and clusters are, as `groups -o wide`, `status` and its exit code say it.
@Suite(.timeLimit(.minutes(5)))
struct HealthTests {
    /// What one more failure would do to g1, once it is that.
    private func expect(_ scene: Scene, _ consequence: String, spare: Int) async throws {
        var group: [String: Any] = [:]
        try await eventually("one more failure \(consequence)") {
            let json = try await scene.muster("groups", "-o", "json").json()
            group = (json["groups"] as? [[String: Any]])?.first ?? [:]
            return group["oneMoreFailure"] as? String == consequence
        }
        #expect(group["spare"] as? Int == spare, "\(group)")
        let wide = try await scene.muster("groups", "-o", "wide").out
        let rows = wide.split(separator: "\n")
        #expect(rows.contains { $0.hasSuffix("  " + consequence) }, "\(wide)")
    }

    private func status(_ scene: Scene) async throws -> (code: Int32, health: String, out: String) {
        let run = try await scene.muster("status", "-o", "json")
        let cluster = (try run.json()["clusters"] as? [[String: Any]])?.first
        return (run.status, cluster?["health"] as? String ?? "", run.out)
    }

    private func see(_ scene: Scene, _ members: [Int], index: Int, away: [Int] = []) async throws {
        let ages = Dictionary(uniqueKeysWithValues: away.map { ($0, 120_000) })
        let view = Scene.event("groupObserved", Scene.report(members, index: index, away: ages))
        try await scene.publish(members.map { Scene.heartbeat($0) } + [view, view])
    }

    @Test func `what one more failure would do is said for every number of spare voters`()
        async throws
    {
        try await Scene.withManager { scene in
            try await expect(scene, "is borne: 2 of 3 remain; then none may fail", spare: 1)
            let wide = try await scene.muster("groups", "-o", "wide").out
            let row = /g1 +n1 +n1 n2 n3 +- +n1 n2 n3 +2 +1 +- +orders +3 +3\.7 +3 +2\b/
            #expect(wide.contains(row), "\(wide)")
            #expect(try await status(scene).health == "well")

            try await see(scene, [1, 2, 3], index: 7, away: [2])
            try await expect(scene, "stops it: the loss of any of n1 n3", spare: 0)
            let one = try await status(scene)
            #expect(one.code == 3 && one.health == "troubled", "\(one.out)")
            #expect(
                one.out.contains(
                    "group g1 has 2 of 3 voters healthy, not n2; one more failure stops it: the "
                        + "loss of any of n1 n3"), "\(one.out)")

            try await see(scene, [1, 2, 3], index: 7, away: [2, 3])
            try await expect(
                scene, "finds it stopped already: 1 of 3 voters healthy, 2 needed", spare: -1)
            let lost = try await status(scene)
            #expect(lost.code == 3 && lost.health == "lost", "\(lost.out)")

            try await scene.publish([Scene.nodeUp(4), Scene.nodeUp(5)])
            try await see(scene, [1, 2, 3, 4, 5], index: 8)
            try await expect(scene, "is borne: 4 of 5 remain; then 1 may fail", spare: 2)

            try await see(scene, [1], index: 9)
            try await expect(scene, "stops it: it has one voter", spare: 0)
            #expect(
                try await status(scene).out.contains(
                    "group g1 is well, but one more failure stops it: it has one voter"))
        }
    }

    @Test func `a manager that may be the blind one is said to be, and holds everything back`()
        async throws
    {
        try await Scene.with { scene in
            try await scene.muster("topics", "create", "--partitions", "2")
            let all = Array(1...12)
            let view = Scene.event("groupObserved", Scene.report(all))
            try await scene.publish(all.map { Scene.nodeUp($0) } + [view])
            try await scene.running {
                try await scene.muster(
                    "configure", "--cluster", "orders", "--lease", "5s", "--heartbeat-interval",
                    "500ms", "--removal-delay", "60s", "--observation-age-max", "20s")
                try await scene.beating(Array(1...7), without: Array(8...12)) {
                    try await blind(scene)
                }
            }
        }
    }

    private func blind(_ scene: Scene) async throws {
        let words = "blind: 5 of the 12 nodes that the manager serves fell silent at once"
        var run = try await scene.muster("status", "-o", "json")
        try await eventually("the manager takes itself for blind", within: .seconds(90)) {
            run = try await scene.muster("status", "-o", "json")
            return run.out.contains("removals are held back since ")
        }
        let cluster = try #require((try run.json()["clusters"] as? [[String: Any]])?.first)
        #expect(run.status == 3 && cluster["health"] as? String == "frozen", "\(run.out)")
        #expect((cluster["frozen"] as? String)?.hasPrefix(words) == true, "\(run.out)")
        let thawed = try await scene.muster(
            "wait", "--for", "cluster/orders=thawed", "--timeout", "100ms")
        #expect(thawed.status == 8 && thawed.out.contains("fell silent at once"), "\(thawed.out)")
        var removals = ""
        try await eventually("a removal is counted down", within: .seconds(90)) {
            removals = try await scene.muster("removals").out
            return removals.contains("n8")
        }
        #expect(removals.contains(/n8 +silence +frozen\b/) && removals.contains(words))
        let why = try await scene.muster("why", "n8").out
        #expect(why.contains("also     the like of n10 n11 n12 n9"), "\(why)")
        #expect(!why.contains("n9 is suspected"), "\(why)")
        let diff = try await scene.muster("diff", "1", "now").out
        #expect(diff.contains(/cluster +orders +sight +- +5 of the 12 nodes/), "\(diff)")
    }

    @Test func `a wish for a cluster is about the one that it names`() async throws {
        try await Scene.withManager { scene in
            try await scene.publish([Scene.nodeUp(7, cluster: "other")])
            let other = try await scene.muster(
                "wait", "--for", "cluster/other=thawed", "--for", "cluster/orders=configured",
                "--timeout", "20s")
            #expect(other.status == 0, "\(other.out) \(other.err)")
            let standalone = try await scene.muster(
                "wait", "--for", "cluster/other=configured", "--timeout", "100ms")
            #expect(standalone.status == 8 && standalone.out.contains("standalone"))
            let typo = try await scene.muster(
                "wait", "--for", "cluster/ordres=thawed", "--timeout", "100ms")
            #expect(typo.status == 8 && typo.out.contains("no such cluster yet"), "\(typo.out)")
            let any = try await scene.muster("wait", "--for", "node/n1=up")
            #expect(any.status == 64 && any.err.contains("--cluster"), "\(any.err)")
        }
    }
}
