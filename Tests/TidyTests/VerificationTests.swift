import Foundation
import Testing

/// The pages that say which test shows what name tests that exist.
@Suite struct VerificationTests {
    private static let table = "docs/VERIFICATION.md"
    private static let rules = "docs/guides/membership-rules.md"

    private func text(_ path: String) throws -> String {
        try #require(SourceTree.files.first { $0.path == path }?.text, "\(path) is not there")
    }

    /// The rows of a page's tables, cell by cell, without titles and rules.
    private func rows(_ path: String) throws -> [[String]] {
        try text(path).split(separator: "\n").filter { $0.hasPrefix("| ") }
            .map { $0.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) } }
    }

    /// What stands in backticks.
    private func names(_ cell: String) -> [String] {
        cell.split(separator: "`", omittingEmptySubsequences: false).enumerated()
            .filter { $0.offset % 2 == 1 }.map { String($0.element) }
    }

    /// Where the test of that name lies; nil for what is no test's name.
    private func place(_ name: String) -> String? {
        if name.hasPrefix("scenario-") || name.hasPrefix("rule-") {
            return "Tests/MusterScenarioTests/testdata/\(name).txt"
        }
        guard name.firstMatch(of: /^[A-Za-z]+\/[A-Za-z_+]+(\.py)?$/) != nil else { return nil }
        return "Tests/" + name + (name.hasSuffix(".py") ? "" : ".swift")
    }

    @Test(arguments: [table, "docs/guides/coming-from-an-in-process-manager.md"])
    func `every test that a page names exists`(_ page: String) throws {
        let paths = Set(SourceTree.files.map(\.path))
        let places = try rows(page).flatMap { $0 }.flatMap(names).compactMap(place)
        try #require(places.count > 10, "\(page) names no tests")
        for place in places { #expect(paths.contains(place), "\(page) names \(place)") }
    }

    @Test func `every rule has a row, and every row a rule`() throws {
        let written = try text(Self.rules).split(separator: "\n").compactMap { line in
            line.firstMatch(of: #/^\*\*([0-9]+\.[0-9]+) /#).map { String($0.output.1) }
        }
        let shown = try rows(Self.table).compactMap { row in
            row.first?.firstMatch(of: /^[0-9]+\.[0-9]+/).map { String($0.output) }
        }
        try #require(written.count > 40)
        #expect(written == shown)
    }

    /// How many paragraphs, or rows of a table, the sections of the specification have.
    private static let paragraphs: [(section: String, count: Int)] = [
        ("1", 10), ("2", 9), ("3", 8), ("4.1", 4), ("4.2", 14), ("5", 5), ("6.1", 10), ("6.2", 9),
        ("6.3", 8), ("6.4", 3), ("6.5", 6), ("7", 10),
    ]

    @Test func `every paragraph of the specification has a row in its place, and each row a test`()
        throws
    {
        let rows = try rows(Self.table).filter { $0.first?.hasPrefix("§") ?? false }
        let shown = rows.compactMap { $0[0].split(separator: " ").first.map(String.init) }
        let wanted = Self.paragraphs.flatMap { section, count in
            (1...count).map { "§\(section).\($0)" }
        }
        #expect(shown == wanted)
        for row in rows {
            let tests = row.count > 1 ? names(row[1]).filter { place($0) != nil } : []
            #expect(!tests.isEmpty, "\(row) names no test")
            #expect(row[0].split(separator: " ").count > 1, "\(row) does not say what it is")
        }
    }

    /// What must hold, as the specification's worlds and the simulated one call it.
    @Test func `what is specified and what is simulated is named alike, with a row for each name`()
        throws
    {
        let world = "Sources/MusterSimulation/World/"
        let cases = try text(world + "Promise.swift")
            .matches(of: #/case (\w+) = "(\w+)"/#)
            .map { (name: String($0.output.1), raw: String($0.output.2)) }
        let specified = SourceTree.files.filter { $0.path.hasPrefix("docs/spec/worlds/") }
            .flatMap { file in
                file.lines.drop { !$0.hasPrefix("INVARIANTS") }
                    .filter { $0.hasPrefix("    ") }
                    .map { $0.trimmingCharacters(in: .whitespaces) }
            }
        try #require(specified.count > 100 && cases.count > 30)
        #expect(Set(specified).subtracting(cases.map(\.raw)).isEmpty)
        let shown = try rows(Self.table).compactMap { row in
            row.count > 3 ? names(row[1]).first : nil
        }
        #expect(cases.map(\.raw) == shown.filter { name in cases.contains { $0.raw == name } })
        // None is a name only.
        let code = SourceTree.files.filter { $0.path.hasPrefix(world) }.map(\.text).joined()
        for (name, _) in cases { #expect(code.contains(".\(name)"), "nothing checks \(name)") }
    }

    /// The kinds of events of which the simulator says how often they came up.
    @Test func `the simulator counts every kind of event that there is`() throws {
        let core = try text("Sources/MusterCore/Event.swift")
        let own = core.prefix(upTo: try #require(core.range(of: "enum GapReason")).lowerBound)
        let kinds = own.matches(of: #/case (\w+)/#).map { String($0.output.1) }
        let reach = try text("Sources/MusterSimulation/World/WorldReach.swift")
        let end = try #require(reach.range(of: "static let refusals")).lowerBound
        let list = reach.prefix(upTo: end)
        let counted = list.matches(of: #/"(\w+)"/#).map { String($0.output.1) }
        try #require(kinds.count > 50)
        #expect(counted == kinds.sorted())
    }

    /// A row either names a test or admits that there is none.
    @Test func `a row says what shows its rule, or that nothing does`() throws {
        for row in try rows(Self.table) where row.count > 1 && row[0].first?.isNumber == true {
            #expect(!names(row[1]).isEmpty || row[1] == "none yet", "\(row)")
        }
    }
}
