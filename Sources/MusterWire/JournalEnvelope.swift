package import MusterCore

/// The beginning of a journal record's value, which alone decides whether the record is accepted.
///
/// A value is a candidate if it begins with a match of
///
///     \{"cluster":"((?:[^"\\]|\\["\\])+)","seq":"([1-9][0-9]*)","previous":"([0-9a-f]{64})","decision":
///
/// over bytes, whose first group, unescaped, is valid UTF-8 of at most 255 bytes. It is accepted if
/// that prefix is, byte for byte, the one that the reader makes from the head it holds. Nothing
/// here uses the JSON reader: no two readers can disagree about a byte prefix, whatever they think
/// of the rest. The form is canonical (nothing can be escaped in two ways, numbers have no leading
/// zeros), so comparing the three fields is comparing the bytes.
package struct JournalEnvelope: Hashable, Sendable {
    package var cluster: ClusterID
    package var sequence: MusterCore.Sequence
    package var previous: Hash

    package init(cluster: ClusterID, sequence: MusterCore.Sequence, previous: Hash) {
        self.cluster = cluster
        self.sequence = sequence
        self.previous = previous
    }

    /// The envelope of the record that extends a head.
    package init(extending head: Head, of cluster: ClusterID) {
        self.init(cluster: cluster, sequence: head.sequence.next, previous: head.hash)
    }

    /// The envelope that a value begins with; nil when it is no candidate, so void.
    ///
    /// A sequence number beyond 64 bits extends no head either: nil.
    @inline(__always)
    package init?(of value: UnsafeRawBufferPointer) {
        var scanner = Scanner(bytes: value)
        guard scanner.take(#"{"cluster":""#), let cluster = scanner.name(),
            scanner.take(#"","seq":""#), let sequence = scanner.number(),
            scanner.take(#"","previous":""#), let previous = scanner.hash(),
            scanner.take(#"","decision":"#)
        else { return nil }
        self.init(cluster: cluster, sequence: sequence, previous: previous)
    }

    package init?(of value: [UInt8]) {
        guard let envelope = value.withUnsafeBytes({ JournalEnvelope(of: $0) }) else { return nil }
        self = envelope
    }

    /// Whether a record with this envelope is the next one of its cluster's chain.
    @inline(__always)
    package func extends(_ head: Head) -> Bool {
        sequence.value > 0 && sequence.value - 1 == head.sequence.value && previous == head.hash
    }

    /// The bytes of the prefix, up to the colon behind `"decision"`.
    package var prefix: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(160 + cluster.text.utf8.count)
        bytes.append(contentsOf: #"{"cluster":""#.utf8)
        for byte in cluster.text.utf8 {
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                bytes.append(UInt8(ascii: "\\"))
            }
            bytes.append(byte)
        }
        bytes.append(contentsOf: #"","seq":"\#(sequence)","previous":"\#(previous)","#.utf8)
        bytes.append(contentsOf: #""decision":"#.utf8)
        return bytes
    }
}

extension JournalEnvelope {
    /// A place in the value. Owner of the bytes: the caller of `init(of:)`, for its time.
    private struct Scanner {
        let bytes: UnsafeRawBufferPointer
        var place = 0

        /// Goes behind a literal; false where something else stands.
        @inline(__always)
        mutating func take(_ literal: StaticString) -> Bool {
            let count = literal.utf8CodeUnitCount
            guard bytes.count - place >= count, let base = bytes.baseAddress else { return false }
            let start = (base + place).assumingMemoryBound(to: UInt8.self)
            guard JSONText.areEqual(start, literal.utf8Start, count) else { return false }
            place += count
            return true
        }

        /// The name up to its quote, unescaped; nil when it is empty, too long or no UTF-8.
        @inline(__always)
        mutating func name() -> ClusterID? {
            let start = place
            var escapes = 0
            var all: UInt8 = 0
            while place < bytes.count, bytes[place] != UInt8(ascii: "\"") {
                all |= bytes[place]
                if bytes[place] == UInt8(ascii: "\\") {
                    place += 1
                    guard place < bytes.count,
                        bytes[place] == UInt8(ascii: "\"") || bytes[place] == UInt8(ascii: "\\")
                    else { return nil }
                    escapes += 1
                }
                place += 1
            }
            let count = place - start - escapes
            guard place < bytes.count, count > 0, count <= NameError.bytesMax else { return nil }
            let raw = UnsafeRawBufferPointer(rebasing: bytes[start..<place])
            if escapes == 0, all < 0x80 {
                return ClusterID(unchecked: String(decoding: raw, as: UTF8.self))
            }
            return String(validating: Self.unescaped(raw), as: UTF8.self)
                .map(ClusterID.init(unchecked:))
        }

        private static func unescaped(_ raw: UnsafeRawBufferPointer) -> [UInt8] {
            var result: [UInt8] = []
            var place = 0
            while place < raw.count {
                if raw[place] == UInt8(ascii: "\\") { place += 1 }
                result.append(raw[place])
                place += 1
            }
            return result
        }

        @inline(__always)
        mutating func number() -> MusterCore.Sequence? {
            var number: UInt64 = 0
            let start = place
            while place < bytes.count, 0x30...0x39 ~= bytes[place] {
                let (tens, overflowed) = number.multipliedReportingOverflow(by: 10)
                let (sum, carried) = tens.addingReportingOverflow(UInt64(bytes[place] - 0x30))
                if overflowed || carried { return nil }
                number = sum
                place += 1
            }
            guard place > start, bytes[start] != UInt8(ascii: "0") else { return nil }
            return MusterCore.Sequence(number)
        }

        @inline(__always)
        mutating func hash() -> Hash? {
            guard bytes.count - place >= 64, let base = bytes.baseAddress else { return nil }
            let start = (base + place).assumingMemoryBound(to: UInt8.self)
            let text = JSONText(start: start, count: 64)
            guard let first = text.hex(at: 0), let second = text.hex(at: 16),
                let third = text.hex(at: 32), let fourth = text.hex(at: 48)
            else { return nil }
            place += 64
            return Hash(words: (first, second, third, fourth))
        }
    }
}
