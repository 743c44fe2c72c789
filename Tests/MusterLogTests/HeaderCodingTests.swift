import MusterCore
import MusterLog
import MusterTesting
import Testing

/// Headers as one run of bytes: readable where they can be, and exact always.
struct HeaderCodingTests {
    private func decode(_ bytes: [UInt8]) -> [Header] {
        bytes.withUnsafeBytes { HeaderCoding.decode($0) }
    }

    /// What `walk` calls with, copied.
    private func walk(_ bytes: [UInt8]) -> [Header] {
        var headers: [Header] = []
        bytes.withUnsafeBytes { bytes in
            HeaderCoding.walk(bytes) { name, value in
                headers.append(Header(name: [UInt8](name), value: value.map { [UInt8]($0) }))
            }
        }
        return headers
    }

    @Test func `text is a JSON object in the headers' order`() throws {
        let headers = [
            Header(name: Array("b".utf8), value: Array("1\"\\\n\u{7f}é".utf8)),
            Header(name: Array("a".utf8), value: nil), Header(name: Array("b".utf8), value: []),
        ]
        let bytes = try #require(HeaderCoding.encode(headers))
        #expect(
            String(decoding: bytes, as: UTF8.self)
                == #"{"b":"1\"\\\u000a\#u{7f}é","a":null,"b":""}"#)
        #expect(decode(bytes) == headers)
        #expect(HeaderCoding.encode([]) == nil)
    }

    @Test(arguments: 1...200)
    func `any headers come back, and any bytes are read without a trap`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        func bytes(_ limit: UInt64) -> [UInt8] {
            let isText = generator.next() % 2 == 0
            return (0..<generator.next() % limit).map { _ in
                UInt8(truncatingIfNeeded: generator.next()) & (isText ? 0x7F : 0xFF)
            }
        }
        let headers = (0...Int(generator.next() % 6)).map { _ in
            Header(name: bytes(9), value: generator.next() % 4 == 0 ? nil : bytes(20))
        }
        var encoded = try #require(HeaderCoding.encode(headers))
        #expect(decode(encoded) == headers)
        #expect(walk(encoded) == headers)
        encoded[Int(generator.next() % UInt64(encoded.count))] = UInt8(
            truncatingIfNeeded: generator.next())
        #expect(walk(encoded) == decode(encoded))
        let cut = Array(encoded.dropLast())
        let left = decode(cut)
        #expect(left == [Header(name: [], value: cut)] || cut.first == 0)
    }
}
