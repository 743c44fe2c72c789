import MusterCore
import MusterLog
import MusterManager
import MusterTesting
import MusterWire

// What may happen next.

extension JournalWorld {
    mutating func pick(_ count: Int) -> Int { Int(random.next() % UInt64(max(count, 1))) }

    mutating func chance(_ perMille: Int) -> Bool { random.happens(perMille: perMille) }

    private var living: [Int] { managers.indices.filter { managers[$0] != nil } }

    /// One step of chance.
    mutating func go() async throws {
        step += 1
        switch pick(100) {
        case 0..<18: publishInput()
        case 18..<26:
            now = now + .milliseconds(Int64(pick(chance(100) ? 900 : 60) + 1))
            try tellOne { _ in [.time] }
        case 26..<50: try readSome()
        case 50..<72: try landOne()
        case 72..<82: try answerOne()
        case 82..<93: try lookUpOne()
        case 93..<95: landOrphan()
        case 95..<97: try assignSome()
        case 97..<98: try replaceProducer()
        default: try await crashOrBegin()
        }
    }

    private mutating func tellOne(_ inputs: (Int) -> [LoopInput]) throws {
        let living = living
        guard !living.isEmpty else { return }
        let index = living[pick(living.count)]
        try tell(index, inputs(index))
    }

    private mutating func anyone() -> Int? {
        let living = living
        return living.isEmpty ? nil : living[pick(living.count)]
    }

    /// How this world is, as chance has it.
    mutating func drawCharacter() {
        windowMax = [1, 2, 4, 8][pick(4)]
        checkpointInterval = .milliseconds([5, 20, 200][pick(3)])
        journalFirst = [0, 300, 700][pick(3)]
        faults = [20, 160, 300][pick(3)]
        isTerse = pick(3) > 0
        turnMax = [1, 2, 256][pick(3)]
    }

    // MARK: Reading

    private mutating func readSome() throws {
        guard let index = anyone(), let manager = managers[index] else { return }
        let open = manager.reads.keys.sorted().filter { (manager.reads[$0] ?? .zero) < end(of: $0) }
        guard !open.isEmpty else { return }
        // The journal is read more often than the rest.
        let journal = open.filter { $0.topic == .journal }
        let choice = !journal.isEmpty && chance(journalFirst) ? journal : open
        try read(index, choice[pick(choice.count)], upTo: chance(500) ? 1 : 50)
    }

    mutating func read(_ index: Int, _ partition: TopicPartition, upTo limit: Int) throws {
        guard let from = managers[index]?.reads[partition], let all = records[partition] else {
            return
        }
        let found = Array(all[Int(from.value)...].prefix(limit))
        guard let last = found.last else { return }
        managers[index]?.reads[partition] = last.position.offset.next
        try tell(index, [.records(Self.batch(of: found, partition))])
    }

    static func batch(of records: [LogRecord], _ partition: TopicPartition) -> RecordBatch {
        let headers = records.map { HeaderCoding.encode($0.headers) ?? [] }
        var bytes = 0
        for (record, encoded) in zip(records, headers) {
            bytes += (record.key?.count ?? 0) + (record.value?.count ?? 0) + encoded.count
        }
        var arena = RecordArena(bytes: bytes, records: records.count)
        for (record, encoded) in zip(records, headers) {
            (record.key ?? []).withUnsafeBytes { key in
                (record.value ?? []).withUnsafeBytes { value in
                    encoded.withUnsafeBytes { headers in
                        arena.add(
                            offset: record.position.offset, appended: record.appended,
                            key: record.key == nil ? nil : key,
                            headers: encoded.isEmpty ? nil : headers,
                            value: record.value == nil ? nil : value)
                    }
                }
            }
        }
        let next = records.last?.position.offset.next ?? .zero
        return arena.finish(partition: partition, next: next)
    }

    // MARK: Appending

    private mutating func landOne() throws {
        guard let index = anyone(), managers[index]?.outgoing.isEmpty == false else { return }
        if isCalm || !chance(faults) { return land(index, doubled: false) }
        let fate = pick(160)
        faultCount += 1
        if fate >= 120 {
            // Nothing rests on the order in which a producer's records land.
            let later = pick(managers[index]?.outgoing.count ?? 1)
            managers[index]?.outgoing.swapAt(0, later)
            return land(index, doubled: false)
        }
        guard let (submission, record) = managers[index]?.outgoing.removeFirst() else { return }
        let failure = LogError.unavailable(log: "w", reason: "made on purpose")
        switch fate {
        case 0..<30: break
        case 30..<60: _ = append(record)
        case 60..<90:
            // Only the journal must bear a late landing: a view that lands late is replaced by its
            // sequence number, by whoever reads it.
            if record.partition.topic != .members { orphans.append([record]) }
        default:
            managers[index]?.outgoing.insert((submission, record), at: 0)
            return land(index, doubled: true)
        }
        managers[index]?.answers.append(submission.failed(failure))
    }

    mutating func land(_ index: Int, doubled: Bool) {
        guard let (submission, record) = managers[index]?.outgoing.removeFirst() else { return }
        let place = append(record)
        if doubled { _ = append(record) }
        managers[index]?.answers.append(submission.landed(place))
    }

    private mutating func landOrphan() {
        guard !orphans.isEmpty else { return }
        let index = pick(orphans.count)
        let record = orphans[index].removeFirst()
        if chance(700) { _ = append(record) }
        if orphans[index].isEmpty { orphans.remove(at: index) }
    }

    private mutating func replaceProducer() throws {
        guard let index = anyone(), let manager = managers[index] else { return }
        faultCount += 1
        leave(manager.outgoing.map(\.1))
        let failure = LogError.unavailable(log: "w", reason: "the producer was replaced")
        managers[index]?.outgoing = []
        // Decisions have no fate that is known; everything else is answered.
        for (submission, _) in manager.outgoing {
            if case .other = submission {
                managers[index]?.answers.append(submission.failed(failure))
            }
        }
        try tell(index, [.producerReplaced])
    }

    private mutating func leave(_ records: [NewRecord]) {
        let left = records.filter { $0.partition.topic != .members }
        if !left.isEmpty { orphans.append(left) }
    }

    // MARK: Answers

    private mutating func answerOne() throws {
        guard let index = anyone(), let manager = managers[index], !manager.answers.isEmpty else {
            return
        }
        let count = chance(500) ? 1 : manager.answers.count
        managers[index]?.answers.removeFirst(count)
        try tell(index, Array(manager.answers.prefix(count)))
    }

    private mutating func lookUpOne() throws {
        guard let index = anyone(), let manager = managers[index], !manager.questions.isEmpty
        else { return }
        lookUp(index, pick(manager.questions.count))
    }

    mutating func lookUp(_ index: Int, _ place: Int) {
        guard let question = managers[index]?.questions.remove(at: place) else { return }
        let found = answer(to: question)
        managers[index]?.answers.append(found)
    }

    private func answer(to question: WorldManager.Question) -> LoopInput {
        switch question {
        case .end(let ask, let partition):
            return .journalEnd(ask: ask, end(of: TopicPartition(.journal, partition)))
        case .begin(let ask, let partition):
            let kept = [Topic.events, .requests, .heartbeats].map { topic in
                let place = TopicPartition(topic, partition)
                return (partition: place, range: Offset.zero..<end(of: place))
            }
            return .began(
                Beginning(
                    ask: ask, partition: partition, kept: kept, heartbeats: SortedMap(),
                    journalEnd: end(of: TopicPartition(.journal, partition))))
        }
    }

    // MARK: Who works

    private mutating func assignSome() throws {
        guard let index = anyone() else { return }
        let all: [Set<Int32>] = [[0, 1], [0, 1], [0], [1], []]
        try tell(index, [.assigned(all[pick(all.count)])])
    }

    private mutating func crashOrBegin() async throws {
        let index = pick(managers.count)
        guard let manager = managers[index] else {
            try await begin(index)
            return try tell(index, [.assigned([0, 1])])
        }
        guard chance(300) else { return }
        faultCount += 1
        leave(manager.outgoing.map(\.1))
        managers[index] = nil
    }
}
