import MusterCommandLine
import Testing

struct YAMLTests {
    private func read(_ text: String) throws(YAMLError) -> YAMLNode? {
        try YAMLReader.read(Array(text.utf8))
    }

    private func plain(_ node: YAMLNode?) -> String {
        switch node?.content {
        case nil: "nothing"
        case .scalar(let text, let isPlain): isPlain ? text : "'\(text)'"
        case .sequence(let nodes): "[" + nodes.map { plain($0) }.joined(separator: ",") + "]"
        case .mapping(let members):
            "{" + members.map { "\($0.key)@\($0.line):" + plain($0.value) }.joined(separator: ",")
                + "}"
        }
    }

    @Test(arguments: [
        ("", "nothing"), ("# only a remark\n", "nothing"), ("a: 1\nb: 'x'\n", "{a@1:1,b@2:'x'}"),
        ("a:\n  - 1\n  - {b: c}\n", "{a@1:[1,{b@3:c}]}"), ("a: |\n  x\n  y\n", "{a@1:'x\ny\n'}"),
        ("a: &x 1\nb: *x\n", "{a@1:1,b@2:1}"), ("a: \"\\u263A\"", "{a@1:'☺'}"), ("no", "no"),
        ("a:\n", "{a@1:}"), ("{}", "{}"),
    ])
    func `documents are read with the lines of their keys`(text: String, nodes: String) throws {
        #expect(plain(try read(text)) == nodes)
    }

    @Test(arguments: [
        ("a: 1\na: 2\n", 2, "the key \"a\" stands here twice"),
        ("a: [1\n", 2, "did not find"), ("a: !!str 1\n", 1, "tags"), ("!x {a: 1}", 1, "tags"),
        ("a: 1\n---\nb: 2\n", 2, "a second document"), ("a: *x\n", 1, "alias"),
        ("? [1]\n: 2\n", 1, "a key must be a single word"), ("? {a: b}\n: 2\n", 1, "a key must be"),
        ("a: &x [*x]\n", 1, "alias"), ("a:\tb: c\n", 1, ""),
        (String(repeating: "[", count: 17), 1, "nested deeper than 16"),
        ("a: \"\u{1}\"", 1, "control characters"),
    ])
    func `what is no configuration is refused at its line`(text: String, line: Int, problem: String)
    {
        let error = #expect(throws: YAMLError.self) { try read(text) }
        #expect(error?.line == line)
        #expect(
            error?.problem.contains(problem) == true || problem.isEmpty, "\(error?.problem ?? "")")
    }

    @Test func `invalid UTF-8 is refused`() {
        #expect(throws: YAMLError.self) { try YAMLReader.read([0x61, 0x3A, 0x20, 0xFF, 0x0A]) }
    }

    @Test func `a bomb of aliases is refused soon`() {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...9 {
            let alias = "*a\(level - 1)"
            text += "a\(level): &a\(level) [\(alias), \(alias)]\n"
        }
        #expect(throws: YAMLError.self) { try read(text) }
        let many = "a: &a x\nb: [" + Array(repeating: "*a", count: 17).joined(separator: ",") + "]"
        #expect(throws: YAMLError.self) { try read(many) }
    }

    @Test func `sizes are limited`() {
        #expect(throws: YAMLError.self) { try read(String(repeating: "a", count: 300_000)) }
        #expect(throws: YAMLError.self) {
            try read("[" + String(repeating: "a,", count: 20_000) + "a]")
        }
    }

    @Test(arguments: UInt64(1)...20)
    func `a damaged document is read or refused, never more`(seed: UInt64) {
        let original = Array(
            """
            # configuration
            log: &l "sqlite:fleet.db"
            output: *l
            property: {a.b: 'x', "c\\u0041": no}
            list:
              - 1e3
              - 2026-03-01
              - |
                text
                more
            """.utf8)
        var random = SplitMix(seed)
        var refused = 0
        for _ in 0..<200 {
            var bytes = original
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let index = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0...3, using: &random) {
                case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.remove(at: index)
                case 2: bytes.insert(UInt8.random(in: 0...127, using: &random), at: index)
                default: bytes.removeLast(min(bytes.count - 1, index))
                }
            }
            do {
                _ = try YAMLReader.read(bytes)
            } catch {
                refused += 1
                #expect(error.line >= 1)
            }
        }
        #expect(refused > 0)
    }
}
