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
        let reader = projection.reader
        let rootless = reader.rootless.sorted { $0.key < $1.key }.map { cluster, offset in
            JournalTrouble(
                cluster: cluster,
                sentence: """
                    the first decision of cluster \(cluster.text) is missing or was changed: the \
                    record at offset \(offset) of journal partition \
                    \(reader.partition(of: cluster) ?? 0) extends nothing; restore the log \
                    from a copy
                    """)
        }
        return reader.sorted.compactMap { of($0) } + rootless
    }

    /// The end of a chain as commands take it: `SEQ:HASH`.
    static func text(_ head: Head) -> String { "\(head.sequence):\(head.hash)" }

    private static func advice(_ cluster: JournalReader.Cluster) -> EscapedText {
        guard case .damaged? = cluster.stopped, let beyond = cluster.beyond else { return "" }
        return """
            ; restore it from a copy of the log, or let the chain go on without it: `muster rebase \
            --past \(EscapedText(trusted: text(beyond)))`
            """
    }

    private static func of(_ cluster: JournalReader.Cluster) -> JournalTrouble? {
        let state = cluster.state
        if let stopped = cluster.stopped {
            return JournalTrouble(
                cluster: state.id,
                sentence: """
                    cluster \(state.id.text) is read up to decision \(state.head.sequence) only: \
                    the next record, in journal partition \(cluster.partition), \
                    \(EscapedText(trusted: stopped.description))\(advice(cluster))
                    """)
        }
        guard let offset = cluster.cut.offset else { return nil }
        return JournalTrouble(
            cluster: state.id,
            sentence: """
                the chain of cluster \(state.id.text) is broken behind decision \
                \(state.head.sequence): the record at offset \(offset) of journal partition \
                \(cluster.partition) extends another history, so a record before it was changed or \
                taken away; stop the managers and restore the log from a copy
                """)
    }
}
