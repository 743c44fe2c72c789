import Foundation
import MusterCore
import Testing

struct InvariantTests {
    private static let group = VotingGroup.group
    private static let voter = VotingGroup.name(1)

    /// What happens in the walks, all of them together: one that only ever refuses shows nothing.
    private static let happenings = [
        "commandIssued", "commandReported", "commandFailed", "commandInDoubt", "doubtResolved",
        "driftDetected", "frozen", "groupDeleted", "identityConflict", "joinRefused",
        "nodeJoined", "nodeRemoved", "removalBlocked", "removalCancelled", "removalRescheduled",
        "removalScheduled", "sagaRollingBack", "sagaStalled", "sagaSuperseded", "thawed",
        "begun: leave", "begun: demote", "done: demote", "begun: transfer", "done: transfer",
        "begun: replace",
        "automationPaused", "automationResumed", "blinded", "sighted", "changeProposed",
        "changeWithheld", "proposalEnded", "nodeForgotten", "nodeHeld", "nodeReleased",
    ]

    /// `MUSTER_LONG` walks many more.
    private static let seedMax: UInt64 =
        ProcessInfo.processInfo.environment["MUSTER_LONG"] == "1" ? 400 : 16

    @Test func `whatever comes in, the state keeps its invariants`() throws {
        var seen: Set<String> = []
        for seed in 1...Self.seedMax as ClosedRange<UInt64> {
            var walk = CoreWalk(seed: seed)
            do {
                try walk.begin()
                for _ in 0..<250 { try walk.take() }
            } catch {
                Issue.record("seed \(seed): \(error)")
            }
            seen.formUnion(walk.happened)
        }
        let missing = Self.happenings.filter { !seen.contains($0) }
        #expect(missing == [], "\(seen.sorted())")
    }

    @Test func `a sound state has nothing wrong`() {
        var state = VotingGroup(count: 3, healthy: 7, desired: 3).state
        #expect(state.checkInvariants() == [])
        Self.remove(Self.voter, from: &state)
        #expect(state.checkInvariants() == [])
    }

    @Test(arguments: damages)
    func `what breaks a rule is named`(sentence: String, damage: Damage) {
        var state = VotingGroup(count: 3, healthy: 7, desired: 3).state
        damage.apply(&state)
        let found = state.checkInvariants()
        #expect(found.contains { $0.contains(sentence) }, "\(found)")
    }

    struct Damage: Sendable {
        let apply: @Sendable (inout ClusterState) -> Void
        init(_ apply: @escaping @Sendable (inout ClusterState) -> Void) { self.apply = apply }
    }

    private static let damages: [(String, Damage)] = [
        (
            "frozen, and nobody is silent",
            Damage { $0.freeze = ClusterState.Freeze(since: $0.at, silent: []) }
        ),
        (
            "request r9 is accepted, and no saga is to answer it",
            Damage {
                let id = RequestID(unchecked: "r9")
                $0.requests.append(RequestRecord(id: id, outcome: .accepted))
            }
        ),
        ("g is meant to have no voter", Damage { $0.groups.update(group) { $0.desired = 0 } }),
        (
            "members of g: v01 comes after v02",
            Damage { $0.groups.update(group) { $0.configuration?.members.reverse() } }
        ),
        (
            "v01 is up and is to be removed",
            Damage { state in
                let now = state.at
                state.nodes.update(voter) {
                    $0.removal = PendingRemoval(
                        store: $0.identity.store, since: now, due: now)
                }
            }
        ),
        (
            "a saga runs without a policy",
            Damage {
                remove(voter, from: &$0)
                $0.policy = nil
            }
        ),
        (
            "groups that change: g comes after g",
            Damage {
                remove(voter, from: &$0)
                remove(VotingGroup.name(2), from: &$0)
            }
        ),
        (
            "g is open in the change",
            Damage {
                remove(voter, from: &$0)
                $0.groups.update(group) { $0.closedAt = nil }
            }
        ),
        (
            "v00 in g removes itself as leader",
            Damage { remove(VotingGroup.name(0), from: &$0) }
        ),
    ]

    /// A removal that is on its way, its command issued.
    private static func remove(_ node: NodeID, from state: inout ClusterState) {
        let identity = VotingGroup.identity(node)
        let leader = VotingGroup.name(0)
        var saga = Saga(
            kind: .remove, node: node, store: identity.store, reason: .policy, principal: nil,
            requests: [], role: .voter, groups: .all, overrides: [], began: state.at,
            correlation: "")
        let version = ConfigurationVersion(term: Term(1), index: LogIndex(1))
        let command = Command(
            action: .removeMember, group: group, node: node, store: identity.store,
            executor: VotingGroup.identity(leader),
            require: Command.Require(
                leader: leader, term: Term(1), version: version, activeAfterMin: 2),
            notAfter: state.at, attempt: 1)
        var step = Step(name: .remove, since: state.at)
        let id = CommandID(sequence: Sequence(0), index: 0, prefix: node.prefix)
        step.phase = .issued(Outstanding(id: id, command: command, issued: state.at))
        saga.steps[group] = step
        state.sagas[node] = saga
        state.groups.update(group) { $0.closedAt = version }
    }
}
