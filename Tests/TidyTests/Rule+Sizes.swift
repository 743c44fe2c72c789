extension Rule {
    static let sizes = [lengths, columns, functions]

    private static func isOurs(_ file: File) -> Bool { file.isSwift }

    private static let lengths = Rule(
        name: "a source file has at most 400 lines, a test file 700",
        applies: isOurs,
        findings: { file in
            let cap = file.isTest ? 700 : 400
            let count = file.lines.count
            return count > cap ? [Finding(line: cap + 1, what: "\(count) lines")] : []
        },
        broken: [
            File(String(repeating: "\n", count: 401)),
            File(String(repeating: "\n", count: 701), at: "Tests/SampleTests/Sample.swift"),
        ],
        kept: [
            File(String(repeating: "\n", count: 399)),
            File(String(repeating: "\n", count: 699), at: "Tests/SampleTests/Sample.swift"),
        ])

    /// The text of a literal may go on: no formatter breaks it, and what it says is one line.
    private static let columns = Rule(
        name: "a line of code or comment has at most 100 columns",
        exceptions: ["Sources/MusterWire/JournalEnvelope.swift": "a pattern stands there whole"],
        applies: isOurs,
        findings: { file in
            zip(file.code.lines, file.code.comments).enumerated().compactMap { index, lines in
                func width(_ line: String) -> Int { line.reversed().drop { $0 == " " }.count }
                let width = max(width(lines.0), width(lines.1))
                return width > 100 ? Finding(line: index + 1, what: "\(width) columns") : nil
            }
        },
        broken: [
            File(String(repeating: "x", count: 101)),
            File("// " + String(repeating: "x", count: 98)),
            File("let x = \"\(String(repeating: "x", count: 90))\" + x"),
        ],
        kept: [File("let x = \"\(String(repeating: "x", count: 120))\"")])

    private static let functions = Rule(
        name: "a function has at most 50 lines",
        exceptions: [
            "Tests/MusterGuidesTests/AuditingGuideTests.swift": "a script stands in it as it is"
        ],
        applies: isOurs,
        findings: { file in
            file.code.bodies.filter { $0.length > 50 }
                .map { Finding(line: $0.line, what: "a body of \($0.length) lines") }
        },
        broken: [
            File("func long() {\n\(String(repeating: "    x()\n", count: 49))}"),
            File("init(\n    a: A = { },\n) {\n\(String(repeating: "\n", count: 49))}"),
            File("var x: Int {\n\(String(repeating: "\n", count: 49))}"),
        ],
        kept: [
            File("func short() {\n\(String(repeating: "    x()\n", count: 48))}"),
            File(
                "let x = X(\n    .init(\n1),\n\(String(repeating: "\n", count: 60)))\nlet y = { 1 }"
            ),
            File("struct S {\n\(String(repeating: "    let x = 1\n", count: 60))}"),
        ])
}
