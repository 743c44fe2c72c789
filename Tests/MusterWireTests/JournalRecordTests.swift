import MusterCore
import MusterWire
import Testing

struct JournalRecordTests {
    private static let records: [[UInt8]] = GoldenMessages.decisions.map {
        JournalRecord(GoldenMessages.envelope, $0.decision).bytes
    }

    @Test(arguments: GoldenMessages.decisions.indices)
    func `a decision is read as it was written`(_ index: Int) throws {
        let decision = GoldenMessages.decisions[index].decision
        let bytes = Self.records[index]
        let read = try JournalRecordReader().decision(of: bytes, withEvent: true)
        #expect(read == decision)
        #expect(JournalRecord(GoldenMessages.envelope, read).bytes == bytes)
    }

    @Test func `the event in the cause is left out when nobody wants it`() throws {
        let read = try JournalRecordReader().decision(of: Self.records[0])
        guard case .input(_, _, let event) = read.cause else {
            Issue.record("no input")
            return
        }
        #expect(event.isEmpty)
        #expect(read.events == GoldenMessages.decisions[0].decision.events)
    }

    @Test func `a record begins with the prefix that the head makes`() throws {
        let envelope = GoldenMessages.envelope
        for bytes in Self.records {
            #expect(bytes.starts(with: envelope.prefix))
            #expect(JournalEnvelope(of: bytes) == envelope)
        }
        let head = Head(sequence: MusterCore.Sequence(1843), hash: envelope.previous)
        #expect(JournalEnvelope(extending: head, of: Sample.cluster) == envelope)
    }

    @Test(arguments: GoldenMessages.decisions.indices)
    func `content that nobody knows stops the reader, but not inside of the event`(
        _ index: Int
    ) {
        let bytes = Self.records[index]
        let inEvent = GoldenMessages.decisions[index].cause == nil ? 0 : 2
        var accepted = 0
        for variant in Mutation.strangers(in: bytes) {
            do {
                _ = try JournalRecordReader().decision(of: variant)
                accepted += 1
            } catch {
                guard case .damaged(let error) = error else {
                    Issue.record("\(error)")
                    continue
                }
                #expect(error.pointer.hasSuffix("/stranger"))
                #expect(error.reason == .unknownMember)
            }
        }
        #expect(accepted == inEvent)
    }

    @Test(arguments: [
        (#""type":"nodeReturned""#, #""type":"nodeRetired""#, "/decision/events/0/type"),
        (#""subject":"liveness""#, #""subject":"lively""#, "/decision/cause/timer/subject"),
        (#","node":"n3"}]"#, "}]", "/decision/events/0/node"),
        (#""at":"1700000000000""#, #""at":1.5"#, "/decision/at"),
    ])
    func `a wrong content is damage when the format is known`(
        _ text: String, _ replacement: String, _ pointer: String
    ) {
        let bytes = String(decoding: Self.records[1], as: UTF8.self)
            .replacing(text, with: replacement)
        #expect { try JournalRecordReader().decision(of: Array(bytes.utf8)) } throws: { error in
            guard case .damaged(let error) = error as? DecisionError else { return false }
            return error.pointer == pointer
        }
    }

    @Test func `another format asks for an upgrade`() {
        let bytes = String(decoding: Self.records[1], as: UTF8.self)
            .replacing(#""format":"1""#, with: #""format":"2","new":{}"#)
        #expect(throws: DecisionError.upgrade(format: "2")) {
            try JournalRecordReader().decision(of: Array(bytes.utf8))
        }
    }

    @Test func `what is no JSON is damage`() {
        let bytes = Array(Self.records[1].dropLast(3))
        #expect(JournalEnvelope(of: bytes) == GoldenMessages.envelope)
        #expect { try JournalRecordReader().decision(of: bytes) } throws: { error in
            guard case .damaged(let error) = error as? DecisionError else { return false }
            return error.offset != nil
        }
    }

    @Test func `the same decision has the same bytes`() {
        for (index, bytes) in Self.records.enumerated() {
            let record = JournalRecord(
                GoldenMessages.envelope, GoldenMessages.decisions[index].decision)
            var writer = JSONWriter(capacity: 1)
            record.write(to: &writer)
            #expect(writer.bytes == bytes)
        }
    }

    @Test func `a header is read as it was written`() throws {
        let header = GoldenMessages.header
        #expect(JournalHeader.begins(header.bytes))
        #expect(try JournalHeader(header.bytes, reader: JSONReader()) == header)
        #expect(!JournalHeader.begins(Self.records[0]))
    }

    @Test(arguments: [
        (#""format":"1""#, #""format":"2""#), ("murmur2", "crc32"), ("sha256", "sha1"),
        (#""partitions":"12""#, #""partitions":"0""#), (#""hash""#, #""salt""#),
    ])
    func `a header of another kind is refused`(_ text: String, _ replacement: String) {
        let bytes = String(decoding: GoldenMessages.header.bytes, as: UTF8.self)
            .replacing(text, with: replacement)
        #expect(throws: JSONReadError.self) {
            try JournalHeader(Array(bytes.utf8), reader: JSONReader())
        }
    }
}

struct JournalEnvelopeTests {
    private static let previous = String(repeating: "0a", count: 32)

    private func envelope(
        cluster: String = "c", seq: String = "1", previous: String = Self.previous
    ) -> JournalEnvelope? {
        JournalEnvelope(
            of: Array(
                #"{"cluster":"\#(cluster)","seq":"\#(seq)","previous":"\#(previous)","decision":"#
                    .utf8))
    }

    @Test(arguments: ["c", #"or\"de\\rs"#, "é", "e\u{301}", " ", "\u{202E}", "a\tb", "a/b"])
    func `a name is taken as it is, with two escapes`(_ name: String) throws {
        let read = try #require(envelope(cluster: name))
        let text = name.replacing(#"\""#, with: "\"").replacing(#"\\"#, with: #"\"#)
        #expect(Array(read.cluster.text.utf8) == Array(text.utf8))
        #expect(
            String(decoding: read.prefix, as: UTF8.self)
                == #"{"cluster":"\#(name)","seq":"1","previous":"\#(Self.previous)","decision":"#)
    }

    @Test(arguments: ["", #"a\nb"#, #"\u0061"#, #"a""#, #"a\"#])
    func `a name in another form makes no candidate`(_ name: String) {
        #expect(envelope(cluster: name) == nil)
    }

    @Test func `a name has at most 255 bytes, counted without its escapes`() {
        #expect(envelope(cluster: String(repeating: "\\\"", count: 255)) != nil)
        #expect(envelope(cluster: String(repeating: "\\\"", count: 256)) == nil)
        #expect(envelope(cluster: String(repeating: "x", count: 256)) == nil)
    }

    @Test func `a name that is no UTF-8 makes no candidate`() {
        let text = #"{"cluster":"?","seq":"1","previous":"\#(Self.previous)","decision":"#
        for bytes: [UInt8] in [[0xFF], [0xC0, 0xAF], [0xED, 0xA0, 0x80]] {
            let value = Array(text.utf8).split(separator: UInt8(ascii: "?"))
                .joined(separator: bytes)
            #expect(JournalEnvelope(of: Array(value)) == nil)
        }
    }

    @Test(arguments: ["0", "01", "", "-1", "1.0", "x", "18446744073709551616"])
    func `a place in another form makes no candidate`(_ seq: String) {
        #expect(envelope(seq: seq) == nil)
    }

    @Test(arguments: [
        String(repeating: "0A", count: 32), "", String(repeating: "0", count: 63), previous + "0",
    ])
    func `a hash in another form makes no candidate`(_ previous: String) {
        #expect(envelope(previous: previous) == nil)
    }

    @Test func `the prefix alone is enough, and every byte less is too little`() throws {
        let prefix = GoldenMessages.envelope.prefix
        #expect(JournalEnvelope(of: prefix) == GoldenMessages.envelope)
        for count in prefix.indices {
            #expect(JournalEnvelope(of: Array(prefix.prefix(count))) == nil)
        }
        #expect(JournalEnvelope(of: []) == nil)
    }

    @Test func `a byte changed gives another envelope or none`() {
        let prefix = GoldenMessages.envelope.prefix
        for index in prefix.indices {
            for bit in 0..<8 {
                var bytes = prefix
                bytes[index] ^= 1 << UInt8(bit)
                #expect(JournalEnvelope(of: bytes) != GoldenMessages.envelope)
            }
        }
    }

    @Test func `only the next place on the same hash extends a head`() {
        let envelope = GoldenMessages.envelope
        let head = Head(sequence: MusterCore.Sequence(1843), hash: envelope.previous)
        #expect(envelope.extends(head))
        for other in [1842, 1844, UInt64.max] {
            let head = Head(sequence: MusterCore.Sequence(other), hash: envelope.previous)
            #expect(!envelope.extends(head))
        }
        #expect(!envelope.extends(Head(sequence: head.sequence, hash: Sample.hash(99))))
    }
}
