import Foundation
import Testing

/// A request waits, says how far it is, and ends with what was done or with the proof of why not.
@Suite(.timeLimit(.minutes(5)))
struct RequestTests {
    /// With n3 ready to be removed.
    private func withRemovable(_ body: (Scene) async throws -> Void) async throws {
        try await Scene.withManager { scene in
            try await eventually("n3 can be removed") {
                try await scene.muster("remove", "n3", "--dry-run").status == 0
            }
            try await body(scene)
        }
    }

    @Test func `a terminal gets a live line for each group, a pipe none, and both the end`()
        async throws
    {
        try await withRemovable { scene in
            let words = ["remove", "n3", "--id", "r1", "--timeout", "40s"]
            let terminal = try scene.terminal(words)
            try await terminal.until("n1 is at it")
            #expect(terminal.out.contains("remove n3, 0 of 1 groups done"), "\(terminal.out)")
            #expect(terminal.out.contains("g1  taken out of the configuration: n1 is at it"))
            #expect(terminal.out.contains("\u{1B}[1m"), "colour where it is wanted")
            try await scene.carryOut(seeing: [1, 2], index: 8)
            try await eventually("n3 is told to stop") {
                try await scene.outstanding().contains { $0["action"] as? String == "stopMember" }
            }
            try await scene.carryOut(seeing: [1, 2], index: 8)
            let end = try await terminal.end()
            #expect(end.status == 0, "\(end.out)")
            #expect(end.out.contains("remove n3: done after"), "\(end.out)")
            let pipe = try await scene.muster("remove", "n3", "--id", "r1")
            #expect(pipe.status == 0 && pipe.out.contains("remove n3: done"), "\(pipe.out)")
            #expect(!pipe.err.contains("\r") && !pipe.err.contains("\u{1B}"), "\(pipe.err)")
            try await gone(scene)
        }
    }

    /// What is asked of a node that was removed is refused, and says so.
    private func gone(_ scene: Scene) async throws {
        let again = try await scene.muster("remove", "n3")
        #expect(again.status == 6 && again.out.contains("n3 is no member"), "\(again.out)")
        let extend = try await scene.muster("extend", "n3")
        #expect(extend.status == 6 && extend.out.contains("refused (nothingToCancel)"))
        let joined = try await scene.muster("wait", "--for", "node/n3=removed", "--timeout", "1s")
        #expect(joined.status == 0, "\(joined.out)")
        let why = try await scene.muster("why", "n3").out
        for said in [
            "asks: remove n3", "proof    g1: removeVoter n3, now 3 of 3 healthy (2 needed)",
            "command  removeMember n3 in g1, by n1", "outcome  reported done after",
            "a voter goes when a majority of the rest is healthy", "n3 is removed (request)",
        ] {
            #expect(why.contains(said), "\(said): \(why)")
        }
        // A command as sentences name it: its decision, and its place there.
        let found = try #require(why.firstMatch(of: /removeMember n3 in g1, by n1 \((\d+:\d+):/))
        let place = String(found.output.1)
        let command = try await scene.muster("why", place).out
        #expect(command.hasPrefix("command \(place) of orders"), "\(command)")
        #expect(command.contains("outcome  reported done after"), "\(command)")
        let none = try await scene.muster("why", "\(place)9")
        #expect(none.status == 5 && none.err.contains("holds no command"), "\(none.err)")
    }

    @Test func `a node that is being removed is busy for anything else`() async throws {
        try await withRemovable { scene in
            let removal = try await scene.muster("remove", "n3", "--no-wait")
            #expect(removal.status == 0, "\(removal.err)")
            try await eventually("the removal begins") {
                try await scene.muster("node", "n3").out.contains("removing")
            }
            for words in [["add", "n3"], ["promote", "n3"], ["replace", "n3"]] {
                let run = try await scene.muster.run(words)
                #expect(run.status == 6, "\(words): \(run.out)")
                #expect(run.out.contains("n3 is busy: a remove is under way"), "\(run.out)")
            }
        }
    }

    @Test func `colour and live lines are left out where they are not wanted`() async throws {
        try await withRemovable { scene in
            let plain = try scene.terminal(
                ["remove", "n3", "--timeout", "1s"], environment: ["NO_COLOR": "1"])
            let end = try await plain.end()
            #expect(end.status == 8, "\(end.out)")
            #expect(end.out.contains("n1 is at it") && !end.out.contains("\u{1B}[1m"))
            let dumb = try scene.terminal(
                ["wait", "--for", "saga/n3=ended", "--timeout", "500ms"],
                environment: ["TERM": "dumb"])
            let said = try await dumb.end()
            #expect(said.status == 8 && !said.out.contains("\u{1B}"), "\(said.out)")
        }
    }

    @Test func `what is not over in time says where it stands in each group`() async throws {
        try await withRemovable { scene in
            let run = try await scene.muster("remove", "n3", "--timeout", "1s", "-o", "json")
            #expect(run.status == 8 && !run.err.contains("\u{1B}"), "\(run.err)")
            let json = try run.json()
            #expect(json["outcome"] as? String == "accepted")
            let steps = try #require(json["steps"] as? [[String: Any]])
            #expect(steps.count == 1 && steps[0]["group"] as? String == "g1")
            #expect(steps[0]["step"] as? String == "remove")
            #expect(steps[0]["executor"] as? String == "n1")
            let id = try #require(steps[0]["command"] as? String)
            let why = try await scene.muster("why", id)
            #expect(why.status == 0 && why.out.contains("lia asks: remove n3"), "\(why.out)")
            #expect(why.out.contains("command  removeMember n3 in g1"), "\(why.out)")
            let busy = try await scene.muster("add", "n3", "--role", "replica")
            #expect(busy.status == 6 && busy.out.contains("refused"), "\(busy.out)")
            #expect(busy.out.contains("n3 is busy: a remove is under way"), "\(busy.out)")
            let cut = String(id.dropLast()) + (id.hasSuffix("0") ? "1" : "0")
            let wrong = try await scene.muster("why", cut)
            #expect(wrong.status == 5 && wrong.err.contains("holds no command"), "\(wrong.err)")
        }
    }

    @Test func `a refusal has its proof, its rule and what can be asked instead`() async throws {
        try await withRemovable { scene in
            try await scene.muster("configure", "--voters-min", "3")
            for words in [["remove", "n3"], ["remove", "n3", "--dry-run"]] {
                let run = try await scene.muster.run(words)
                #expect(run.status == 6, "\(run.out)")
                for said in [
                    "remove n3: refused (floor): without n3, g1 has 2 voters, below the wanted 3",
                    "3 of 3 ok", "2 of 2 ok", "any one failure stops it",
                    "seen: g1 led by n1 in term 3, configuration 3.7",
                    "rule: a group keeps the voters that it is meant to have",
                    #"muster remove n3 --below-floor --reason "…""#,
                ] {
                    #expect(run.out.contains(said), "\(said): \(run.out)")
                }
            }
            let why = try await scene.muster("why", "n3").out
            #expect(why.contains("refused: floor") && why.contains("(voters-min 3)"), "\(why)")
            let forced = try await scene.muster("remove", "n3", "--below-floor", "--dry-run")
            #expect(forced.status == 0 && forced.out.contains("possible"), "\(forced.out)")
            for warned in [
                "as asked, g1 falls to 2 voters, below the wanted 3",
                "g1 will have 2 voters, which bear no more failures than 1",
            ] {
                #expect(forced.out.contains(warned), "\(warned): \(forced.out)")
            }
        }
    }

    @Test func `every request names what it is asked about and cannot find`() async throws {
        try await Scene.withManager { scene in
            let onNodes = ["add", "remove", "cancel", "extend", "promote", "demote", "replace"]
            for word in onNodes {
                let node = try await scene.muster(word, "n9")
                #expect(node.status == 5 && node.out.contains("there is no node n9"), "\(node.out)")
                let cluster = try await scene.muster(word, "n1", "--cluster", "other")
                #expect(cluster.status == 5 && cluster.err.contains("no cluster \"other\""))
                let flag = try await scene.muster(word, "n1", "--below-flor")
                #expect(flag.status == 64 && flag.err.contains("--below-flor"), "\(flag.err)")
            }
            let member = try await scene.muster("add", "n1")
            #expect(member.status == 0 && member.out.contains("add n1 as voter: done"))
            #expect(try await scene.outstanding().isEmpty, "a member is added without a command")
            let refused = try await scene.muster("why", "n9")
            #expect(refused.status == 0, "a refused request about it is known: \(refused.err)")
            #expect(refused.out.contains("asks: remove n9") && refused.out.contains("unknownNode"))
            #expect(try await scene.muster("why", "n8").status == 5)
            for words in [["transfer", "g1", "n9"], ["transfer", "g9", "n1"]] {
                let run = try await scene.muster.run(words)
                #expect(run.status == 5 && run.out.contains("there is no"), "\(run.out)")
            }
            let near = try await scene.muster("remove", "n3", "--below-flor")
            #expect(near.err.contains("--below-floor"), "\(near.err)")
        }
    }

    @Test func `a node of another cluster is refused, and why says so`() async throws {
        try await Scene.withManager { scene in
            func up(_ number: Int, _ engine: String) -> String {
                Scene.nodeUp(number).replacingOccurrences(
                    of: #""blank":false"#,
                    with: #""blank":false,"engine":{"cluster":"\#(engine)","recoveryEpoch":"1"}"#)
            }
            try await scene.publish([up(4, "ours"), up(5, "theirs")])
            let run = try await scene.muster("add", "n5", "--wipe", Scene.stores[4])
            #expect(run.status == 6 && run.out.contains("refused (foreign)"), "\(run.out)")
            let node = try await scene.muster("node", "n5")
            #expect(node.status == 0 && node.out.contains("foreign"), "\(node.out)")
            #expect(try await scene.outstanding().isEmpty, "its disk is never touched")
        }
    }
}
