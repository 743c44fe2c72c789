import Foundation
import MusterAgent
import MusterCore
import MusterRuntime
import Synchronization
import Testing

/// What an agent whose own etcd does not run asks of others before it starts, stops or clears it.
@Suite(.timeLimit(.minutes(2)), .serialized)
struct NeighbourTests {
    private let peer = "http://127.0.0.1:2"

    /// One etcd of the cluster 7, the member 9, whose list has a second member at our peer URL.
    private func answer(_ path: String, _ list: String, _ body: String, _ bound: String) -> String {
        let header = #"{"cluster_id":"7","member_id":"9","raft_term":"2"}"#
        switch path {
        case "/v3/cluster/member/list":
            let header = header.replacing(#""9""#, with: "\"\(list)\"")
            return """
                {"header":\(header),"members":[{"ID":"9","name":"e1"},\
                {"ID":"10","name":"e2","peerURLs":["\(peer)"]}]}
                """
        case "/v3/kv/range":
            // What lies only in the memory of whoever is asked is older: nothing is bound there.
            let pair = """
                {"key":"\(Data("muster/members/a".utf8).base64EncodedString())",\
                "value":"\(Data("\(bound) e2".utf8).base64EncodedString())"}
                """
            let isOld = body.contains("serializable") || !body.contains("range_end")
            return #"{"header":\#(header),"kvs":[\#(isOld ? "" : pair)]}"#
        default: return #"{"header":\#(header)}"#
        }
    }

    /// What becomes of the command to stop the node's server.
    private func stop(list: String, boundTo bound: StoreID?) async throws -> CommandOutcome {
        try await TemporaryFolder.with { folder in
            try folder.program("stopMember", "touch \"$MUSTER_DATA/stopped\"")
            let node = try NodeFolder(
                folder.file("e2"), cluster: AgentWorld.cluster, node: NodeID(unchecked: "e2"))
            let store = node.mark.identity.store
            let server = try ScriptedServer { path, body in
                answer(path, list, body, "\(bound ?? store)")
            }
            defer { server.end() }
            var options = EtcdOptions(endpoint: "http://127.0.0.1:1", peer: peer)
            options.others = [server.url]
            let executor = EtcdExecutor(
                options: options, folder: node,
                hooks: HookExecutor(folder: try HookFolder(folder.path), data: node.path))
            let work = Work(
                cluster: AgentWorld.cluster,
                id: CommandID(sequence: Sequence(7), index: 0, prefix: 7),
                command: Command(
                    action: .stopMember, group: nil, node: node.mark.identity.node, store: store,
                    executor: node.mark.identity, require: nil, notAfter: .zero, attempt: 1),
                address: nil)
            let outcome = await executor.carryOut(work) { _ in }
            let isStopped = FileManager.default.fileExists(atPath: node.path + "/stopped")
            if case .succeeded = outcome { #expect(isStopped) } else { #expect(!isStopped) }
            return outcome
        }
    }

    @Test func `who is on another disk than the member of its peer URL may be stopped`()
        async throws
    {
        // Known only to whoever asks a majority.
        let outcome = try await stop(list: "9", boundTo: Identifier(high: 1, low: 1))
        guard case .succeeded = outcome else { return #expect(Bool(false), "\(outcome)") }
    }

    @Test func `who is a member is not stopped`() async throws {
        let outcome = try await stop(list: "9", boundTo: nil)
        guard case .failed(let failure, _) = outcome else {
            return #expect(Bool(false), "\(outcome)")
        }
        #expect(failure.code == .preconditionFailed)
    }

    @Test func `a list of somebody else than was read from counts for nothing`() async throws {
        let outcome = try await stop(list: "11", boundTo: Identifier(high: 1, low: 1))
        guard case .failed(let failure, _) = outcome else {
            return #expect(Bool(false), "\(outcome)")
        }
        #expect(failure.retryable)
        #expect(outcome.detail.contains("is the way to several members"))
    }
}
