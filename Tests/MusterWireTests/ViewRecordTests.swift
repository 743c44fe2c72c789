import MusterCore
import MusterWire
import Testing

struct ViewRecordTests {
    private func exact<Value>(
        _ bytes: [UInt8], _ body: (JSONValue) throws(JSONReadError) -> Value
    ) throws(JSONReadError) -> Value {
        try JSONReader().read(bytes, .exact, body)
    }

    @Test(arguments: GoldenMessages.snapshots.indices)
    func `a snapshot holds all of the state`(_ index: Int) throws {
        let snapshot = GoldenMessages.snapshots[index].snapshot
        let record = try #require(snapshot.outgoing())
        #expect(record.key == Array("c/orders".utf8))
        let read = try Snapshot(record.value ?? [], reader: JSONReader())
        #expect(read == snapshot)
        #expect(read.outgoing() == record)
    }

    @Test func `a snapshot with something that nobody knows is no snapshot`() throws {
        let bytes = try #require(GoldenMessages.snapshots[0].snapshot.outgoing()?.value)
        for variant in Mutation.strangers(in: bytes) {
            #expect { try Snapshot(variant, reader: JSONReader()) } throws: { error in
                (error as? JSONReadError)?.reason == .unknownMember
            }
        }
    }

    @Test func `a state out of order is no snapshot`() throws {
        let bytes = try #require(GoldenMessages.snapshots[0].snapshot.outgoing()?.value)
        let text = String(decoding: bytes, as: UTF8.self)
            .replacing(#""nodes":[{"node":"n1""#, with: #""nodes":[{"node":"n4""#)
        #expect { try Snapshot(Array(text.utf8), reader: JSONReader()) } throws: { error in
            (error as? JSONReadError)?.pointer == "/state/nodes/1"
        }
    }

    @Test func `a snapshot over its limit is not written`() {
        var state = Sample.state
        for number in 0..<(Snapshot.bytesMax / 500) {
            let text = String(repeating: "x", count: 240)
            state.requests.append(
                RequestRecord(
                    id: RequestID(unchecked: "\(text)\(number)"),
                    outcome: .rejected(Refusal(.busy, text: text))))
        }
        let snapshot = Snapshot(
            journalOffset: .zero, headOffset: nil, foldVersion: 1, state: state)
        #expect(snapshot.outgoing() == nil)
    }

    @Test func `a checkpoint is read as it was written`() throws {
        let record = GoldenMessages.checkpoint.outgoing()
        #expect(record.key == Array("p/3".utf8))
        let read = try Checkpoint(record.value ?? [], reader: JSONReader())
        #expect(read == GoldenMessages.checkpoint)
        for variant in Mutation.strangers(in: record.value ?? []) {
            #expect(throws: JSONReadError.self) {
                try Checkpoint(variant, reader: JSONReader())
            }
        }
    }

    @Test(arguments: GoldenMessages.commands.indices)
    func `a command is read as it was written`(_ index: Int) throws {
        let command = GoldenMessages.commands[index]
        let record = command.outgoing()
        let read = try CommandRecord(
            headers: record.headers, value: record.value, reader: CloudEventReader())
        #expect(read == command)
        let causation = record.headers.first { $0.name == Array("ce_causationid".utf8) }
        #expect(causation?.value == Array("orders/1844:2d71000000004881".utf8))
    }

    @Test func `a command under another type is refused`() {
        let record = GoldenMessages.commands[0].outgoing()
        let other = GoldenMessages.commands[1].outgoing()
        #expect(throws: UnreadableInput.self) {
            try CommandRecord(
                headers: other.headers, value: record.value, reader: CloudEventReader())
        }
    }

    @Test func `the view of a node is read as it was written`() throws {
        for node in [Sample.n1, Sample.n3] {
            let view = try #require(MemberRecord(Sample.state, node))
            let record = view.outgoing(correlation: "")
            #expect(record.key == Array("orders/\(node)".utf8))
            let read = try exact(record.value ?? []) { value throws(JSONReadError) in
                try MemberRecord(reading: value)
            }
            #expect(read == view)
        }
        #expect(MemberRecord(Sample.state, Sample.n2) == nil)
        let tombstone = MemberRecord.outgoing(forgotten: Sample.n2, of: Sample.cluster)
        #expect(tombstone.value == nil)
        #expect(tombstone.key == Array("orders/n2".utf8))
    }

    @Test func `the view of a node says what it is in each group`() throws {
        let view = try #require(MemberRecord(Sample.state, Sample.n3))
        #expect(view.groups.map(\.group) == [Sample.g1, Sample.g2])
        #expect(view.groups.map(\.role) == [.learner, nil])
        #expect(view.groups.map(\.leader) == [false, false])
        #expect(view.groups[0].sync == .syncing(source: Sample.n1, since: Sample.time(4)))
        #expect(view.membership == .joining)
        let leader = try #require(MemberRecord(Sample.state, Sample.n1))
        #expect(leader.groups.map(\.leader) == [true])
    }

    @Test func `a quarantine record is read as it was written`() throws {
        for (_, quarantined) in GoldenMessages.quarantined {
            let record = quarantined.outgoing()
            #expect(record.key == quarantined.key)
            let read = try exact(record.value ?? []) { value throws(JSONReadError) in
                try QuarantineRecord(reading: value)
            }
            #expect(read == quarantined)
        }
    }

    @Test func `quarantine keeps 64 KiB, the key and the headers first`() {
        let headers = [Header(name: [1], value: Array(repeating: 2, count: 999))]
        let record = QuarantineRecord(
            UnreadableInput(reason: .tooLarge, sentence: "too large"),
            at: Position(TopicPartition(.events, 0), .zero), key: Array(repeating: 3, count: 536),
            headers: headers, value: Array(repeating: 4, count: 70_000), sha256: .zero)
        #expect(record.length == 536 + 1000 + 70_000)
        #expect(record.key?.count == 536)
        #expect(record.headers == headers)
        #expect(record.value?.count == 64_000)
        let long = QuarantineRecord(
            UnreadableInput(reason: .tooLarge, sentence: "too large"),
            at: Position(TopicPartition(.events, 0), .zero),
            key: Array(repeating: 3, count: 65_600),
            headers: headers, value: [1], sha256: .zero)
        #expect(long.key?.count == 65_536)
        #expect(long.headers.isEmpty)
        #expect(long.value == [])
    }
}
