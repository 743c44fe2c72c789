import MusterCore
import MusterWire
import Testing

/// What the writer writes, byte for byte.
struct JSONWriterTests {
    private func written(_ write: (inout JSONWriter) -> Void) -> String {
        var writer = JSONWriter()
        write(&writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    @Test func `members stand in the order of the calls without white space`() {
        let text = written { writer in
            writer.object { writer in
                writer.member("z", "text")
                writer.member("a", string: UInt64.max)
                writer.member("n", number: -5)
                writer.member("t", true)
                writer.member("left", nil as String?)
                writer.member("out", string: nil as UInt64?)
                writer.name("o")
                writer.object { _ in }
                writer.name("l")
                writer.array { writer in
                    writer.array { _ in }
                    writer.bool(false)
                    writer.raw(Array(#"{"x":1}"#.utf8))
                    writer.number(0)
                    writer.string(Int64.min)
                }
                writer.member("texts", ["a", "b"])
                writer.member("squares", of: [1, 2]) { $0.number($1 * $1) }
            }
        }
        #expect(
            text == #"{"z":"text","a":"18446744073709551615","n":-5,"t":true,"o":{},"#
                + #""l":[[],false,{"x":1},0,"-9223372036854775808"],"#
                + #""texts":["a","b"],"squares":[1,4]}"#)
    }

    @Test func `strings are escaped as RFC 8785 does`() {
        var all = ""
        for value in UInt32(0)..<0x80 { all.unicodeScalars.append(Unicode.Scalar(UInt8(value))) }
        all += "/é\u{2028}\u{FFFF}\u{10FFFF}"
        var expected = "\""
        for value in UInt32(0)..<0x20 {
            switch value {
            case 8: expected += "\\b"
            case 9: expected += "\\t"
            case 10: expected += "\\n"
            case 12: expected += "\\f"
            case 13: expected += "\\r"
            default:
                let hex = String(value, radix: 16)
                expected += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            }
        }
        expected += " !\\\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\\\]^_`"
        expected += "abcdefghijklmnopqrstuvwxyz{|}~\u{7F}/é\u{2028}\u{FFFF}\u{10FFFF}\""
        #expect(written { $0.string(all) } == expected)
    }

    @Test func `the core's types are written and read back`() throws {
        let hash = Hash(words: (1, 2, .max, 0x0123_4567_89AB_CDEF))
        let identifier = Identifier(high: .max, low: 10)
        let text = written { writer in
            writer.object { writer in
                writer.member("node", NodeID(unchecked: "n\"1"))
                writer.member("start", Start(7))
                writer.member("at", Timestamp(milliseconds: 1_700_000_000_000))
                writer.member("limit", Duration.seconds(5))
                writer.member("store", identifier)
                writer.member("hash", hash)
                writer.member("role", JSONValueTests.Role.replica, JSONValueTests.roles)
                writer.member("none", nil as NodeID?)
            }
        }
        #expect(
            text == #"{"node":"n\"1","start":"7","at":"1700000000000","limit":"5000","#
                + #""store":"ffffffffffffffff000000000000000a","hash":"\#(hash)","role":"replica"}"#
        )
        try reading(text, .exact) { root throws(JSONReadError) in
            var object = try root.object()
            #expect(try object.required("node").name() == NodeID(unchecked: "n\"1"))
            #expect(try object.required("start").number() == Start(7))
            #expect(try object.required("at").timestamp().milliseconds == 1_700_000_000_000)
            #expect(try object.required("limit").duration() == .seconds(5))
            #expect(try object.required("store").identifier() == identifier)
            #expect(try object.required("hash").hash() == hash)
            #expect(try object.required("role").word(JSONValueTests.roles) == .replica)
            try object.finish()
        }
    }

    @Test func `a cleared writer begins anew`() {
        var writer = JSONWriter()
        writer.object { $0.member("a", true) }
        writer.clear()
        writer.array { _ in }
        #expect(writer.bytes == Array("[]".utf8))
    }

    /// A value made by chance, to be written, read and compared.
    indirect enum Tree: Equatable {
        case text(String), number(UInt64), flag(Bool), list([Tree]), members([Tree])

        init(depth: Int, from random: inout SeededRandom) {
            switch Int.random(in: depth > 4 ? 0...2 : 0...4, using: &random) {
            case 0:
                let scalars = (0..<Int.random(in: 0...20, using: &random)).map { _ in
                    Bool.random(using: &random)
                        ? UInt32.random(in: 0..<0x80, using: &random)
                        : UInt32.random(in: 0..<0x11_0000, using: &random)
                }
                var text = ""
                text.unicodeScalars.append(contentsOf: scalars.compactMap(Unicode.Scalar.init))
                self = .text(text)
            case 1:
                let bits = UInt64.random(in: 0..<64, using: &random)
                self = .number(.random(in: 0...(.max >> bits), using: &random))
            case 2: self = .flag(.random(using: &random))
            case 3: self = .list(Self.several(depth, &random))
            default: self = .members(Self.several(depth, &random))
            }
        }

        private static func several(_ depth: Int, _ random: inout SeededRandom) -> [Tree] {
            (0..<Int.random(in: 0...6, using: &random)).map { _ in
                Tree(depth: depth + 1, from: &random)
            }
        }

        static let names: [StaticString] = ["a", "bc", "def", "member-four", "fifth", "s"]

        func write(to writer: inout JSONWriter) {
            switch self {
            case .text(let text): writer.string(text)
            case .number(let number): writer.string(number)
            case .flag(let flag): writer.bool(flag)
            case .list(let trees): writer.array(of: trees) { $1.write(to: &$0) }
            case .members(let trees):
                writer.object { writer in
                    for (name, tree) in zip(Self.names, trees) {
                        writer.name(name)
                        tree.write(to: &writer)
                    }
                }
            }
        }

        func check(_ value: JSONValue) throws(JSONReadError) {
            switch self {
            case .text(let text):
                #expect(Array(try value.text().bytes) == Array(text.utf8))
            case .number(let number): #expect(try value.integer() == number)
            case .flag(let flag): #expect(try value.bool() == flag)
            case .list(let trees):
                let array = try value.array()
                #expect(array.count == trees.count)
                for (tree, element) in zip(trees, array) { try tree.check(element) }
            case .members(let trees):
                var object = try value.object()
                for (name, tree) in zip(Self.names, trees) {
                    try tree.check(try object.required(name))
                }
                try object.finish()
            }
        }
    }

    @Test(arguments: 1...50)
    func `what was written is read back`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let tree = Tree.list((0..<10).map { _ in Tree(depth: 0, from: &random) })
        var writer = JSONWriter()
        tree.write(to: &writer)
        let reader = JSONReader(capacity: 64)
        for strictness in [JSONStrictness.exact, .input] {
            try reader.read(writer.bytes, strictness) { value throws(JSONReadError) in
                try tree.check(value)
            }
        }
        let minified = writer.bytes.withUnsafeBytes { JSONReader.minified($0) }
        #expect(minified == writer.bytes)
    }
}
