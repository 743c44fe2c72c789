import Foundation
import Testing

/// The first minute, and what can be asked about it afterwards.
@Suite(.timeLimit(.minutes(5)))
struct DevTests {
    @Test(arguments: SceneLog.all)
    func `dev tells the story, and the journal explains it`(on engine: SceneLog) async throws {
        try await Scene.with(engine) { scene in
            let given = scene.muster.environment["MUSTER_LOG"]
            let run =
                try given.map { try scene.muster.start("dev", "--log", $0) }
                ?? scene.muster.start("dev", "--folder", "dev")
            let end = try await run.end(within: .seconds(150))
            #expect(end.status == 0, "\(end.out) \(end.err)")
            for said in [
                "copies g1", "is removed (silence)", "its removal is cancelled", "Try next",
            ] {
                #expect(end.out.contains(said), "\(said): \(end.out)")
            }
            #expect(end.lines.contains { $0.hasPrefix("n4") && $0.contains("removed") })
            let log = given ?? "sqlite:" + scene.folder.appending(path: "dev/muster.db").path()
            let muster = Muster(
                folder: scene.folder,
                environment: scene.muster.environment.merging(["MUSTER_LOG": log]) {
                    $1
                })
            try await explain(muster)
            try await rebuild(muster)
            try await audit(muster, scene)
            if engine == .file {
                try await auditWithoutHeartbeats(muster, scene)
                let again = try await muster("dev", "--folder", "dev")
                #expect(again.status == 64 && again.err.contains("holds a log already"))
            }
            let used = try await muster("dev", "--log", log)
            #expect(used.status == 64 && used.err.contains("in use already"), "\(used.err)")
        }
    }

    /// From silence to removal, and every command has its proof.
    private func explain(_ muster: Muster) async throws {
        let why = try await muster("why", "n4", "--all")
        var rest = Substring(why.out)
        for step in [
            "n4 says that it is up", "joins", "syncGroup n4", "has joined", "n4 is suspected",
            "n4 is down", "is to be removed", "held back", "removeMember n4", "n4 is removed",
        ] where step != "joins" {
            guard let found = rest.range(of: step) else {
                Issue.record("\(step) does not come where it should:\n\(why.out)")
                return
            }
            rest = rest[found.upperBound...]
        }
        let json = try await muster("why", "n4", "--all", "-o", "json").json()
        let decisions = try #require(json["decisions"] as? [[String: Any]])
        var commands = 0
        for decision in decisions {
            for event in try #require(decision["events"] as? [[String: Any]]) {
                guard event["command"] != nil, event["event"] as? String == "commandIssued" else {
                    continue
                }
                commands += 1
                let proofs = try #require(event["proofs"] as? [[String: Any]])
                let sentence = event["sentence"] as? String ?? ""
                if sentence.contains("addMember") || sentence.contains("removeMember") {
                    #expect(proofs.first?["verdict"] as? String == "allowed", "\(event)")
                }
            }
        }
        #expect(commands >= 8)
    }

    /// Whoever replays gets the same hash; a snapshot gives the same tables as the whole journal.
    private func rebuild(_ muster: Muster) async throws {
        let hashes = try await [
            muster("replay", "-o", "json").json(), muster("replay", "-o", "json").json(),
        ].map { $0["hash"] as? String }
        #expect(hashes[0] == hashes[1] && hashes[0] != nil)
        let nodes = try await muster("nodes", "-o", "json")
        #expect(nodes.err.contains("snapshot"), "\(nodes.err)")
        let at = try await muster("at", "now", "-o", "json").json()
        #expect(
            try nodes.json()["nodes"] as? NSArray == at["nodes"] as? NSArray,
            "the snapshot differs from the journal")
        let removed = try await muster("wait", "--for", "node/n4=removed", "--timeout", "1s")
        #expect(removed.status == 0, "\(removed.out)")
    }

    /// The log is what was decided; a patient policy would have kept n4.
    private func audit(_ muster: Muster, _ scene: Scene) async throws {
        let verified = try await muster("verify", "-o", "json")
        #expect(verified.status == 0, "\(verified.out)")
        let inputs = try #require(try verified.json()["inputs"] as? [String: Any])
        #expect(inputs["skipped"] as? Int == 0 && inputs["unreadable"] as? Int == 0)
        try scene.write("removal-delay: 5m\n", to: "patient.yaml")
        let test = try await muster("backtest", "--policy", "patient.yaml", "-o", "json")
        #expect(test.status == 0, "\(test.err)")
        let json = try test.json()
        let removals = try #require(json["removals"] as? [[String: Any]])
        #expect(removals.map { $0["node"] as? String } == ["n4"], "\(test.out)")
        #expect(removals.first?["verdict"] as? String == "onlyRecorded")
        #expect(removals.first?["recorded"] != nil && removals.first?["other"] == nil)
        #expect(removals.first?["journal"] != nil, "folded again, it is what was decided")
        let promotions = try #require(json["promotions"] as? [[String: Any]])
        #expect(
            promotions.count == 6 && promotions.allSatisfy { $0["verdict"] as? String == "same" })
        try scene.write("stabilization: 30s\n", to: "slow.yaml")
        let slow = try await muster("backtest", "--policy", "slow.yaml", "-o", "json")
        #expect(slow.status == 0, "\(slow.err)")
        let later = try #require(try slow.json()["promotions"] as? [[String: Any]])
        #expect(
            later.count >= 6 && later.allSatisfy { $0["verdict"] as? String != "same" },
            "\(slow.out)")
    }

    /// Where the heartbeats are gone the journal says who was heard.
    private func auditWithoutHeartbeats(_ muster: Muster, _ scene: Scene) async throws {
        try scene.sqlite(
            """
            INSERT OR REPLACE INTO cuts SELECT topic, partition, max(offset) + 1, \
            max(offset) + 1, max(time), 0 FROM records WHERE topic = 'heartbeats' \
            GROUP BY partition;
            DELETE FROM records WHERE topic = 'heartbeats'
            """, file: "dev/muster.db")
        let blind = try await muster("backtest", "--policy", "patient.yaml", "-o", "json")
        #expect(blind.status == 0, "\(blind.err)")
        let assumed = try blind.json()
        #expect(assumed["heard"] as? Int == 0 && (assumed["assumed"] as? Int ?? 0) > 0)
        let again = try #require(assumed["removals"] as? [[String: Any]])
        #expect(again.map { $0["verdict"] as? String } == ["onlyRecorded"], "\(blind.out)")
        let notes = try #require(assumed["notes"] as? [String])
        #expect(notes.contains { $0.contains("follows from the journal") }, "\(notes)")
    }

    @Test func `dev --stay keeps the fleet for a second terminal`() async throws {
        try await Scene.with { scene in
            let run = try scene.muster.start(
                "dev", "--stay", "-o", "json", "--log", "sqlite:stay.db")
            try await run.until("the fleet goes on", within: .seconds(150))
            let json = try JSONSerialization.jsonObject(with: Data(run.out.utf8))
            let result = try #require(json as? [String: Any])
            let url = try #require(result["log"] as? String)
            // A fleet that has no processor for some seconds is not well; then it is again.
            try await eventually("the fleet is well", within: .seconds(120)) {
                try await scene.muster("status", "--log", url).status == 0
            }
            run.signal(SIGTERM)
            let end = try await run.end()
            #expect(end.status == 0 && !end.isSignal, "\(end.err)")
        }
    }
}
