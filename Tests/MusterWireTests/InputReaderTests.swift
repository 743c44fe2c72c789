import MusterCore
import MusterWire
import Testing

struct InputReaderTests {
    private func read(_ record: OutgoingRecord, value: [UInt8]? = nil) throws
        -> InputReader.Incoming
    {
        try InputReader().read(
            record.topic, key: record.key, headers: record.headers, value: value ?? record.value)
    }

    /// What is wrong with a message whose data is this text.
    private func refusal(
        _ data: String, type: String, on topic: Topic = .events
    ) -> UnreadableInput? {
        let event = CloudEvent(id: "1", source: "/x", type: type)
        do {
            _ = try InputReader().read(
                topic, key: nil, headers: event.headers, value: Array(data.utf8))
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: GoldenMessages.inputs.indices)
    func `an input is read as it was written`(_ index: Int) throws {
        let input = GoldenMessages.inputs[index]
        let record = input.message.outgoing(GoldenMessages.origin)
        let incoming = try read(record)
        #expect(incoming.message == input.message)
        #expect(incoming.correlation == "c-1")
        #expect(incoming.event.causation == "e-0")
        #expect(incoming.message.outgoing(GoldenMessages.origin) == record)
    }

    @Test(arguments: GoldenMessages.inputs.indices)
    func `the event in a decision's cause is read as the same input`(_ index: Int) throws {
        let record = GoldenMessages.inputs[index].message.outgoing(GoldenMessages.origin)
        let incoming = try read(record)
        let form = incoming.event.structuredForm(value: record.value ?? [])
        let again = try InputReader().read(record.topic, causeEvent: form)
        #expect(again.message == incoming.message)
        #expect(again.correlation == incoming.correlation)
        let structured = CloudEvent(id: "-", source: "-", type: "-", mode: .structured)
        #expect(structured.structuredForm(value: form) == form)
    }

    /// The journal's form of an event has one level more than the data of its record.
    @Test func `an input nested as deep as is allowed is read again from the journal`() throws {
        let golden = GoldenMessages.inputs[0].message.outgoing(GoldenMessages.origin)
        func nested(_ depth: Int) -> [UInt8] {
            let inner =
                String(repeating: "[", count: depth - 1) + String(repeating: "]", count: depth - 1)
            return Array("{\"deep\":\(inner),".utf8) + (golden.value ?? []).dropFirst()
        }
        let incoming = try read(golden, value: nested(32))
        let form = incoming.event.structuredForm(value: nested(32))
        let again = try InputReader().read(golden.topic, causeEvent: form)
        #expect(again.message == incoming.message)
        #expect(throws: UnreadableInput.self) { try read(golden, value: nested(33)) }
    }

    @Test(arguments: GoldenMessages.inputs.indices)
    func `a member that nobody knows changes nothing at any place`(_ index: Int) throws {
        let input = GoldenMessages.inputs[index]
        let record = input.message.outgoing(GoldenMessages.origin)
        for variant in Mutation.strangers(in: record.value ?? []) {
            let incoming = try read(record, value: variant)
            #expect(incoming.message == input.message)
        }
    }

    @Test(arguments: GoldenMessages.inputs.indices)
    func `a member of another kind is refused with its place`(_ index: Int) throws {
        let record = GoldenMessages.inputs[index].message.outgoing(GoldenMessages.origin)
        for variant in Mutation.nulls(in: record.value ?? []) {
            #expect { try read(record, value: variant.bytes) } throws: { error in
                (error as? UnreadableInput)?.pointer == variant.pointer
            }
        }
    }

    private static let identity =
        #""cluster":"c","node":"n","store":"00000000000000000000000000000000","start":"1""#

    private static let up =
        #""boot":"00000000000000000000000000000000","blank":true,"#
        + #""groupsVersion":0,"groups":[]"#

    @Test(arguments: [
        ("-1", "/start"), ("1.0", "/start"), ("9007199254740993", "/start"),
        (#""-1""#, "/start"), (#""01""#, "/start"), (#""18446744073709551616""#, "/start"),
    ])
    func `an incarnation is digits alone`(_ start: String, _ pointer: String) {
        let data = "{\(Self.identity.dropLast(3))\(start)}"
        let error = refusal(data, type: "muster.nodeStopping.v1")
        #expect(error?.pointer == pointer)
        #expect(error?.reason == .json(.number))
    }

    @Test func `a role is one of three words and never guessed`() throws {
        let unknown = "{\(Self.identity),\(Self.up),\"role\":\"master\"}"
        let error = try #require(refusal(unknown, type: "muster.nodeUp.v1"))
        #expect(error.pointer == "/role")
        #expect(error.sentence.contains(#"one of "voter", "replica", "readonly""#))
        let missing = "{\(Self.identity),\(Self.up)}"
        #expect(refusal(missing, type: "muster.nodeUp.v1")?.pointer == "/role")
    }

    @Test(arguments: [
        ("", "is empty"), ("a/b", "U+002F"), ("a\u{202E}b", "U+202E"), ("\u{7}", "U+0007"),
        ("\u{E0041}", "U+E0041"), (String(repeating: "é", count: 128), "has 256 bytes"),
    ])
    func `a name that no name may be is refused where it stands`(
        _ name: String, _ trouble: String
    ) throws {
        var writer = JSONWriter()
        writer.string(name)
        let quoted = String(decoding: writer.bytes, as: UTF8.self)
        let rest = Self.identity.dropFirst(#""cluster":"c""#.utf8.count)
        let cluster = try #require(
            refusal("{\"cluster\":\(quoted)\(rest)}", type: "muster.nodeStopping.v1"))
        #expect(cluster.pointer == "/cluster")
        #expect(cluster.sentence.contains(trouble))
        let group = "{\(Self.identity),\(Self.up),\"role\":\"voter\","
        let data = group.replacing(
            "\"groups\":[]", with: "\"groups\":[{\"group\":\"g\"},{\"group\":\(quoted)}]")
        let error = refusal(data.dropLast() + "}", type: "muster.nodeUp.v1")
        #expect(error?.pointer == "/groups/1/group")
    }

    @Test func `a name of 255 bytes is read`() {
        let name = String(repeating: "é", count: 127) + "x"
        let data = Self.identity.replacing("\"c\"", with: "\"\(name)\"")
        #expect(refusal("{\(data)}", type: "muster.nodeStopping.v1") == nil)
    }

    @Test func `lists of named things hold no name twice`() {
        let data = "{\(Self.identity),\(Self.up),\"role\":\"voter\"}"
            .replacing(
                "\"groups\":[]",
                with: #""groups":[{"group":"b"},{"group":"a"},{"group":"b"}]"#)
        #expect(refusal(data, type: "muster.nodeUp.v1")?.pointer == "/groups/2")
    }

    @Test func `lists of named things are put in order`() throws {
        let data = "{\(Self.identity),\(Self.up),\"role\":\"voter\"}"
            .replacing("\"groups\":[]", with: #""groups":[{"group":"b"},{"group":"a"}]"#)
        let event = CloudEvent(id: "1", source: "/x", type: "muster.nodeUp.v1")
        let incoming = try InputReader().read(
            .events, key: nil, headers: event.headers, value: Array(data.utf8))
        guard case .fact(.nodeUp(let up)) = incoming.message.content else {
            Issue.record("no nodeUp")
            return
        }
        #expect(up.groups.map(\.group.text) == ["a", "b"])
        #expect(incoming.correlation == "1")
    }

    @Test(arguments: [
        ("muster.nodeUp.v2", Topic.events, "this manager reads muster.nodeUp.v1"),
        ("nodeUp", .events, "write muster.nodeUp.v1"), ("x", .events, "none of Muster's"),
        ("muster.nodeUp.v1", .requests, "belong on the topic events, not on requests"),
        ("muster.groupObserved.v1", .requests, "on the topic events or heartbeats"),
        ("muster.removeMember.v1", .events, "belong on the topic commands"),
        ("muster.removeRequested.v1", .events, "belong on the topic requests"),
    ])
    func `an unknown type says what would be right`(
        _ type: String, _ topic: Topic, _ words: String
    ) throws {
        let error = try #require(refusal("{}", type: type, on: topic))
        #expect(error.sentence.contains(words), "\(error.sentence)")
    }

    @Test func `a structured event is read, and its places are those of the whole value`() throws {
        let headers = [
            Header(
                name: Array("content-type".utf8),
                value: Array("application/cloudevents+json; charset=utf-8".utf8))
        ]
        let form =
            #"{"specversion":"1.0","id":"1","source":"/x","type":"muster.nodeStopping.v1","#
            + #""data":{"# + Self.identity + "}}"
        let incoming = try InputReader().read(
            .events, key: nil, headers: headers, value: Array(form.utf8))
        #expect(incoming.message.cluster.text == "c")
        let broken = form.replacing(#""start":"1""#, with: #""start":-1"#)
        #expect {
            try InputReader().read(
                .events, key: nil, headers: headers, value: Array(broken.utf8))
        } throws: { error in
            (error as? UnreadableInput)?.pointer == "/data/start"
        }
    }
}
