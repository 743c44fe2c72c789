import Foundation
import Testing

/// `muster verify` on a log that a manager wrote, whole and with each kind of tampering.
@Suite(.timeLimit(.minutes(10)))
struct VerifyTests {
    /// In SQL: the partition that holds the decisions.
    private static let home = """
        (SELECT partition FROM records WHERE topic = 'journal' AND offset > 0 LIMIT 1)
        """

    /// In SQL: the records of the cluster's journal partition.
    private static let journal = "topic = 'journal' AND partition = \(home)"

    /// A log with eight decisions and no manager any more: three nodes, what one leads, a policy,
    /// two refused requests, and a second fact that decides nothing.
    private func withJournal(_ body: (Scene, _ partition: String) async throws -> Void) async throws
    {
        try await Scene.withFacts { scene in
            try await scene.running {
                try await scene.muster(
                    "configure", "--cluster", "orders", "--lease", "60s", "--removal-delay", "10m",
                    "--reason", "begin")
                try await scene.publish([Scene.nodeUp(2)])
                try await scene.muster("extend", "n1", "--reason", "why not")
                try await scene.muster("extend", "n2", "--reason", "the last word")
            }
            let partition = try scene.sqlite("SELECT \(Self.home)")
            try await body(scene, partition.trimmingCharacters(in: .newlines))
        }
    }

    private struct Verdict {
        let run: Muster.Run
        let json: [String: Any]

        var findings: [[String: Any]] { json["findings"] as? [[String: Any]] ?? [] }
        var verdict: String? { json["verdict"] as? String }

        func has(_ kind: String, at place: String, saying words: String = "") -> Bool {
            findings.contains {
                $0["kind"] as? String == kind && $0["place"] as? String == place
                    && (words.isEmpty || ($0["sentence"] as? String ?? "").contains(words))
            }
        }

        func count(_ name: String) -> Int? {
            (json["inputs"] as? [String: Any])?[name] as? Int
        }
    }

    private func verify(_ scene: Scene, _ words: String...) async throws -> Verdict {
        let run = try await scene.muster.run(["verify", "-o", "json"] + words)
        return Verdict(run: run, json: try run.json())
    }

    private func head(_ scene: Scene) async throws -> String {
        try #require(try await scene.muster("verify", "-o", "name").lines.first)
    }

    // MARK: Whole

    @Test func `a whole log verifies, every input is accounted for, and heads are printed to keep`()
        async throws
    {
        try await withJournal { scene, partition in
            let whole = try await verify(scene)
            #expect(whole.run.status == 0, "\(whole.run.out) \(whole.run.err)")
            #expect(whole.verdict == "intact")
            #expect(whole.json["accepted"] as? Int == whole.json["decided"] as? Int)
            #expect(whole.count("checked") == 8)
            #expect(whole.count("decided") == 7 && whole.count("silent") == 1)
            #expect(whole.count("skipped") == 0 && whole.count("pending") == 0)
            let head = try await head(scene)
            #expect(head.hasPrefix("orders=7:"), "\(head)")
            try scene.write(head + "\n", to: "heads.txt")
            let kept = try await scene.muster("verify", "--expect-from", "heads.txt")
            #expect(kept.status == 0 && kept.out.contains("nothing was found"), "\(kept.out)")
            let bare = head.dropFirst("orders=".count)
            #expect(try await scene.muster("verify", "--expect", String(bare)).status == 0)
            let alone = try await verify(scene, "--journal-only")
            #expect(alone.json["inputs"] == nil && alone.run.status == 0)
        }
    }

    @Test func `copies of the journal verify, a file for each partition`() async throws {
        try await withJournal { scene, partition in
            let files = try export(scene)
            let head = try await head(scene)
            let whole = try await verify(
                scene, "--file", files[0], "--file", files[1], "--expect", head)
            #expect(whole.run.status == 0, "\(whole.run.out) \(whole.run.err)")
            #expect((whole.json["clusters"] as? [Any])?.count == 1)
            let file = files[Int(partition) ?? 0]
            try change(file, scene) {
                $0.replacingOccurrences(of: "the last word", with: "another")
            }
            let blind = try await verify(scene, "--file", file)
            #expect(blind.run.status == 0, "nothing in a copy shows that its last line was changed")
            let changed = try await verify(scene, "--file", file, "--expect", head)
            #expect(changed.run.status == 9)
            #expect(changed.has("unexpected", at: "\(file):8", saying: "noted was"))
            try change(file, scene) { $0.replacingOccurrences(of: "why not", with: "just so") }
            let edited = try await verify(scene, "--file", "\(partition)=\(file)")
            #expect(edited.run.status == 9)
            #expect(edited.has("changed", at: "\(file):7"), "\(edited.run.out)")
        }
    }

    /// What is wrong with a copy is named with file and line, as in the topic with its offset.
    /// Line 1 is the header, and line N + 1 holds decision N.
    @Test func `each kind of tampering is found in a copy too, with file and line`() async throws {
        try await withJournal { scene, partition in
            let file = try export(scene)[Int(partition) ?? 0]
            let lines = try String(
                contentsOf: scene.folder.appending(path: file), encoding: .utf8
            ).split(separator: "\n").map(String.init)
            func found(
                _ kind: String, at line: Int, saying words: String, in copy: [String],
                _ more: String...
            ) async throws {
                try scene.write(copy.map { $0 + "\n" }.joined(), to: "copy.txt")
                let run = try await scene.muster.run(
                    ["verify", "-o", "json", "--file", "copy.txt"] + more)
                let verdict = Verdict(run: run, json: try run.json())
                #expect(run.status == 9, "\(kind): \(run.out)")
                #expect(
                    verdict.has(kind, at: "copy.txt:\(line)", saying: words),
                    "\(kind): \(run.out)")
            }
            var copy = lines
            copy[2] = copy[2].replacingOccurrences(of: #""node":"n2""#, with: #""node":"n7""#)
            try await found("changed", at: 3, saying: "decision 2 was changed", in: copy)
            copy = lines
            copy.remove(at: 3)
            try await found("missing", at: 4, saying: "decision 3 is missing", in: copy)
            copy = lines
            copy.swapAt(3, 4)
            try await found("reordered", at: 4, saying: "lies before decision 3", in: copy)
            copy = lines + [lines[3]]
            try await found("repeated", at: 9, saying: "stands at", in: copy, "--strict")
            copy = lines
            copy[7] = copy[7].replacingOccurrences(
                of: #""type":"requestRejected""#, with: #""type":"requestAccepted""#)
            let end = try #require(copy[7].range(of: #","refusal""#)?.lowerBound)
            copy[7] = copy[7].prefix(upTo: end) + "}]}}"
            try await found("decidedOtherwise", at: 8, saying: "is accepted; now:", in: copy)
        }
    }

    private func export(_ scene: Scene) throws -> [String] {
        try (0..<2).map { partition in
            let text = try scene.sqlite(
                "SELECT value FROM records WHERE topic = 'journal' AND partition = \(partition) "
                    + "ORDER BY offset")
            try scene.write(text, to: "journal-\(partition).txt")
            return "journal-\(partition).txt"
        }
    }

    private func change(_ file: String, _ scene: Scene, _ body: (String) -> String) throws {
        let path = scene.folder.appending(path: file)
        try scene.write(body(try String(contentsOf: path, encoding: .utf8)), to: file)
    }

    // MARK: Tampering

    @Test func `a flipped byte is found in the record that has it`() async throws {
        try await withJournal { scene, partition in
            try scene.sqlite(
                """
                UPDATE records SET value = replace(value, '"node":"n2"', '"node":"n7"') \
                WHERE \(Self.journal) AND offset = 2
                """)
            let found = try await verify(scene)
            #expect(found.run.status == 9)
            #expect(
                found.has(
                    "changed", at: "journal/\(partition)/2", saying: "decision 2 was changed"),
                "\(found.run.out)")
            #expect(found.has("inputDiffers", at: "events/\(partition)/1"), "\(found.run.out)")
        }
    }

    @Test func `a flipped byte in the chain's own words is found in the record that has it`()
        async throws
    {
        try await withJournal { scene, partition in
            try scene.sqlite(
                """
                UPDATE records SET value = replace(value, '"seq":"3"', '"seq":"9"') \
                WHERE \(Self.journal) AND offset = 3
                """)
            let number = try await verify(scene)
            #expect(
                number.has("changed", at: "journal/\(partition)/3", saying: "calls itself 9"),
                "\(number.run.out)")
            try scene.sqlite(
                """
                UPDATE records SET value = replace(replace(value, '"seq":"9"', '"seq":"3"'), \
                '"previous":"', '"previous":"0') WHERE \(Self.journal) AND offset = 3;
                UPDATE records SET value = substr(value, 1, instr(value, '"previous":"') + 75) || \
                substr(value, instr(value, '"previous":"') + 77) \
                WHERE \(Self.journal) AND offset = 3
                """)
            let previous = try await verify(scene)
            #expect(previous.run.status == 9)
            #expect(
                previous.has("changed", at: "journal/\(partition)/3", saying: "decision 3"),
                "\(previous.run.out)")
        }
    }

    @Test func `a dropped record is found where the chain goes on`() async throws {
        try await withJournal { scene, partition in
            try scene.sqlite("DELETE FROM records WHERE \(Self.journal) AND offset = 3")
            let found = try await verify(scene)
            #expect(found.run.status == 9)
            #expect(
                found.has("missing", at: "journal/\(partition)/4", saying: "decision 3 is missing"),
                "\(found.run.out)")
        }
    }

    @Test func `a first record that was dropped is found`() async throws {
        try await withJournal { scene, partition in
            try scene.sqlite("DELETE FROM records WHERE \(Self.journal) AND offset = 1")
            let found = try await verify(scene)
            #expect(found.run.status == 9)
            #expect(found.has("missing", at: "journal/\(partition)/2"), "\(found.run.out)")
        }
    }

    @Test func `an end that was cut off is found by the head that was kept, and by its inputs`()
        async throws
    {
        try await withJournal { scene, partition in
            let head = try await head(scene)
            try scene.sqlite("DELETE FROM records WHERE \(Self.journal) AND offset = 7")
            let found = try await verify(scene, "--expect", head)
            #expect(found.run.status == 9)
            let sentences = found.findings.compactMap { $0["sentence"] as? String }
            #expect(sentences.contains { $0.contains("its end was cut off") }, "\(sentences)")
            #expect(
                found.has("inputSkipped", at: "requests/\(partition)/2", saying: "a checkpoint"),
                "\(found.run.out)")
        }
    }

    @Test func `a repeated record is void, named with both places, and a fault if that is wanted`()
        async throws
    {
        try await withJournal { scene, partition in
            try scene.sqlite(
                """
                INSERT INTO records SELECT topic, partition, 8, time, key, headers, value \
                FROM records WHERE \(Self.journal) AND offset = 3
                """)
            let found = try await verify(scene)
            #expect(found.run.status == 0 && found.verdict == "intact, see below")
            #expect(
                found.has("repeated", at: "journal/\(partition)/8", saying: "stands at offset 3"),
                "\(found.run.out)")
            let voids = try #require(found.json["voids"] as? [[String: Any]])
            #expect(voids.first?["kind"] as? String == "repeated")
            #expect(voids.first?["places"] as? [String] == ["journal/\(partition)/8"])
            #expect(try await verify(scene, "--strict").run.status == 9)
        }
    }

    @Test func `records that changed places are found`() async throws {
        try await withJournal { scene, partition in
            try scene.sqlite(
                """
                UPDATE records SET offset = 99 WHERE \(Self.journal) AND offset = 3;
                UPDATE records SET offset = 3 WHERE \(Self.journal) AND offset = 4;
                UPDATE records SET offset = 4 WHERE \(Self.journal) AND offset = 99
                """)
            let found = try await verify(scene)
            #expect(found.run.status == 9)
            #expect(
                found.has(
                    "reordered", at: "journal/\(partition)/3", saying: "lies before decision 3"),
                "\(found.run.out)")
        }
    }

    @Test func `an edited reason is found, of the last record too`() async throws {
        try await withJournal { scene, partition in
            let head = try await head(scene)
            try scene.sqlite(
                """
                UPDATE records SET value = replace(value, 'the last word', 'another word') \
                WHERE \(Self.journal) AND offset = 7
                """)
            let alone = try await verify(scene, "--journal-only")
            #expect(alone.run.status == 0, "a journal alone cannot show it: \(alone.run.out)")
            let expected = try await verify(scene, "--journal-only", "--expect", head)
            #expect(expected.run.status == 9)
            #expect(
                expected.has("unexpected", at: "journal/\(partition)/7", saying: "noted was"),
                "\(expected.run.out)")
            let withInputs = try await verify(scene)
            #expect(withInputs.run.status == 9)
            #expect(
                withInputs.has(
                    "inputDiffers", at: "requests/\(partition)/2", saying: "the last word"),
                "\(withInputs.run.out)")
            try scene.sqlite(
                """
                UPDATE records SET value = replace(value, 'why not', 'just so') \
                WHERE \(Self.journal) AND offset = 6
                """)
            let middle = try await verify(scene, "--journal-only")
            #expect(middle.has("changed", at: "journal/\(partition)/6"), "\(middle.run.out)")
        }
    }

    @Test func `what another program would have decided is found, with both answers`() async throws
    {
        try await withJournal { scene, partition in
            // As a version with another rule would have written it: the last one, so that no hash
            // gives it away.
            try scene.sqlite(
                """
                UPDATE records SET value = replace(value, '"type":"requestRejected"', \
                '"type":"requestAccepted"') WHERE \(Self.journal) AND offset = 7;
                UPDATE records SET value = substr(value, 1, instr(value, ',"refusal"') - 1) || \
                '}]}}' WHERE \(Self.journal) AND offset = 7
                """)
            let found = try await verify(scene)
            #expect(found.run.status == 9)
            #expect(
                found.has(
                    "decidedOtherwise", at: "journal/\(partition)/7", saying: "is accepted; now:"),
                "\(found.run.out)")
            let finding = try #require(
                found.findings.first { $0["kind"] as? String == "decidedOtherwise" })
            #expect((finding["recorded"] as? [String])?.first?.contains("requestAccepted") == true)
            #expect((finding["decided"] as? [String])?.first?.contains("requestRejected") == true)
            #expect(finding["version"] as? String == "0.2.0")
            let sentence = finding["sentence"] as? String ?? ""
            #expect(sentence.contains("by version 0.2.0") && !sentence.contains("; this is"))
        }
    }

    @Test func `what an earlier version decided otherwise is named with both versions`()
        async throws
    {
        try await withJournal { scene, partition in
            // It wrote how long somebody would go on holding, where this one writes until when.
            try scene.sqlite(
                """
                UPDATE records SET value = replace(replace(value, '"version":"0.2.0"', \
                '"version":"0.1.0"'), '"code":"nothingToCancel"', '"code":"notMember"') \
                WHERE \(Self.journal) AND offset = 7
                """)
            let found = try await verify(scene)
            #expect(found.run.status == 9)
            let said = "it was decided by version 0.1.0"
            let place = "journal/\(partition)/7"
            #expect(found.has("decidedOtherwise", at: place, saying: said), "\(found.run.out)")
            let this = "; this is version 0.2.0"
            #expect(found.has("decidedOtherwise", at: place, saying: this), "\(found.run.out)")
        }
    }

    @Test func `content that this version cannot read is found, and other clusters go on`()
        async throws
    {
        try await withJournal { scene, partition in
            try scene.sqlite(
                """
                UPDATE records SET value = replace(value, '"decision":{"format":"1"', \
                '"decision":{"format":"2"') WHERE \(Self.journal) AND offset = 3
                """)
            let found = try await verify(scene)
            #expect(found.run.status == 9)
            #expect(
                found.has("unreadable", at: "journal/\(partition)/3", saying: "format"),
                "\(found.run.out)")
        }
    }

    @Test func `a cluster in a partition that is not its own is found`() async throws {
        try await withJournal { scene, partition in
            let other = partition == "0" ? 1 : 0
            try scene.sqlite(
                """
                INSERT INTO records SELECT topic, \(other), offset, time, key, headers, value \
                FROM records WHERE \(Self.journal) AND offset > 0
                """)
            let found = try await verify(scene)
            #expect(found.run.status == 9)
            #expect(
                found.has("misplaced", at: "journal/\(other)/1", saying: "partition \(partition)"),
                "\(found.run.out)")
        }
    }

    @Test func `a header that was changed or lost is found`() async throws {
        try await withJournal { scene, partition in
            try scene.sqlite("DELETE FROM records WHERE \(Self.journal) AND offset = 0")
            let lost = try await verify(scene)
            #expect(lost.run.status == 9)
            #expect(lost.has("header", at: "journal/\(partition)/1"), "\(lost.run.out)")
        }
    }

    // MARK: Inputs

    @Test func `an input that was passed over is found`() async throws {
        try await withJournal { scene, partition in
            // A fact that was there all the time and would have decided something.
            try scene.sqlite(
                """
                UPDATE records SET value = replace(value, '"start":"1"', '"start":"2"') \
                WHERE topic = 'events' AND offset = 4
                """)
            let found = try await verify(scene)
            #expect(found.run.status == 9)
            #expect(
                found.has("inputSkipped", at: "events/\(partition)/4", saying: "n2 is up"),
                "\(found.run.out)")
            #expect(found.count("skipped") == 1)
        }
    }

    @Test func `inputs that are gone are counted, and those that wait are no fault`() async throws {
        try await withJournal { scene, partition in
            try scene.sqlite(
                """
                DELETE FROM records WHERE topic = 'events' AND offset < 2;
                INSERT OR REPLACE INTO cuts VALUES ('events', \(partition), 2, 2, 0, 0)
                """)
            try await scene.publish([Scene.nodeUp(5)])
            let found = try await verify(scene)
            #expect(found.run.status == 0, "\(found.run.out)")
            #expect(found.count("gone") == 2 && found.count("pending") == 1)
            try scene.sqlite("DELETE FROM records WHERE topic = 'requests' AND offset = 1")
            let hole = try await verify(scene)
            #expect(hole.has("inputMissing", at: "requests/\(partition)/1"), "\(hole.run.out)")
        }
    }

    // MARK: Bad input

    @Test func `heads, files and clusters that are none are answered with a sentence`() async throws
    {
        try await withJournal { scene, partition in
            let hash = String(repeating: "a", count: 64)
            for head in ["7", "7:xyz", "x:\(hash)", "0:\(hash)", "a/b=7:\(hash)", ":\(hash)"] {
                let run = try await scene.muster("verify", "--expect", head)
                #expect(run.status == 64 && run.err.contains("is no head"), "\(head): \(run.err)")
            }
            try scene.write("orders=7:\(hash)\nnonsense\n", to: "heads.txt")
            let file = try await scene.muster("verify", "--expect-from", "heads.txt")
            #expect(file.status == 64 && file.err.contains("heads.txt, line 2"), "\(file.err)")
            let unknown = try await scene.muster("verify", "--expect", "other=7:\(hash)")
            #expect(unknown.status == 9 && unknown.out.contains("ends at 0"), "\(unknown.out)")
            let cluster = try await scene.muster("verify", "--cluster", "other")
            #expect(cluster.status == 5, "\(cluster.err)")
            let missing = try await scene.muster("verify", "--file", "nowhere.txt")
            #expect(missing.status == 64 && missing.err.contains("nowhere.txt"), "\(missing.err)")
            try scene.write("no journal\n", to: "other.txt")
            let other = try await scene.muster("verify", "--file", "other.txt")
            #expect(other.status == 5 && other.err.contains("other.txt"), "\(other.err)")
            let files = try export(scene)
            let twice = try await scene.muster(
                "verify", "--file", files[Int(partition) ?? 0], "--file", files[Int(partition) ?? 0]
            )
            #expect(twice.status == 64 && twice.err.contains("another file"), "\(twice.err)")
        }
    }
}
