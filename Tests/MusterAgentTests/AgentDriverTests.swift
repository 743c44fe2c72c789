import Foundation
import MusterAgent
import MusterCore
import MusterLog
import MusterRuntime
import MusterTesting
import MusterWire
import Synchronization
import Testing

/// An agent on a log and a disk that fail.
@Suite(.timeLimit(.minutes(2)))
struct AgentDriverTests {
    /// A node without data that does what it is told, and says when it is looked at.
    private final class Node: Executor {
        let seen = Mutex(NodeObservation(blank: true))
        let looks: AsyncStream<Int>
        private let looked: AsyncStream<Int>.Continuation
        private let count = Mutex(0)

        init() { (looks, looked) = AsyncStream.makeStream() }

        func observe() async throws(ExecutorProblem) -> NodeObservation {
            looked.yield(
                count.withLock {
                    $0 += 1
                    return $0
                })
            return seen.withLock { $0 }
        }

        func carryOut(
            _ work: Work, progress: @escaping @Sendable (CopyProgress) -> Void
        ) async -> CommandOutcome { .succeeded(detail: "done") }
    }

    private struct Scene {
        let log: FaultyLog
        let folder: NodeFolder
        let node = Node()
        let files: TemporaryFolder

        init(_ files: TemporaryFolder) async throws {
            let base = MemoryLog(
                MemoryStore { Timestamp(milliseconds: SystemClock.wallMilliseconds()) })
            try await base.createTopics(TopicSettings.standard(partitions: 1))
            log = FaultyLog(base, faults: .none, seed: 1)
            self.files = files
            folder = try NodeFolder(
                files.file("data"), cluster: AgentWorld.cluster, node: AgentWorld.node)
        }

        func agent(onReady: @escaping @Sendable () -> Void = {}) -> Agent {
            var settings = AgentSettings(cluster: AgentWorld.cluster)
            settings.heartbeatInterval = .milliseconds(50)
            settings.observationInterval = .milliseconds(50)
            return Agent(
                log: log, settings: settings, folder: folder, executor: node,
                logger: .silent, onReady: onReady)
        }

        /// Has the node's disk cleared, as a manager would.
        func commandToPrepare() {
            let identity = folder.mark.identity
            let record = CommandRecord(
                cluster: AgentWorld.cluster,
                id: CommandID(sequence: Sequence(1), index: 0, prefix: 1),
                command: Command(
                    action: .prepareNode, group: nil, node: identity.node, store: identity.store,
                    executor: identity, require: nil,
                    notAfter: Timestamp(milliseconds: SystemClock.wallMilliseconds() + 3_600_000),
                    attempt: 1),
                correlation: ""
            ).outgoing()
            log.submit(
                NewRecord(
                    TopicPartition(.commands, 0), key: record.key, headers: record.headers,
                    value: record.value)
            ) { _ in }
        }

        /// Waits for a record of the topic events that holds the text.
        func said(_ text: String) async throws {
            let reader = try await log.makeReader()
            reader.assign(TopicPartition(.events, 0), from: Offset(0))
            while true {
                for batch in try await reader.next(max: 100, waitingUpTo: .seconds(1)) {
                    let values = batch.indices.compactMap { batch.record(at: $0).value }
                    if values.contains(where: { String(decoding: $0, as: UTF8.self).contains(text) }
                    ) {
                        return await reader.close()
                    }
                }
            }
        }

        /// A folder where the mark's next version would be written: nothing can be.
        func spoilTheDisk() throws {
            try FileManager.default.createDirectory(
                atPath: files.file("data/muster-node.new"), withIntermediateDirectories: false)
        }

        func mendTheDisk() throws {
            try FileManager.default.removeItem(atPath: files.file("data/muster-node.new"))
        }
    }

    @Test func `an agent whose log cannot be read any more ends and says so`() async throws {
        try await TemporaryFolder.with { files in
            let scene = try await Scene(files)
            let damage = LogError.damaged(log: "memory:", reason: "a bad page")
            let agent = scene.agent { scene.log.failReads(with: damage) }
            await #expect(throws: AgentError.log(damage)) { try await agent.run() }
        }
    }

    @Test func `an agent that cannot write a new store ends and says so`() async throws {
        try await TemporaryFolder.with { files in
            let scene = try await Scene(files)
            try scene.spoilTheDisk()
            let agent = scene.agent { scene.commandToPrepare() }
            let error = await #expect(throws: AgentError.self) { try await agent.run() }
            guard case .disk(let what, let problem) = error else {
                return #expect(Bool(false), "\(String(describing: error))")
            }
            #expect(what.contains("no new store") && problem.kind == .fault)
        }
    }

    @Test func `a disk that still holds data after it was prepared is no new store`() async throws {
        try await TemporaryFolder.with { files in
            let scene = try await Scene(files)
            try files.write([1], to: "data/left-behind")
            let old = scene.folder.mark.identity
            let run = Task { try await scene.agent { scene.commandToPrepare() }.run() }
            try await scene.said("still holds data after prepareNode")
            #expect(scene.folder.mark.identity == old)
            run.cancel()
            try await run.value
        }
    }

    @Test func `an agent that cannot note down whose its disk is tries again`() async throws {
        try await TemporaryFolder.with { files in
            let scene = try await Scene(files)
            try scene.spoilTheDisk()
            scene.node.seen.withLock {
                $0 = NodeObservation(blank: false, member: "8e9e05c52164694d")
            }
            let run = Task { try await scene.agent().run() }
            for await look in scene.node.looks where look >= 3 { break }
            #expect(scene.folder.mark.member == nil)
            try scene.mendTheDisk()
            for await _ in scene.node.looks where scene.folder.mark.member != nil { break }
            run.cancel()
            try await run.value
        }
    }

    @Test func `another member's data ends the agent for good`() async throws {
        try await TemporaryFolder.with { files in
            let scene = try await Scene(files)
            try scene.folder.bind(member: "1", engine: "7")
            scene.node.seen.withLock { $0 = NodeObservation(blank: false, member: "2") }
            let error = await #expect(throws: AgentError.self) { try await scene.agent().run() }
            guard case .halted(let reason) = error else {
                return #expect(Bool(false), "\(String(describing: error))")
            }
            #expect(reason.contains("bound to 1"))
        }
    }
}
