internal import CSimdJSON

// The one file of this module that reaches simdjson; nothing else here sees C.

/// simdjson's parser with its buffers.
///
/// Owner of the C++ object and of every pointer that `parse` answers: this object, which frees them
/// in `deinit`. Thread: one at a time. Lifetime of a tape: until the next `parse` of this object.
final class JSONLibrary {
    /// What a document was turned into; the pointers are the parser's.
    struct Tape {
        let words: UnsafePointer<UInt64>
        let strings: UnsafePointer<UInt8>
    }

    enum Failure: Error {
        /// Deeper than the parser's limit, as simdjson counts.
        case depth
        /// Anything else, in simdjson's words.
        case other(String)
    }

    /// simdjson's version, for `muster --version`.
    static var version: String { String(cString: csimdjson_version()) }

    private let parser: OpaquePointer

    /// Traps when there is no memory, as Swift's own allocations do.
    init(capacity: Int, depthMax: Int) {
        guard let parser = csimdjson_parser_new(capacity, depthMax) else {
            fatalError("no memory for a JSON parser of \(capacity) bytes")
        }
        self.parser = parser
    }

    deinit { csimdjson_parser_free(parser) }

    func parse(_ bytes: UnsafeRawBufferPointer) throws(Failure) -> Tape {
        var none: UInt8 = 0
        let result =
            if let base = bytes.baseAddress {
                csimdjson_parse(parser, base.assumingMemoryBound(to: UInt8.self), bytes.count)
            } else {
                csimdjson_parse(parser, &none, 0)
            }
        guard let words = result.tape, let strings = result.strings else {
            if result.code == Int32(CSIMDJSON_DEPTH) { throw .depth }
            if result.code == Int32(CSIMDJSON_MEMORY) {
                fatalError("no memory to parse a JSON document of \(bytes.count) bytes")
            }
            throw .other(String(cString: csimdjson_message(result.code)))
        }
        return Tape(words: words, strings: strings)
    }

    /// The bytes of a valid document without the white space between tokens.
    static func minified(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        guard let base = bytes.baseAddress else { return [] }
        // simdjson writes in blocks of 64 bytes, so it gets room behind the end.
        return [UInt8](unsafeUninitializedCapacity: bytes.count + 64) { target, count in
            guard let start = target.baseAddress else { return }
            let code = csimdjson_minify(
                base.assumingMemoryBound(to: UInt8.self), bytes.count, start, &count)
            precondition(code == 0, "asked to minify what is no JSON")
        }
    }

    static func isUTF8(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let base = bytes.baseAddress else { return true }
        return csimdjson_is_utf8(base.assumingMemoryBound(to: UInt8.self), bytes.count)
    }
}
