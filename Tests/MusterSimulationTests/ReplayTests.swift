import MusterCore
import MusterLog
import MusterSimulation
import MusterTesting
import MusterWire
import Testing

/// The journal of a run with joins, removals and returns by chance, read again from its bytes: the
/// same state, wherever the reading is cut, from the records alone and from a snapshot at the cut.
@Suite struct ReplayTests {
    private let records = JournalRecordReader()
    private let json = JSONReader()

    private func journal(seed: UInt64) -> FleetRun {
        var random = SeededGenerator(seed: seed)
        let run = FleetRun(FleetAndCoreTests.engines[Int(seed % 3)], seed: seed)
        #expect(run.form(3))
        for _ in 0..<150 {
            run.surprise(&random)
            run.run(.milliseconds(60))
        }
        return run
    }

    /// Folds a record; fails when it does not extend the state.
    private func fold(_ value: [UInt8], into state: inout ClusterState) throws {
        let envelope = JournalEnvelope(extending: state.head, of: state.id)
        try #require(value.starts(with: envelope.prefix))
        state.evolve(try records.decision(of: value), hash: SHA256.hash(of: value))
    }

    private func bytes(of state: ClusterState) -> [UInt8] {
        let place = Offset(state.head.sequence.value)
        let snapshot = Snapshot(
            journalOffset: place, headOffset: nil, foldVersion: 2, state: state)
        var writer = JSONWriter(capacity: 16 << 10)
        snapshot.write(to: &writer)
        return writer.bytes
    }

    @Test(arguments: 20..<26 as Range<UInt64>)
    func `a journal folds to the same state, wherever it is cut`(seed: UInt64) throws {
        let run = journal(seed: seed)
        let journal = run.journal
        try #require(journal.count > 100)
        var states = [ClusterState(id: run.state.id, genesis: .zero)]
        for value in journal {
            var state = states[states.count - 1]
            try fold(value, into: &state)
            states.append(state)
        }
        #expect(states[journal.count] == run.state)
        // From a snapshot at every cut the next records give what they gave; from every tenth, all
        // of them.
        for cut in 0...journal.count {
            var state = try Snapshot(bytes(of: states[cut]), reader: json).state
            #expect(state == states[cut])
            let end = cut % 10 == 0 ? journal.count : min(cut + 3, journal.count)
            for value in journal[cut..<end] { try fold(value, into: &state) }
            #expect(state == states[end])
            #expect(bytes(of: state) == bytes(of: states[end]))
        }
    }

    /// A state that was read back says what is outstanding. Whoever has heard nothing since adds no
    /// command to it; nor does an old input, at its place or once more behind all others.
    @Test(arguments: 20..<26 as Range<UInt64>)
    func `replay of any prefix issues nothing`(seed: UInt64) throws {
        let run = journal(seed: seed)
        var state = ClusterState(id: run.state.id, genesis: .zero)
        var (again, issued) = (0, 0)
        for (place, value) in run.journal.enumerated() {
            try fold(value, into: &state)
            for subject in state.subjects(heardOf: nil) {
                let wake = Input(cluster: state.id, source: .manager, content: .wake(subject))
                let events = state.decide(wake, evidence: Evidence(), at: state.at)
                issued += events.count { $0.isCommand }
            }
            guard let old = run.causes[place], case .record(let position, let appended) = old.source
            else { continue }
            again += 1
            #expect(state.decide(old, evidence: run.evidence, at: state.at) == [])
            let behind = Position(position.partition, Offset(1 << 40))
            let repeated = Input(
                cluster: state.id, source: .record(behind, appended: appended),
                content: old.content)
            let events = state.decide(repeated, evidence: run.evidence, at: state.at)
            issued += events.count { $0.isCommand }
        }
        #expect(issued == 0)
        #expect(again > 20)
    }

    @Test func `a record left out, repeated or exchanged no longer extends the chain`() throws {
        let run = journal(seed: 20)
        for place in stride(from: 0, to: run.journal.count - 2, by: 7) {
            var left = ClusterState(id: run.state.id, genesis: .zero)
            for value in run.journal[..<place] { try fold(value, into: &left) }
            let next = JournalEnvelope(extending: left.head, of: left.id).prefix
            #expect(!run.journal[place + 1].starts(with: next))
            try fold(run.journal[place], into: &left)
            let following = JournalEnvelope(extending: left.head, of: left.id).prefix
            #expect(!run.journal[place].starts(with: following))
            #expect(run.journal[place + 1].starts(with: following))
            #expect(!run.journal[place + 2].starts(with: following))
        }
    }
}

extension Event {
    /// Whether the event tells an agent to do something.
    fileprivate var isCommand: Bool {
        switch self {
        case .commandIssued, .observationAsked: true
        default: false
        }
    }
}
