import MusterCore
import MusterWire
import Testing

/// Typed access to values, and the errors it throws.
struct JSONValueTests {
    enum Role: CaseIterable, Sendable { case voter, replica, readonly }
    static let roles = JSONWords<Role>([
        ("voter", .voter), ("replica", .replica), ("readonly", .readonly),
    ])

    @Test func `values of every kind are read`() throws {
        let text =
            #"{"s":"aé\n","t":true,"f":false,"n":42,"q":"43","a":[1,[2],{"x":3}],"r":"voter"}"#
        try reading(text) { root throws(JSONReadError) in
            var object = try root.object()
            #expect(object.count == 7)
            #expect(try object.required("s").string() == "aé\n")
            #expect(try object.required("t").bool())
            #expect(try !object.required("f").bool())
            #expect(try object.required("n").integer(Int32.self) == 42)
            #expect(try object.required("q").integer(UInt64.self) == 43)
            let array = try object.required("a").array()
            #expect(array.count == 3)
            var kinds: [String] = []
            for element in array { kinds.append(element.found) }
            #expect(kinds == ["the number 1", "an array", "an object"])
            #expect(try object.required("r").word(Self.roles) == .voter)
            #expect(object.member("none") == nil)
        }
    }

    @Test(
        arguments: [
            ("0", 0), ("\"0\"", 0), ("7", 7), ("\"18446744073709551615\"", .max),
            ("9007199254740992", 1 << 53), ("\"9007199254740993\"", (1 << 53) + 1),
            ("\"10000000000000000000\"", 10_000_000_000_000_000_000),
        ] as [(String, UInt64)])
    func `digits alone are a number`(text: String, expected: UInt64) throws {
        #expect(
            try reading(text) { value throws(JSONReadError) in try value.integer() } == expected)
    }

    @Test(arguments: [
        "1.0", "1e3", "-1", "\"-1\"", "\"01\"", "\"00\"", "\"+1\"", "\"\"", "\" 1\"", "\"1 \"",
        "\"1.0\"", "9007199254740993", "18446744073709551615", "\"18446744073709551616\"",
        "\"99999999999999999999\"", "\"100000000000000000000\"", "\"1844674407370955161x\"",
        "\"１\"", "\"0x1\"", "9007199254740993.0",
    ])
    func `what is not digits alone is no number`(text: String) {
        let error = refusal(in: "{\"a\":[\(text)]}") { root throws(JSONReadError) in
            var object = try root.object()
            for element in try object.required("a").array() { _ = try element.integer(UInt64.self) }
        }
        #expect(error?.reason == .number)
        #expect(error?.pointer == "/a/0")
        #expect(
            error?.sentence.hasPrefix(
                "expected a whole number from 0 to 18446744073709551615, as digits alone, found ")
                == true, "\(error?.sentence ?? "")")
    }

    @Test func `a number that its type does not hold names the range`() {
        let error = refusal(in: "2147483648") { root throws(JSONReadError) in
            _ = try root.integer(Int32.self)
        }
        #expect(
            error?.description
                == "expected a whole number from 0 to 2147483647, as digits alone, "
                + "found the number 2147483648")
        let bare = refusal(in: "9007199254740993") { root throws(JSONReadError) in
            _ = try root.timestamp()
        }
        #expect(bare?.sentence.hasSuffix("; above 2^53 it must be in quotes") == true)
        let negative = refusal(in: "-5") { root throws(JSONReadError) in
            _ = try root.integer(UInt64.self)
        }
        #expect(negative?.sentence.hasSuffix("found the number -5") == true)
    }

    @Test func `a value of another kind says what was expected and found`() {
        let text = #"{"a":{"b/c":[null,"x","\u001b[31m\u202e\"\\"]}}"#
        func read(
            _ index: Int, _ read: (JSONValue) throws(JSONReadError) -> Void
        ) -> String? {
            refusal(in: text) { root throws(JSONReadError) in
                var outer = try root.object()
                var inner = try outer.required("a").object()
                for (place, element) in try inner.required("b/c").array().enumerated()
                where place == index { try read(element) }
            }?.description
        }
        #expect(
            read(0) { value throws(JSONReadError) in _ = try value.string() }
                == "at /a/b~1c/0: expected text, found null")
        #expect(
            read(1) { value throws(JSONReadError) in _ = try value.object() }
                == "at /a/b~1c/1: expected an object, found the text \"x\"")
        #expect(
            read(2) { value throws(JSONReadError) in _ = try value.array() }
                == #"at /a/b~1c/2: expected an array, found the text "\u{1b}[31m\u{202e}\"\\""#)
        #expect(
            read(1) { value throws(JSONReadError) in _ = try value.bool() }
                == "at /a/b~1c/1: expected true or false, found the text \"x\"")
    }

    @Test func `long text in an error is cut`() {
        let error = refusal(in: "\"" + String(repeating: "é", count: 1000) + "\"") {
            root throws(JSONReadError) in _ = try root.bool()
        }
        let cut = String(repeating: "é", count: 60)
        #expect(error?.sentence == "expected true or false, found the text \"\(cut)…\"")
    }

    @Test func `an unknown word lists the known ones`() {
        let error = refusal(in: #"{"role":"Voter"}"#) { root throws(JSONReadError) in
            var object = try root.object()
            _ = try object.required("role").word(Self.roles)
        }
        #expect(error?.reason == .unknownWord)
        #expect(
            error?.description
                == #"at /role: expected one of "voter", "replica", "readonly", "#
                + #"found the text "Voter""#)
        for role in Role.allCases {
            let word = Self.roles.word(for: role)
            #expect(
                (try? reading("\"\(word)\"") { value throws(JSONReadError) in  // nil is a failure
                    try value.word(Self.roles)
                }) == role)
        }
    }

    @Test func `texts are matched by literals of a switch`() throws {
        func kind(_ text: String) throws -> Int {
            try reading("\"\(text)\"") { value throws(JSONReadError) in
                switch try value.text() {
                case "": 0
                case "a": 1
                case "abcd": 4
                case "abcdefg": 7
                case "abcdefgh": 8
                case "abcdefghijk": 11
                default: -1
                }
            }
        }
        for text in ["", "a", "abcd", "abcdefg", "abcdefgh", "abcdefghijk"] {
            #expect(try kind(text) == text.utf8.count)
            guard !text.isEmpty else { continue }
            for index in 0..<text.utf8.count {
                var bytes = Array(text.utf8)
                bytes[index] = UInt8(ascii: "z")
                #expect(try kind(String(decoding: bytes, as: UTF8.self)) == -1)
            }
        }
    }

    @Test func `names of inputs are checked, names of the journal are not`() throws {
        let name = #""a\u202eb""#
        let error = refusal(in: name) { value throws(JSONReadError) in
            _ = try value.name(NodeID.self)
        }
        #expect(
            error?.sentence == #"the name "a\u{202e}b" holds the character U+202E at position 1, "#
                + "which no name may hold")
        let exact = try reading(name, .exact) { value throws(JSONReadError) in
            try value.name(NodeID.self)
        }
        #expect(exact == NodeID(unchecked: "a\u{202e}b"))
    }

    @Test func `identifiers and hashes are lower-case hex digits`() throws {
        let hex = "00112233445566778899aabbccddeeff"
        let identifier = try reading("\"\(hex)\"") { value throws(JSONReadError) in
            try value.identifier()
        }
        #expect(identifier == Identifier(hex: hex))
        let hash = try reading("\"\(hex)\(hex)\"") { value throws(JSONReadError) in
            try value.hash()
        }
        #expect(hash == Hash(hex: hex + hex))
        for wrong in ["", "0", hex.uppercased(), hex + "0", "g" + hex.dropFirst()] {
            let error = refusal(in: "\"\(wrong)\"") { value throws(JSONReadError) in
                _ = try value.identifier()
            }
            #expect(error?.sentence.hasPrefix("expected 32 hex digits in lower case") == true)
        }
    }

    @Test(arguments: 1...20)
    func `digits of any length are read as a plain reader reads them`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let neighbours = Array("/:09afg`@AFGo.-+ ".utf8)
        for count in 1...22 {
            for _ in 0..<20 {
                var digits = (0..<count).map { _ in UInt8.random(in: 0x30...0x39, using: &random) }
                if Int.random(in: 0..<4, using: &random) == 0 {
                    let place = Int.random(in: 0..<count, using: &random)
                    digits[place] = neighbours.randomElement(using: &random) ?? 0
                }
                let text = String(decoding: digits, as: UTF8.self)
                let isPlain =
                    digits.allSatisfy { 0x30...0x39 ~= $0 } && (count == 1 || digits[0] != 0x30)
                let expected = isPlain ? UInt64(text) : nil
                let found = try reading("[\"\(text)\",\"x\"]") { root throws(JSONReadError) in
                    try root.array().read { value in
                        try? value.integer(UInt64.self)  // nil is the refusal
                    }
                }
                #expect(found == [expected, nil], "\(text)")
            }
        }
    }

    @Test(arguments: 1...20)
    func `hex digits are read as a plain reader reads them`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let neighbours = Array("/:`gGAFoO@p.\u{1}\u{7F}".utf8)
        for round in 0..<200 {
            var digits = Identifier(
                high: random.next(), low: random.next()
            ).description.utf8.map { $0 }
            if round % 2 == 1 {
                let place = Int.random(in: 0..<32, using: &random)
                digits[place] = neighbours.randomElement(using: &random) ?? 0
            }
            let text = String(decoding: digits, as: UTF8.self)
            var writer = JSONWriter()
            writer.string(text)
            let found = try JSONReader(capacity: 64).read(writer.bytes, .input) { value in
                try? value.identifier()  // nil is the refusal
            }
            #expect(found == Identifier(hex: text), "\(text)")
            #expect((found == nil) == (round % 2 == 1))
        }
    }
}
