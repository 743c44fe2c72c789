import Foundation
import MusterCommandLine
import Testing

struct RenderingTests {
    private static let nasty = "n\u{1B}[31m\n\u{202E}\\ \"é集\u{1F600}"

    private static let result = Program.nodesResult([
        Program.node("n1", "up", store: "a1"), Program.node(nasty, "down"),
        Program.node("no", "up", store: "1e3"),
    ])

    private func render(_ form: String, _ value: ResultValue = result, color: Bool = false) async
        -> String
    {
        let program = Program(
            "p", "p", version: "1",
            sections: [
                .init(
                    "S",
                    [
                        Command("go", "go") { call in
                            try call.output.show(value, Program.nodesLayout)
                            return .ok
                        }
                    ])
            ])
        let process = TestProcess(isTerminal: color)
        let code = await process.run("go --time-format raw -o " + form, program)
        #expect(code == .ok)
        return process.output
    }

    /// Whether a JSON reader took the value for what it is.
    private func isSame(_ json: Any?, _ value: ResultValue) -> Bool {
        switch value {
        case .object(let members):
            guard let object = json as? [String: Any] else { return false }
            return object.count == members.count
                && members.allSatisfy { isSame(object[$0.name], $0.value) }
        case .array(let elements):
            guard let array = json as? [Any] else { return false }
            return array.count == elements.count
                && zip(array, elements).allSatisfy { isSame($0, $1) }
        case .text(let text): return json as? String == text
        case .id(let number): return json as? String == String(number)
        case .number(let number), .duration(let number): return json as? Int64 == number
        case .flag(let flag): return json as? Bool == flag
        case .time(let time):
            let date = Date(timeIntervalSince1970: Double(time) / 1000)
            let format = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
            return json as? String == date.formatted(format)
        }
    }

    @Test func `the sample has the shape it says`() {
        #expect(Program.nodesShape.problems(of: Self.result) == [])
        #expect(Program.nodesShape.problems(of: .object(["nodes": .text("x")])).count == 2)
    }

    @Test func `JSON is what any reader takes for the value`() async throws {
        let page = await render("json")
        #expect(isSame(try JSONSerialization.jsonObject(with: Data(page.utf8)), Self.result))
        let lines = await render("jsonl").split(separator: "\n")
        #expect(lines.count == 3)
        for (line, node) in zip(lines, Self.result["nodes"]?.elements ?? []) {
            #expect(isSame(try JSONSerialization.jsonObject(with: Data(line.utf8)), node))
        }
    }

    @Test func `YAML is read back as the same value, and no text turns into something else`()
        async
        throws
    {
        let page = await render("yaml")
        let node = try #require(try YAMLReader.read(Array(page.utf8)))
        expectSame(node, Self.result)
    }

    @Test(arguments: [
        "no", "Yes", "on", "null", "~", "", "1e3", "0x1F", "12", "1_000", "2026-03-01", "12:30:45",
        ".inf", "- a", "a: b", "#x", "a #b", " a", "a ", "'", "\"", "*a", "&a", "!a", "|", ">", "%",
        "@a", "`a", "{a}", "[a]", "a,b", "=", "<<", "y", "N", "\t", "é", "\u{85}", "\u{1F600}",
    ])
    func `text stays text in YAML`(text: String) async throws {
        let page = await render("yaml", .object(["x": .text(text), text: .text("x")]))
        let node = try #require(try YAMLReader.read(Array(page.utf8)))
        guard case .mapping(let members) = node.content else {
            Issue.record("no mapping: \(page)")
            return
        }
        #expect(members.map(\.key) == ["x", text])
        guard case .scalar(let read, let isPlain) = members[0].value.content else {
            Issue.record("no scalar: \(page)")
            return
        }
        #expect(read == text)
        #expect(!isPlain)
    }

    private func expectSame(_ node: YAMLNode, _ value: ResultValue) {
        switch (node.content, value) {
        case (.mapping(let read), .object(let members)):
            #expect(read.map(\.key) == members.map(\.name))
            for (read, member) in zip(read, members) { expectSame(read.value, member.value) }
        case (.sequence(let read), .array(let elements)):
            #expect(read.count == elements.count)
            for (read, element) in zip(read, elements) { expectSame(read, element) }
        case (.scalar(let text, let isPlain), .text(let expected)):
            #expect(text == expected)
            #expect(!isPlain || text.first?.isLetter == true)
        case (.scalar(let text, isPlain: false), .id(let number)): #expect(text == "\(number)")
        case (.scalar(let text, isPlain: true), .number(let number)),
            (.scalar(let text, isPlain: true), .duration(let number)):
            #expect(text == "\(number)")
        case (.scalar(let text, isPlain: true), .flag(let flag)): #expect(text == "\(flag)")
        case (.scalar(let text, isPlain: false), .time): #expect(text.hasSuffix("Z"))
        default: Issue.record("\(node) is not \(value)")
        }
    }

    @Test func `a table is aligned and shows what JSON says`() async {
        let lines = await render("wide").split(separator: "\n").map(String.init)
        #expect(lines.count == 5)
        #expect(lines[0].hasPrefix("NODE"))
        #expect(lines[0].hasSuffix("STORE"))
        let start = TerminalCells.width(of: String(lines[0].prefix { $0 != "S" }))
        for (line, state) in zip(lines[1...3], ["up", "down", "up"]) {
            let column = line.firstRange(of: " " + state + " ")
            let before = column.map { String(line[..<$0.lowerBound]) } ?? ""
            #expect(TerminalCells.width(of: before) + 1 == start)
            #expect(line.contains("1152921504606846976"))
            #expect(line.contains("1772373770000"))
        }
        #expect(lines[4] == "as of  1772373780000")
    }

    @Test func `no form lets a control or a direction mark through`() async {
        for form in ["table", "wide", "json", "jsonl", "yaml", "name"] {
            let page = await render(form)
            #expect(!page.unicodeScalars.contains { $0 == "\u{1B}" || $0 == "\u{202E}" }, "\(form)")
        }
    }

    @Test func `names are one a line`() async {
        #expect(await render("name").split(separator: "\n").first == "n1")
        #expect(await render("name").split(separator: "\n").count == 3)
    }

    @Test func `an empty list says so`() async {
        let page = await render("table", Program.nodesResult([]))
        #expect(page.hasPrefix("no nodes\n"))
        #expect(await render("jsonl", Program.nodesResult([])).isEmpty)
    }

    @Test func `colour is only on a terminal and takes no width`() async {
        let plain = await render("table")
        let colored = await render("table", color: true)
        #expect(colored.contains("\u{1B}[32mup\u{1B}[0m"))
        let stripped = colored.replacing(/\u{1B}\[[0-9;]*m/, with: "")
        #expect(stripped == plain)
    }

    @Test func `a number that a double cannot hold is a string`() async {
        let page = await render("json")
        #expect(page.contains(#""offset": "1152921504606846976""#))
    }
}
