import MusterCore
import MusterLog
import MusterManager
import MusterWire

// Faults stop, one manager is left, or all crash and a new one starts: everything is caught up
// with.

extension JournalWorld {
    mutating func heal(keeping survivor: Int?) async throws {
        isCalm = true
        while !orphans.isEmpty {
            for record in orphans.removeFirst() where pick(2) == 0 { _ = append(record) }
        }
        for index in managers.indices where index != survivor { managers[index] = nil }
        let index = survivor ?? 0
        if managers[index] == nil { try await begin(index) }
        try tell(index, [.assigned([0, 1])])
        try rest(index)
    }

    /// Lets a manager work without faults until nothing is left to do.
    mutating func rest(_ index: Int) throws {
        for _ in 0..<2000 {
            step += 1
            if try !settle(index) { return }
        }
        let unrest = managers[index]?.loop.unrest.joined(separator: "; ") ?? ""
        throw violation("M\(index) does not come to rest: \(unrest)")
    }

    /// - Returns: whether anything was left to do.
    private mutating func settle(_ index: Int) throws -> Bool {
        var isBusy = false
        while managers[index]?.questions.isEmpty == false {
            lookUp(index, 0)
            isBusy = true
        }
        if let answers = managers[index]?.answers, !answers.isEmpty {
            managers[index]?.answers = []
            try tell(index, answers)
            isBusy = true
        }
        while managers[index]?.outgoing.isEmpty == false {
            land(index, doubled: false)
            isBusy = true
        }
        for partition in managers[index]?.reads.keys.sorted() ?? [] {
            guard let from = managers[index]?.reads[partition], from < end(of: partition) else {
                continue
            }
            try read(index, partition, upTo: 20)
            isBusy = true
        }
        if isBusy { return true }
        guard let loop = managers[index]?.loop else { return false }
        if loop.unrest.isEmpty { return false }
        now = now + .milliseconds(20)
        try tell(index, [.time])
        return true
    }

    /// What must be true once one manager has caught up with everything.
    mutating func examine(_ index: Int) async throws {
        guard let loop = managers[index]?.loop else { throw violation("nobody is left") }
        for (position, input) in inputs.sorted(by: { $0.key < $1.key }) {
            if let text = audit.fate(of: input, at: position) { throw violation(text) }
        }
        if let text = audit.skipped(inputs) { throw violation(text) }
        for fleet in fleets {
            guard let state = loop.reader.state(of: fleet.cluster) else { continue }
            // It read in other batches, and perhaps from snapshots: the state is the same.
            if let text = audit.difference(from: state) { throw violation(text) }
            if let text = audit.unpublished(state) { throw violation(text) }
            if let text = staleView(of: state) { throw violation(text) }
        }
        try await compareFolds()
        let wasted = audit.journaled - audit.acceptedCount
        let bound = audit.acceptedCount * (managers.count + 1) + faultCount * 16
        if wasted > bound { throw violation("a storm: \(wasted) void records, expected \(bound)") }
    }

    /// The newest record of every node's view says what the state says.
    private func staleView(of state: ClusterState) -> String? {
        let home = Partitioner.partition(of: state.id, count: Self.partitions)
        let views = records[TopicPartition(.members, home)] ?? []
        for node in state.nodes.keys {
            let key = MemberRecord.key(state.id, node)
            guard let newest = views.last(where: { $0.key == key }),
                var wanted = MemberRecord(state, node)
            else { return "no view of \(state.id)/\(node)" }
            do {
                let found = try JSONReader().read(newest.value ?? [], .exact) {
                    root throws(JSONReadError) in
                    try MemberRecord(reading: root)
                }
                wanted.sequence = found.sequence
                wanted.at = found.at
                if found != wanted { return "an old view of \(state.id)/\(node): \(found)" }
            } catch {
                return "a view that cannot be read: \(error)"
            }
        }
        return nil
    }

    // MARK: Every way to fold is one fold

    private mutating func compareFolds() async throws {
        try await compareFold(engine(), "from the snapshots that lie there")
        let all = (0..<Int32(Self.partitions)).flatMap {
            records[TopicPartition(.snapshots, $0)] ?? []
        }
        for _ in 0..<2 {
            // A compaction of some moment: of each key the newest then, perhaps some older ones,
            // and one that was lost altogether.
            let until = now + .milliseconds(-Int64(pick(Int((now - Self.dawn).milliseconds))))
            let lost = all.isEmpty ? nil : all[pick(all.count)].key
            var kept: [LogRecord] = []
            for record in all where record.appended <= until {
                if record.key == lost && chance(700) { continue }
                if chance(800) { kept.removeAll { $0.key == record.key } }
                kept.append(record)
            }
            try await compareFold(engine(snapshots: kept), "from a compaction")
        }
    }

    private func compareFold(_ log: MemoryLog, _ how: String) async throws {
        let projection = try await ProjectionLoader().load(log)
        for cluster in projection.reader.clusters {
            if let text = audit.difference(from: cluster.state) {
                throw violation("\(how): \(text)")
            }
        }
        let known = Set(projection.reader.clusters.map(\.state.id))
        if let missing = audit.clusters.first(where: { !known.contains($0) }) {
            throw violation("\(how): nothing of \(missing)")
        }
    }
}
