import Foundation
import Testing

/// What holds a removal back, one thing after the other, as `removals`, `status`, `node` and `why`
/// say it, and what is left of the group when nothing holds it back any more.
@Suite(.timeLimit(.minutes(8)))
struct HoldingBackTests {
    /// With four voters, of which n4 is silent for so long that its removal is counted down; four
    /// are the fewest that may remain.
    private func withSilence(_ body: (Scene) async throws -> Void) async throws {
        try await Scene.with { scene in
            try await scene.muster("topics", "create", "--partitions", "2")
            let four = Scene.event("groupObserved", Scene.report([1, 2, 3, 4]))
            try await scene.publish((1...4).map { Scene.nodeUp($0) } + [four])
            try await scene.running("--allow-short-removal-delay") {
                let run = try await scene.muster(
                    "configure", "--cluster", "orders", "--voters-min", "4", "--lease", "5s",
                    "--heartbeat-interval", "500ms", "--removal-delay", "15s",
                    "--observation-age-max", "20s", "--change-limit", "2m")
                try #require(run.status == 0, "\(run.out) \(run.err)")
                try await body(scene)
            }
        }
    }

    private func removal(_ scene: Scene) async throws -> [String: Any] {
        let json = try await scene.muster("removals", "-o", "json").json()
        return (json["removals"] as? [[String: Any]])?.first ?? [:]
    }

    /// Waits until that holds the removal back, and looks at every page.
    private func isHeldBack(_ scene: Scene, by code: String, saying words: String) async throws {
        var found: [String: Any] = [:]
        try await eventually("\(code) holds the removal back", within: .seconds(90)) {
            found = try await removal(scene)
            return (found["blocked"] as? [String: Any])?["code"] as? String == code
        }
        let phase = code == "stillInContact" ? "agentLost" : "held"
        #expect(found["phase"] as? String == phase && found["node"] as? String == "n4")
        let sentence = try #require((found["blocked"] as? [String: Any])?["sentence"] as? String)
        #expect(sentence.contains(words), "\(sentence)")
        let table = try await scene.muster("removals").out
        #expect(table.contains(sentence), "\(table)")
        let status = try await scene.muster("status")
        #expect(status.status == 3, "\(status.out)")
        #expect(status.out.contains("the removal of n4 is held back: \(code): "), "\(status.out)")
        let page = try await scene.muster("node", "n4").out
        let said = page.split(separator: "\n").first { $0.hasPrefix("held back by ") }
        #expect(said?.contains("  \(code): ") == true, "\(page)")
    }

    /// The rule that `why` gives for it.
    private func rule(_ scene: Scene, _ code: String) async throws -> String? {
        let story = Chapter(try await scene.muster("why", "n4").out)
        return try story.decision("so the removal of n4 is held back: \(code)").last
    }

    @Test func `what holds a removal back is said with its rule, and then what is left`()
        async throws
    {
        try await withSilence { scene in
            try await scene.beating([1, 2, 3], without: [4]) {
                try await eventually("the removal is counted down", within: .seconds(90)) {
                    try await removal(scene)["phase"] as? String == "waiting"
                }
                try await hold(scene)
                try await pause(scene)
            }
            // Its leader reaches it again, while its agent stays silent.
            try await scene.beating([1, 2, 3], without: [4], meeting: [4]) {
                try await isHeldBack(
                    scene, by: "stillInContact", saying: "the agent is down, not the node")
                let rule = try await rule(scene, "stillInContact")
                #expect(rule == "rule silence counts only where the leaders have no contact either")
            }
            try await scene.beating([1, 2, 3], without: [4]) { try await floor(scene) }
            try await remains(scene)
        }
    }

    private func hold(_ scene: Scene) async throws {
        try await scene.muster("hold", "n4", "--reason", "new disk")
        try await isHeldBack(scene, by: "held", saying: "n4 is held until ")
        let rule = try await rule(scene, "held")
        #expect(rule?.hasPrefix("rule automation leaves a held node alone") == true)
        try await scene.muster("release", "n4")
    }

    private func pause(_ scene: Scene) async throws {
        try await scene.muster("pause")
        try await isHeldBack(scene, by: "paused", saying: "automation is paused until ")
        let rule = try await rule(scene, "paused")
        #expect(rule?.hasPrefix("rule while automation is paused it only watches") == true)
        try await scene.muster("resume")
        let story = Chapter(try await scene.muster("why", "n4").out)
        let paused = try story.decision("so automation is paused")
        #expect(paused.first == "request lia asks: pause automation for LENGTH (requests/P/N)")
    }

    /// The deadline passes, and too few voters would remain.
    private func floor(_ scene: Scene) async throws {
        let words = "without n4, g1 has 3 voters, below the wanted 4"
        try await isHeldBack(scene, by: "floor", saying: words)
        let story = Chapter(try await scene.muster("why", "n4").out)
        let held = try story.decision("so the removal of n4 is held back: floor")
        let seen =
            "seen n1 led g1 in term 3, seen LENGTH before, with entry 100 committed; n4 at entry "
            + "100, without contact for LENGTH"
        #expect(held.first == "look the clock, and the deadline of n4", "\(held)")
        #expect(held.contains { $0.hasPrefix(seen) }, "\(held)")
        #expect(
            held.contains {
                $0.hasPrefix("proof g1: removeVoter n4, now 3 of 4 healthy (3 needed): n1 n2 n3")
                    && $0.contains("after 3 of 3 (2 needed), floor 4; refused: floor: \(words)")
            }, "\(held)")
        #expect(
            held.last
                == "rule a group keeps the voters that it is meant to have, up to the wanted "
                + "number (voters-min 4)")
        // Fewer may remain now: it goes on by itself.
        try await scene.muster("configure", "--voters-min", "3")
        _ = try await scene.command("removeMember")
    }

    /// The removal is done for its silence: a place is free, and that is said, not alarming.
    private func remains(_ scene: Scene) async throws {
        try await scene.carryOut(seeing: [1, 2, 3], index: 8)
        try await scene.carryOut(seeing: [1, 2, 3], index: 8)
        try await eventually("n4 is removed") {
            try await scene.publish(scene.beats(index: 8))
            return try await scene.muster(
                "wait", "--for", "node/n4=removed", "--timeout", "1s"
            ).status == 0
        }
        var run = try await scene.muster("status", "-o", "json")
        try await eventually("all is well but for the place") {
            try await scene.publish(scene.beats(index: 8))
            run = try await scene.muster("status", "-o", "json")
            return run.status == 0
        }
        let cluster = try #require((try run.json()["clusters"] as? [[String: Any]])?.first)
        #expect(cluster["health"] as? String == "degraded", "\(cluster)")
        #expect(cluster["degraded"] as? [String] == ["g1"], "\(cluster)")
        let notices = try run.json()["notices"] as? [[String: Any]] ?? []
        #expect(
            notices.map { $0["sentence"] as? String } == [
                "group g1 is degraded: it has 3 voters and had 4; add a node to fill the place"
            ])
        let node = try await scene.muster("node", "n4", "-o", "json").json()
        #expect((node["tombstone"] as? [String: Any])?["reason"] as? String == "silence")
        #expect((node["flapScore"] as? Int ?? 0) > 900, "\(node["flapScore"] ?? "none")")
        try await test(scene)
    }

    /// The node is heard again: it was wrong to remove it, and a patient policy would not have.
    private func test(_ scene: Scene) async throws {
        try await scene.publish([Scene.heartbeat(4)])
        try scene.write("removal-delay: 5m\n", to: "patient.yaml")
        let run = try await scene.muster("backtest", "--policy", "patient.yaml", "-o", "json")
        #expect(run.status == 0, "\(run.err)")
        let json = try run.json()
        let removals = try #require(json["removals"] as? [[String: Any]])
        #expect(removals.map { $0["node"] as? String } == ["n4"], "\(run.out)")
        #expect(removals.first?["verdict"] as? String == "onlyRecorded")
        #expect(removals.first?["recordedWas"] as? String == "wrong", "\(run.out)")
        #expect(removals.first?["otherWas"] == nil && removals.first?["heardAgain"] is String)
        let spares = try #require(json["spares"] as? [[String: Any]])
        // Without n4 none of the other three may fail, as all four are voters.
        #expect(spares.map { $0["recorded"] as? Int } == [0], "\(run.out)")
        #expect(spares.map { $0["other"] as? Int } == [0], "\(run.out)")
        let table = try await scene.muster("backtest", "--policy", "patient.yaml").out
        #expect(table.contains(/n4 +\S.* ago +wrong +- +- +\S.* ago +onlyRecorded\n/), "\(table)")
        #expect(table.contains(/removalDelay +15 s +5 m\n/), "\(table)")
    }
}
