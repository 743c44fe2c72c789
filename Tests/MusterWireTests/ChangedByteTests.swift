import MusterCore
import MusterWire
import Testing

/// Bytes changed at random in what Muster writes: whatever is still read means what it says.
struct ChangedByteTests {
    /// Each variant has one byte changed, removed or doubled.
    private static func variants(of bytes: [UInt8], _ seed: UInt64, count: Int) -> [[UInt8]] {
        var random = SeededRandom(seed: seed)
        return (0..<count).map { _ in
            var variant = bytes
            let place = Int.random(in: variant.indices, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0: variant.remove(at: place)
            case 1: variant.insert(variant[place], at: place)
            case 2: variant[place] = UInt8.random(in: 0x20..<0x7F, using: &random)
            default: variant[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            }
            return variant
        }
    }

    @Test(arguments: GoldenMessages.decisions.indices)
    func `a decision that is read is written so that it is read again`(_ index: Int) throws {
        let record = JournalRecord(
            GoldenMessages.envelope, GoldenMessages.decisions[index].decision)
        let reader = JournalRecordReader()
        var read = 0
        for variant in Self.variants(of: record.bytes, UInt64(index), count: 2000) {
            guard let decision = try? reader.decision(of: variant, withEvent: true) else {
                continue  // damage is an answer too
            }
            read += 1
            let again = JournalRecord(GoldenMessages.envelope, decision).bytes
            #expect(try reader.decision(of: again, withEvent: true) == decision)
        }
        #expect(read > 0)
    }

    @Test func `a snapshot that is read is written so that it is read again`() throws {
        let bytes = try #require(GoldenMessages.snapshots[0].snapshot.outgoing()?.value)
        let reader = JSONReader()
        var read = 0
        for variant in Self.variants(of: bytes, 99, count: 2000) {
            guard let snapshot = try? Snapshot(variant, reader: reader) else {
                continue  // it is dropped
            }
            read += 1
            let again = try #require(snapshot.outgoing()?.value)
            #expect(try Snapshot(again, reader: reader) == snapshot)
        }
        #expect(read > 0)
    }

    @Test(arguments: GoldenMessages.inputs.indices)
    func `an input that is read is written so that it is read again`(_ index: Int) throws {
        let record = GoldenMessages.inputs[index].message.outgoing(GoldenMessages.origin)
        let reader = InputReader()
        for variant in Self.variants(of: record.value ?? [], UInt64(index), count: 500) {
            let incoming: InputReader.Incoming
            do {
                incoming = try reader.read(
                    record.topic, key: nil, headers: record.headers, value: variant)
            } catch {
                #expect(error.pointer != nil || error.offset != nil)
                continue
            }
            let again = incoming.message.outgoing(GoldenMessages.origin)
            let read = try reader.read(
                again.topic, key: again.key, headers: again.headers, value: again.value)
            #expect(read.message == incoming.message)
        }
    }
}
