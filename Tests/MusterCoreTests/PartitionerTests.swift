import MusterCore
import Testing

struct PartitionerTests {
    /// From Apache Kafka's own `UtilsTest.testMurmur2`.
    @Test(
        arguments: [
            ("21", -973_932_308), ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971), ("abc", 479_470_107),
        ] as [(String, Int32)])
    func `the hash is the one that Kafka's own test names`(text: String, hash: Int32) {
        #expect(Int32(bitPattern: Partitioner.hash(Array(text.utf8))) == hash)
    }
}
