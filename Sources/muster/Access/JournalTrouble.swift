import MusterCore
import MusterLog
import MusterRuntime
import MusterWire

/// Why a cluster could not be read to its end.
struct JournalTrouble {
    let cluster: ClusterID
    let sentence: EscapedText

    /// All of a projection, in the order of the clusters' names.
    static func all(in projection: Projection) -> [JournalTrouble] {
        projection.reader.sorted.compactMap { of($0) }
    }

    private static func of(_ cluster: JournalReader.Cluster) -> JournalTrouble? {
        guard let stopped = cluster.stopped else { return nil }
        let state = cluster.state
        return JournalTrouble(
            cluster: state.id,
            sentence: """
                cluster \(state.id.text) is read up to decision \(state.head.sequence) only: the \
                next record, in journal partition \(cluster.partition), \(stopped.description)
                """)
    }
}
