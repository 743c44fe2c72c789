import Foundation
import MusterAgent
import MusterCore
import MusterLog
import MusterRuntime
import MusterSQLite
import MusterWire
import Synchronization

/// The server of n1, which leads a group with the learner n2, to the agent beside it. It takes a
/// member out when it may, or says why it does not.
final class LeadingNode: Executor {
    private let mayEnd = Latch()
    private let refuses: Bool
    private let members = Mutex<[(name: String, role: MemberRole)]>([
        ("n1", .voter), ("n2", .learner),
    ])

    /// - Parameter refuses: whether it takes nobody out.
    init(refuses: Bool = false) { self.refuses = refuses }

    /// Lets a removal end: until then it is under way.
    func letItEnd() { mayEnd.open() }

    var names: [String] { members.withLock { $0.map(\.name) } }

    func observe() async throws(ExecutorProblem) -> NodeObservation {
        let members = members.withLock { $0 }
        let view = LeaderView(
            confirmed: true, changePermitted: true, pending: false,
            version: ConfigurationVersion(
                term: Term(7), index: LogIndex(UInt64(10 - members.count))),
            commit: LogIndex(12), firstIndex: nil,
            members: members.map { name, role in
                MemberView(
                    member: Member(node: NodeID(unchecked: name), store: nil, role: role),
                    match: LogIndex(12), contactAge: .zero)
            })
        let group = GroupID(unchecked: "g1")
        return NodeObservation(
            blank: false,
            list: [
                NodeGroup(group: group, capabilities: Capabilities(), applied: LogIndex(12))
            ],
            groups: [
                GroupReport(
                    group: group, state: .leader, term: Term(7), leader: NodeID(unchecked: "n1"),
                    applied: LogIndex(12), view: view)
            ])
    }

    func carryOut(
        _ work: Work, progress: @escaping @Sendable (CopyProgress) -> Void
    ) async -> CommandOutcome {
        if refuses { return .failed(.rejected, retryable: false, "not here") }
        await mayEnd.wait()
        members.withLock { members in members.removeAll { $0.name == work.command.node.text } }
        return .succeeded(detail: "")
    }

    /// Runs the body beside the node's agent.
    func whileItRuns(
        in world: ClientWorld, _ body: @escaping @Sendable () async throws -> Void
    ) async throws {
        var settings = AgentSettings(cluster: ClientWorld.id)
        settings.heartbeatInterval = .milliseconds(100)
        settings.observationInterval = .milliseconds(100)
        let agent = Agent(
            log: try await SQLiteLog.open(path: world.folder + "/muster.db"), settings: settings,
            folder: try NodeFolder(
                world.data("n1"), cluster: ClientWorld.id, node: NodeID(unchecked: "n1")),
            executor: self, logger: .silent, closesLog: true)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            defer { tasks.cancelAll() }
            tasks.addTask { try await agent.run() }
            try await body()
        }
    }
}

extension ClientWorld {
    static let id = ClusterID(unchecked: "orders")

    /// Gives the cluster a policy, so that what is asked for is done.
    func configure() async throws {
        var patch = PolicyPatch()
        patch.heartbeatInterval = .milliseconds(500)
        patch.lease = .seconds(2)
        patch.observationInterval = .milliseconds(500)
        patch.observationAgeMax = .seconds(3)
        patch.stabilization = .milliseconds(500)
        patch.votersMin = 1
        let request = Request(
            id: RequestID(unchecked: "policy"), principal: Principal(unchecked: "test"),
            reason: "", validFor: Request.validityDefault, onlyAt: nil, overrides: [],
            action: .configure(patch))
        let record = InputMessage(Self.id, .request(request)).outgoing(
            EventOrigin(id: "policy", source: "/test"))
        let log = try await SQLiteLog.open(path: folder + "/muster.db")
        _ = try await log.append(
            NewRecord(
                TopicPartition(record.topic, Partitioner.partition(of: Self.id, count: 4)),
                key: record.key, headers: record.headers, value: record.value))
        await log.close()
    }
}
