import Foundation
import MusterCore
import Testing

/// Whatever is wrong with what is given, there is one clear sentence, and nothing is half done.
@Suite(.timeLimit(.minutes(5)))
struct BadInputTests {
    /// A line, and what the sentence about it must say.
    private static let lines: [(line: Data, says: String)] = {
        func text(_ line: String) -> Data { Data(line.utf8) }
        let up = Scene.nodeUp(1)
        func changed(_ old: String, _ new: String) -> Data {
            precondition(up.contains(old), "the test's own line has no \(old)")
            return text(up.replacingOccurrences(of: old, with: new))
        }
        let long = String(repeating: "x", count: 256)
        return [
            (text(#"{"specversion":"#), "at byte"),
            (text("no json at all"), "at byte"),
            (Data([0x7B, 0x22, 0xFF, 0xFE, 0x22, 0x3A, 0x31, 0x7D]), "UTF-8"),
            (text("[]"), "object"),
            (changed(#""start":"1""#, #""start":"-1""#), "/data/start"),
            (changed(#""start":"1""#, #""start":1.5"#), "/data/start"),
            (changed(#""start":"1""#, #""start":true"#), "/data/start"),
            (changed(#""role":"voter""#, #""role":"leader""#), "/data/role"),
            (changed(#""role":"voter","#, ""), "role"),
            (changed("muster.nodeUp.v1", "muster.nodeUp.v2"), "version"),
            (changed("muster.nodeUp.v1", "muster.nodeFlies.v1"), "none of Muster's"),
            (changed(#""node":"n1""#, #""node":"""#), "empty"),
            (changed(#""node":"n1""#, #""node":"\#(long)""#), "256 bytes"),
            (changed(#""node":"n1""#, #""node":"n\u001b[31m""#), "U+001B"),
            (changed(#""node":"n1""#, #""node":"n\u202e1""#), "U+202E"),
            (changed(#""cluster":"orders""#, #""cluster":"a/b""#), "U+002F"),
            (changed(#""cluster":"orders","#, ""), "cluster"),
            (changed(#""blank":false"#, #""blank":false,"blank":true"#), "blank"),
            (changed(#""specversion":"1.0""#, #""specversion":"0.3""#), "specversion"),
            (changed(#""blank":false"#, #""blank":false,"note":"\#(pad)""#), "65536"),
        ]
    }()

    private static let pad = String(repeating: "y", count: 70_000)

    @Test(arguments: lines.indices)
    func `a wrong line is named with file, line and place, and nothing is published`(
        _ index: Int
    ) async throws {
        try await Scene.withFacts { try await expectRefusal(of: index, $0) }
    }

    @Test(.enabled(if: SceneLog.all.contains(.kafka), "MUSTER_TEST_KAFKA names no Kafka"))
    func `every wrong line is named on Kafka too, one after another`() async throws {
        try await Scene.withFacts(.kafka) { scene in
            for index in Self.lines.indices { try await expectRefusal(of: index, scene) }
        }
    }

    private func expectRefusal(of index: Int, _ scene: Scene) async throws {
        let (line, says) = Self.lines[index]
        let before = try await scene.counts()
        let good = Data((Scene.nodeUp(2) + "\n").utf8)
        try scene.write(good + line + Data("\n".utf8) + good, to: "facts.jsonl")
        let run = try await scene.muster("publish", "lines", "facts.jsonl")
        #expect(run.status == 1 && run.out.isEmpty, "\(run.out)")
        #expect(run.err.contains("facts.jsonl:2: "), "\(run.err)")
        #expect(run.err.contains(says), "\(says): \(run.err)")
        #expect(run.err.contains("nothing was published"), "\(run.err)")
        #expect(!run.err.unicodeScalars.contains { $0.value == 0x1B || $0.value == 0x202E })
        #expect(try await scene.counts() == before)
    }

    @Test(arguments: SceneLog.all)
    func `--keep-going publishes the others and fails at the end`(log: SceneLog) async throws {
        try await Scene.withFacts(log) { scene in
            let lines = [Scene.nodeUp(2), "{}", "", Scene.nodeUp(3), "x"]
            let data = Data(lines.joined(separator: "\n").utf8)
            let run = try await scene.muster(
                "publish", "lines", "-", "--keep-going", "-o", "json", input: data)
            #expect(run.status == 1)
            let json = try run.json()
            #expect(json["published"] as? Int == 2 && json["refused"] as? Int == 2)
            #expect(run.err.contains("standard input:2: "), "\(run.err)")
            #expect(run.err.contains("standard input:5: "), "\(run.err)")
        }
    }

    @Test(arguments: SceneLog.all)
    func `a pipe is published up to the first wrong line`(log: SceneLog) async throws {
        try await Scene.withFacts(log) { scene in
            let data = Data([Scene.nodeUp(2), "{}", Scene.nodeUp(3)].joined(separator: "\n").utf8)
            let run = try await scene.muster("publish", "lines", input: data)
            #expect(run.status == 1 && run.err.contains("1 lines before it were published"))
            #expect(try await scene.counts()["events"] == "5")
        }
    }

    @Test func `seeds and faults of simulate that are no numbers are refused, and nothing runs`()
        async throws
    {
        try await Scene.with { scene in
            for option in ["--kept", "--only"] {
                for value in ["x", "3,x", "7,", "1;2", "3 7", "-1", "9223372036854775808"] {
                    let wrong =
                        value.split(separator: ",", omittingEmptySubsequences: false).last ?? ""
                    let run = try await scene.muster("simulate", "\(option)=\(value)")
                    #expect(run.status == 64 && run.out.isEmpty, "\(option) \(value)")
                    let sentence = "\(option) needs whole numbers from 0 to"
                    #expect(
                        run.err.contains(sentence) && run.err.contains("not \"\(wrong)\""),
                        "\(run.err)")
                }
            }
            let run = try await scene.muster("simulate", "--calm", "--kept", "3,7", "-o", "json")
            #expect(try run.json()["schedules"] as? Int == 3, "\(run.err)")
        }
    }

    @Test(arguments: SceneLog.all)
    func `names from the command line are held to the same rules`(log: SceneLog) async throws {
        try await Scene.withFacts(log) { scene in
            let long = String(repeating: "x", count: 256)
            for name in ["n\u{1B}[31m", "a\u{202E}b", "a/b", long] {
                for words in [["node", name], ["remove", name], ["nodes", "--cluster", name]] {
                    let run = try await scene.muster.run(words)
                    #expect(run.status == 64 && run.out.isEmpty, "\(words): \(run.err)")
                    let isClean = !run.err.unicodeScalars.contains {
                        $0.value == 0x1B || $0.value == 0x202E
                    }
                    #expect(isClean, "\(words)")
                }
            }
            let store = try await scene.muster(
                "publish", "node-up", "--cluster", "c", "--node", "n", "--store", "XYZ")
            #expect(store.status == 64 && store.err.contains("32 hex digits"), "\(store.err)")
            let start = try await scene.muster(
                "publish", "node-up", "--cluster", "c", "--node", "n", "--start", "-1")
            #expect(start.status == 64 && start.err.contains("--start"), "\(start.err)")
            let role = try await scene.muster(
                "publish", "node-up", "--cluster", "c", "--node", "n", "--role", "boss")
            #expect(role.status == 64 && role.err.contains("voter"), "\(role.err)")
        }
    }

    @Test(arguments: SceneLog.all)
    func `what arrives by the log goes to quarantine with its bytes`(log: SceneLog) async throws {
        try await Scene.withManager(log) { scene in
            let wanted = [Array(#"{"broken"#.utf8), [0xFF, 0, 0xFE], Array("\u{202E}[31m".utf8)]
            for value in wanted { try await scene.appendEvent(value) }
            try await eventually("all are in quarantine") {
                try await scene.muster("quarantine", "list", "-o", "name").lines.count == 3
            }
            let list = try await scene.muster("quarantine", "list", "-o", "json").json()
            let records = try #require(list["records"] as? [[String: Any]])
            for (record, bytes) in zip(records, wanted) {
                let id = try #require(record["id"] as? String)
                let shown = try await scene.muster("quarantine", "show", id, "-o", "json").json()
                let base64 = try #require(shown["base64"] as? String)
                #expect(Data(base64Encoded: base64) == Data(bytes))
                #expect(shown["reason"] as? String == record["reason"] as? String)
            }
            // The manager goes on.
            let node = try await scene.muster("extend", "n1")
            #expect(node.status == 6, "\(node.err)")
        }
    }

    @Test(arguments: SceneLog.all)
    func `a node or a group that does not exist is refused by name`(log: SceneLog) async throws {
        try await Scene.withManager(log) { scene in
            for words in [["remove", "n9"], ["cancel", "n9"], ["extend", "n9"], ["add", "n9"]] {
                let run = try await scene.muster.run(words)
                #expect(run.status == 5 && run.out.contains("n9"), "\(words): \(run.out)")
            }
            let group = try await scene.muster("add", "n1", "--group", "g9")
            #expect(group.status == 5 && group.out.contains("g9"), "\(group.out)")
            let changed = try await scene.muster("remove", "n3", "--if-version", "999")
            #expect(changed.status == 6 && changed.out.contains("999"), "\(changed.out)")
            let invalid = try await scene.muster("configure", "--voters-min", "9")
            #expect(invalid.status == 6, "\(invalid.out)")
        }
    }

    @Test func `a request that is too old is refused`() async throws {
        try await Scene.withManager { scene in
            // One that was appended two minutes before what was heard last.
            try scene.sqlite(
                """
                INSERT INTO records SELECT topic, partition, max(offset) + 1, max(time) - 120000, \
                key, headers, replace(value, '"request":"', '"request":"late-') FROM records \
                WHERE topic = 'requests' AND partition = \
                (SELECT partition FROM records WHERE topic = 'requests' LIMIT 1)
                """)
            try await eventually("the request is decided") {
                try await scene.muster("log").out.contains("request late-")
            }
            let log = try await scene.muster("log").out
            #expect(log.contains("request late-") && log.contains("is refused"), "\(log)")
            #expect(log.contains("expired") || log.contains("valid"), "\(log)")
        }
    }
}
