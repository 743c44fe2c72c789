import Foundation
import Testing

/// A join as an operator follows it: on the node's page, on a terminal, in `status` and in `why`,
/// in the middle of each of its steps; and a removal that stalls.
@Suite(.timeLimit(.minutes(5)))
struct JoinStoryTests {
    /// The step of n4's change in g1, as its page has it.
    private func step(_ scene: Scene) async throws -> [String: Any] {
        let saga = try await scene.muster("node", "n4", "-o", "json").json()["saga"]
        let steps = (saga as? [String: Any])?["steps"] as? [[String: Any]]
        return steps?.first ?? [:]
    }

    private func reach(
        _ name: String, _ phase: String, _ scene: Scene, telling lines: [String] = []
    ) async throws -> [String: Any] {
        var found: [String: Any] = [:]
        try await eventually("the step \(name) is \(phase)") {
            if !lines.isEmpty { try await scene.publish(lines) }
            found = try await step(scene)
            return found["step"] as? String == name && found["phase"] as? String == phase
        }
        return found
    }

    @Test func `a join is followed step by step, and by whoever asks for it once more`()
        async throws
    {
        try await Scene.withManager { scene in
            try await scene.muster("configure", "--stabilization", "1s", "--trust-delay", "1s")
            try await scene.publish([Scene.nodeUp(4)])
            try await scene.muster("wait", "--for", "node/n4=up")
            let asked = try await scene.muster("add", "n4", "--id", "a1", "--no-wait")
            #expect(asked.status == 0, "\(asked.err)")
            let terminal = try scene.terminal(["add", "n4", "--id", "a1", "--timeout", "2m"])
            try await start(scene, terminal)
            try await learn(scene, terminal)
            try await promote(scene, terminal)
            let end = try await terminal.end(within: .seconds(60))
            #expect(end.status == 0 && end.out.contains("add n4 as voter: done"), "\(end.out)")
            try await tell(scene)
        }
    }

    private func start(_ scene: Scene, _ terminal: Running) async throws {
        let first = try await reach("start", "issued", scene)
        #expect(first["group"] as? String == "g1" && first["executor"] as? String == "n4")
        #expect(first["attempt"] as? Int == 1 && first["command"] is String, "\(first)")
        let page = try await scene.muster("node", "n4", "-o", "json").json()
        let saga = try #require(page["saga"] as? [String: Any])
        #expect(page["membership"] as? String == "joining")
        #expect(saga["kind"] as? String == "join" && saga["principal"] as? String == "lia")
        #expect(saga["phase"] as? String == "active" && saga["reason"] as? String == "request")
        try await terminal.until("g1  the server is started: n4 is at it")
        #expect(terminal.out.contains("join n4, 0 of 1 groups done"), "\(terminal.out)")
        try await scene.say("commandSucceeded", of: scene.command("startMember"))
        let second = try await reach("learner", "issued", scene)
        #expect(second["executor"] as? String == "n1", "\(second)")
        try await terminal.until("added as learner: n1 is at it")
    }

    private func learn(_ scene: Scene, _ terminal: Running) async throws {
        try await scene.say("commandSucceeded", of: scene.command("addMember"))
        let behind = Scene.event("groupObserved", Scene.report(learners: [4: 40], index: 8))
        var waits = try await reach("catchUp", "ready", scene, telling: [behind])
        try await eventually("it says what it waits for") {
            waits = try await step(scene)
            return waits["waitsFor"] != nil
        }
        let refusal = try #require(waits["waitsFor"] as? [String: Any])
        #expect(refusal["code"] as? String == "notCaughtUp")
        let sentence = "notCaughtUp: n4 has 40, 100 was committed in g1; stable for 0 ms of 1 s"
        #expect(refusal["sentence"] as? String == sentence)
        try await terminal.until("catching up: waits, notCaughtUp: n4 has 40")
        let page = try await scene.muster("node", "n4").out
        #expect(page.contains(/\ng1 +learner +no +- +- +60 +0 ms/), "\(page)")
        let wide = try await scene.muster("groups", "-o", "json").json()["groups"]
        let group = try #require((wide as? [[String: Any]])?.first)
        #expect(group["learners"] as? [String] == ["n4"] && group["version"] as? String == "3.8")
        #expect(group["closed"] as? Bool == false, "its change was seen: \(group)")
    }

    private func promote(_ scene: Scene, _ terminal: Running) async throws {
        let level = Scene.event("groupObserved", Scene.report(learners: [4: 100], index: 8))
        _ = try await reach("promote", "issued", scene, telling: [level])
        let command = try await scene.command("promoteMember")
        let id = try #require(command["id"] as? String)
        try await scene.say("commandOutcomeUnknown", of: command)
        _ = try await reach("promote", "inDoubt", scene)
        try await terminal.until("promoted to voter: the outcome is unknown, being looked at")
        let status = try await scene.muster("status")
        #expect(status.status == 3, "\(status.out)")
        #expect(
            status.out.contains(
                "the join of n4 in g1: the outcome of command \(id) is unknown, g1 is closed until "
                    + "it is seen"), "\(status.out)")
        let voters = Scene.event("groupObserved", Scene.report([1, 2, 3, 4], index: 9))
        try await eventually("n4 has joined") {
            try await scene.publish([voters])
            return try await scene.muster(
                "wait", "--for", "node/n4=joined", "--timeout", "1s"
            ).status == 0
        }
    }

    /// The chapters of the story that `why` tells afterwards.
    private func tell(_ scene: Scene) async throws {
        let story = Chapter(try await scene.muster("why", "n4").out)
        let view = "by the view of n1 in term 3, configuration 3.8, LENGTH before"
        #expect(
            try story.decision("command promoteMember") == [
                "look a look at the change of n4 in g1",
                "seen n4 was last heard LENGTH before",
                "seen n1 led g1 in term 3, seen LENGTH before, with entry 100 committed; n4 "
                    + "(learner) at entry 100, in contact, caught up for LENGTH",
                "proof g1: promote n4, now 3 of 3 healthy (2 needed): n1 n2 n3, after 4 of 4 (3 "
                    + "needed), floor 2; allowed; g1 will have 4 voters, which bear no more "
                    + "failures than 3; \(view)",
                "command promoteMember n4 in g1, by n1 (COMMAND)",
                "rule a learner that has caught up votes when a majority of the larger group is "
                    + "healthy without it (stabilization 1 s)",
                "outcome unknown after LENGTH, and looked for, not sent again (decision N), seen "
                    + "done after LENGTH (decision N)",
            ])
        #expect(
            try story.decision("so n4 may not take part") == [
                "look a look at the change of n4",
                "seen n4 was last heard LENGTH before",
                "seen n1 led g1 in term 3, seen LENGTH before, with entry 100 committed",
                "so n4 may not take part: notListed: n4 is not among the nodes that may join; "
                    + "list or add it",
                "rule only listed nodes join by themselves (join-policy listed)",
            ])
        #expect(
            try story.decision("fact n4 has carried out").first
                == "fact n4 has carried out command COMMAND (events/P/N)")
        #expect(
            try story.decision("command addMember").suffix(3) == [
                "command addMember n4 as learner in g1, by n1 (COMMAND)",
                "rule a newcomer is a learner first, which counts in no majority (learners-max 16)",
                "outcome reported done after LENGTH (decision N)",
            ])
        let request = try story.decision("so the join of n4 begins")
        #expect(request.first == "request lia asks: add n4 as voter (requests/P/N)", "\(request)")
        #expect(
            try story.decision("so n4 in g1: waits").suffix(2) == [
                "so n4 in g1: waits: notCaughtUp: n4 has 40, 100 was committed in g1; stable for "
                    + "LENGTH of LENGTH",
                "rule caught up is who has, in every observation for that long, what was committed "
                    + "one observation before (stabilization 1 s)",
            ])
    }

    @Test func `what an agent refuses for good stalls the change, and everything says so`()
        async throws
    {
        try await Scene.withManager { scene in
            try await eventually("n3 can be removed") {
                try await scene.muster("remove", "n3", "--dry-run").status == 0
            }
            try await scene.muster("remove", "n3", "--id", "r1", "--no-wait")
            let command = try await scene.command("removeMember")
            let id = try #require(command["id"] as? String)
            let terminal = try scene.terminal(["remove", "n3", "--id", "r1", "--timeout", "2m"])
            try await terminal.until("n1 is at it")
            try await scene.say(
                "commandFailed", of: command, #","code":"rejected","retryable":false"#)
            let why = "commandRejected: the agent rejected removeMember of n3"
            // Whoever waits learns why not at once; the change stays, and is tried again.
            let end = try await terminal.end(within: .seconds(60))
            #expect(end.status == 6, "\(end.out)")
            #expect(
                end.out.contains(
                    "remove n3: accepted, and not done in the end (commandRejected): the agent "
                        + "rejected removeMember of n3"), "\(end.out)")
            try await stalled(scene, why, id)
            let retry = try scene.terminal(["retry", "n3", "--timeout", "2m"])
            try await again(scene)
            let done = try await retry.end(within: .seconds(60))
            #expect(done.status == 0, "\(done.out)")
            #expect(done.out.contains("try again what is stalled of n3: done"), "\(done.out)")
            let page = try await scene.muster("node", "n3", "-o", "json").json()
            let tombstone = try #require(page["tombstone"] as? [String: Any], "\(page)")
            #expect(tombstone["reason"] as? String == "request")
        }
    }

    private func again(_ scene: Scene) async throws {
        _ = try await scene.command("removeMember")
        try await scene.carryOut(seeing: [1, 2], index: 8)
        _ = try await scene.command("stopMember")
        try await scene.carryOut(seeing: [1, 2], index: 8)
    }

    private func stalled(_ scene: Scene, _ why: String, _ id: String) async throws {
        let status = try await scene.muster("status", "-o", "json")
        #expect(status.status == 3)
        let cluster = try #require((try status.json()["clusters"] as? [[String: Any]])?.first)
        #expect(cluster["stalled"] as? [String] == ["n3"], "\(cluster)")
        #expect(cluster["health"] as? String == "troubled")
        #expect(status.out.contains("the removal of n3 is stalled: \(why)"), "\(status.out)")
        let removals = try await scene.muster("removals", "-o", "json").json()["removals"]
        let removal = try #require((removals as? [[String: Any]])?.first)
        #expect(removal["phase"] as? String == "stalled" && removal["retry"] is String)
        #expect((removal["blocked"] as? [String: Any])?["sentence"] as? String == why)
        let page = try await scene.muster("node", "n3").out
        #expect(page.contains(/phase +stalled\n/) && page.contains(/tried again +in\b/), "\(page)")
        #expect(page.contains(/trouble +commandRejected: the agent rejected/), "\(page)")
        #expect(page.contains(/g1 +remove +failed\b/), "\(page)")
        let past = try await scene.muster("at", "now", "--time-format", "iso").out
        #expect(past.contains(/n3 +remove +- +request +lia +\S+ +stalled +commandRej/), "\(past)")
        let chain = Chapter(try await scene.muster("why", id).out)
        #expect(
            try chain.decision("command removeMember").suffix(3) == [
                "command removeMember n3 in g1, by n1 (COMMAND)",
                "rule a voter goes when a majority of the rest is healthy and enough remain "
                    + "(voters-min 2)",
                "outcome not done (rejected, the engine refused it; not to be tried again) after "
                    + "LENGTH (decision N)",
            ])
        let story = Chapter(try await scene.muster("why", "n3").out)
        let block = try story.decision("so n3: stalled")
        for said in [
            "so n3: stalled until TIME: \(why)",
            "rule a stalled change keeps what is safe; a new start of the node or the time "
                + "tries it again (stall-retry 10 m)",
        ] {
            #expect(block.contains(said), "\(block)")
        }
    }
}
