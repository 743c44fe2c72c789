import Foundation
import MusterAgent
import MusterCore
import Testing

/// What an agent makes of the answers of an etcd, and of those of others where its own does not
/// run.
@Suite(.timeLimit(.minutes(2)), .serialized)
struct EtcdAnswerTests {
    /// Prepares the node's disk, where another member is known by one URL.
    ///
    /// - Parameters:
    ///   - reader: the member that answers a read there.
    ///   - lister: the member whose list is answered there.
    ///   - members: as JSON.
    ///   - newest: the keys that a majority has, and the memory of whoever is asked has not, as
    ///     JSON.
    private func prepare(
        _ files: TemporaryFolder, reader: Int = 9, lister: Int = 9, members: [String],
        newest: String = ""
    ) async throws -> CommandOutcome {
        try await FakeEtcd.with { path, request in
            let isList = path == "/v3/cluster/member/list"
            if request.contains("range_end"), !request.contains("serializable") {
                return #"{"header":{"member_id":"\#(reader)"},"kvs":[\#(newest)]}"#
            }
            let header =
                #"{"cluster_id":"7","member_id":"\#(isList ? lister : reader)","raft_term":"2"}"#
            return #"{"header":\#(header),"members":[\#(members.joined(separator: ","))]}"#
        } _: { etcd in
            let folder = try NodeFolder(
                files.file("n1"), cluster: AgentWorld.cluster, node: AgentWorld.node)
            try FileManager.default.createDirectory(
                atPath: files.file("hooks"), withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o755])
            try files.program("hooks/prepareNode", "touch \"$MUSTER_DATA/../ran\"")
            // Nobody listens there: the node's own server does not run.
            var options = EtcdOptions(endpoint: "http://127.0.0.1:9", peer: "http://127.0.0.1:2")
            options.others = [etcd.url]
            let hooks = HookExecutor(
                folder: try HookFolder(files.file("hooks")), data: folder.path)
            let identity = folder.mark.identity
            let work = Work(
                cluster: AgentWorld.cluster,
                id: CommandID(sequence: Sequence(7), index: 0, prefix: 7),
                command: Command(
                    action: .prepareNode, group: nil, node: identity.node, store: identity.store,
                    executor: identity, require: nil, notAfter: Timestamp(milliseconds: 1),
                    attempt: 1), address: nil)
            return await EtcdExecutor(options: options, folder: folder, hooks: hooks)
                .carryOut(work) { _ in }
        }
    }

    private func member(_ id: Int, _ name: String, peer: Int) -> String {
        #"{"ID":"\#(id)","name":"\#(name)","peerURLs":["http://127.0.0.1:\#(peer)"]}"#
    }

    private func hasRun(_ files: TemporaryFolder) -> Bool {
        FileManager.default.fileExists(atPath: files.file("ran"))
    }

    @Test func `a disk is prepared where the cluster does not know it`() async throws {
        try await TemporaryFolder.with { files in
            let outcome = try await prepare(files, members: [member(9, "e1", peer: 1)])
            guard case .succeeded = outcome else { return #expect(Bool(false), "\(outcome)") }
            #expect(hasRun(files))
        }
    }

    @Test func `a member's disk is not prepared`() async throws {
        try await TemporaryFolder.with { files in
            let outcome = try await prepare(
                files, members: [member(9, "e1", peer: 1), member(10, "", peer: 2)])
            #expect(outcome.detail.contains("this store is the member a"))
            #expect(!hasRun(files))
        }
    }

    @Test func `whose disk a member is on is what a majority has`() async throws {
        let pair = ["muster/members/a", "\(Identifier(high: 1, low: 1)) n1"].map {
            Data($0.utf8).base64EncodedString()
        }
        try await TemporaryFolder.with { files in
            let outcome = try await prepare(
                files, members: [member(9, "e1", peer: 1), member(10, "", peer: 2)],
                newest: #"{"key":"\#(pair[0])","value":"\#(pair[1])"}"#)
            // The member at its peer URL is on another disk than this one.
            guard case .succeeded = outcome else { return #expect(Bool(false), "\(outcome)") }
            #expect(hasRun(files))
        }
    }

    @Test func `a list that another member gave than the one that was read from decides nothing`()
        async throws
    {
        try await TemporaryFolder.with { files in
            let outcome = try await prepare(files, lister: 11, members: [member(9, "e1", peer: 1)])
            guard case .failed(let failure, let detail) = outcome else {
                return #expect(Bool(false), "\(outcome)")
            }
            #expect(failure.retryable && detail.contains("leads to several members"))
            #expect(!hasRun(files))
        }
    }

    @Test(arguments: [9, 10])
    func `what etcd says is wrong is said, whether its member leads or follows`(
        _ leader: Int
    ) async throws {
        let members = [member(9, "n1", peer: 2), member(10, "e2", peer: 3)].joined(separator: ",")
        let answer = """
            {"header":{"cluster_id":"7","member_id":"9","raft_term":"2"},"members":[\(members)],
             "leader":"\(leader)","raftIndex":"5","raftTerm":"2","succeeded":true,
             "errors":["memberID:9 alarm:NOSPACE ","memberID:10 alarm:NOSPACE ","disk is slow"]}
            """
        try await TemporaryFolder.with { files in
            try await FakeEtcd.with { _, _ in
                answer
            } _: { etcd in
                let folder = try NodeFolder(
                    files.file("n1"), cluster: AgentWorld.cluster, node: AgentWorld.node)
                let options = EtcdOptions(endpoint: etcd.url, peer: "http://127.0.0.1:2")
                let seen = try await EtcdExecutor(options: options, folder: folder, hooks: nil)
                    .observe()
                #expect(seen.groups.first?.state == (leader == 9 ? .leader : .follower))
                #expect(
                    seen.warnings == ["etcd's alarm NOSPACE is on", "etcd says: disk is slow"])
            }
        }
    }
}
