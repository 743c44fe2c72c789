internal import CLibcrypto
package import MusterCore

/// The one place that reaches libcrypto. Pointers are borrowed for the time of a call.
package enum SHA256 {
    /// The SHA-256 of bytes as they lie in the log.
    package static func hash(of bytes: UnsafeRawBufferPointer) -> Hash {
        withUnsafeTemporaryAllocation(byteCount: 32, alignment: 8) { digest in
            let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
            _ = CLibcrypto.SHA256(
                start, bytes.count, digest.baseAddress?.assumingMemoryBound(to: UInt8.self))
            func word(_ index: Int) -> UInt64 {
                UInt64(bigEndian: digest.load(fromByteOffset: index * 8, as: UInt64.self))
            }
            return Hash(words: (word(0), word(1), word(2), word(3)))
        }
    }

    /// The SHA-256 of bytes as they lie in the log.
    package static func hash(of bytes: [UInt8]) -> Hash {
        bytes.withUnsafeBytes { hash(of: $0) }
    }
}
