internal import MusterAgent
package import MusterCore
package import MusterLog
package import MusterRuntime
internal import Synchronization

/// Runs a fleet on a log: machines whose engine is simulated, and beside each process an agent as
/// it is shipped, with a data directory, a local journal and a line to the log of its own.
package final class FleetService: Sendable {
    private let log: any EventLog
    private let folder: String
    private let machines: SimulatedMachines
    private let logger: Logger
    private let orders = Mailbox<Order>()
    private let processes = Mutex<[NodeID: FleetProcess]>([:])

    private struct Order: Sendable {
        var node: NodeID
        var founding: @Sendable (inout Fleet) -> Void
    }

    /// - Parameters:
    ///   - fleet: one without agents of its own.
    ///   - folder: where the nodes have their data directories.
    ///   - logger: what agents say.
    package init(log: any EventLog, fleet: Fleet, folder: String, logger: Logger) {
        self.log = log
        self.folder = folder
        self.logger = logger
        machines = SimulatedMachines(fleet)
    }

    /// The moment that the fleet takes for now.
    package static var now: Timestamp {
        Timestamp(milliseconds: SystemClock.wallMilliseconds())
    }

    /// Does something to the fleet, or looks at it; from any thread.
    package func with<Result: Sendable>(_ body: @Sendable (inout Fleet) -> Result) -> Result {
        machines.with(body)
    }

    // MARK: What a person does

    /// Starts a node's process and its agent, as a new start on its disk, once the one before has
    /// ended.
    ///
    /// - Parameter founding: what is done to the fleet as soon as the node is there.
    package func start(
        _ node: NodeID, founding: @escaping @Sendable (inout Fleet) -> Void = { _ in }
    ) {
        orders.send(Order(node: node, founding: founding))
    }

    /// The node's process and its agent die.
    package func kill(_ node: NodeID) {
        let process = processes.withLock { $0[node] }
        process?.line.cut()
        with { $0.stop(node, announced: false) }
        process?.stop.send(())
    }

    /// The node's process ends in order, and its agent says so.
    package func stop(_ node: NodeID) {
        with { $0.stop(node, announced: true) }
        processes.withLock { $0[node] }?.stop.send(())
    }

    /// The node's process stands still, and its agent is not heard.
    package func hang(_ node: NodeID) {
        processes.withLock { $0[node] }?.line.cut()
        with { $0.stop(node, announced: false) }
    }

    /// It goes on under the same start.
    package func resume(_ node: NodeID) {
        with { $0.resume(node) }
        processes.withLock { $0[node] }?.line.mend()
    }

    // MARK: Running

    /// Works until the task is cancelled.
    ///
    /// - Throws: what an agent cannot go on with.
    package func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                while !Task.isCancelled {
                    // Cancelled while it waits: the loop's condition sees it.
                    try? await Task.sleep(for: .milliseconds(20))
                    self.machines.advance(to: Self.now)
                }
            }
            tasks.addTask { try await self.serve() }
            defer { tasks.cancelAll() }
            try await tasks.next()
        }
    }

    private func serve() async throws {
        try await withThrowingDiscardingTaskGroup { tasks in
            while !Task.isCancelled {
                for order in await orders.next() {
                    let process = FleetProcess(order.node, line: AgentLine(log))
                    let before = processes.withLock { processes in
                        defer { processes[order.node] = process }
                        return processes[order.node]
                    }
                    tasks.addTask {
                        defer { process.ended.open() }
                        await before?.ended.wait()
                        try await self.live(process, order.founding)
                    }
                }
            }
        }
    }

    private func live(
        _ process: FleetProcess, _ founding: @Sendable (inout Fleet) -> Void
    ) async throws {
        let cluster = with { $0.cluster }
        let disk = try NodeFolder(
            "\(folder)/\(process.node)", cluster: cluster, node: process.node)
        defer { disk.release() }
        let identity = disk.mark.identity
        with { fleet in
            fleet.boot(identity)
            founding(&fleet)
        }
        let agent = Agent(
            log: process.line, settings: with { Self.settings(of: process.node, $0) },
            folder: disk, executor: SimulatedExecutor(machines) { disk.mark.identity },
            logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await agent.run() }
            tasks.addTask { _ = await process.stop.next() }
            // Whichever ends first ends the other, the agent in order.
            try await tasks.next()
            tasks.cancelAll()
            try await tasks.waitForAll()
        }
        process.line.mend()
    }

    private static func settings(of node: NodeID, _ fleet: Fleet) -> AgentSettings {
        var settings = AgentSettings(cluster: fleet.cluster)
        settings.address = "\(node).example:4000"
        settings.heartbeatInterval = fleet.settings.heartbeatInterval
        settings.observationInterval = fleet.settings.observationInterval
        settings.stopLimit = .milliseconds(500)
        return settings
    }
}

/// One process of a node with the agent beside it, from a start to its end.
private final class FleetProcess: Sendable {
    let node: NodeID
    let line: AgentLine
    let stop = Mailbox<Void>()
    let ended = Latch()

    init(_ node: NodeID, line: AgentLine) {
        self.node = node
        self.line = line
    }
}
