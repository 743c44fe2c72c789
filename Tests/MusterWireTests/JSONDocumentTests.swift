import MusterWire
import Testing

/// Whole documents: what is refused, why and where.
struct JSONDocumentTests {
    /// Broken bytes, the byte at which they break, and a part of the sentence.
    struct Broken: Sendable, CustomTestStringConvertible {
        let bytes: [UInt8]
        let offset: Int
        let words: String

        init(_ text: String, _ offset: Int, _ words: String) {
            self.init(Array(text.utf8), offset, words)
        }

        init(_ bytes: [UInt8], _ offset: Int, _ words: String) {
            (self.bytes, self.offset, self.words) = (bytes, offset, words)
        }

        var testDescription: String { String(decoding: bytes, as: UTF8.self) }
    }

    static let broken: [Broken] = [
        Broken("", 0, "nothing but white space"),
        Broken("  \n", 3, "nothing but white space"),
        Broken([0xEF, 0xBB, 0xBF] + Array("{}".utf8), 0, "byte order mark"),
        Broken("{", 1, "member name"),
        Broken("{\"a\"", 4, "a colon"),
        Broken("{\"a\":", 5, "a value, found the end"),
        Broken("{\"a\":1", 6, "a comma or }"),
        Broken("{\"a\":1,", 7, "member name"),
        Broken("{\"a\":1,}", 7, "member name"),
        Broken("{a:1}", 1, "member name in quotes, found 'a'"),
        Broken("{'a':1}", 1, "found '''"),
        Broken("[1,2", 4, "a comma or ]"),
        Broken("[1 2]", 3, "after the element, found '2'"),
        Broken("[1,]", 3, "a value, found ']'"),
        Broken("{\"a\":\"b", 7, "begins at byte 5 has no closing quote"),
        Broken("{} x", 3, "the end, as the document is complete, found 'x'"),
        Broken("{}{}", 2, "document is complete"),
        Broken("1 2", 2, "document is complete"),
        Broken(Array("{}".utf8) + [0], 2, "found the byte 0x0"),
        Broken("garbage", 0, "a value, found 'g'"),
        Broken("[tru]", 4, "expected true"),
        Broken("[truex]", 5, "the end of true"),
        Broken("[nul", 4, "expected null"),
        Broken("[NaN]", 1, "found 'N'"),
        Broken("[01]", 1, "does not begin with 0"),
        Broken("[-]", 2, "a digit"),
        Broken("[+1]", 1, "found '+'"),
        Broken("[.5]", 1, "found '.'"),
        Broken("[1.]", 3, "a digit"),
        Broken("[1e]", 3, "a digit"),
        Broken("[1x]", 2, "the end of the number"),
        Broken("[18446744073709551616]", 1, "beyond 64 bits"),
        Broken("[-9223372036854775809]", 1, "beyond 64 bits"),
        Broken("[1, 1e400]", 4, "beyond what a double holds"),
        Broken("[\"a\nb\"]", 3, "control character"),
        Broken("[\"\\x\"]", 2, "the backslash escapes nothing"),
        Broken("[\"\\u12G4\"]", 6, "four hex digits"),
        Broken("[\"ab\\ud800\"]", 4, "a lone surrogate"),
        Broken("[\"\\ud800\\u0041\"]", 2, "a lone surrogate"),
        Broken("[\"\\udc00\"]", 2, "a lone surrogate"),
        Broken("{\"\\ud83d\":1}", 2, "a lone surrogate"),
        Broken(Array("[\"a".utf8) + [0xC3] + Array("\"]".utf8), 3, "not valid UTF-8"),
        Broken(Array("[\"".utf8) + [0xC0, 0x80] + Array("\"]".utf8), 2, "not valid UTF-8"),
        Broken(Array("[\"".utf8) + [0xED, 0xA0, 0x80] + Array("\"]".utf8), 2, "not valid UTF-8"),
        Broken(Array("[\"".utf8) + [0xF4, 0x90, 0x80, 0x80] + Array("\"]".utf8), 2, "UTF-8"),
        Broken(Array("[\"".utf8) + [0xFF] + Array("\"]".utf8), 2, "not valid UTF-8"),
        Broken(Array("[".utf8) + [0xC2, 0xA0] + Array("1]".utf8), 1, "the byte 0xC2"),
    ]

    @Test(arguments: [JSONStrictness.input, .exact])
    func `broken documents are refused with the byte at which they break`(
        strictness: JSONStrictness
    ) {
        for broken in Self.broken {
            let error = refusal(broken.bytes, strictness)
            #expect(error?.reason == .syntax, "\(broken.testDescription)")
            #expect(error?.offset == broken.offset, "\(broken.testDescription)")
            #expect(
                error?.sentence.contains(broken.words) == true,
                "\(broken.testDescription): \(error?.description ?? "accepted")")
        }
    }

    @Test func `what RFC 8259 and 64 bits allow is read`() {
        let fine = [
            " \t\r\n{ } \n", "[]", "\"\"", "0", "-0", "null", "true", "1.0", "1e300", "-1.5E-7",
            "1e-400", "[18446744073709551615,-9223372036854775808]", "9007199254740993.0",
            #"["\ud83d\ude00","\u0000","\/\b\f\n\r\t\\\""]"#, "[\"\u{10FFFF}é\"]",
        ]
        for text in fine { #expect(refusal(text) == nil, "\(text)") }
    }

    @Test(arguments: [JSONStrictness.input, .exact])
    func `nesting ends exactly at its limit`(strictness: JSONStrictness) {
        let limit = strictness.depthMax
        for inner in ["", "1", "{}", "\"a\"", "[]", "{\"a\":1}"] {
            let own = inner.hasPrefix("{") || inner.hasPrefix("[") ? 1 : 0
            func nested(_ depth: Int) -> String {
                String(repeating: "[", count: depth - own) + inner
                    + String(repeating: "]", count: depth - own)
            }
            #expect(refusal(nested(limit), strictness) == nil, "\(inner)")
            for deeper in [limit + 1, 65, 66, 1000] {
                let error = refusal(nested(deeper), strictness)
                #expect(error?.reason == .tooDeep, "\(inner) in \(deeper)")
                #expect(error?.sentence.contains("\(limit)") == true)
            }
        }
        #expect(refusal(String(repeating: "[", count: 100_000))?.reason == .tooDeep)
    }

    @Test func `nesting beside other values is counted from the root`() {
        let wide = String(repeating: "{\"a\":[{}]},", count: 40)
        #expect(refusal("[\(wide)1]") == nil)
        let deep =
            String(repeating: "{\"k\":", count: 32) + "[]" + String(repeating: "}", count: 32)
        #expect(refusal(deep)?.pointer == String(repeating: "/k", count: 32))
    }

    @Test(arguments: [
        (#"{"a":1,"a":2}"#, "/a"), (#"{"a":1,"\u0061":2}"#, "/a"),
        (#"{"x":[{"b":1},{"b":1,"c":{},"b":[]}]}"#, "/x/1/b"),
        (#"{"":1,"":2}"#, "/"), (#"{"a/b":1,"c~":2,"a\/b":3}"#, "/a~1b"),
        (#"{"é":1,"\u00e9":2}"#, "/é"),
    ])
    func `a name twice in one object is refused at any depth`(text: String, pointer: String) {
        let error = refusal(text)
        #expect(error?.reason == .duplicateMember)
        #expect(error?.pointer == pointer)
    }

    @Test func `names in two normal forms are two names`() {
        #expect(refusal(#"{"\u00e9":1,"e\u0301":2}"#) == nil)
        #expect(refusal(#"{"a":{"a":{"a":1}},"b":[{"a":1},{"a":1}]}"#) == nil)
    }

    @Test(arguments: [2, 12, 13, 14, 100, 255, 256])
    func `a repeated name is found among any number of members`(count: Int) {
        for prefix in ["m", "a-long-member-name-", "\u{1F600}"] {
            let names = (1..<count).map { "\(prefix)\($0)" }
            for repeated in [names.first, names.last].compactMap(\.self) {
                let all = names + [repeated]
                let text = "{" + all.map { "\"\($0)\":0" }.joined(separator: ",") + "}"
                let error = refusal(text)
                #expect(error?.reason == .duplicateMember)
                #expect(error?.pointer == "/\(repeated)")
            }
            let unique = (names + ["other"]).map { "\"\($0)\":0" }.joined(separator: ",")
            #expect(refusal("{\(unique)}") == nil)
        }
    }

    @Test func `an object of an input has at most 256 members`() {
        func object(_ count: Int) -> String {
            "{" + (0..<count).map { "\"m\($0)\":0" }.joined(separator: ",") + "}"
        }
        #expect(refusal(object(256)) == nil)
        let error = refusal("[{\"in\":\(object(257))}]")
        #expect(error?.reason == .tooManyMembers)
        #expect(error?.pointer == "/0/in")
        #expect(error?.sentence == "the object has 257 members; 256 are allowed")
        #expect(refusal(object(257), .exact) == nil)
    }
}
