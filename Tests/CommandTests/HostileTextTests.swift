import Foundation
import MusterCore
import MusterLog
import MusterWire
import Testing

/// What others wrote never moves the cursor of whoever reads it.
@Suite(.timeLimit(.minutes(5)))
struct HostileTextTests {
    private static let hostile = "\u{1B}]0;owned\u{7}\u{1B}[31m\u{202E}evil"

    private let looks: [[String]] = [
        ["status"], ["status", "-o", "wide"], ["nodes"], ["nodes", "-o", "wide"],
        ["groups", "-o", "wide"], ["removals"], ["commands"], ["clusters"], ["log"],
        ["log", "-o", "wide"], ["log", "-o", "yaml"], ["log", "-o", "jsonl"],
        ["why", "n1", "--all"],
        ["why", "1"], ["at", "now"], ["node", "n1"], ["diff", "1", "now"], ["proposals", "--all"],
        ["why", "g1", "--all"], ["wait", "--for", "group/g1=leader", "--timeout", "1ms"],
        ["remove", "n2", "--dry-run"], ["nodes", "-o", "json"], ["nodes", "-o", "yaml"],
        ["nodes", "-o", "name"], ["why", "n1", "--all", "-o", "json"],
    ]

    @Test func `a reason with escape codes is shown with them written out`() async throws {
        try await Scene.withManager { scene in
            let json = #""\u001b]0;owned\u0007\u001b[31m\u202eevil""#
            try await scene.publish([
                Scene.event(
                    "nodeLeaving", #"{"cluster":"orders",\#(Scene.identity(1)),"reason":\#(json)}"#)
            ])
            let run = try await scene.muster("extend", "n1", "--reason", Self.hostile)
            #expect(run.status == 6)
            try await eventually("both are decided") {
                let log = try await scene.muster("log", "-o", "wide").out
                return log.contains("asks to leave: \\u{1b}") || log.contains("asks to leave: \\")
            }
            try await checkAll(scene, says: "evil")
        }
    }

    /// Names are checked where they come in; a journal from elsewhere may hold any.
    @Test func `a name with escape codes, in a journal from elsewhere, is written out`()
        async throws
    {
        try await Scene.withFacts { scene in
            try await scene.running {
                try await scene.muster("configure", "--cluster", "orders")
            }
            try forge(scene)
            let nodes = try await scene.muster("nodes")
            #expect(nodes.status == 0 && nodes.out.contains("evil"), "\(nodes.out) \(nodes.err)")
            try await checkAll(scene, says: "evil")
        }
    }

    /// Appends a record that extends the chain and holds a node of that name.
    private func forge(_ scene: Scene) throws {
        let place = "FROM records WHERE topic = 'journal' AND json_extract(value, '$.cluster')"
        func record(_ what: String) throws -> [UInt8] {
            let text = try scene.sqlite("SELECT value \(place) = 'orders' \(what) LIMIT 1")
            return Array(text.utf8.dropLast())
        }
        let head = try record("ORDER BY offset DESC")
        let model = try record("AND value LIKE '%nodeStarted%' ORDER BY offset")
        let decided = try #require(JournalEnvelope(of: head))
        let envelope = JournalEnvelope(
            extending: Head(sequence: decided.sequence, hash: SHA256.hash(of: head)),
            of: decided.cluster)
        let start = try #require(JournalEnvelope(of: model)).prefix.count
        let content = String(decoding: model.dropFirst(start), as: UTF8.self)
            .replacingOccurrences(
                of: "\"n1\"", with: #""\u001b]0;owned\u0007\u001b[31m\u202eevil""#
            )
            .replacingOccurrences(of: "'", with: "''")
        let value = String(decoding: envelope.prefix, as: UTF8.self) + content
        try scene.sqlite(
            """
            INSERT INTO records SELECT topic, partition, max(offset) + 1, max(time), key, headers, \
            '\(value)' \(place) = 'orders'
            """)
    }

    private func checkAll(_ scene: Scene, says: String) async throws {
        var isSaid = false
        for words in looks {
            let pipe = try await scene.muster.run(words)
            #expect(Self.isClean(pipe.out) && Self.isClean(pipe.err), "\(words)")
            isSaid = isSaid || pipe.out.contains(says)
            let screen = try await scene.terminal(words, environment: ["NO_COLOR": "1"]).end()
            #expect(Self.isClean(screen.out, onTerminal: true), "\(words): \(screen.out)")
        }
        #expect(isSaid, "the text is never shown, so nothing was tested")
    }

    /// Whether no control reaches the reader but line ends, and on a terminal the program's own
    /// way of clearing a line.
    private static func isClean(_ text: String, onTerminal: Bool = false) -> Bool {
        var rest = text
        if onTerminal {
            for own in ["\u{1B}[K", "\u{1B}[J", "\r"] {
                rest = rest.replacingOccurrences(of: own, with: "")
            }
        }
        return !rest.unicodeScalars.contains {
            ($0.value < 0x20 && $0 != "\n" && $0 != "\r") || $0.value == 0x7F
                || (0x80..<0xA0).contains($0.value) || $0.value == 0x202E
        }
    }
}
