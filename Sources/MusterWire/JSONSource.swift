/// Finds the bytes of a value in the text of a document, which the tape does not know.
///
/// Owner of the bytes: the caller, for the time of the call.
package enum JSONSource {
    /// Where the value of a member inside members lies.
    ///
    /// - Parameters:
    ///   - path: the names from the outermost object inwards, written in the document without
    ///     escapes.
    ///   - bytes: a document that has been read, so it is valid.
    /// - Returns: nil when a name is not there or its owner is no object.
    package static func range(
        at path: [StaticString], in bytes: UnsafeRawBufferPointer
    ) -> Range<Int>? {
        var walker = Walker(bytes: bytes, place: 0)
        walker.skipSpace()
        for name in path {
            guard walker.enter(name) else { return nil }
        }
        let start = walker.place
        walker.skipValue()
        return start..<walker.place
    }

    /// A place in valid JSON.
    private struct Walker {
        let bytes: UnsafeRawBufferPointer
        var place: Int

        private func `is`(_ character: Unicode.Scalar) -> Bool {
            place < bytes.count && bytes[place] == UInt8(ascii: character)
        }

        mutating func skipSpace() {
            while place < bytes.count, bytes[place] <= 0x20 { place += 1 }
        }

        private mutating func skipString() {
            place += 1
            while place < bytes.count, !`is`("\"") { place += `is`("\\") ? 2 : 1 }
            place += 1
        }

        /// Goes behind the value that begins here.
        mutating func skipValue() {
            var depth = 0
            repeat {
                skipSpace()
                if `is`("\"") {
                    skipString()
                } else if `is`("{") || `is`("[") {
                    depth += 1
                    place += 1
                } else if `is`("}") || `is`("]") {
                    depth -= 1
                    place += 1
                } else if `is`(",") || `is`(":") {
                    place += 1
                } else {
                    skipScalar()
                }
            } while depth > 0 && place < bytes.count
        }

        private mutating func skipScalar() {
            while place < bytes.count, bytes[place] > 0x20, !`is`(","), !`is`("}"), !`is`("]") {
                place += 1
            }
        }

        /// Goes to the value of a member of the object that begins here.
        mutating func enter(_ name: StaticString) -> Bool {
            guard `is`("{") else { return false }
            place += 1
            while true {
                skipSpace()
                guard `is`("\"") else { return false }
                let start = place + 1
                skipString()
                let isIt =
                    place - 1 - start == name.utf8CodeUnitCount
                    && name.withUTF8Buffer { bytes[start..<place - 1].elementsEqual($0) }
                skipSpace()
                place += 1
                skipSpace()
                if isIt { return true }
                skipValue()
                skipSpace()
                guard `is`(",") else { return false }
                place += 1
            }
        }
    }
}
