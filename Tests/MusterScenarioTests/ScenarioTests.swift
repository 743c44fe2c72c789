import Foundation
import Testing

/// The scenarios of the domain's specification, numbered as there, and one script for each further
/// rule. `MUSTER_REWRITE=1` writes what came into the files; a person reads the difference.
@Suite struct ScenarioTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("testdata")

    private static let names: [String] = {
        // An unreadable folder leaves the list empty, which the first test refuses.
        let found = try? FileManager.default.contentsOfDirectory(atPath: folder.path)
        return (found ?? []).filter { $0.hasSuffix(".txt") }.sorted()
    }()

    @Test func `the scenarios that are promised are there`() {
        let promised = [
            1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24,
            25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
        ]
        for number in promised {
            let prefix = "scenario-" + (number < 10 ? "0" : "") + "\(number)-"
            #expect(Self.names.contains { $0.hasPrefix(prefix) }, "scenario \(number)")
        }
    }

    @Test(arguments: names)
    func `a script comes out as it is written`(_ name: String) throws {
        let url = Self.folder.appendingPathComponent(name)
        let script = try String(contentsOf: url, encoding: .utf8)
        var runner = ScriptRunner()
        let result = try runner.run(script)
        if ProcessInfo.processInfo.environment["MUSTER_REWRITE"] == "1" {
            try result.write(to: url, atomically: true, encoding: .utf8)
        }
        #expect(runner.world.problems == [])
        #expect(result == script, "\(name) came out otherwise")
    }
}
