package import MusterCore
package import MusterLog
internal import MusterRuntime
internal import MusterWire
internal import Synchronization

/// Runs a fleet on a log: it speaks and hears only through topics, like any other nodes and agents.
package final class FleetService: Sendable {
    private let log: any EventLog
    private let partition: Int32
    private let fleet: Mutex<Fleet>
    private let counter = Mutex<UInt64>(0)
    private let mailbox = Mailbox<[CommandRecord]>()

    package init(log: any EventLog, fleet: Fleet, partitions: UInt32) {
        self.log = log
        partition = Partitioner.partition(of: fleet.cluster, count: partitions)
        self.fleet = Mutex(fleet)
    }

    /// Does something to the fleet, or looks at it; from any thread.
    package func with<Result: Sendable>(_ body: @Sendable (inout Fleet) -> Result) -> Result {
        fleet.withLock { body(&$0) }
    }

    /// The moment that the fleet takes for now.
    package static var now: Timestamp {
        Timestamp(milliseconds: SystemClock.wallMilliseconds())
    }

    /// Works until the task is cancelled.
    package func run() async throws {
        let reader = try await log.makeReader()
        let commands = TopicPartition(.commands, partition)
        reader.assign(commands, from: try await log.range(of: commands).upperBound)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.hear(reader) }
            while !Task.isCancelled {
                let records = await mailbox.next(until: .now + .milliseconds(25))
                let messages = fleet.withLock { fleet in
                    let messages = fleet.advance(to: max(fleet.now, Self.now))
                    for record in records.joined() { fleet.receive(record) }
                    return messages + fleet.advance(to: fleet.now + .milliseconds(1))
                }
                for message in messages { publish(message) }
            }
            group.cancelAll()
        }
        await reader.close()
    }

    private func hear(_ reader: any LogReader) async {
        let decoder = CloudEventReader()
        while !Task.isCancelled {
            // A log that does not answer now is asked again; a closed one ends the loop by
            // cancellation.
            guard let batches = try? await reader.next(max: 256, waitingUpTo: .seconds(1)) else {
                // Cancelled while it waits: the loop's condition sees it.
                try? await Task.sleep(for: .milliseconds(50))
                continue
            }
            var records: [CommandRecord] = []
            for batch in batches {
                for index in batch.indices {
                    let record = batch.record(at: index)
                    // What is no command for this program is somebody else's.
                    if let command = try? CommandRecord(
                        headers: record.headers, value: record.value, reader: decoder)
                    {
                        records.append(command)
                    }
                }
            }
            if !records.isEmpty { mailbox.send(records) }
        }
    }

    private func publish(_ message: InputMessage) {
        let number = counter.withLock { count -> UInt64 in
            count += 1
            return count
        }
        let origin = EventOrigin(
            id: "\(message.cluster)-\(number)", source: "/muster/simulation", time: Self.now)
        let record = message.outgoing(origin)
        log.submit(
            NewRecord(
                TopicPartition(record.topic, partition), key: record.key,
                headers: record.headers, value: record.value)
        ) { _ in }
    }
}
