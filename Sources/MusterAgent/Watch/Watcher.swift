package import MusterCore
package import MusterLog
package import MusterRuntime
internal import MusterWire

/// Looks at services that have no agent, again and again, and says as an observer what it sees.
package struct Watcher: Sendable {
    private let log: any EventLog
    private let cluster: ClusterID
    private let probes: [Probe]
    private let every: Duration
    private let logger: Logger
    private let observer: Principal
    private let security: TLSContext?

    package init(
        log: any EventLog, cluster: ClusterID, observer: Principal, probes: [Probe],
        every: Duration, security: TLSContext?, logger: Logger
    ) {
        self.security = security
        self.log = log
        self.cluster = cluster
        self.observer = observer
        self.probes = probes
        self.every = every
        self.logger = logger
    }

    /// Works until the task is cancelled.
    package func run() async throws {
        var loop = WatchLoop(observer: observer)
        var number = 0
        while !Task.isCancelled {
            let start = ContinuousClock.now
            for (node, failure) in await look() {
                let now = Duration.nanoseconds(SystemClock.bootNanoseconds())
                guard let fact = loop.probed(node, failure: failure, now: now) else { continue }
                number += 1
                do {
                    try await publish(fact, number)
                    logger.info("\(node) \(failure ?? "answers")")
                } catch let error as LogError where error.isTransient {
                    logger.warning("an opinion could not be published: \(error)")
                    loop.unsaid(node)
                }
            }
            // Cancelled while it waits: the loop's condition sees it.
            try? await Task.sleep(until: start + every, clock: .continuous)
        }
    }

    private func look() async -> [(NodeID, String?)] {
        await withTaskGroup(of: (NodeID, String?).self) { group in
            for probe in probes {
                group.addTask {
                    let limit = min(every, .seconds(2))
                    return (probe.node, await probe.look(limit: limit, security: security))
                }
            }
            var results: [(NodeID, String?)] = []
            for await result in group { results.append(result) }
            return results
        }
    }

    private func publish(_ fact: Fact, _ number: Int) async throws {
        let counts = try await log.partitionCounts()
        guard let count = counts[.journal] else {
            throw LogError.unavailable(log: log.url, reason: "it has no topics yet")
        }
        let moment = SystemClock.wallMilliseconds()
        let record = InputMessage(cluster, .fact(fact)).outgoing(
            EventOrigin(
                id: "\(observer)-\(moment)-\(number)", source: "/muster/watch",
                time: Timestamp(milliseconds: moment)))
        let partition = Partitioner.partition(of: cluster, count: UInt32(count))
        _ = try await log.append(
            NewRecord(
                TopicPartition(record.topic, partition), key: record.key, headers: record.headers,
                value: record.value))
    }
}
