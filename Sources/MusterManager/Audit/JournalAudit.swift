package import MusterCore
package import MusterLog
internal import MusterWire

/// Audits a journal: is it what was decided, whole and in order?
///
/// A value that is told of records, partition by partition in their order, and answers with what it
/// found. It checks every chain from its partition's header, that each cluster lies in its
/// partition, decides every recorded input again on the state that the record extends, and, where
/// the inputs can still be read, that none was passed over. It never stops at a finding: what was
/// recorded is folded, so that each is found once and in its place. Void records are ordinary; they
/// are counted and named.
package struct JournalAudit {
    /// A place in a cluster's chain, noted elsewhere, with the hash of the record there.
    package struct Expectation: Hashable, Sendable {
        package var cluster: ClusterID
        package var head: Head

        package init(cluster: ClusterID, head: Head) {
            self.cluster = cluster
            self.head = head
        }
    }

    package private(set) var reader = JournalReader()
    package private(set) var findings: [AuditFinding] = []
    /// How many there are; `findings` keeps the first ones.
    package private(set) var findingCount = 0
    /// The first void records of each kind.
    package private(set) var voids: [VoidRecord] = []
    package private(set) var voidCounts: [VoidKind: UInt64] = [:]
    package private(set) var recordCount: UInt64 = 0
    /// How many accepted decisions were decided again.
    package private(set) var decidedCount: UInt64 = 0
    /// Nil where the input topics are not looked at.
    private var inputs: InputCheck?
    private let check = DecisionCheck()
    private let messages = InputReader()
    private var trails: [ClusterID: ChainTrail] = [:]
    private var expectations: [ClusterID: [MusterCore.Sequence: Hash]] = [:]
    private var misplaced: Set<ClusterID> = []

    /// How many findings, and how many void records of each kind, are kept.
    package static let keptMax = 1000

    /// - Parameter expectations: what must lie in the chains.
    package init(expectations: [Expectation] = []) {
        reader.withEvents = true
        for each in expectations {
            self.expectations[each.cluster, default: [:]][each.head.sequence] = each.head.hash
        }
    }

    /// Looks at the input topics too; they are told of by `hear`, in the order of append times.
    ///
    /// - Parameters:
    ///   - kept: what lies in each input partition.
    ///   - passed: up to where every input was considered, by the newest checkpoints.
    package mutating func checkInputs(
        kept: SortedMap<TopicPartition, Range<Offset>>, passed: SortedMap<TopicPartition, Offset>
    ) {
        inputs = InputCheck(kept: kept, passed: passed)
    }

    /// What became of the inputs; nil where they were not looked at.
    package var inputCounts: InputCounts? { inputs?.counts }

    // MARK: Reading

    /// The next record of an input topic.
    package mutating func hear(_ batch: RecordBatch, _ index: Int) {
        guard var inputs else { return }
        self.inputs = nil
        defer { self.inputs = inputs }
        let view = batch[index]
        let position = Position(batch.partition, view.offset)
        // What cannot be read lies in quarantine, and decides nothing.
        guard
            let incoming = try? messages.read(
                batch.partition.topic, keyBytes: view.key?.count ?? 0,
                headers: batch.headers(at: index), value: view.value),
            let content = incoming.message.content.decided
        else { return inputs.offerUnreadable() }
        let cluster = incoming.message.cluster
        let input = Input(
            cluster: cluster, source: .record(position, appended: view.appended),
            content: content, correlation: incoming.correlation)
        let event = view.value.map { incoming.event.structuredForm(value: $0) } ?? []
        let passed = reader.index(of: cluster).flatMap {
            reader.clusters[$0].state.next[position.partition]
        }
        inputs.offer(
            input, event: event, at: position, appended: view.appended,
            isPassed: passed.map { position.offset < $0 } ?? false)
    }

    private func head(of cluster: ClusterID) -> Head? {
        reader.index(of: cluster).map { reader.clusters[$0].state.head }
    }

    /// The next record of a journal partition.
    package mutating func read(_ view: RecordView, of partition: Int32) {
        recordCount += 1
        let position = Position(TopicPartition(.journal, partition), view.offset)
        guard let value = view.value else { return void(.noRecord, position) }
        if reader.headers[partition] == nil, !JournalHeader.begins(value),
            JournalEnvelope(of: value) != nil
        {
            findHeaderless(position)
            return void(.homeless, position)
        }
        let hash = SHA256.hash(of: value)
        let envelope = JournalEnvelope(of: value)
        let before = envelope.flatMap { head(of: $0.cluster) }
        var problems: [DecisionCheck.Problem] = []
        var recorded: Decision?
        let isFirstHeader = reader.headers[partition] == nil
        do {
            var inputs = self.inputs
            self.inputs = nil
            let check = check
            let reading = try reader.read(
                view.value, hash: hash, at: view.offset, of: partition
            ) { state, decision in
                problems = check.problems(of: decision, on: state)
                inputs?.settle(before: decision, on: state, at: view.appended)
                recorded = decision
            }
            self.inputs = inputs
            switch reading {
            case .header: if !isFirstHeader { void(.header, position) }
            case .accepted(let accepted):
                accept(accepted, position, problems, recorded)
            case .stopped(let cluster, let error):
                let sequence = before?.sequence.next ?? MusterCore.Sequence(1)
                find(
                    AuditFinding(
                        .unreadable, position, cluster, sequence,
                        "decision \(sequence) \(error)"))
            case .void:
                examineVoid(envelope, hash, position, head: before)
            }
        } catch {
            find(AuditFinding(.header, position, nil, nil, "\(error)"))
        }
    }

    private mutating func accept(
        _ accepted: JournalReader.Accepted, _ position: Position,
        _ problems: [DecisionCheck.Problem], _ recorded: Decision?
    ) {
        decidedCount += 1
        let cluster = reader.clusters[accepted.index].state.id
        trails[cluster, default: ChainTrail()].accept(accepted.hash, at: position.offset)
        for problem in problems {
            var finding = AuditFinding(
                problem.kind, position, cluster, accepted.sequence,
                "decision \(accepted.sequence): \(problem.sentence)")
            finding.decided = problem.decided
            finding.manager = recorded?.manager
            if problem.kind == .decidedOtherwise { finding.recorded = recorded?.events ?? [] }
            find(finding)
        }
        guard let wanted = expectations[cluster]?.removeValue(forKey: accepted.sequence),
            wanted != accepted.hash
        else { return }
        find(
            AuditFinding(
                .unexpected, position, cluster, accepted.sequence,
                "decision \(accepted.sequence) has the hash \(accepted.hash), noted was \(wanted)"))
    }

    // MARK: Void records

    private mutating func examineVoid(
        _ envelope: JournalEnvelope?, _ hash: Hash, _ position: Position, head: Head?
    ) {
        guard let envelope else { return void(.noRecord, position) }
        let cluster = envelope.cluster
        if reader.partition(of: cluster) != position.partition.partition {
            findMisplaced(cluster, position)
            return void(.homeless, position, envelope)
        }
        // A cluster that stands still is read no further.
        if reader.index(of: cluster).map({ reader.clusters[$0].stopped != nil }) ?? false {
            return void(.orphan, position, envelope)
        }
        let start = reader.headers[position.partition.partition] ?? .zero
        let head = head ?? Head(sequence: MusterCore.Sequence(0), hash: start)
        var trail = trails.removeValue(forKey: cluster) ?? ChainTrail()
        let (kind, first) = trail.examine(envelope, hash, at: position.offset, head: head)
        trails[cluster] = trail
        void(kind, position, envelope)
        if kind == .repeated, let first {
            find(
                AuditFinding(
                    .repeated, position, cluster, envelope.sequence,
                    "decision \(envelope.sequence) stands at offset \(first) and once more here, "
                        + "where it is void"))
        }
    }

    private mutating func void(
        _ kind: VoidKind, _ position: Position, _ envelope: JournalEnvelope? = nil
    ) {
        let count = voidCounts[kind, default: 0] + 1
        voidCounts[kind] = count
        if count > Self.keptMax { return }
        voids.append(
            VoidRecord(
                kind: kind, position: position, cluster: envelope?.cluster,
                sequence: envelope?.sequence))
    }

    private mutating func findMisplaced(_ cluster: ClusterID, _ position: Position) {
        guard let home = reader.partition(of: cluster), misplaced.insert(cluster).inserted else {
            return
        }
        find(
            AuditFinding(
                .misplaced, position, cluster, nil,
                "cluster \(cluster) belongs in partition \(home); its records are void here"))
    }

    private mutating func findHeaderless(_ position: Position) {
        let isKnown = findings.contains {
            $0.kind == .header && $0.position?.partition == position.partition
        }
        if isKnown { return }
        find(
            AuditFinding(
                .header, position, nil, nil,
                "a decision lies here, and no header before it: the start of the partition is gone "
                    + "or was changed"))
    }

    private mutating func find(_ finding: AuditFinding) {
        findingCount += 1
        if findings.count < Self.keptMax { findings.append(finding) }
    }

    // MARK: The end

    /// Everything was read: says what only then is known.
    package mutating func finish() {
        for cluster in reader.sorted where cluster.stopped == nil {
            let id = cluster.state.id
            guard let offset = cluster.headOffset,
                let cut = trails[id]?.cut(head: cluster.state.head, at: offset)
            else { continue }
            let place = TopicPartition(.journal, cluster.partition)
            find(
                AuditFinding(
                    cut.kind, Position(place, cut.offset), id, cut.sequence, cut.sentence))
        }
        for (cluster, offset) in reader.rootless.sorted(by: { $0.key < $1.key }) {
            let place = reader.partition(of: cluster).map {
                Position(TopicPartition(.journal, $0), offset)
            }
            find(
                AuditFinding(
                    .missing, place, cluster, MusterCore.Sequence(1),
                    "the first decision of cluster \(cluster) is missing or was changed, or the "
                        + "header was: the record here extends nothing"))
        }
        finishExpectations()
        guard var inputs else { return }
        let genesis = reader.headers.values.first ?? .zero
        inputs.finish { cluster in
            guard let index = reader.index(of: cluster) else {
                return ClusterState(id: cluster, genesis: genesis)
            }
            return reader.clusters[index].stopped == nil ? reader.clusters[index].state : nil
        }
        self.inputs = inputs
        for finding in inputs.findings { find(finding) }
    }

    private mutating func finishExpectations() {
        for cluster in expectations.keys.sorted() {
            let end = reader.state(of: cluster)?.head.sequence ?? MusterCore.Sequence(0)
            for sequence in (expectations[cluster] ?? [:]).keys.sorted() {
                find(
                    AuditFinding(
                        .unexpected, nil, cluster, sequence,
                        "decision \(sequence) was noted, and the chain ends at \(end): its end was "
                            + "cut off"))
            }
        }
    }
}
