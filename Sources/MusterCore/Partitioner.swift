/// In which partition a cluster lives.
///
/// Kafka's murmur2 over the id's UTF-8 bytes, made positive, modulo the number of partitions: what
/// plain Java producers and librdkafka's `murmur2_random` compute for a record whose key is the
/// cluster's id. Test vectors are in `schemas/partitioner-vectors.json`.
package enum Partitioner {
    /// The name by which the journal's header calls this function.
    package static let name = "murmur2"

    /// The partition of a cluster.
    ///
    /// - Parameter count: how many partitions there are, at least 1.
    package static func partition(of cluster: ClusterID, count: UInt32) -> Int32 {
        let positive = hash(Array(cluster.text.utf8)) & 0x7FFF_FFFF
        return Int32(positive % max(1, count))
    }

    /// MurmurHash2 with the seed that Kafka uses.
    package static func hash(_ bytes: [UInt8]) -> UInt32 {
        let multiplier: UInt32 = 0x5BD1_E995
        var hash: UInt32 = 0x9747_B28C ^ UInt32(truncatingIfNeeded: bytes.count)
        var place = 0
        while place + 4 <= bytes.count {
            var word =
                UInt32(bytes[place]) | UInt32(bytes[place + 1]) << 8
                | UInt32(bytes[place + 2]) << 16 | UInt32(bytes[place + 3]) << 24
            word = word &* multiplier
            word ^= word >> 24
            word = word &* multiplier
            hash = hash &* multiplier
            hash ^= word
            place += 4
        }
        let rest = bytes.count - place
        if rest >= 3 { hash ^= UInt32(bytes[place + 2]) << 16 }
        if rest >= 2 { hash ^= UInt32(bytes[place + 1]) << 8 }
        if rest >= 1 {
            hash ^= UInt32(bytes[place])
            hash = hash &* multiplier
        }
        hash ^= hash >> 13
        hash = hash &* multiplier
        hash ^= hash >> 15
        return hash
    }
}
