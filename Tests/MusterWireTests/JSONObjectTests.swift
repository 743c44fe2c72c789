import MusterWire
import Testing

/// Members by name, in any order, and the check that none is left over.
struct JSONObjectTests {
    private func take(
        _ names: [StaticString], of text: String, _ strictness: JSONStrictness
    ) throws(JSONReadError) -> [String?] {
        try reading(text, strictness) { root throws(JSONReadError) in
            var object = try root.object()
            var values: [String?] = []
            for name in names { values.append(object.member(name)?.found) }
            try object.finish()
            return values
        }
    }

    @Test(arguments: [JSONStrictness.input, .exact])
    func `members are found in any order`(strictness: JSONStrictness) throws {
        let text = #"{"a":1,"b":[{"a":9},2],"c":{"b":8},"d":4}"#
        let found = [
            "a": "the number 1", "b": "an array", "c": "an object", "d": "the number 4",
        ]
        let orders: [[StaticString]] = [
            ["a", "b", "c", "d"], ["d", "c", "b", "a"], ["b", "d", "a", "c"], ["c", "a", "d", "b"],
            ["a", "x", "b", "y", "c", "z", "d"], ["x", "d", "y", "a", "z", "b", "c"],
        ]
        for order in orders {
            let expected = order.map { found[$0.description] }
            #expect(try take(order, of: text, strictness) == expected)
        }
    }

    @Test func `members that nobody asked for are ignored in inputs and refused in the journal`()
        throws
    {
        let text = #"{"a":1,"new":{"b":2},"c":3}"#
        #expect(try take(["a", "c"], of: text, .input) == ["the number 1", "the number 3"])
        let error = #expect(throws: JSONReadError.self) {
            try take(["a", "c"], of: text, .exact)
        }
        #expect(error?.reason == .unknownMember)
        #expect(error?.description == #"at /new: the member "new" is not known here"#)
    }

    @Test func `a name used twice is found in the journal too`() {
        let error = #expect(throws: JSONReadError.self) {
            try take(["a", "b"], of: #"{"a":1,"b":2,"a":3}"#, .exact)
        }
        #expect(error?.reason == .duplicateMember)
    }

    @Test func `a missing member is named with its place`() {
        let error = refusal(in: #"{"x":[0,{"a":1}]}"#) { root throws(JSONReadError) in
            var object = try root.object()
            for element in try object.required("x").array() where element.isObject {
                var inner = try element.object()
                _ = try inner.required("b~c")
            }
        }
        #expect(error?.reason == .missingMember)
        #expect(error?.description == #"at /x/1/b~0c: the member "b~c" is missing"#)
        #expect(
            refusal(in: "{}") { root throws(JSONReadError) in
                var object = try root.object()
                _ = try object.required("a")
            }?.pointer == "/a")
    }

    @Test func `an exact object holds 64 members, an input more`() throws {
        let names = (0..<64).map { "m\($0)" }
        let text = "{" + names.map { "\"\($0)\":0" }.joined(separator: ",") + "}"
        let last: StaticString = "m63"
        let first: StaticString = "m0"
        let error = #expect(throws: JSONReadError.self) {
            try take([last, first], of: text, .exact)
        }
        #expect(error?.pointer == "/m1")
        let more =
            "{" + (names + ["m64", "m65"]).map { "\"\($0)\":0" }.joined(separator: ",") + "}"
        #expect(try take(["m65", "m64", "m0"], of: more, .input).allSatisfy { $0 != nil })
    }

    @Test func `all members are gone through in their order`() throws {
        let names = try reading(#"{"b":1,"a":[1,2],"":{"c":1}}"#) { root throws(JSONReadError) in
            try root.object().members.map { "\($0.name.string)=\($0.value.found)" }
        }
        #expect(names == ["b=the number 1", "a=an array", "=an object"])
        let elements = try reading(#"["1","2"]"#) { root throws(JSONReadError) in
            try root.array().read { value throws(JSONReadError) in try value.integer(Int.self) }
        }
        #expect(elements == [1, 2])
    }
}
