import MusterCore
import MusterLog
import MusterManager
import MusterRuntime
import MusterWire
import Testing

@Suite struct ManagerTests {
    @Test(.timeLimit(.minutes(3)))
    func `a manager adopts a running cluster without a command and removes a voter that died`()
        async throws
    {
        let log = MemoryLog(
            MemoryStore(clock: { Timestamp(milliseconds: SystemClock.wallMilliseconds()) }))
        try await JournalFounder(log: log, partitions: 1).found()
        var options = ManagerOptions()
        options.allowsShortRemovalDelay = true
        let manager = Manager(log: log, options: options, logger: Logger(level: .warning))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await manager.run() }
            var fleet = SmallFleet(log: log, cluster: "orders", partitions: 1)
            var patch = PolicyPatch()
            patch.heartbeatInterval = .milliseconds(100)
            patch.lease = .milliseconds(500)
            patch.removalDelay = .milliseconds(1500)
            patch.votersMin = 2
            patch.observationInterval = .milliseconds(50)
            patch.observationAgeMax = .seconds(1)
            let request = Request(
                id: RequestID(unchecked: "r1"), principal: Principal(unchecked: "ann"),
                reason: "test", validFor: .seconds(60), onlyAt: nil, overrides: [],
                action: .configure(patch))
            try await fleet.publish(.request(request))
            try await fleet.up()
            for _ in 0..<10 {
                try await fleet.beat()
                try await Task.sleep(for: .milliseconds(40))
            }
            let adopted = try await ProjectionLoader().load(log).clusters
            #expect(adopted.first?.membership(of: fleet.names[2]) == .member)
            #expect(try await log.range(of: TopicPartition(.commands, 0)).isEmpty)
            fleet.silent = [fleet.names[2]]
            var command: LogRecord?
            for _ in 0..<1500 where command == nil {
                try await fleet.beat()
                try await Task.sleep(for: .milliseconds(40))
                command = try await log.readOne(Position(TopicPartition(.commands, 0), .zero))
            }
            let found = try #require(command)
            let record = try CommandRecord(
                headers: found.headers, value: found.value, reader: CloudEventReader())
            #expect(record.command.action == .removeMember)
            #expect(record.command.node == fleet.names[2])
            #expect(record.command.executor.node == fleet.names[0])
            group.cancelAll()
        }
    }
}
