import Foundation
import Testing

/// The first minute, and what can be asked about it afterwards.
@Suite(.timeLimit(.minutes(5)))
struct DevTests {
    @Test func `dev tells the story, and the journal explains it`() async throws {
        try await Scene.with { scene in
            let run = try scene.muster.start("dev", "--folder", "dev")
            let end = try await run.end(within: .seconds(90))
            #expect(end.status == 0, "\(end.out) \(end.err)")
            for said in [
                "copies g1", "is removed (silence)", "its removal is cancelled", "Try next",
            ] {
                #expect(end.out.contains(said), "\(said): \(end.out)")
            }
            #expect(end.lines.contains { $0.hasPrefix("n4") && $0.contains("removed") })
            let log = scene.folder.appending(path: "dev/muster.db").path()
            let muster = Muster(
                folder: scene.folder,
                environment: scene.muster.environment.merging(["MUSTER_LOG": "sqlite:" + log]) {
                    $1
                })
            try await explain(muster)
            try await rebuild(muster)
            let again = try await muster("dev", "--folder", "dev")
            #expect(again.status == 64 && again.err.contains("holds a log already"))
            let used = try await muster("dev", "--log", "sqlite:" + log)
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

    @Test func `dev --stay keeps the fleet for a second terminal`() async throws {
        try await Scene.with { scene in
            let run = try scene.muster.start(
                "dev", "--stay", "-o", "json", "--log", "sqlite:stay.db")
            try await run.until("the fleet goes on", within: .seconds(90))
            let json = try JSONSerialization.jsonObject(with: Data(run.out.utf8))
            let result = try #require(json as? [String: Any])
            let url = try #require(result["log"] as? String)
            let status = try await scene.muster("status", "--log", url)
            #expect(status.status == 0, "\(status.out)")
            run.signal(SIGTERM)
            let end = try await run.end()
            #expect(end.status == 0 && !end.isSignal, "\(end.err)")
        }
    }
}
