import Foundation
import MusterCommandLine
import Testing
import muster

/// Every form of output of every command that prints a result says the same.
@Suite(.timeLimit(.minutes(10)))
struct OutputFormTests {
    @Test(arguments: SceneLog.all)
    func `every query says the same in every form`(log: SceneLog) async throws {
        try await Scene.withManager(log) { scene in
            try await prepare(scene)
            for words in queries { try await check(words, scene) }
        }
    }

    private let queries: [[String]] = [
        ["status"], ["clusters"], ["nodes"], ["nodes", "--status", "up"],
        ["nodes", "--membership", "removed"], ["node", "n1"], ["node", "n3"], ["groups"],
        ["removals"], ["commands"], ["why", "n3"], ["why", "n1", "--all"], ["at", "4"],
        ["at", "now"], ["replay"], ["verify"], ["diff", "1", "5"], ["diff", "5", "5"],
        ["backtest", "--policy", "policy.yaml"], ["topics", "list"], ["topics", "create"],
        ["quarantine", "list"], ["quarantine", "show", "events/0/4"],
        ["wait", "--for", "node/n1=up", "--for", "group/g1=leader"],
        ["wait", "--for", "cluster/orders=configured"],
        ["remove", "n9", "--dry-run", "--id", "d1"],
        ["configure", "--removal-delay", "7m", "--dry-run", "--id", "d2"],
        ["add", "n1", "--dry-run", "--id", "d3"], ["cancel", "n1", "--id", "done-before"],
        ["publish", "lines", "lines.jsonl", "--check"],
    ]

    /// A removal under way, a refused request, and an input that is none.
    private func prepare(_ scene: Scene) async throws {
        try await scene.muster("remove", "n3", "--timeout", "0", "--id", "r1")
        try await scene.muster("cancel", "n1", "--id", "done-before")
        // Another program than this one put a broken record there.
        try await scene.appendEvent(Array(#"{"broken"#.utf8))
        try await eventually("the broken input is in quarantine") {
            try await !scene.muster("quarantine", "list", "-o", "name").out.isEmpty
        }
        try await eventually("the command is issued") {
            try await !scene.muster("commands", "-o", "name").out.isEmpty
        }
        try await eventually("nothing waits any more") {
            try await scene.muster("status", "-o", "json").json()["waiting"] as? Int == 0
        }
        try scene.write("removalDelay: 20m\nvoters-min: 3\n", to: "policy.yaml")
        let lines = (scene.facts + scene.beats).map { $0 + "\n" }.joined()
        try lines.write(
            to: scene.folder.appending(path: "lines.jsonl"), atomically: true, encoding: .utf8)
    }

    private func check(_ given: [String], _ scene: Scene) async throws {
        var words = given
        if words.starts(with: ["quarantine", "show"]) {
            words[2] = try await scene.muster("quarantine", "list", "-o", "name").lines[0]
        }
        let command = try #require(
            (1...2).reversed().compactMap { Table.program.command(at: Array(words.prefix($0))) }
                .first { $0.run != nil })
        let rendered = Rendered(command: command)
        let form = ["--time-format", "iso", "-o"]
        let asJSON = try await scene.muster.run(words + form + ["json"])
        let json = try asJSON.json()
        #expect(rendered.shapeProblems(json).isEmpty, "\(words): \(rendered.shapeProblems(json))")
        for wide in [false, true] {
            let page = try await scene.muster.run(words + form + [wide ? "wide" : "table"])
            #expect(page.status == asJSON.status, "\(words): \(page.err)")
            let missing = rendered.missing(json, in: page.out, isWide: wide)
            #expect(missing.isEmpty, "\(words): \(missing) not in\n\(page.out)")
        }
        try await checkLines(words, form, json, command, scene)
        let yaml = try await scene.muster.run(words + form + ["yaml"])
        for name in json.keys { #expect(yaml.out.contains("\(name):"), "\(words): \(name)") }
        let help = try await scene.muster.run(words + ["-o", "help"])
        for name in json.keys { #expect(help.out.contains("\"\(name)\":"), "\(words): \(name)") }
    }

    @Test(arguments: SceneLog.all)
    func `a dry run prints the proof of every group`(log: SceneLog) async throws {
        try await Scene.withManager(log) { scene in
            try await eventually("n3 can be removed") {
                try await scene.muster("remove", "n3", "--dry-run").status == 0
            }
            try await check(["remove", "n3", "--dry-run", "--id", "d4"], scene)
            let before = try await asked(scene)
            let run = try await scene.muster("remove", "n3", "--dry-run", "-o", "json")
            let json = try run.json()
            #expect(json["outcome"] as? String == "possible")
            let proofs = try #require(json["proofs"] as? [[String: Any]])
            #expect(proofs.count == 1 && proofs[0]["verdict"] as? String == "allowed")
            #expect(proofs[0]["healthy"] as? [String] == ["n1", "n2", "n3"])
            #expect(proofs[0]["votersAfter"] as? Int == 2)
            #expect(json["membershipVersion"] is String)
            #expect(try await asked(scene) == before, "nothing is appended")
            try await scene.muster("configure", "--voters-min", "3")
            let floor = try await scene.muster("remove", "n3", "--dry-run", "-o", "json")
            #expect(floor.status == 6)
            let refusal = try #require(try floor.json()["refusal"] as? [String: Any])
            #expect(refusal["code"] as? String == "floor")
            let below = try await scene.muster("remove", "n3", "--dry-run", "--below-floor")
            #expect(below.status == 0, "\(below.out)")
        }
    }

    /// How many records lie where a request would; checkpoints come by themselves.
    private func asked(_ scene: Scene) async throws -> [String?] {
        let counts = try await scene.counts()
        return ["requests", "events", "journal", "commands"].map { counts[$0] }
    }

    /// jsonl has an object a row, and name a name a row.
    private func checkLines(
        _ words: [String], _ form: [String], _ json: [String: Any], _ command: Command,
        _ scene: Scene
    ) async throws {
        let lines = try await scene.muster.run(words + form + ["jsonl"]).lines
        let names = try await scene.muster.run(words + form + ["name"]).lines
        guard let rows = command.layout?.rows else {
            #expect(lines.count == 1, "\(words)")
            #expect(names.count == 1, "\(words)")
            return
        }
        let list = try #require(json[rows.description] as? [[String: Any]], "\(words)")
        #expect(lines.count == list.count, "\(words)")
        for (line, row) in zip(lines, list) {
            let value = try JSONSerialization.jsonObject(with: Data(line.utf8))
            let read = try #require(value as? [String: Any])
            #expect(Set(read.keys) == Set(row.keys), "\(words)")
        }
        if let name = command.layout?.name {
            let wanted = list.map { "\($0[name.description] ?? "-")" }
            #expect(names == wanted, "\(words)")
        }
    }

    @Test(arguments: SceneLog.all)
    func `streams print one object a line, and a table with its titles`(log: SceneLog) async throws
    {
        try await Scene.withManager(log) { scene in
            let table = try await scene.muster("log")
            #expect(table.out.hasPrefix("TIME "))
            let run = try await scene.muster("log", "-o", "jsonl")
            #expect(run.lines.count == table.lines.count - 1)
            let command = try #require(Table.program.command(at: ["log"]))
            for line in run.lines {
                let value = try JSONSerialization.jsonObject(with: Data(line.utf8))
                let problems = Rendered(command: command).shapeProblems(value)
                #expect(problems.isEmpty, "\(problems) in \(line)")
                let event = try #require(value as? [String: Any])
                let sentence = try #require(event["sentence"] as? String)
                #expect(table.out.contains(sentence))
            }
            let names = try await scene.muster("log", "-o", "name").lines
            #expect(names.first == "1" && names.count == run.lines.count)
            #expect(try await scene.muster("log", "-o", "yaml").out.hasPrefix("---\n"))
            let last = try await scene.muster("log", "-n", "1", "-o", "json").json()
            #expect(last["seq"] as? String == names.last)
            let nodes = try await scene.muster("log", "--node", "n2", "-o", "jsonl").lines
            #expect(nodes.count == 1 && nodes[0].contains("nodeStarted"))
            let from = try await scene.muster("log", "--from", "4", "-o", "name").lines
            #expect(from.allSatisfy { (Int($0) ?? 0) >= 4 } && !from.isEmpty)
            #expect(try await scene.muster("log", "--since", "now").out.isEmpty)
        }
    }
}
