import Foundation
import MusterClient
import Testing

@Suite struct LeaseTests {
    @Test(.timeLimit(.minutes(1)))
    func `whoever holds a lease is seen up with what it says of itself, and stops in order`()
        async throws
    {
        try await ClientWorld.with { world in
            let orders = try await world.cluster()
            let other = try await world.cluster()
            let group = GroupReport(
                "g1", .leader, term: 7, leader: "n1", applied: 12,
                view: .init(
                    isConfirmed: true, isChangePermitted: true, configurationIndex: 3,
                    configurationTerm: 7, committed: 12,
                    members: [.init("n1", match: 12, contactAge: .zero)]))
            let start = try await orders.withLease(of: world.node("n1")) { lease in
                try lease.report([group])
                let seen = try await other.membership { $0.group("g1")?.voters == ["n1"] }
                let node = try #require(seen?.node("n1"))
                #expect(node.status == .up)
                #expect(node.standing == .member)
                #expect(node.address == "10.0.0.1:6379")
                #expect(node.zone == "a")
                #expect(seen?.group("g1")?.leader == "n1")
                #expect(seen?.group("g1")?.term == 7)
                #expect(lease.store.count == 32)
                return lease.start
            }
            #expect(start == 1)
            #expect(try await world.events().last == "muster.nodeStopping.v1")
            // The next process on this disk is the next start.
            let next = try await orders.withLease(of: world.node("n1")) { $0.start }
            #expect(next == 2)
            await orders.close()
            await other.close()
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `what is said in the shortest lease is in the log, behind the announcement`() async throws
    {
        try await ClientWorld.with { world in
            let orders = try await world.cluster()
            try await orders.withLease(of: world.node("n1")) { lease in
                try lease.syncStarted("g1", from: "n2")
                try lease.syncFailed("g1", because: "its disk is full", isRetryable: true)
                try lease.synced("g1", index: 88)
                try lease.groupDeleted("g2")
            }
            #expect(
                try await world.events() == [
                    "muster.nodeUp.v1", "muster.syncStarted.v1", "muster.syncFailed.v1",
                    "muster.synced.v1", "muster.groupDeleted.v1", "muster.nodeStopping.v1",
                ])
            await orders.close()
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `a lease is lost where a newer process of the node comes up`() async throws {
        try await ClientWorld.with { world in
            let orders = try await world.cluster()
            let copy = world.data("copy")
            let older = Task {
                try await orders.withLease(of: world.node("n1")) { lease in
                    _ = try await orders.membership { $0.node("n1")?.status == .up }
                    // As when the disk is moved to another machine while the old one hangs.
                    try FileManager.default.createDirectory(
                        atPath: copy, withIntermediateDirectories: true)
                    try FileManager.default.copyItem(
                        atPath: world.data("n1") + "/muster-node", toPath: copy + "/copied")
                    // Whole from the moment that it is there.
                    try FileManager.default.moveItem(
                        atPath: copy + "/copied", toPath: copy + "/muster-node")
                    _ = try await orders.membership { _ in false }
                }
            }
            var newer = world.node("n1")
            newer.data = copy
            let node = newer
            while !FileManager.default.fileExists(atPath: copy + "/muster-node") {
                try await Task.sleep(for: .milliseconds(10))
            }
            try await orders.withLease(of: node) { lease in
                #expect(lease.start == 2)
                let failure = await #expect(throws: ClientError.self) { try await older.value }
                guard case .leaseLost(let sentence) = failure else {
                    Issue.record("not lost: \(String(describing: failure))")
                    return
                }
                #expect(sentence.contains("a newer process of n1 is up (start 2"))
            }
            await orders.close()
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `a data directory in use or of another node is refused`() async throws {
        try await ClientWorld.with(manager: false) { world in
            let orders = try await world.cluster()
            try await orders.withLease(of: world.node("n1")) { _ in
                let failure = await #expect(throws: ClientError.self) {
                    try await orders.withLease(of: world.node("n1")) { _ in }
                }
                #expect(failure?.description.contains("in use by another agent") == true)
            }
            var stranger = world.node("n2")
            stranger.data = world.data("n1")
            let node = stranger
            let failure = await #expect(throws: ClientError.self) {
                try await orders.withLease(of: node) { _ in }
            }
            #expect(failure?.description.contains("belongs to the node n1") == true)
            await orders.close()
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `a report that cannot be is refused as a whole, and an error of the body comes through`()
        async throws
    {
        struct Own: Error {}
        try await ClientWorld.with(manager: false) { world in
            let orders = try await world.cluster()
            await #expect(throws: Own.self) {
                try await orders.withLease(of: world.node("n1")) { lease in
                    let twice = [
                        GroupReport("g1", .follower, term: 1), GroupReport("g1", .leader, term: 1),
                    ]
                    #expect(throws: ClientError.invalid("the group g1 is named twice")) {
                        try lease.report(twice)
                    }
                    #expect(throws: ClientError.self) {
                        try lease.report([GroupReport("a/b", .follower, term: 1)])
                    }
                    #expect(throws: ClientError.self) { try lease.synced("", index: 1) }
                    throw Own()
                }
            }
            await orders.close()
        }
    }
}
