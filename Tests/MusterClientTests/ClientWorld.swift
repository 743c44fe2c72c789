import Foundation
import MusterClient
import MusterCore
import MusterLog
import MusterManager
import MusterRuntime
import MusterSQLite

/// An embedded log of a test's own, with a manager on it.
struct ClientWorld: Sendable {
    let folder: String
    var log: String { "sqlite:\(folder)/muster.db" }

    /// Makes it, and takes it away afterwards.
    static func with(
        manager isManaged: Bool = true,
        _ body: @escaping @Sendable (ClientWorld) async throws -> Void
    ) async throws {
        let place = FileManager.default.temporaryDirectory
            .appending(path: "muster-client-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: place) }  // it may be gone already
        let world = ClientWorld(folder: place.path())
        let log = try await SQLiteLog.open(path: world.folder + "/muster.db")
        try await JournalFounder(log: log, partitions: 4).found()
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            if isManaged {
                var options = ManagerOptions()
                options.allowsShortRemovalDelay = true
                let manager = Manager(log: log, options: options, logger: .silent)
                tasks.addTask { try await manager.run() }
            }
            let result: Result<Void, any Error>
            do {
                try await body(world)
                result = .success(())
            } catch {
                result = .failure(error)
            }
            tasks.cancelAll()
            try result.get()
        }
        if !isManaged { await log.close() }
    }

    func cluster(_ name: String = "orders") async throws -> Cluster {
        try await Cluster(name, log: log)
    }

    func data(_ node: String) -> String { folder + "/" + node }

    func node(_ name: String) -> Node {
        var node = Node(name, data: data(name), address: "10.0.0.1:6379", zone: "a")
        node.heartbeatInterval = .milliseconds(100)
        node.reportInterval = .milliseconds(100)
        return node
    }

    /// The types of the events in the log, in order.
    func events() async throws -> [String] {
        try await records(.events).map(type)
    }

    /// What the events of a type say, as JSON, in order.
    func values(of type: String) async throws -> [String] {
        try await records(.events).filter { self.type($0) == type }.map {
            String(decoding: $0.value ?? [], as: UTF8.self)
        }
    }

    private func type(_ record: LogRecord) -> String {
        let type = record.headers.first { $0.name == Array("ce_type".utf8) }
        return String(decoding: type?.value ?? [], as: UTF8.self)
    }

    /// How often something was asked for.
    func requests() async throws -> Int { try await records(.requests).count }

    /// What lies in the cluster's partition of a topic, in order.
    private func records(
        _ topic: Topic, of cluster: String = "orders"
    ) async throws -> [LogRecord] {
        let log = try await SQLiteLog.open(path: folder + "/muster.db")
        let id = ClusterID(unchecked: cluster)
        let partition = TopicPartition(topic, Partitioner.partition(of: id, count: 4))
        let range = try await log.range(of: partition)
        var records: [LogRecord] = []
        for offset in range.lowerBound.value..<range.upperBound.value {
            if let record = try await log.readOne(Position(partition, Offset(offset))) {
                records.append(record)
            }
        }
        await log.close()
        return records
    }
}

extension Cluster {
    /// The first membership that is as wanted.
    func membership(
        where isWanted: (MusterClient.Membership) -> Bool
    ) async throws -> MusterClient.Membership? {
        for try await membership in memberships() where isWanted(membership) { return membership }
        return nil
    }
}
