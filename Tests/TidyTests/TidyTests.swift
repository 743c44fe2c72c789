import Foundation
import Testing

/// The house rules that nothing else executes. Each rule is also shown to fail on a bad sample.
@Suite struct TidyTests {
    @Test func `a source file has at most 400 lines and a test file 700`() throws {
        for file in try SourceTree.swift() {
            let cap = file.isTest ? 700 : 400
            #expect(file.lines.count - 1 <= cap, "\(file.path) has \(file.lines.count - 1) lines")
        }
    }

    @Test func `a line has at most 100 columns`() throws {
        for file in try SourceTree.swift() {
            for (index, line) in SwiftCode(file.text).lines.enumerated() {
                let columns = line.reversed().drop { $0 == " " }.count
                #expect(columns <= 100, "\(file.path):\(index + 1) has \(columns) columns")
            }
        }
    }

    @Test func `a function has at most 50 lines`() throws {
        // A script stands in it, line for line. The list may only shrink.
        let exceptions = ["Tests/MusterGuidesTests/AuditingGuideTests.swift": 54]
        for file in try SourceTree.swift() {
            for function in SwiftCode(file.text).functions {
                #expect(
                    function.length <= exceptions[file.path] ?? 50,
                    "\(file.path):\(function.line) has a function of \(function.length) lines")
            }
        }
    }

    @Test func `function lengths are counted past texts, comments and closures`() {
        let sample = """
            func short() { print("{ not a brace") }
            func long(
                _ body: () -> Void = { },
            ) throws -> Int {
                // }
                let text = \"\"\"
                    }
                    \"\"\"
                return [1].map { $0 }[0]
            }
            protocol P {
                func none()
            }
            """
        #expect(
            SwiftCode(sample).functions == [
                .init(line: 1, length: 1), .init(line: 2, length: 9),
            ])
    }

    @Test func `modules use only what stands above them`() throws {
        for file in try SourceTree.files(["Sources"], endings: [".swift"]) {
            let module = String(file.path.split(separator: "/")[1])
            for name in Self.imports(file.text) {
                #expect(
                    Self.allows(module, name), "\(file.path) imports \(name), below \(module)")
            }
        }
    }

    @Test func `the direction of dependencies is noticed when it is wrong`() {
        #expect(!Self.allows("MusterCore", "Foundation"))
        #expect(!Self.allows("MusterLog", "MusterManager"))
        #expect(Self.allows("MusterManager", "MusterLog"))
        #expect(Self.imports("package import struct MusterCore.NodeID\n") == ["MusterCore"])
    }

    @Test func `no file is a drawer for what has no place`() throws {
        for file in try SourceTree.swift() {
            let base = file.name.split(separator: ".").first.map(String.init) ?? ""
            let parts = base.split(separator: "+").map(String.init)
            for word in ["Utils", "Helpers", "Common", "Misc"] {
                #expect(!parts.contains { $0 == word }, "\(file.path) is named after nothing")
                #expect(!base.hasSuffix(word), "\(file.path) is named after nothing")
            }
        }
    }

    @Test func `words that the house does not use stand nowhere`() throws {
        for file in try SourceTree.swift() where !file.path.hasPrefix("Tests/TidyTests/") {
            for finding in Self.findings(in: file) {
                Issue.record("\(file.path):\(finding.line): \(finding.what)")
            }
        }
    }

    @Test(arguments: [
        "@testable import MusterCore", "let x = try? f()", "print(\"x\")", "// TODO: later",
        "final class C: @unchecked Sendable {}", "let path = \"/home/me/x\"",
    ])
    func `a forbidden word is found`(_ line: String) {
        let file = SourceTree.File(path: "Sources/MusterManager/Bad.swift", text: line + "\n")
        #expect(Self.findings(in: file).count == 1)
    }

    @Test func `a test waits for facts and does not assert through sleeping alone`() throws {
        // Killing at a random moment is what the one exception is for.
        let exceptions = ["Tests/MusterSQLiteTests/KillTests.swift"]
        let sleeps = try SourceTree.files(["Tests"], endings: [".swift"])
            .filter { $0.text.contains("Thread.sleep") || $0.text.contains(" usleep(") }
        #expect(sleeps.map(\.path).filter { !$0.hasPrefix("Tests/TidyTests/") } == exceptions)
    }
}

extension TidyTests {
    /// The order is the direction of dependencies.
    private static let order = [
        "MusterCore", "MusterWire", "MusterLog", "MusterSQLite", "MusterEngines", "MusterRuntime",
        "MusterManager", "MusterSimulation", "MusterTesting", "MusterCommandLine", "muster",
    ]
    /// What else a module may import.
    private static let outside: [String: Set<String>] = [
        "MusterCore": [],
        "MusterWire": ["CSimdJSON"],
        "MusterLog": ["CLibcrypto", "Synchronization", "Dispatch", "Glibc"],
        "MusterSQLite": ["CSQLite", "Synchronization", "Dispatch", "Glibc"],
        "MusterEngines": ["Glibc"],
        "MusterRuntime": ["Glibc", "Dispatch", "Synchronization"],
        "MusterManager": ["Synchronization"],
        "MusterSimulation": ["Synchronization"],
        "MusterTesting": ["Synchronization", "Dispatch", "Glibc"],
        "MusterCommandLine": ["CYAML", "Glibc", "Synchronization", "Dispatch"],
        "muster": ["Foundation", "Glibc", "Synchronization", "Dispatch"],
    ]

    static func allows(_ module: String, _ name: String) -> Bool {
        if outside[module]?.contains(name) ?? false { return true }
        guard let own = order.firstIndex(of: module), let other = order.firstIndex(of: name)
        else { return false }
        return other < own
    }

    static func imports(_ text: String) -> [String] {
        text.split(separator: "\n").compactMap { line in
            var words = line.split(separator: " ").map(String.init)
            if ["package", "internal", "public"].contains(words.first) { words.removeFirst() }
            guard words.first == "import", words.count > 1 else { return nil }
            let kinds = ["struct", "class", "enum", "func", "protocol"]
            let name = kinds.contains(words[1]) ? words[2] : words[1]
            return String(name.split(separator: ".")[0])
        }
    }

    /// Files and folders that may use what is unsafe: engines, the runtime, the JSON reader, and
    /// the one file of each target that reaches a C library.
    private static let mayBeUnsafe = [
        "Sources/MusterSQLite/", "Sources/MusterRuntime/", "Sources/MusterWire/JSON",
        "Sources/MusterLog/RecordBatch", "Sources/MusterLog/RecordArena",
        "Sources/MusterTesting/", "Benchmarks/MusterBenchmarks/BareSQLite", "Tests/",
        "Sources/MusterCommandLine/YAML",
    ]

    struct Finding {
        let line: Int
        let what: String
    }

    static func findings(in file: SourceTree.File) -> [Finding] {
        var result: [Finding] = []
        let code = SwiftCode(file.text).lines
        let lines = file.lines
        for (index, line) in lines.enumerated() {
            let bare = index < code.count ? code[index] : ""
            func found(_ what: String) { result.append(Finding(line: index + 1, what: what)) }
            if bare.contains("@testable") { found("tests use package access, not @testable") }
            if bare.contains("try?"), !file.isTest, !hasComment(lines, index) {
                found("try? without a comment that says why the error may be dropped")
            }
            if bare.contains("print("), !mayPrint(file.path) { found("print outside the CLI") }
            if line.contains("TODO") && !line.contains("TODO #") {
                found("TODO without an issue's number")
            }
            if !file.isTest,
                ["/home/", "/root/", "/work/"].contains(where: { line.contains("\"" + $0) })
            {
                found("a path of somebody's machine")
            }
            if bare.contains("@unchecked Sendable") || bare.contains("Unmanaged"),
                !mayBeUnsafe.contains(where: file.path.hasPrefix)
            {
                found("unsafe where it may not be")
            }
        }
        return result
    }

    private static func mayPrint(_ path: String) -> Bool {
        path.hasPrefix("Sources/muster/") || path.hasPrefix("Sources/MusterCommandLine/Shell/")
            || path.hasPrefix("Benchmarks/muster-benchmarks/")
            || path.hasPrefix("Tests/")
    }

    /// A comment on the line, or within the three lines above it.
    private static func hasComment(_ lines: [Substring], _ index: Int) -> Bool {
        lines[max(0, index - 3)...index].contains { $0.contains("//") }
    }
}
