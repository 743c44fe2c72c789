import MusterCore
import Testing

struct RemovalTests {
    private static let node = VotingGroup.name(1)

    private func request(_ id: String) -> Input.Content {
        .request(
            Request(
                id: RequestID(unchecked: id), principal: Principal(unchecked: "ann"),
                reason: "old", validFor: .seconds(60), onlyAt: nil, overrides: [],
                action: .remove(node: Self.node)))
    }

    private func decide(
        _ content: Input.Content, _ state: inout ClusterState, _ evidence: Evidence
    ) -> [Event] {
        let input = Input(cluster: state.id, source: .manager, content: content)
        let events = state.decide(
            input, evidence: state.extract(for: input, from: evidence) ?? Evidence(),
            at: state.at)
        let decision = Decision(
            at: state.at, cause: .timer(.liveness), considered: [], evidence: nil,
            principal: nil, correlation: "",
            manager: ManagerIdentity(id: Identifier(high: 0, low: 0), version: "t"),
            events: events)
        if !events.isEmpty { state.evolve(decision, hash: .zero) }
        return events
    }

    /// Asks for the removal, wakes whatever is to be woken, and returns the first command.
    private func commandOfRemoval(
        _ state: inout ClusterState, _ evidence: Evidence
    ) -> Command? {
        _ = decide(request("r1"), &state, evidence)
        for subject in state.subjects(heardOf: nil) {
            for event in decide(.wake(subject), &state, evidence) {
                if case .commandIssued(let command, proofs: _) = event { return command }
            }
        }
        return nil
    }

    @Test func `a member that was never heard is removed by the store that the group names`() {
        let group = VotingGroup(count: 5, healthy: 0b11101, desired: 3)
        var state = group.state
        state.nodes[Self.node] = nil
        let command = commandOfRemoval(&state, group.evidence)
        #expect(command?.action == .removeMember)
        #expect(command?.store == VotingGroup.identity(Self.node).store)
    }

    @Test func `a voter that came back on another disk is removed as the member that it was`() {
        let group = VotingGroup(count: 5, healthy: 0b11111, desired: 3)
        var state = group.state
        state.nodes.update(Self.node) { $0.identity.store = Identifier(high: 9, low: 9) }
        let command = commandOfRemoval(&state, group.evidence)
        #expect(command?.action == .removeMember)
        #expect(command?.store == VotingGroup.identity(Self.node).store)
    }

    @Test func `a request that joined a removal for silence is not dropped with the silence`() {
        let group = VotingGroup(count: 5, healthy: 0b11111, desired: 3)
        var state = group.state
        var saga = Saga(
            kind: .remove, node: Self.node, store: VotingGroup.identity(Self.node).store,
            reason: .silence, principal: nil, requests: [], role: .voter, groups: .all,
            overrides: [], began: state.at, correlation: "")
        saga.steps[VotingGroup.group] = Step(name: .remove, since: state.at)
        state.sagas[Self.node] = saga
        #expect(
            decide(request("r1"), &state, group.evidence)
                == [.requestAccepted(RequestID(unchecked: "r1"), Self.node)])
        let events = decide(.wake(.saga(Self.node)), &state, group.evidence)
        #expect(events == [] && state.checkInvariants() == [])
    }
}
