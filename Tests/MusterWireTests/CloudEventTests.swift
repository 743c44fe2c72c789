import MusterCore
import MusterWire
import Testing

/// CloudEvents in records: what is read, what is refused, and the form that the journal keeps.
struct CloudEventTests {
    static let binary: [Header] = [
        header("ce_specversion", "1.0"), header("ce_id", "1"), header("ce_source", "/n1"),
        header("ce_type", "muster.node-up.v1"), header("content-type", "application/json"),
    ]
    static let structured = [header("content-type", "application/cloudevents+json; charset=UTF-8")]
    static let envelope =
        #"{"specversion":"1.0","id":"1","source":"/n1","type":"t","data":{"node":"n1"}}"#

    static func header(_ name: String, _ value: String) -> Header {
        Header(name: Array(name.utf8), value: Array(value.utf8))
    }

    /// The event and its data as text.
    private func read(
        _ headers: [Header], _ value: [UInt8]?, key: [UInt8]? = nil
    ) throws(UnreadableInput) -> (CloudEvent, String) {
        try CloudEventReader().read(key: key, headers: headers, value: value) {
            event, data throws(JSONReadError) in
            var object = try data.object()
            return (event, try object.required("node").string())
        }
    }

    private func refusal(_ headers: [Header], _ value: String) -> UnreadableInput? {
        do {
            _ = try read(headers, Array(value.utf8))
            return nil
        } catch {
            return error
        }
    }

    @Test func `a binary event has its attributes in headers`() throws {
        let headers =
            Self.binary + [
                Self.header("ce_time", "2026-11-23T10:00:00.5+01:00"),
                Self.header("ce_subject", "s"),
                Self.header("ce_correlationid", "c"), Self.header("ce_causationid", "d"),
                Self.header("ce_traceparent", "00-1"), Self.header("ce_tracestate", "x=1"),
                Self.header("ce_other", "é"), Self.header("other", "1"), Self.header("other", "2"),
                Header(name: [0xFF], value: nil),
            ]
        let (event, node) = try read(headers, Array(#" {"node":"n1"} "#.utf8))
        #expect(node == "n1")
        #expect(
            event
                == CloudEvent(
                    id: "1", source: "/n1", type: "muster.node-up.v1",
                    time: "2026-11-23T10:00:00.5+01:00", subject: "s", correlation: "c",
                    causation: "d", traceParent: "00-1", traceState: "x=1", mode: .binary))
    }

    @Test func `a structured event has everything in its value`() throws {
        let (event, node) = try read(Self.structured, Array(Self.envelope.utf8))
        #expect(node == "n1")
        #expect(event == CloudEvent(id: "1", source: "/n1", type: "t", mode: .structured))
        let full = #"""
            {"data":{"node":"n2"},"tracestate":"x","traceparent":"p","causationid":"d","type":"t",
            "correlationid":"c","subject":null,"time":"2026-01-01T00:00:00Z","source":"s","id":"i",
            "datacontenttype":"Application/JSON ;charset=utf-8","other":{"a":1},"specversion":"1.0"}
            """#
        let (second, other) = try read(Self.structured, Array(full.utf8))
        #expect(other == "n2")
        #expect(
            second
                == CloudEvent(
                    id: "i", source: "s", type: "t", time: "2026-01-01T00:00:00Z",
                    correlation: "c", causation: "d", traceParent: "p", traceState: "x",
                    mode: .structured))
    }

    @Test func `a registry's frame is skipped and counted in offsets`() throws {
        let frame: [UInt8] = [0, 0, 0, 1, 7]
        let value = frame + Array(#"{"node": "n1"}"#.utf8)
        let (event, node) = try read(Self.binary, value)
        #expect(node == "n1")
        let kept = event.structuredForm(value: value)
        #expect(String(decoding: kept, as: UTF8.self).hasSuffix(#","data":{"node":"n1"}}"#))
        let error = #expect(throws: UnreadableInput.self) {
            try read(Self.binary, frame + Array("{x".utf8))
        }
        #expect(error?.offset == 6)
        #expect(error?.pointer == nil)
        let short = #expect(throws: UnreadableInput.self) { try read(Self.binary, [0, 0, 0]) }
        #expect(short?.offset == 0)
    }

    @Test(arguments: [
        "application/json", "Application/JSON", "application/json;charset=utf-8",
        "application/json ; CharSet=UTF-8", " application/json ",
    ])
    func `a content type may name its characters`(type: String) throws {
        let headers = Self.binary.dropLast() + [Self.header("content-type", type)]
        #expect(try read(Array(headers), Array(#"{"node":"n1"}"#.utf8)).1 == "n1")
    }

    @Test(arguments: [
        "", "text/plain", "application/avro", "application/json;charset=latin1",
        "application/json; charset=utf-8; a=b", "application/json;", "application/json;v=1",
        "application/cloudevents+avro", "application/cloudevents", "json",
        "application/cloudevents+json;charset=utf-16",
    ])
    func `other content types are refused`(type: String) {
        let headers = Self.binary.dropLast() + [Self.header("content-type", type)]
        let error = refusal(Array(headers), #"{"node":"n1"}"#)
        #expect(error?.reason == .contentType)
        #expect(error?.sentence.contains("found \"\(type)\"") == true)
    }

    /// Headers that are refused, and the sentence.
    static let badHeaders: [([Header], String)] = [
        (Array(binary.dropLast()), "the header content-type is missing"),
        (binary + [header("ce_id", "2")], "the header ce_id comes more than once"),
        (
            binary + [header("ce_x", "2"), header("ce_x", "2")],
            "the header ce_x comes more than once"
        ),
        (
            binary + [header("content-type", "application/json")],
            "the header content-type comes more than once"
        ),
        (
            binary + [Header(name: Array("ce_x".utf8), value: [0xFF])],
            "the header ce_x is not valid UTF-8"
        ),
        (binary + [Header(name: Array("ce_x".utf8), value: nil)], "the header ce_x has no value"),
        (Array(binary.dropFirst()), "the header ce_specversion is missing"),
        (binary.filter { $0 != header("ce_id", "1") }, "the header ce_id is missing"),
        (binary.filter { $0 != header("ce_source", "/n1") }, "the header ce_source is missing"),
        (
            binary.filter { $0 != header("ce_type", "muster.node-up.v1") },
            "the header ce_type is missing"
        ),
        (
            binary.dropFirst() + [header("ce_specversion", "0.3")],
            #"the header ce_specversion must be "1.0", found "0.3""#
        ),
        (binary + [header("ce_subject", "")], "the header ce_subject is empty"),
        (binary + [header("ce_time", "yesterday")], "the header ce_time must be a time"),
        (
            binary + [header("ce_subject", "a\u{1B}[0m")],
            #"the header ce_subject holds a control character: "a\u{1b}[0m""#
        ),
        (
            [header("content-type", "application/cloudevents-batch+json")],
            "batches of events are not read"
        ),
        (
            [header("content-type", "application/cloudevents-batch+json;charset=utf-8")],
            "batches of events are not read"
        ),
    ]

    @Test func `wrong headers are refused`() {
        for (headers, sentence) in Self.badHeaders {
            let error = refusal(headers, #"{"node":"n1"}"#)
            #expect(error?.sentence.hasPrefix(sentence) == true, "\(error?.sentence ?? sentence)")
            #expect(error?.pointer == nil && error?.offset == nil)
        }
    }

    /// Values of structured events that are refused, the pointer, and a part of the sentence.
    static let badEnvelopes: [(String, String, String)] = [
        ("[]", "", "expected an object, found an array"),
        (#"{"id":"1","source":"s","type":"t","data":{}}"#, "/specversion", "is missing"),
        (
            #"{"specversion":"1.1","id":"1","source":"s","type":"t","data":{}}"#, "/specversion",
            #"must be "1.0", found "1.1""#
        ),
        (
            #"{"specversion":1.0,"id":"1","source":"s","type":"t","data":{}}"#, "/specversion",
            "expected text, found the number 1.0"
        ),
        (
            #"{"specversion":"1.0","id":null,"source":"s","type":"t","data":{}}"#, "/id",
            "is missing"
        ),
        (#"{"specversion":"1.0","id":"","source":"s","type":"t","data":{}}"#, "/id", "is empty"),
        (
            #"{"specversion":"1.0","id":"1","source":"s","type":"t","time":"x","data":{}}"#,
            "/time",
            "RFC 3339"
        ),
        (#"{"specversion":"1.0","id":"1","source":"s","type":"t"}"#, "/data", "is missing"),
        (
            #"{"specversion":"1.0","id":"1","source":"s","type":"t","data_base64":"e30="}"#,
            "/data_base64", "base64"
        ),
        (
            #"{"specversion":"1.0","id":"1","source":"s","type":"t","#
                + #""datacontenttype":"a","data":1}"#,
            "/datacontenttype", "must be application/json"
        ),
        (
            #"{"specversion":"1.0","id":"1","source":"s","type":"t","data":{"node":7}}"#,
            "/data/node", "expected text, found the number 7"
        ),
        (
            #"{"specversion":"1.0","id":"1","source":"s","type":"t","data":{"a":1,"a":1}}"#,
            "/data/a", "twice"
        ),
    ]

    @Test func `wrong envelopes are refused with a pointer`() {
        for (value, pointer, sentence) in Self.badEnvelopes {
            let error = refusal(Self.structured, value)
            #expect(error?.pointer == pointer, "\(value)")
            #expect(error?.sentence.contains(sentence) == true, "\(error?.sentence ?? value)")
        }
    }

    @Test func `a record without a value is refused`() {
        for headers in [Self.binary, Self.structured] {
            let error = #expect(throws: UnreadableInput.self) { try read(headers, nil) }
            #expect(error?.reason == .noValue)
            #expect(refusal(headers, "")?.reason == .json(.syntax))
        }
    }

    @Test func `key, headers and value have 64 KiB together`() throws {
        let used = Self.binary.reduce(0) { $0 + $1.name.count + ($1.value?.count ?? 0) }
        let start = Array(#"{"node":"n1","x":""#.utf8)
        let end = Array("\"}".utf8)
        let room = CloudEvent.inputBytesMax - used - start.count - end.count - 10
        let value = start + [UInt8](repeating: UInt8(ascii: "x"), count: room) + end
        let key = [UInt8](repeating: 1, count: 10)
        #expect(try read(Self.binary, value, key: key).1 == "n1")
        let error = #expect(throws: UnreadableInput.self) {
            try read(Self.binary, value, key: key + [1])
        }
        #expect(error?.reason == .tooLarge)
        #expect(
            error?.sentence
                == "key, headers and value have 65537 bytes together; 65536 are allowed")
    }

    @Test func `a binary event is kept as an object of its attributes and data`() throws {
        let value = Array("{ \"node\" : \"n 1\\u0041\", \"x\":[ 1.0 ] }\n".utf8)
        let headers =
            Self.binary + [
                Self.header("ce_tracestate", "t"), Self.header("ce_subject", "a\"b\\c"),
                Self.header("ce_other", "left out"),
            ]
        let (event, _) = try read(headers, value)
        let kept = event.structuredForm(value: value)
        #expect(
            String(decoding: kept, as: UTF8.self)
                == #"{"specversion":"1.0","id":"1","source":"/n1","type":"muster.node-up.v1","#
                + #""subject":"a\"b\\c","tracestate":"t","data":{"node":"n 1\u0041","x":[1.0]}}"#)
        let (again, node) = try read(Self.structured, kept)
        #expect(node == "n 1A")
        var expected = event
        expected.mode = .structured
        #expect(again == expected)
        // The journal reads it inside a decision, exactly, and ignores what it does not know there.
        try JSONReader().read(kept, .exact) { root throws(JSONReadError) in
            #expect(try CloudEvent(reading: root) == expected)
            #expect(try CloudEvent.structuredData(of: root).found == "an object")
        }
    }

    @Test func `a structured event is kept as it came, without white space`() throws {
        let value = Array(" \(Self.envelope.replacing(",", with: " ,\n "))\t".utf8)
        let (event, _) = try read(Self.structured, value)
        #expect(event.structuredForm(value: value) == Array(Self.envelope.utf8))
    }

    @Test func `an event is written in binary mode and read back`() throws {
        let event = CloudEvent(
            id: "i", source: "s", type: "t",
            time: InternetTime.text(milliseconds: 1_700_000_000_123),
            subject: "é", correlation: "c", causation: "d", traceParent: "p", traceState: "q")
        let names = event.headers.map { String(decoding: $0.name, as: UTF8.self) }
        #expect(
            names == [
                "ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time", "ce_subject",
                "ce_correlationid", "ce_causationid", "ce_traceparent", "ce_tracestate",
                "content-type",
            ])
        #expect(try read(event.headers, Array(#"{"node":"n"}"#.utf8)).0 == event)
        let least = CloudEvent(id: "i", source: "s", type: "t")
        #expect(try read(least.headers, Array(#"{"node":"n"}"#.utf8)).0 == least)
    }
}
