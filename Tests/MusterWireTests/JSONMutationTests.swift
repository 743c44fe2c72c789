import MusterWire
import Testing

/// Documents with bytes changed by chance: never a crash, and what is refused has its place.
struct JSONMutationTests {
    static let document = #"""
        {"cluster":"orders","seq":"1844","decision":{"format":"1","at":"1700000000123","cause":
        {"topic":"events","offset":"77","event":{"specversion":"1.0","id":"é\u00e9\ud83d\ude00",
        "data":{"n":-1.5e3,"list":[true,false,null,[],{}, 12345678901234567890]}}},"events":
        [{"type":"nodeUp","node":"n1"},{"type":"x","a":[[1,2],[3]],"b":"\n\\\"\/"}]}}
        """#

    /// Goes through every value, asks everything of it, and checks that each pointer is its own.
    private func visit(_ value: JSONValue, _ pointers: inout Set<String>) {
        #expect(pointers.insert(value.pointer).inserted)
        #expect(!value.found.isEmpty)
        _ = try? value.integer(UInt64.self)  // only that it returns
        _ = try? value.identifier()  // only that it returns
        if let array = try? value.array() {  // nil is another kind
            for element in array { visit(element, &pointers) }
        }
        if let object = try? value.object() {  // nil is another kind
            for member in object.members { visit(member.value, &pointers) }
        }
    }

    @Test(arguments: 1...40)
    func `changed bytes are read or refused with their place`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let reader = JSONReader(capacity: 64)
        let interesting: [UInt8] = Array("\"\\{}[],:0-eu1 \n\u{0}".utf8) + [0x80, 0xC3, 0xFF, 0xED]
        var refused = 0
        for _ in 0..<200 {
            var bytes = Array(Self.document.utf8)
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let place = Int.random(in: bytes.indices, using: &random)
                let byte =
                    Bool.random(using: &random)
                    ? interesting.randomElement(using: &random) ?? 0
                    : UInt8.random(in: 0...255, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes[place] = byte
                case 1: bytes.insert(byte, at: place)
                case 2: bytes.remove(at: place)
                default: bytes.removeSubrange(place..<min(bytes.count, place + 9))
                }
            }
            do {
                try reader.read(bytes, .input) { root throws(JSONReadError) in
                    var pointers: Set<String> = []
                    visit(root, &pointers)
                }
            } catch {
                refused += 1
                let text = String(decoding: bytes, as: UTF8.self)
                // What simdjson refuses, the slow pass must refuse too: else there is no offset.
                if error.reason == .syntax {
                    #expect(error.offset.map { 0...bytes.count ~= $0 } == true, "\(text)")
                } else {
                    #expect(error.reason == .duplicateMember, "\(error): \(text)")
                }
            }
        }
        #expect(refused > 20)
    }

    @Test func `every beginning of a document is refused at its end`() {
        let bytes = Array(Self.document.utf8)
        let reader = JSONReader(capacity: 64)
        for count in 0..<bytes.count {
            let error = #expect(throws: JSONReadError.self) {
                try reader.read(Array(bytes[..<count]), .input) { _ in }
            }
            // Within an escape or a code point the break is at its beginning.
            let offset = error?.offset ?? -1
            #expect(count - 12...count ~= offset, "\(count): \(String(describing: error))")
        }
    }

    @Test func `a reader goes on after a refusal`() throws {
        let reader = JSONReader(capacity: 64)
        for text in ["[", "{\"a\":1,\"a\":1}", "\"\\ud800\"", String(repeating: "[", count: 70)] {
            #expect(throws: JSONReadError.self) {
                try reader.read(Array(text.utf8), .input) { _ in }
            }
            let number = try reader.read(Array("[7]".utf8), .input) { root throws(JSONReadError) in
                try root.array().read { value throws(JSONReadError) in try value.integer(Int.self) }
            }
            #expect(number == [7])
        }
    }

    @Test func `the bytes of a member inside members are found`() {
        let text =
            #" { "x\"" : [1,"}"] , "cause" : { "a":"]\\", "event" : {"d" : [ 1 ]} , "z":2 } }"#
        let bytes = Array(text.utf8)
        func range(_ path: [StaticString]) -> String? {
            bytes.withUnsafeBytes { JSONSource.range(at: path, in: $0) }
                .map { String(decoding: bytes[$0], as: UTF8.self) }
        }
        #expect(range(["cause", "event"]) == #"{"d" : [ 1 ]}"#)
        #expect(range(["cause", "event", "d"]) == "[ 1 ]")
        #expect(range(["cause", "z"]) == "2")
        #expect(range(["cause", "a"]) == #""]\\""#)
        #expect(range(["event"]) == nil)
        #expect(range(["cause", "a", "b"]) == nil)
    }
}
