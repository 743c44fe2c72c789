internal import MusterCore
internal import MusterLog
internal import MusterWire

// The whole chain once more, and every snapshot: what was folded as it came is what anybody holds
// who begins later.

extension JournalReference {
    /// The fold of all decisions from the first one on, and of those behind each snapshot up to the
    /// next, is the state that was folded record by record.
    func refolded(in log: SimulatedLog) -> Breach? {
        var state = states[0]
        fold(&state, decisions.indices)
        if state != self.state {
            return Breach(.readersAgree, "the whole fold of \(cluster) is another state")
        }
        var from: (count: Int, state: ClusterState)?
        for snapshot in snapshots(in: log) {
            let count = offsets.prefix { $0 < snapshot.journalOffset }.count
            if let breach = reached(from, count) { return breach }
            from = (count, snapshot.state)
        }
        return reached(from, count)
    }

    private func reached(_ from: (count: Int, state: ClusterState)?, _ end: Int) -> Breach? {
        guard let (begin, first) = from, begin <= end else { return nil }
        var state = first
        fold(&state, begin..<end)
        if state == states[end] { return nil }
        return Breach(
            .snapshotsAgree,
            "the snapshot at decision \(begin) folds to another state at \(end)")
    }

    private func fold(_ state: inout ClusterState, _ range: Range<Int>) {
        for place in range { state.evolve(decisions[place], hash: states[place + 1].head.hash) }
    }

    /// Those of the cluster that lie in the topic, by where they stand, oldest first.
    private func snapshots(in log: SimulatedLog) -> [Snapshot] {
        let json = JSONReader()
        let place = TopicPartition(.snapshots, home)
        return log.records(of: place).compactMap { record -> Snapshot? in
            guard let key = record.key, let value = record.value, !key.starts(with: "p/".utf8)
            else { return nil }
            // What cannot be used was said when it landed.
            let found = try? Snapshot(value, reader: json)
            return found?.state.id == cluster ? found : nil
        }.sorted { $0.journalOffset < $1.journalOffset }
    }

    /// A reader that begins with the first record of the journal, and knows of no snapshot, comes
    /// to the same state by the bytes that lie there.
    func reread(in log: SimulatedLog) -> Breach? {
        let place = TopicPartition(.journal, home)
        let all = log.records(of: place)
        var fresh = JournalReader()
        do {
            try fresh.take(header: all[0].value ?? [], of: home)
            for (offset, record) in all.enumerated().dropFirst() {
                _ = try fresh.read(record.value, at: Offset(UInt64(offset)), of: home)
            }
        } catch {
            return Breach(.readersAgree, "the journal cannot be read from its beginning: \(error)")
        }
        guard let found = fresh.state(of: cluster) else {
            return count == 0
                ? nil : Breach(.readersAgree, "a new reader finds nothing of \(cluster)")
        }
        return found == state
            ? nil : Breach(.readersAgree, "a new reader comes to another state")
    }
}
