import Foundation
import MusterCore
import Testing

struct PartitionerVectorTests {
    private struct File: Decodable {
        let partitioner: String
        let vectors: [Vector]
    }

    private struct Vector: Decodable {
        let cluster: String
        let partitions: [Partition]
    }

    private struct Partition: Decodable {
        let of: UInt32
        let partition: Int32
    }

    @Test func `a cluster lies where librdkafka puts it`() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let data = try Data(
            contentsOf: root.appending(path: "schemas/partitioner-vectors.json"))
        let file = try JSONDecoder().decode(File.self, from: data)
        #expect(file.partitioner == Partitioner.name)
        #expect(file.vectors.count > 10)
        for vector in file.vectors {
            let cluster = ClusterID(unchecked: vector.cluster)
            for expected in vector.partitions {
                let partition = Partitioner.partition(of: cluster, count: expected.of)
                #expect(partition == expected.partition, "\(vector.cluster) of \(expected.of)")
            }
        }
    }
}
