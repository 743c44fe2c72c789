import Foundation
import Testing

/// The house rules that nothing else executes.
@Suite struct TidyTests {
    @Test(arguments: Rule.all)
    func `the tree keeps the rule`(_ rule: Rule) throws {
        let files = SourceTree.files.filter(rule.applies)
        try #require(!files.isEmpty, "the rule looks at no file")
        var exceptions = rule.exceptions
        for file in files {
            let findings = rule.findings(file)
            if let reason = exceptions.removeValue(forKey: file.path) {
                #expect(!findings.isEmpty, "\(file.path) needs no exception any more: \(reason)")
                continue
            }
            for finding in findings {
                Issue.record("\(file.path):\(finding.line): \(finding.what)")
            }
        }
        #expect(exceptions.isEmpty, "exceptions for files that are not there")
    }

    @Test(arguments: Rule.all)
    func `a rule finds what breaks it, and nothing in what keeps it`(_ rule: Rule) {
        for file in rule.broken {
            #expect(rule.applies(file) && !rule.findings(file).isEmpty, "not found: \(file.text)")
        }
        for file in rule.kept where rule.applies(file) {
            #expect(rule.findings(file).isEmpty, "found for nothing: \(file.text)")
        }
    }

    @Test func `bodies are counted past literals, comments, closures and interpolation`() {
        let sample = ###"""
            func short() { print("{ not a brace") }
            func long(
                _ body: () -> Void = { },
            ) throws -> Int {
                // }
                let text = """
                    }
                    """
                let shown = "\(text.map { "}" + "\($0)" })" /* } /* } */ } */
                return [1].map { $0 }[0]
            }
            protocol P {
                func none()
                var neither: Int { get }
            }
            @Test(arguments: [1, 2]) func `a sentence`() {
                let raw = ##"}"# \##(x)"##
            }
            """###
        #expect(
            SwiftCode(sample).bodies == [
                .init(line: 1, length: 1), .init(line: 2, length: 10), .init(line: 14, length: 1),
                .init(line: 16, length: 3),
            ])
    }

    @Test(.enabled(if: FileManager.default.fileExists(atPath: SourceTree.root.path + "/.git")))
    func `what building leaves is not kept`() throws {
        let list = Process()
        list.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        list.arguments = ["git", "-C", SourceTree.root.path, "ls-files"]
        let output = Pipe()
        list.standardOutput = output
        try list.run()
        let kept = String(
            decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        list.waitUntilExit()
        #expect(list.terminationStatus == 0)
        let left = [
            ".build/", ".swiftpm/", ".venv/", ".hypothesis/", "__pycache__/", ".db", ".db-wal",
            ".DS_Store",
        ]
        for path in kept.split(separator: "\n") {
            #expect(!left.contains { ("/" + path).contains("/" + $0) || path.hasSuffix($0) })
        }
        #expect(kept.contains("Package.swift"))
    }
}
