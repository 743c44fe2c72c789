import MusterCore
import Testing

/// DOMAIN §3, flap damping: integers, whole halvings, straight lines between.
@Suite struct FlapScoreTests {
    private static let start = Timestamp(milliseconds: 1_000_000)

    private func minutes(_ count: Int) -> Timestamp { Self.start + .seconds(count * 60) }

    /// A node that went down so often at once.
    private func node(downs: Int) -> ClusterState {
        var state = ClusterState(id: ClusterID(unchecked: "c"), genesis: .zero)
        let identity = NodeIdentity(
            node: NodeID(unchecked: "n"), store: Identifier(high: 1, low: 1), start: Start(1))
        let up = NodeUp(
            identity: identity, boot: Identifier(high: 2, low: 1), role: .voter, blank: false,
            engine: nil, address: "", zone: "", groupsVersion: 1, groups: [])
        var events: [Event] = [.nodeStarted(up, replaced: nil)]
        for _ in 0..<downs {
            events += [
                .nodeDown(identity.node, lastHeard: Self.start), .nodeReturned(identity.node),
            ]
        }
        let decision = Decision(
            at: Self.start, cause: .timer(.liveness), considered: [], evidence: nil,
            principal: nil, correlation: "",
            manager: ManagerIdentity(id: Identifier(high: 0, low: 0), version: "t"),
            events: events)
        state.evolve(decision, hash: .zero)
        return state
    }

    private func score(_ state: ClusterState, _ moment: Timestamp) -> Int64 {
        state.nodes[NodeID(unchecked: "n")]?.flaps.points(at: moment) ?? -1
    }

    @Test func `the score halves every ten minutes, in a straight line between`() {
        let state = node(downs: 1)
        let wanted: [(Int, Int64)] = [
            (0, 1000), (1, 950), (5, 750), (10, 500), (15, 375), (20, 250), (30, 125), (1000, 0),
        ]
        for (minute, points) in wanted { #expect(score(state, minutes(minute)) == points) }
    }

    @Test func `it never rises by itself`() {
        let flaps = FlapScore(points: 7999, since: Self.start, isDamped: true)
        var last = flaps.points
        for second in 0..<12_000 {
            let points = flaps.points(at: Self.start + .seconds(second))
            #expect(points <= last && points >= 0)
            last = points
        }
    }

    @Test func `damped from 2500 on until below 1000, and half an hour at most`() {
        let name = NodeID(unchecked: "n")
        #expect(!node(downs: 2).isDamped(name, at: Self.start))
        let three = node(downs: 3)
        #expect(three.isDamped(name, at: Self.start))
        #expect(three.isDamped(name, at: minutes(15)), "2500 and 1000 are different limits")
        #expect(!three.isDamped(name, at: minutes(17)))
        let many = node(downs: 50)
        #expect(score(many, Self.start) == 8000)
        #expect(many.isDamped(name, at: minutes(30)))
        #expect(!many.isDamped(name, at: minutes(30) + .seconds(2)))
    }

    @Test func `the end of the damping is foreseen to the millisecond`() {
        for points in stride(from: Int64(2500), through: 8000, by: 137) {
            let flaps = FlapScore(points: points, since: Self.start, isDamped: true)
            guard let calm = flaps.calm(after: Self.start) else {
                Issue.record("a score of \(points) is not damped")
                continue
            }
            #expect(flaps.isDamped(at: calm - .milliseconds(1)) && !flaps.isDamped(at: calm))
        }
    }
}
