import MusterCore
import MusterWire
import Testing

/// Signs of life in their common form: whatever is read without copying the headers is read the
/// same from copied ones.
struct PlainHeadersTests {
    private static let signs = GoldenMessages.inputs.map(\.message).filter {
        $0.topic == .heartbeats
    }

    private func plain(_ headers: [Header], _ value: [UInt8]?, key: Int = 7) -> InputMessage? {
        var plain = PlainHeaders()
        for header in headers {
            header.name.withUnsafeBytes { name in
                guard let value = header.value else { return plain.note(name, nil) }
                value.withUnsafeBytes { plain.note(name, $0) }
            }
        }
        guard let value else {
            return InputReader().signOfLife(plain, keyBytes: key, value: nil)
        }
        return value.withUnsafeBytes {
            InputReader().signOfLife(plain, keyBytes: key, value: $0)
        }
    }

    /// nil for what is refused.
    private func copied(_ headers: [Header], _ value: [UInt8]?, key: Int = 7) -> InputMessage? {
        try? InputReader().read(
            .heartbeats, key: [UInt8](repeating: 0x6B, count: key), headers: headers, value: value
        ).message
    }

    @Test(arguments: signs.indices)
    func `a sign of life as Muster writes it is read where it lies`(_ index: Int) throws {
        let record = Self.signs[index].outgoing(GoldenMessages.origin)
        #expect(plain(record.headers, record.value) == Self.signs[index])
        #expect(plain(record.headers, nil) == nil)
        // Framed by a registry, and with headers of others.
        let framed = [0, 0, 0, 0, 9] + (record.value ?? [])
        let more = record.headers + [Header(name: Array("traceid".utf8), value: [0xFF])]
        #expect(plain(more, framed) == Self.signs[index])
    }

    @Test func `facts and requests are not read as signs of life`() {
        for message in GoldenMessages.inputs.map(\.message) where message.topic != .heartbeats {
            var record = message.outgoing(GoldenMessages.origin)
            if message.type == .groupObserved { continue }
            #expect(plain(record.headers, record.value) == nil)
            record.headers = []
            #expect(plain(record.headers, record.value) == nil)
        }
    }

    @Test func `too much of it is refused by both`() throws {
        let record = try #require(Self.signs.first).outgoing(GoldenMessages.origin)
        let full = CloudEvent.inputBytesMax
        let size = record.headers.reduce(record.value?.count ?? 0) {
            $0 + $1.name.count + ($1.value?.count ?? 0)
        }
        for key in [full - size, full - size + 1] {
            let found = plain(record.headers, record.value, key: key)
            #expect(found == copied(record.headers, record.value, key: key))
            #expect((found != nil) == (key == full - size))
        }
    }

    /// What somebody could do to headers.
    private func change(_ headers: inout [Header], _ random: inout SeededRandom) {
        func number(_ limit: Int) -> Int { Int(random.next() % UInt64(limit)) }
        let odd: [[UInt8]?] = [
            nil, [], [0xC3, 0xA9], [0xFF], [0x09], [0x7F], Array("1.0".utf8), Array("2.0".utf8),
            Array("application/json; charset=utf-8".utf8), Array("Application/JSON".utf8),
            Array("application/cloudevents+json".utf8), Array("2026-01-01T00:00:00Z".utf8),
            Array("2026-13-01T00:00:00Z".utf8), Array("muster.heartbeat.v1".utf8),
            Array("muster.heartbeat.v2".utf8), Array("muster.nodeUp.v1".utf8),
        ]
        let at = number(headers.count)
        switch number(6) {
        case 0: headers.remove(at: at)
        case 1: headers.insert(headers[at], at: number(headers.count))
        case 2: headers[at].value = odd[number(odd.count)]
        case 3: headers[at].name.append(UInt8(ascii: "x"))
        case 4: headers[at].name = [UInt8](headers[at].name.dropLast())
        default: headers.append(Header(name: Array("ce_new".utf8), value: odd[number(odd.count)]))
        }
    }

    @Test(arguments: signs.indices)
    func `what is read where it lies is read the same from a copy`(_ index: Int) {
        let record = Self.signs[index].outgoing(GoldenMessages.origin)
        var random = SeededRandom(seed: UInt64(index) + 1)
        var (read, left) = (0, 0)
        for _ in 0..<20_000 {
            var headers = record.headers
            for _ in 0...(random.next() % 2) where !headers.isEmpty { change(&headers, &random) }
            guard let found = plain(headers, record.value) else {
                left += 1
                continue
            }
            read += 1
            #expect(found == copied(headers, record.value))
        }
        #expect(read > 1000 && left > 1000)
    }
}
