import MusterCore
import MusterLog
import MusterManager
import MusterTesting
import MusterWire

extension FuzzTarget {
    /// The shipped loop of a manager, over inputs of every kind.
    static let manager = FuzzTarget(name: "manager", share: 100, size: ManagerWorld.session) {
        corpus in
        let maker = InputMaker(corpus)
        return Body(
            draw: { dice in
                FuzzRecord.row((0..<ManagerWorld.session).map { _ in maker.record(&dice) })
            },
            run: { bytes in
                var world = ManagerWorld()
                return try world.run(FuzzRecord.records(in: bytes))
            })
    }
}

/// A manager that owns the only partition of a log in memory, and is given inputs.
///
/// Every input that no reader reads must lie in quarantine afterwards with its bytes, and a plain
/// input at the end must be decided as if nothing had been before it.
struct ManagerWorld {
    /// How many inputs one manager is given.
    static let session = 48

    private var loop: ManagerLoop
    private var records: [TopicPartition: [LogRecord]] = [:]
    private var reads: [TopicPartition: Offset] = [:]
    private var inbox: [LoopInput] = []
    private var now: Duration = .zero
    private static let dawn = Timestamp(milliseconds: 1_700_000_000_000)

    init() {
        let identity = ManagerIdentity(id: Identifier(high: 1, low: 1), version: "f")
        var settings = ManagerSettings(identity: identity)
        settings.allowsShortRemovalDelay = true
        loop = ManagerLoop(
            settings: settings, reader: JournalReader(), checkpoints: [], newest: nil, now: .zero)
        let header = JournalHeader(log: Identifier(high: 7, low: 7), partitions: 1)
            .outgoing(partition: 0)
        append(TopicPartition(.journal, 0), header.headers, header.value)
        reads[TopicPartition(.journal, 0)] = .zero
    }

    @discardableResult
    private mutating func append(
        _ place: TopicPartition, _ headers: [Header], _ value: [UInt8]?, key: [UInt8]? = nil
    ) -> Appended {
        let offset = Offset(UInt64(records[place]?.count ?? 0))
        let moment = Self.dawn + now
        records[place, default: []].append(
            LogRecord(
                position: Position(place, offset), appended: moment, key: key, headers: headers,
                value: value))
        return Appended(offset: offset, appended: moment)
    }

    mutating func run(_ inputs: [FuzzRecord]) throws -> FuzzTarget.Tally {
        try settle()
        inbox.append(.assigned([0]))
        try settle()
        var tally = FuzzTarget.Tally()
        let reader = InputReader()
        var refused: [(Position, FuzzRecord)] = []
        for input in inputs {
            let topic =
                [Topic.events, .requests, .heartbeats].contains(input.topic)
                ? input.topic : .events
            let place = TopicPartition(topic, 0)
            now += .milliseconds(700)
            let at = append(place, input.headers, input.value)
            do throws(UnreadableInput) {
                _ = try reader.read(topic, key: nil, headers: input.headers, value: input.value)
                tally += .read
            } catch {
                refused.append((Position(place, at.offset), input))
                tally += .refused
            }
            try settle()
        }
        try checkQuarantine(refused)
        try checkGoesOn()
        return tally
    }

    private func checkQuarantine(_ refused: [(Position, FuzzRecord)]) throws {
        let json = JSONReader()
        var kept: [QuarantineRecord] = []
        for record in records[TopicPartition(.quarantine, 0)] ?? [] {
            kept.append(
                try json.read(record.value ?? [], .exact) { root throws(JSONReadError) in
                    try QuarantineRecord(reading: root)
                })
        }
        try demand(
            loop.counts.quarantined == UInt64(refused.count) && kept.count == refused.count,
            "\(refused.count) were refused, \(kept.count) lie in quarantine")
        for (position, input) in refused {
            guard let found = kept.first(where: { $0.position == position }) else {
                throw FuzzFailure("\(position) is refused and not in quarantine")
            }
            try demandHarmless(found.reason, "the quarantine record of \(position)")
            try demand(
                found.sha256 == SHA256.hash(of: input.value ?? []),
                "the quarantine record of \(position) has another hash")
        }
    }

    /// A node of a cluster that nobody named before comes up, and that is decided.
    private mutating func checkGoesOn() throws {
        guard let cluster = try? ClusterID("plain-at-the-end"), let node = try? NodeID("n1") else {
            return
        }
        let identity = NodeIdentity(
            node: node, store: Identifier(high: 3, low: 3), start: Start(1))
        let up = NodeUp(
            identity: identity, boot: Identifier(high: 4, low: 4), role: .voter, blank: false,
            engine: nil, address: "", zone: "", groupsVersion: 1, groups: [])
        let record = InputMessage(cluster, .fact(.nodeUp(up))).outgoing(
            EventOrigin(id: "last", source: "/f"))
        append(TopicPartition(record.topic, 0), record.headers, record.value, key: record.key)
        for _ in 0..<4 {
            now += .seconds(1)
            inbox.append(.time)
            try settle()
        }
        try demand(
            loop.reader.state(of: cluster)?.nodes[node] != nil,
            "after these inputs a plain one is not decided")
    }

    /// Does what is asked until nothing more is.
    private mutating func settle() throws {
        for _ in 0..<10_000 {
            let inputs = inbox + [.time]
            inbox = []
            let effects = loop.handle(inputs, now: now)
            for effect in effects { try perform(effect) }
            var isRead = false
            for place in reads.keys.sorted() {
                guard let from = reads[place], let all = records[place], from.value < all.count
                else { continue }
                reads[place] = Offset(UInt64(all.count))
                inbox.append(.records(.copying(Array(all[Int(from.value)...]), of: place)))
                isRead = true
            }
            if effects.isEmpty, !isRead, inbox.isEmpty { break }
            if !isRead, inbox.isEmpty, (loop.wakeUp ?? .seconds(1 << 40)) > now { break }
        }
        try demand(inbox.isEmpty, "the manager asks on and on")
        if let text = loop.violations.first { throw FuzzFailure("the manager's books: \(text)") }
    }

    private mutating func perform(_ effect: LoopEffect) throws {
        switch effect {
        case .append(let token, let record):
            let at = append(record.partition, record.headers, record.value, key: record.key)
            inbox.append(.appended(token: token, at))
        case .publish(let token, let record):
            append(record.partition, record.headers, record.value, key: record.key)
            inbox.append(.published(token: token))
        case .askJournalEnd(let ask, let partition):
            let count = records[TopicPartition(.journal, partition)]?.count ?? 0
            inbox.append(.journalEnd(ask: ask, Offset(UInt64(count))))
        case .begin(let ask, let partition, _, _):
            let kept = [Topic.events, .requests, .heartbeats].map { topic in
                let place = TopicPartition(topic, partition)
                let end = Offset(UInt64(records[place]?.count ?? 0))
                return (partition: place, range: Offset.zero..<end)
            }
            let end = records[TopicPartition(.journal, partition)]?.count ?? 0
            inbox.append(
                .began(
                    Beginning(
                        ask: ask, partition: partition, kept: kept, heartbeats: SortedMap(),
                        journalEnd: Offset(UInt64(end)))))
        case .read(let partition, let offset): reads[partition] = offset
        case .stopReading(let partition): reads[partition] = nil
        case .check: break
        case .say(let remark):
            if remark.level == .error { throw FuzzFailure("the manager says: \(remark.text)") }
        case .restart(let reason), .halt(let reason):
            throw FuzzFailure("the manager stops: \(reason)")
        case .ended: throw FuzzFailure("the manager ended")
        }
    }
}
