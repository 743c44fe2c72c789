extension Rule {
    static let words = [
        testable, droppedErrors, printing, todos, places, sleeping, sentences, stateTypes,
        documentation,
    ]

    private static let testable = line(
        "tests use package access", broken: [File("@testable import MusterCore")]
    ) { $0.contains("@testable") ? "@testable" : nil }

    private static let droppedErrors = Rule(
        name: "an error is dropped only with a comment that says why",
        applies: { $0.isSwift && !$0.isTest },
        findings: { file in
            file.code.lines.enumerated().compactMap { index, code in
                guard code.hasWord("try?") else { return nil }
                let said = file.code.comments[max(0, index - 3)...index]
                if said.contains(where: { $0.contains("//") }) { return nil }
                return Finding(line: index + 1, what: "try? without a comment")
            }
        },
        broken: [File("let x = try? f()"), File("let x = \"\\(try? f())\"")],
        kept: [
            File("// Nobody waits for it.\nlet x = try? f()"), File("let x = \"try? f()\""),
            File("entry?.next()"),
            File("entry?.count = 1"),
        ])

    private static let printing = line(
        "only programs print",
        in: { file in
            let printers = [
                "Sources/muster/", "Sources/MusterCommandLine/Shell/", "Tests/", "examples/",
                "Benchmarks/muster-benchmarks/",
            ]
            return file.isSwift && !printers.contains { file.path.hasPrefix($0) }
        },
        broken: [File("print(x)"), File("    Swift.print(\"x\")"), File("debugPrint(x)")],
        kept: [File("fingerprint(x)"), File("// print(x)")]
    ) { $0.hasWord("print(") || $0.hasWord("debugPrint(") || $0.hasWord("dump(") ? "print" : nil }

    private static let todos = Rule(
        name: "what is still to be done has an issue's number",
        applies: { !$0.path.hasPrefix("Tests/TidyTests/") },
        findings: { file in
            file.lines.enumerated().compactMap { index, line in
                let line = String(line)
                let isOpen = ["TODO", "FIXME", "XXX"].contains {
                    line.hasWord($0) && !line.contains($0 + " #") && !line.contains($0 + "(#")
                }
                return isOpen ? Finding(line: index + 1, what: "without a number") : nil
            }
        },
        broken: [File("// TODO: later"), File("# FIXME", at: "scripts/sample")],
        kept: [File("// TODO #12: later")])

    private static let places = Rule(
        name: "no file names a place of somebody's machine",
        exceptions: [
            "Sources/muster/Running/DevFolder.swift": "where TMPDIR says nothing, as POSIX has it"
        ],
        applies: { !$0.path.hasPrefix("Tests/TidyTests/") },
        findings: { file in
            file.lines.enumerated().compactMap { index, line in
                let isFixed = homes.contains { home in
                    line.firstRange(of: "/\(home)/").map { range in
                        let before = line[..<range.lowerBound].last
                        return before.map { !$0.isLetter && !$0.isNumber && $0 != "}" && $0 != "." }
                            ?? true
                    } ?? false
                }
                // The home of a made-up operator in tests of configuration.
                if isFixed && line.contains("/\(homes[0])/op") && file.isTest { return nil }
                let isTemporary = file.isSwift && !file.isTest && line.contains("\"/tmp")
                return isFixed || isTemporary
                    ? Finding(line: index + 1, what: "a fixed place") : nil
            }
        },
        broken: [
            File("let path = \"/\(homes[0])/me/x\""), File("let path = \"/tmp/x\""),
            File("cd /\(homes[1])/x", at: "scripts/sample"),
        ],
        kept: [File("let pointer = \"a/\(homes[0])/b\"")])

    /// First parts of paths that are somebody's own.
    private static let homes = ["home", "root", "Users", "work"]

    private static let sleeping = line(
        "a test waits for a fact",
        exceptions: [
            "Tests/MusterSQLiteTests/KillTests.swift": "it kills at a moment of chance"
        ],
        in: { $0.isSwift && $0.isTest },
        broken: [File("Thread.sleep(1)", at: "Tests/SampleTests/Sample.swift")]
    ) { $0.contains("Thread.sleep") || $0.hasWord("usleep(") ? "a sleep" : nil }

    private static let sentences = line(
        "a test's name is a sentence, and its suite a struct",
        in: { $0.isSwift && $0.isTest },
        broken: [
            File("@Test func works() {}", at: "Tests/SampleTests/Sample.swift"),
            File("@Suite final class S {}", at: "Tests/SampleTests/Sample.swift"),
        ],
        kept: [File("@Test func `it works`() {}", at: "Tests/SampleTests/Sample.swift")]
    ) { code in
        if code.hasWord("@Test") && code.hasWord("func") && !code.contains("func `") {
            return "a test without a sentence"
        }
        return code.hasWord("@Suite") && code.hasWord("class") ? "a suite that is a class" : nil
    }

    /// Their order differs from process to process, and a fold must not see a clock.
    private static let stateTypes = line(
        "the core has no hashed collection, floating point, clock or task",
        in: { $0.module == "MusterCore" },
        broken: [
            File("var x: Set<Int>", at: "Sources/MusterCore/Sample.swift"),
            File("var x: [NodeID: Int] = [:]", at: "Sources/MusterCore/Sample.swift"),
            File("var x: Double", at: "Sources/MusterCore/Sample.swift"),
            File("func f() async {}", at: "Sources/MusterCore/Sample.swift"),
        ],
        kept: [File("f([a, b], c ? [d] : [e])", at: "Sources/MusterCore/Sample.swift")]
    ) { code in
        let types = [
            "Dictionary", "Set", "Double", "Float", "async", "await", "ContinuousClock",
            "SuspendingClock", "random", "Task",
        ]
        if let type = types.first(where: code.hasWord) { return type }
        return code.firstRange(of: /\[[A-Z][A-Za-z.]*: |\[:\]/) == nil ? nil : "a dictionary"
    }

    /// A member that a protocol asks for is documented there.
    private static let documentation = Rule(
        name:
            "types and functions that a module offers, and what protocols ask for, are documented",
        applies: { $0.module != nil && $0.isSwift },
        findings: { file in
            file.code.undocumented.map {
                Finding(line: $0.line, what: "\($0.kind) \($0.name) has no doc comment")
            }
        },
        broken: [
            File("package struct S {}"), File("package func f() {}"),
            File("// Not for readers.\n@frozen\npackage enum E {}"),
            File("/// P.\nprotocol P {\n    func f()\n}"),
        ],
        kept: [
            File("/// S.\n@frozen\npackage struct S {}"), File("struct S { func f() {} }"),
            File("package static func < (left: Self, right: Self) -> Bool { true }"),
        ])
}

extension SwiftCode {
    /// What another module sees, or a protocol asks for, without a word.
    fileprivate var undocumented: [Declaration] {
        var protocolIndentation: Int?
        var result: [Declaration] = []
        for each in declarations {
            if let indentation = protocolIndentation, each.indentation <= indentation {
                protocolIndentation = nil
            }
            let isAsked = protocolIndentation != nil
            if each.kind == "protocol" { protocolIndentation = each.indentation }
            let counts =
                ["func", "subscript"].contains(each.kind) || Self.types.contains(each.kind)
            guard isAsked || each.isOffered && counts else { continue }
            if !isAsked && Self.asked.contains(each.name) { continue }
            if !hasDocumentation(above: each.line - 1) { result.append(each) }
        }
        return result
    }

    private func hasDocumentation(above index: Int) -> Bool {
        var index = index - 1
        while index >= 0, lines[index].drop(while: { $0 == " " }).hasPrefix("@") { index -= 1 }
        return index >= 0 && comments[index].drop { $0 == " " }.hasPrefix("///")
    }

    /// What protocols of the language and of ours ask for, where it is documented.
    private static let asked: Set<String> = [
        "", "hash", "next", "makeIterator", "appendInterpolation", "appendLiteral", "write",
        "writeMembers", "append", "submit", "readOne", "range", "offset", "makeReader",
        "describeTopics", "createTopics", "close", "assignments", "assign", "unassign",
    ]
}
