internal import MusterAgent
internal import MusterCore
internal import MusterLog
internal import MusterRuntime

extension Cluster {
    /// Holds a node's lease while `body` runs.
    ///
    /// The node is announced and beats until `body` returns or throws; then the log is told that it
    /// stops, in order, and where the node `leavesAtEnd` it is waited for until it was taken out. A
    /// process that ends without that is missed after the cluster's lease. Where a newer process of
    /// the node comes up, the lease is lost: `body` is cancelled.
    ///
    /// A node has either a lease held by its service, or an agent beside it, which carries commands
    /// out too.
    ///
    /// - Parameter groups: what the node's groups look like at the start, so that it is announced
    ///   with them; those that it does not know yet it reports later.
    /// - Returns: what `body` returns.
    /// - Throws: `ClientError.folder` where the data directory cannot be used; `leaseLost`; and
    ///   what `body` throws.
    public func withLease<Result: Sendable>(
        of node: Node, groups: [GroupReport] = [],
        _ body: @escaping @Sendable (Lease) async throws -> Result
    ) async throws -> Result {
        let id: NodeID = try ClientError.name(node.name, "node")
        for interval in [node.heartbeatInterval, node.reportInterval]
        where interval < .milliseconds(50) {
            throw ClientError.invalid("an interval of \(interval) is too short: at least 50 ms")
        }
        let voice = try LeaseVoice(groups)
        let folder = try await begin(node, id)
        // Whoever takes a lease on it next must not depend on when this one's tasks are forgotten.
        defer { folder.folder.release() }
        voice.begin(holdsData: !folder.isBlank)
        let agent = Agent(
            log: log, settings: settings(node), folder: folder.folder, executor: voice,
            logger: logger,
            leaves: node.leavesAtEnd, mailbox: voice.mailbox)
        return try await Self.run(agent, Lease(folder.folder.mark.identity, voice), body)
    }

    /// Takes the data directory, on a thread of its own: that must reach the disk.
    private func begin(
        _ node: Node, _ id: NodeID
    ) async throws -> (folder: NodeFolder, isBlank: Bool) {
        let cluster = self.id
        let result: Swift.Result<(NodeFolder, Bool), LocalProblem> =
            await withCheckedContinuation { waiting in
                EngineThread.start {
                    do throws(LocalProblem) {
                        let folder = try NodeFolder(node.data, cluster: cluster, node: id)
                        waiting.resume(returning: .success((folder, try folder.holdsNoData())))
                    } catch {
                        waiting.resume(returning: .failure(error))
                    }
                }
            }
        do {
            return try result.get()
        } catch {
            throw ClientError.folder("\(error)")
        }
    }

    private func settings(_ node: Node) -> AgentSettings {
        var settings = AgentSettings(cluster: id)
        settings.role = node.role.core
        settings.address = node.address
        settings.zone = node.zone
        settings.heartbeatInterval = node.heartbeatInterval
        settings.observationInterval = node.reportInterval
        // What was said must be in the log, also where it is slow just now.
        settings.stopLimit = .seconds(30)
        return settings
    }

    /// Runs both until the body ends, and then waits until the agent has said so.
    private static func run<Result: Sendable>(
        _ agent: Agent, _ lease: Lease,
        _ body: @escaping @Sendable (Lease) async throws -> Result
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Result?.self) { tasks in
            tasks.addTask {
                do {
                    try await agent.run()
                } catch let error as AgentError {
                    throw ClientError.leaseLost("\(error)")
                }
                return nil
            }
            tasks.addTask { try await body(lease) }
            var result: Result?
            while let ended = try await tasks.next() {
                if let ended { result = ended }
                tasks.cancelAll()
            }
            guard let result else { throw CancellationError() }
            return result
        }
    }
}
