internal import CMalloc
internal import MusterCore

/// How much memory a projection takes.
package struct MemoryBenchmark {
    /// The bytes that the allocator has handed out and not got back.
    private static var allocated: Int { Int(mallinfo2().uordblks) + Int(mallinfo2().hblkhd) }

    /// Bytes per node of a projection of `nodeCount` nodes in clusters of ten.
    ///
    /// - Returns: the figure, and the number of nodes that were there when it was taken.
    package static func bytesPerNode(
        nodeCount: Int, groupCount: Int
    ) -> (bytes: Double, nodes: Int) {
        let before = allocated
        var clusters: [ClusterState] = []
        clusters.reserveCapacity(nodeCount / 10)
        for index in 0..<(nodeCount / 10) {
            clusters.append(
                SampleCluster(name: "cluster-\(index)", nodeCount: 10, groupCount: groupCount)
                    .state)
        }
        let ahead = clusters
        let after = allocated
        let nodes = ahead.reduce(0) { $0 + $1.nodes.count }
        return (Double(after - before) / Double(max(1, nodes)), nodes)
    }
}
