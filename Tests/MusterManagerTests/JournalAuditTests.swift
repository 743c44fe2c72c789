import MusterCore
import MusterLog
import MusterManager
import MusterTesting
import MusterWire
import Testing

/// The audit of a journal, on journals of worlds of chance and on such that somebody has changed.
@Suite struct JournalAuditTests {
    private typealias Audit = MusterManager.JournalAudit

    /// Tells an audit everything in the order of append times, inputs first.
    private func audit(
        _ records: [TopicPartition: [LogRecord]],
        expecting expectations: [Audit.Expectation] = []
    ) -> Audit {
        var audit = Audit(expectations: expectations)
        var kept = SortedMap<TopicPartition, Range<Offset>>()
        for (place, list) in records where place.topic == .events || place.topic == .requests {
            guard let first = list.first, let last = list.last else { continue }
            kept[place] = first.position.offset..<last.position.offset.next
        }
        audit.checkInputs(kept: kept, passed: SortedMap())
        let all = records.filter { kept[$0.key] != nil || $0.key.topic == .journal }
            .values.flatMap(\.self)
            .sorted { left, right in
                let (one, two) = (left.position.partition, right.position.partition)
                if one == two { return left.position < right.position }
                if left.appended != right.appended { return left.appended < right.appended }
                return one.topic != .journal && two.topic == .journal
            }
        for record in all {
            let batch = RecordBatch.copying([record], of: record.position.partition)
            withExtendedLifetime(batch) {
                if record.position.partition.topic == .journal {
                    audit.read(batch[0], of: record.position.partition.partition)
                } else {
                    audit.hear(batch, 0)
                }
            }
        }
        audit.finish()
        return audit
    }

    private func faults(_ audit: Audit) -> [String] {
        audit.findings.filter { !$0.kind.isHarmless }.map { "\($0.kind): \($0.sentence)" }
    }

    // MARK: Honest journals

    @Test(arguments: 1...80 as ClosedRange<UInt64>)
    func `whatever races and lost appends have left, an honest journal is intact`(
        seed: UInt64
    ) async throws {
        var world = try JournalWorld(seed: seed, managers: 2, clusters: ["a", "b"])
        world.drawCharacter()
        for index in 0..<2 {
            try await world.begin(index)
            try world.tell(index, [.assigned([0, 1])])
        }
        for _ in 0..<200 { try await world.go() }
        try await world.heal(keeping: nil)
        let audit = audit(world.records)
        // A journal that ends right where an append failed looks like one whose end was changed:
        // the audit says that it may be either.
        let found = faults(audit).filter { !$0.contains("or an append before it failed") }
        #expect(found.isEmpty, "\(found)")
        #expect(audit.decidedCount == UInt64(world.audit.acceptedCount))
        let counts = try #require(audit.inputCounts)
        #expect(counts.skipped == 0 && counts.pending == 0, "\(counts)")
        #expect(
            counts.seen == counts.decided + counts.silent + counts.unproved + counts.unreadable)
        for cluster in audit.reader.clusters {
            #expect(world.audit.difference(from: cluster.state) == nil)
        }
    }

    // MARK: Changed ones

    /// Eight decisions of one cluster, and its journal partition.
    private func story() async throws -> (JournalWorld, TopicPartition) {
        var world = try JournalWorld(seed: 1, managers: 1, clusters: ["a"])
        world.isCalm = true
        try await world.begin(0)
        try world.tell(0, [.assigned([0, 1])])
        for start in 1...8 {
            world.now = world.now + .milliseconds(1)
            world.start(0, start)
        }
        try world.rest(0)
        let place = TopicPartition(.journal, world.home(0).partition)
        try #require(world.records[place]?.count == 9)
        return (world, place)
    }

    /// The one finding after a change of the journal's records, with its offset.
    private func finding(
        _ change: (inout [LogRecord]) -> Void
    ) async throws -> (AuditFinding.Kind, UInt64?, UInt64?) {
        let (world, place) = try await story()
        var records = world.records
        change(&records[place, default: []])
        let audit = audit(records.filter { $0.key.topic == .journal })
        let first = try #require(audit.findings.first, "nothing was found")
        return (first.kind, first.position?.offset.value, first.sequence?.value)
    }

    /// Gives the records the offsets of their places.
    private func renumber(_ records: inout [LogRecord]) {
        for index in records.indices {
            records[index].position.offset = Offset(UInt64(index))
        }
    }

    @Test func `a changed byte is found where it is, wherever that is`() async throws {
        let (world, place) = try await story()
        let original = try #require(world.records[place])
        let middle = original.count / 2
        let value = try #require(original[middle].value)
        var unfound: [Int] = []
        for index in stride(from: 0, to: value.count, by: 7) {
            var records = original
            records[middle].value?[index] ^= 1
            let audit = audit([place: records])
            let isFound = audit.findings.contains {
                $0.kind == .changed && $0.position?.offset.value == UInt64(middle)
                    || $0.kind == .unreadable && $0.position?.offset.value == UInt64(middle)
                    || $0.kind == .missing && $0.sequence?.value == UInt64(middle)
            }
            if !isFound { unfound.append(index) }
        }
        #expect(unfound.isEmpty, "\(unfound)")
    }

    @Test func `a dropped record is named by its number, where the chain goes on`() async throws {
        let dropped = try await finding { $0.remove(at: 4) }
        #expect(dropped == (.missing, 5, 4))
    }

    @Test func `a repeated record is harmless, and named with its place`() async throws {
        let repeated = try await finding { records in
            records.insert(records[3], at: 6)
            renumber(&records)
        }
        #expect(repeated == (.repeated, 6, 3))
    }

    @Test(arguments: [1, 2, 4, 7])
    func `two records that changed places are named by the one that came too early`(
        _ index: Int
    ) async throws {
        let moved = try await finding { records in
            records.swapAt(index, index + 1)
            renumber(&records)
        }
        #expect(moved == (.reordered, UInt64(index), UInt64(index + 1)))
    }

    @Test func `a record that was moved to the end is missed where it was`() async throws {
        let moved = try await finding { records in
            records.append(records.remove(at: 3))
            renumber(&records)
        }
        #expect(moved == (.reordered, 3, 4))
    }

    @Test func `a last record is only missed by who has kept its hash`() async throws {
        let (world, place) = try await story()
        let state = try #require(world.managers[0]?.loop.reader.clusters.first?.state)
        var records = world.records.filter { $0.key == place }
        #expect(audit(records).findings.isEmpty)
        records[place]?.removeLast()
        #expect(audit(records).findings.isEmpty)
        let wanted = Audit.Expectation(cluster: state.id, head: state.head)
        let cut = audit(records, expecting: [wanted])
        #expect(cut.findings.map(\.kind) == [.unexpected] && cut.findings[0].position == nil)
        let other = Head(sequence: MusterCore.Sequence(2), hash: .zero)
        let wrong = audit(records, expecting: [.init(cluster: state.id, head: other)])
        #expect(wrong.findings.map(\.kind) == [.unexpected])
        #expect(wrong.findings[0].position?.offset.value == 2)
    }

    // MARK: Records that are honest but wrong

    @Test func `a decision with other events, and one at another time, are found`() async throws {
        let (world, place) = try await story()
        var records = try #require(world.records[place])
        var state = try #require(world.managers[0]?.loop.reader.clusters.first?.state)
        let reader = JournalRecordReader()
        let last = try #require(records.last?.value)
        // The last decision again, a minute later: its input was considered before.
        var decision = try reader.decision(of: last, withEvent: true)
        decision.at = decision.at + .seconds(60)
        decision.considered = []
        let late = JournalRecord(JournalEnvelope(extending: state.head, of: state.id), decision)
        records.append(
            LogRecord(
                position: Position(place, Offset(9)), appended: decision.at, key: nil,
                headers: [], value: late.bytes))
        state.evolve(decision, hash: SHA256.hash(of: late.bytes))
        decision.cause = .timer(.liveness)
        decision.correlation = ""
        decision.events = [.thawed]
        let made = JournalRecord(JournalEnvelope(extending: state.head, of: state.id), decision)
        records.append(
            LogRecord(
                position: Position(place, Offset(10)), appended: decision.at, key: nil,
                headers: [], value: made.bytes))
        let audit = audit([place: records])
        let sentences = audit.findings.map(\.sentence)
        #expect(sentences.contains { $0.contains("takes effect twice") }, "\(sentences)")
        #expect(sentences.contains { $0.contains("its time is") }, "\(sentences)")
        let otherwise = try #require(audit.findings.last { $0.kind == .decidedOtherwise })
        #expect(otherwise.recorded == [.thawed] && otherwise.decided.isEmpty)
        #expect(otherwise.position?.offset.value == 10)
    }
}
