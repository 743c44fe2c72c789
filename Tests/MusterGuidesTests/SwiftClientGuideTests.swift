import Foundation
import Testing

/// The program of docs/guides/swift-client.md is examples/client, which is built, and which
/// Tests/Python/test_agent_input.py runs.
struct SwiftClientGuideTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    private func text(_ path: String) throws -> String {
        try String(contentsOf: Self.root.appending(path: path), encoding: .utf8)
    }

    /// The lines from the one that begins so, up to the one that ends it.
    private func lines(_ text: String, from start: String, upTo end: String?) -> [String] {
        let all = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let rest = all.drop { !$0.hasPrefix(start) }
        return rest.prefix { $0 != end }.filter { !$0.isEmpty }
    }

    @Test func `what the guide shows is the example that is built, in ten lines at most`() throws {
        let shown = lines(
            try text("docs/guides/swift-client.md"), from: "import MusterClient", upTo: "```")
        let words = [
            #""orders""#: "words[2]", #""kafka://broker:9092/muster""#: "words[1]",
            #""n1""#: "words[3]", #""/var/lib/orders""#: "words[4]",
        ]
        let taken = shown.map { line in
            words.reduce(line) { $0.replacing($1.key, with: $1.value) }
        }
        let example = try text("examples/client/main.swift")
        #expect(taken.dropFirst() == lines(example, from: "let orders", upTo: nil)[...])
        #expect(example.contains("\nimport MusterClient\n"))
        #expect((5...10).contains(shown.count))
    }

    /// A module that is not imported publicly cannot be named in a public signature: the compiler
    /// sees to the rest.
    @Test func `what a service imports names no type of an engine or of another module`() throws {
        let folder = Self.root.appending(path: "Sources/MusterClient")
        let files = try FileManager.default.contentsOfDirectory(
            at: folder, includingPropertiesForKeys: nil)
        #expect(files.count > 10)
        for file in files {
            let imports = try String(contentsOf: file, encoding: .utf8)
                .split(separator: "\n").filter { $0.contains("import ") && !$0.contains("//") }
            for line in imports {
                #expect(
                    line.hasPrefix("internal import ") || line.hasPrefix("package import "),
                    "\(file.lastPathComponent): \(line)")
            }
        }
    }
}
