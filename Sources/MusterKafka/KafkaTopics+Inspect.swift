import CLibrdkafka
import MusterCore
import MusterLog

// What is looked at before a manager works: settings under which a decision could be lost, come
// twice or be misdated are unsafe; what only costs time, room or nerves is advice.

extension KafkaTopics {
    /// The topics as they are, and what Muster makes of them.
    func inspect() throws(LogError) -> LogReport {
        let (brokers, places) = try look()
        let known = Topic.allCases.filter { places[$0] != nil }
        var details: [LogReport.Detail] = []
        var findings: [LogReport.Finding] = []
        let journal = places[.journal]?.partitions ?? 0
        for (topic, values) in try configurations(of: known) {
            guard let place = places[topic] else { continue }
            details.append(
                LogReport.Detail(
                    topic, name: client.name(of: topic), partitions: place.partitions,
                    replication: place.replication,
                    settings: Self.shown.compactMap { name in
                        values[name].map { LogReport.Setting(name, $0) }
                    }))
            findings += Self.findings(topic, values)
            findings += Self.findings(topic, partitions: place.partitions, journal: journal)
            findings += Self.findings(topic, values, place)
        }
        findings += LogReport.missing(of: details)
        let order = LogReport.Severity.allCases
        let sorted = order.flatMap { severity in findings.filter { $0.severity == severity } }
        return LogReport(brokers: brokers, topics: details, findings: sorted)
    }

    private static let shown = [
        "cleanup.policy", "retention.ms", "retention.bytes", "message.timestamp.type",
        "max.message.bytes", "min.insync.replicas", "unclean.leader.election.enable",
        "compression.type", "segment.ms", "segment.bytes", "delete.retention.ms",
    ]

    /// Where a topic lies.
    struct Place {
        let partitions: Int32
        /// Of the partition that has the fewest.
        let replication: Int
        let leaderless: [Int32]
        /// How many brokers there are.
        let brokers: Int
    }

    private func look() throws(LogError) -> (brokers: [String], places: [Topic: Place]) {
        try query.metadata { found in
            var places: [Topic: Place] = [:]
            for (topic, entry) in query.ours(found) {
                let partitions = UnsafeBufferPointer(
                    start: entry.partitions, count: Int(entry.partition_cnt))
                places[topic] = Place(
                    partitions: entry.partition_cnt,
                    replication: Int(partitions.map(\.replica_cnt).min() ?? 0),
                    leaderless: partitions.filter { $0.leader < 0 }.map(\.id).sorted(),
                    brokers: Int(found.broker_cnt))
            }
            let brokers = UnsafeBufferPointer(start: found.brokers, count: Int(found.broker_cnt))
                .sorted { $0.id < $1.id }
                .map { "\(String(cString: $0.host)):\($0.port) (\($0.id))" }
            return (brokers, places)
        }
    }

    // MARK: Settings

    /// A setting, which values of it will do, the value to give it, and what another one costs.
    private struct Condition: Sendable {
        let name: String
        let isMet: @Sendable (String) -> Bool
        let wanted: String
        let cost: String
        var severity = LogReport.Severity.blocking
    }

    private static func findings(_ topic: Topic, _ values: [String: String])
        -> [LogReport.Finding]
    {
        conditions(of: topic).filter { !$0.isMet(values[$0.name] ?? "") }.map { condition in
            LogReport.Finding(
                topic, condition.severity,
                found: "\(condition.name)=\(values[condition.name] ?? "")",
                wanted: "\(condition.name)=\(condition.wanted)", cost: condition.cost)
        }
    }

    private static func conditions(of topic: Topic) -> [Condition] {
        let all = [
            Condition(
                name: "message.timestamp.type", isMet: { $0 == "LogAppendTime" },
                wanted: "LogAppendTime",
                cost: "times are the publishers' own, and a wrong clock brings removals forward"),
            Condition(
                name: "unclean.leader.election.enable", isMet: { $0 != "true" }, wanted: "false",
                cost: "what was acknowledged can be lost when a broker fails"),
        ]
        return all + own(topic)
    }

    private static func own(_ topic: Topic) -> [Condition] {
        let room = Condition(
            name: "max.message.bytes", isMet: { Int($0) ?? 0 >= NewRecord.bytesMax },
            wanted: "\(NewRecord.bytesMax + (128 << 10))", cost: "large records cannot be written")
        switch topic {
        case .journal:
            let forever = "decisions are deleted, and nothing can be rebuilt from the journal"
            return [
                Condition(
                    name: "cleanup.policy", isMet: { $0 == "delete" }, wanted: "delete",
                    cost: "decisions are left out, and every reader stops at the gap"),
                Condition(
                    name: "retention.ms", isMet: { $0 == "-1" }, wanted: "-1", cost: forever),
                Condition(
                    name: "retention.bytes", isMet: { $0 == "-1" }, wanted: "-1", cost: forever),
                room,
            ]
        case .events, .requests:
            return [
                notCompacted,
                kept(days: 7, cost: "a manager that was away for longer stops: inputs were lost"),
            ]
        case .heartbeats:
            return [notCompacted]
        case .members, .snapshots:
            let compacted = Condition(
                name: "cleanup.policy", isMet: { $0.contains("compact") }, wanted: "compact",
                cost: "what is newest of a key is deleted by its age, or all is kept for ever")
            return topic == .snapshots ? [compacted, room] : [compacted]
        case .commands:
            return [kept(days: 1, cost: "an agent that was away for longer misses commands")]
        case .quarantine:
            return [kept(days: 7, cost: "what was not understood is gone before anyone looks")]
        }
    }

    private static let notCompacted = Condition(
        name: "cleanup.policy", isMet: { $0 == "delete" }, wanted: "delete",
        cost: "facts are dropped before they are decided upon")

    private static func kept(days: Int64, cost: String) -> Condition {
        let least = days * 24 * 60 * 60 * 1_000
        return Condition(
            name: "retention.ms",
            isMet: { text in Int64(text).map { $0 < 0 || $0 >= least } ?? true },
            wanted: "\(least) or more", cost: cost, severity: .advice)
    }

    // MARK: Partitions and replicas

    private static func findings(_ topic: Topic, partitions: Int32, journal: Int32)
        -> [LogReport.Finding]
    {
        if journal == 0 || partitions == journal { return [] }
        func finding(
            _ severity: LogReport.Severity, _ wanted: String, _ cost: String
        ) -> [LogReport.Finding] {
            [.init(topic, severity, found: "\(partitions) partitions", wanted: wanted, cost: cost)]
        }
        let asMany = "\(journal), as many as the journal has"
        switch topic {
        case .journal: return []
        case .commands, .members, .snapshots, .quarantine:
            return finding(
                .blocking, asMany, "readers look for a cluster in the partition of the journal")
        case .events, .requests, .heartbeats:
            if partitions < journal {
                return finding(
                    .blocking, "at least \(asMany)", "inputs of some clusters have no partition")
            }
            if partitions % journal == 0 { return [] }
            return finding(
                .advice, "\(journal) or a multiple of it",
                "all are read, but a client's own partitioner puts heartbeats where they are not "
                    + "heard")
        }
    }

    private static func findings(_ topic: Topic, _ values: [String: String], _ place: Place)
        -> [LogReport.Finding]
    {
        var findings: [LogReport.Finding] = []
        func advise(_ found: String, _ wanted: String, _ cost: String) {
            findings.append(.init(topic, .advice, found: found, wanted: wanted, cost: cost))
        }
        let inSync = Int(values["min.insync.replicas"] ?? "") ?? 1
        let matters = topic == .journal || topic == .events || topic == .requests
        if place.replication == 1, place.brokers > 1, matters {
            advise(
                "1 replica", "\(min(3, place.brokers)) replicas",
                "the loss of one broker's disk loses it")
        } else if place.replication > 1, inSync == 1, matters {
            advise(
                "min.insync.replicas=1", "min.insync.replicas=2",
                "what was acknowledged may lie on one disk only")
        } else if place.replication > 1, inSync >= place.replication {
            advise(
                "min.insync.replicas=\(inSync) of \(place.replication) replicas",
                "min.insync.replicas=\(place.replication / 2 + 1)",
                "nothing can be written while one broker is away")
        }
        if !place.leaderless.isEmpty {
            let list = place.leaderless.map(String.init).joined(separator: ", ")
            advise(
                "no leader in partition \(list)", "a leader in each",
                "nothing can be read or written there now")
        }
        return findings
    }
}
