/// Reads JSON documents: parses with simdjson and hands out the values.
///
/// One per thread, kept and used for every document, as its buffers are worth keeping. Values are
/// valid inside the `read` call that handed them out and nowhere else; a `read` inside another one
/// of the same reader traps.
package final class JSONReader {
    private let library: JSONLibrary
    /// For the exact documents that lie exactly at the limit of nesting, as simdjson counts one
    /// off.
    private lazy var deepLibrary = JSONLibrary(
        capacity: 1024, depthMax: JSONStrictness.exact.depthMax + 1)
    private var walk = JSONStrictWalk()
    private var isReading = false

    /// - Parameter capacity: the bytes of the longest document that is read without growing buffers
    ///   (which then stay grown).
    package init(capacity: Int = 65_536) {
        library = JSONLibrary(capacity: capacity, depthMax: JSONStrictness.exact.depthMax)
    }

    /// Parses a document and answers what `body` makes of it.
    ///
    /// - Throws: what is wrong with the document, or what `body` throws.
    package func read<Result>(
        _ bytes: UnsafeRawBufferPointer, _ strictness: JSONStrictness,
        _ body: (JSONValue) throws(JSONReadError) -> Result
    ) throws(JSONReadError) -> Result {
        precondition(!isReading, "a JSONReader was used inside its own read call")
        isReading = true
        defer { isReading = false }
        let tape = try parse(bytes, strictness)
        let root = JSONValue(
            words: tape.words, strings: tape.strings, index: 1, strictness: strictness)
        if strictness != .exact { try walk.check(root) }
        return try body(root)
    }

    /// Parses a document and answers what `body` makes of it.
    package func read<Result>(
        _ bytes: [UInt8], _ strictness: JSONStrictness,
        _ body: (JSONValue) throws(JSONReadError) -> Result
    ) throws(JSONReadError) -> Result {
        try bytes.withUnsafeBufferPointer { buffer throws(JSONReadError) -> Result in
            try read(UnsafeRawBufferPointer(buffer), strictness, body)
        }
    }

    @inline(__always)
    private func parse(
        _ bytes: UnsafeRawBufferPointer, _ strictness: JSONStrictness
    ) throws(JSONReadError) -> JSONLibrary.Tape {
        do {
            return try library.parse(bytes)
        } catch {
            return try parseAgain(bytes, strictness, error)
        }
    }

    /// The slow pass after simdjson has refused: finds what is wrong and where.
    @inline(never)
    private func parseAgain(
        _ bytes: UnsafeRawBufferPointer, _ strictness: JSONStrictness,
        _ failure: JSONLibrary.Failure
    ) throws(JSONReadError) -> JSONLibrary.Tape {
        var syntax = JSONSyntax(bytes, depthMax: strictness.depthMax)
        try syntax.check()
        guard case .other(let message) = failure else {
            // Within the limit after all. simdjson cannot refuse the depth again, so a second
            // failure is something else.
            do {
                return try deepLibrary.parse(bytes)
            } catch {
                throw JSONReadError(reason: .syntax, sentence: "not read by simdjson")
            }
        }
        throw JSONReadError(reason: .syntax, sentence: "not valid JSON: \(message)")
    }
}

extension JSONReader {
    /// The bytes of a valid document without the white space between tokens.
    ///
    /// Traps on what is no JSON: for documents that have been read.
    package static func minified(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        JSONLibrary.minified(bytes)
    }

    /// The version of simdjson that the program was built with.
    package static var libraryVersion: String { JSONLibrary.version }
}
