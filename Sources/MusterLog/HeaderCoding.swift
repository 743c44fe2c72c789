package import MusterCore

/// The headers of a record as one run of bytes, for engines that have no headers of their own.
///
/// Where every name and value is UTF-8 it is a JSON object of one line, in the headers' order, with
/// a repeated name repeated and a missing value `null`:
/// `{"ce_type":"muster.Started.v1","ce_id":"7"}`. So SQL can ask `headers ->> 'ce_type'`, and gets
/// the first of a repeated name. Anything else is a zero byte and then, for each header, the length
/// and bytes of the name and of the value: lengths are four bytes, big end first, and a missing
/// value has the length 0xFFFFFFFF.
package enum HeaderCoding {
    /// The bytes; nil for no headers. They begin with `{` exactly when they are UTF-8 text.
    package static func encode(_ headers: [Header]) -> [UInt8]? {
        if headers.isEmpty { return nil }
        let isText = headers.allSatisfy {
            isUTF8($0.name) && ($0.value.map(isUTF8) ?? true)
        }
        return isText ? encodeText(headers) : encodeFrames(headers)
    }

    /// The headers that `encode` gave these bytes for. Bytes that it never gives (somebody changed
    /// the file) are one header with an empty name and those bytes, so that nothing is hidden.
    package static func decode(_ bytes: UnsafeRawBufferPointer) -> [Header] {
        var scanner = HeaderScanner(bytes: bytes)
        let headers = bytes.first == 0 ? scanner.frames() : scanner.object()
        return headers ?? [Header(name: [], value: [UInt8](bytes))]
    }

    /// Calls with each header that `decode` gives, in order; name and value are borrowed for the
    /// call. Texts without an escape, which nearly all are, are not copied.
    package static func walk(
        _ bytes: UnsafeRawBufferPointer,
        _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer?) -> Void
    ) {
        typealias Place = (name: Range<Int>, value: Range<Int>?)
        let isDone = withUnsafeTemporaryAllocation(of: Place.self, capacity: 32) { places in
            var scanner = HeaderScanner(bytes: bytes)
            // The places are plain numbers: nothing to take apart.
            guard let count = scanner.places(places) else { return false }
            for place in places[..<count] {
                body(
                    UnsafeRawBufferPointer(rebasing: bytes[place.name]),
                    place.value.map { UnsafeRawBufferPointer(rebasing: bytes[$0]) })
            }
            return true
        }
        if isDone { return }
        for header in decode(bytes) {
            header.name.withUnsafeBytes { name in
                guard let value = header.value else { return body(name, nil) }
                value.withUnsafeBytes { body(name, $0) }
            }
        }
    }

    /// Whether the bytes are well-formed UTF-8.
    package static func isUTF8(_ bytes: [UInt8]) -> Bool {
        (try? UTF8Span(validating: bytes.span)) != nil  // the error's place is of no interest
    }

    private static func encodeFrames(_ headers: [Header]) -> [UInt8] {
        var out: [UInt8] = [0]
        func frame(_ bytes: [UInt8]?) {
            let length = bytes.map { UInt32($0.count) } ?? .max
            for shift in [24, 16, 8, 0] { out.append(UInt8(truncatingIfNeeded: length >> shift)) }
            out.append(contentsOf: bytes ?? [])
        }
        for header in headers {
            frame(header.name)
            frame(header.value)
        }
        return out
    }

    private static func encodeText(_ headers: [Header]) -> [UInt8] {
        var out: [UInt8] = []
        for header in headers {
            out.append(out.isEmpty ? UInt8(ascii: "{") : UInt8(ascii: ","))
            quote(header.name, into: &out)
            out.append(UInt8(ascii: ":"))
            if let value = header.value {
                quote(value, into: &out)
            } else {
                out.append(contentsOf: "null".utf8)
            }
        }
        out.append(UInt8(ascii: "}"))
        return out
    }

    private static func quote(_ bytes: [UInt8], into out: inout [UInt8]) {
        let digits: [UInt8] = [UInt8]("0123456789abcdef".utf8)
        out.append(UInt8(ascii: "\""))
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                out.append(UInt8(ascii: "\\"))
                out.append(byte)
            case 0..<0x20:
                out.append(contentsOf: "\\u00".utf8)
                out.append(digits[Int(byte >> 4)])
                out.append(digits[Int(byte & 15)])
            default:
                out.append(byte)
            }
        }
        out.append(UInt8(ascii: "\""))
    }
}

/// Reads what `HeaderCoding.encode` wrote, and nothing else.
private struct HeaderScanner {
    let bytes: UnsafeRawBufferPointer
    var place = 0

    mutating func frames() -> [Header]? {
        place = 1
        var headers: [Header] = []
        while place < bytes.count {
            guard case .some(.some(let name)) = frame(), let value = frame() else { return nil }
            headers.append(Header(name: name, value: value))
        }
        return headers
    }

    /// nil when damaged, `.some(nil)` for a missing value.
    private mutating func frame() -> [UInt8]?? {
        guard bytes.count - place >= 4 else { return nil }
        var length: UInt32 = 0
        for _ in 0..<4 {
            length = length << 8 | UInt32(bytes[place])
            place += 1
        }
        if length == .max { return .some(nil) }
        guard bytes.count - place >= Int(length) else { return nil }
        defer { place += Int(length) }
        return .some([UInt8](bytes[place..<place + Int(length)]))
    }

    mutating func object() -> [Header]? {
        guard take(UInt8(ascii: "{")) else { return nil }
        var headers: [Header] = []
        repeat {
            guard let name = text(), take(UInt8(ascii: ":")) else { return nil }
            if take(UInt8(ascii: "n")) {
                for byte in "ull".utf8 where !take(byte) { return nil }
                headers.append(Header(name: name, value: nil))
            } else if let value = text() {
                headers.append(Header(name: name, value: value))
            } else {
                return nil
            }
        } while take(UInt8(ascii: ","))
        return take(UInt8(ascii: "}")) && place == bytes.count ? headers : nil
    }

    /// Where the names and values of an object lie that has no escape in it.
    ///
    /// - Returns: how many there are; nil when there is an escape, more than there is room for, or
    ///   anything that `object` would refuse.
    mutating func places(
        _ target: UnsafeMutableBufferPointer<(name: Range<Int>, value: Range<Int>?)>
    ) -> Int? {
        guard take(UInt8(ascii: "{")) else { return nil }
        var count = 0
        repeat {
            guard count < target.count, let name = plainText(), take(UInt8(ascii: ":")) else {
                return nil
            }
            var value: Range<Int>?
            if take(UInt8(ascii: "n")) {
                for byte in "ull".utf8 where !take(byte) { return nil }
            } else {
                guard let text = plainText() else { return nil }
                value = text
            }
            target.initializeElement(at: count, to: (name, value))
            count += 1
        } while take(UInt8(ascii: ","))
        return take(UInt8(ascii: "}")) && place == bytes.count ? count : nil
    }

    /// Where a text lies, without its quotes; nil when it is none, or has an escape.
    private mutating func plainText() -> Range<Int>? {
        guard take(UInt8(ascii: "\"")) else { return nil }
        let start = place
        while place < bytes.count {
            let byte = bytes[place]
            place += 1
            if byte == UInt8(ascii: "\"") { return start..<place - 1 }
            if byte == UInt8(ascii: "\\") { return nil }
        }
        return nil
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard place < bytes.count, bytes[place] == byte else { return false }
        place += 1
        return true
    }

    private mutating func text() -> [UInt8]? {
        let start = place
        if let plain = plainText() { return [UInt8](bytes[plain]) }
        place = start
        guard take(UInt8(ascii: "\"")) else { return nil }
        var out: [UInt8] = []
        while place < bytes.count {
            let byte = bytes[place]
            place += 1
            if byte == UInt8(ascii: "\"") { return out }
            if byte != UInt8(ascii: "\\") {
                out.append(byte)
            } else if let escaped = escape() {
                out.append(escaped)
            } else {
                return nil
            }
        }
        return nil
    }

    private mutating func escape() -> UInt8? {
        if take(UInt8(ascii: "\"")) { return UInt8(ascii: "\"") }
        if take(UInt8(ascii: "\\")) { return UInt8(ascii: "\\") }
        guard take(UInt8(ascii: "u")), bytes.count - place >= 4 else { return nil }
        var value = 0
        for _ in 0..<4 {
            let byte = bytes[place]
            place += 1
            switch byte {
            case 0x30...0x39: value = value << 4 | Int(byte - 0x30)
            case 0x61...0x66: value = value << 4 | Int(byte - 0x61 + 10)
            default: return nil
            }
        }
        return value < 0x20 ? UInt8(value) : nil
    }
}
