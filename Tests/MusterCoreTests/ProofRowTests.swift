import MusterCore
import Testing

/// The rows of the table of conditions that `ProofTests` has not, over every set of up to eleven
/// voters, against the same model: a group decides as long as more than half of its voters live.
struct ProofRowTests {
    private static let counts = Array(1...11)
    private static let newcomer = NodeID(unchecked: "x")

    private func decides(_ voters: Int, _ living: Int) -> Bool {
        (voters & living).nonzeroBitCount * 2 > voters.nonzeroBitCount
    }

    /// Calls the body with every set of healthy voters; the leader is always among them.
    private func forEverySet(_ count: Int, _ body: (_ voters: Int, _ healthy: Int) -> Void) {
        let voters = 1 << count - 1
        for healthy in stride(from: 1, through: voters, by: 2) { body(voters, healthy) }
    }

    @Test(arguments: counts)
    func `a voter is added directly only where the group decides while it is down`(count: Int) {
        forEverySet(count) { voters, healthy in
            var group = VotingGroup(count: count, healthy: healthy, desired: count)
            group.capabilities.learnersMax = 0
            group.outsider = Self.newcomer
            let proof = group.prove(.addVoter, of: Self.newcomer)
            // One voter alone may grow: its newcomer runs and has the data.
            let isSafe =
                decides(voters, healthy) && (count == 1 || decides(voters | 1 << count, healthy))
            #expect((proof.refusal == nil) == isSafe, "\(count) \(healthy)")
            #expect(Int(proof.votersAfter) == count + 1)
        }
        var group = VotingGroup(count: 1, healthy: 1, desired: 1)
        group.capabilities.learnersMax = 0
        #expect(group.prove(.addVoter, of: Self.newcomer).refusal?.code == .notSeeded)
    }

    @Test(arguments: counts, [false, true])
    func `a learner is added where the group decides, or all of it is healthy where it must be`(
        count: Int, needsAll: Bool
    ) {
        forEverySet(count) { voters, healthy in
            var group = VotingGroup(count: count, healthy: healthy, desired: count)
            group.capabilities.addNeedsAllVoters = needsAll
            group.outsider = Self.newcomer
            let proof = group.prove(.addLearner, of: Self.newcomer)
            let isAllowed = decides(voters, healthy) && (!needsAll || healthy == voters)
            #expect((proof.refusal == nil) == isAllowed, "\(count) \(healthy)")
            #expect(Int(proof.votersAfter) == count, "a learner is no voter")
        }
    }

    @Test(arguments: counts)
    func `a voter is demoted exactly where it could be removed, by engines that can`(count: Int) {
        forEverySet(count) { _, healthy in
            for target in 0..<count {
                let name = VotingGroup.name(target)
                var group = VotingGroup(count: count, healthy: healthy, desired: 1)
                let plain = group.prove(.demote, of: name).refusal
                group.capabilities.demote = true
                let removal = group.prove(.removeVoter, of: name)
                let demotion = group.prove(.demote, of: name)
                #expect(demotion.refusal == removal.refusal)
                #expect(demotion.votersAfter == removal.votersAfter)
                if removal.refusal == nil { #expect(plain?.code == .unsupported) }
            }
        }
    }

    @Test(arguments: counts)
    func `the leadership goes to a healthy voter that does not have it`(count: Int) {
        forEverySet(count) { voters, healthy in
            for target in 0..<count {
                var group = VotingGroup(count: count, healthy: healthy, desired: count)
                let proof = group.prove(.transfer, of: VotingGroup.name(target))
                let isAllowed =
                    decides(voters, healthy) && target != 0 && healthy >> target & 1 == 1
                #expect((proof.refusal == nil) == isAllowed, "\(count) \(healthy) \(target)")
                group.capabilities.transfer = false
                #expect(group.prove(.transfer, of: VotingGroup.name(target)).refusal != nil)
            }
        }
    }

    @Test(arguments: counts)
    func `a learner leaves and data is copied wherever the group decides`(count: Int) {
        forEverySet(count) { voters, healthy in
            let group = VotingGroup(
                count: count, healthy: healthy, desired: count, learner: Self.newcomer)
            for change in [Proof.Change.removeLearner, .sync] {
                let proof = group.prove(change, of: Self.newcomer)
                #expect((proof.refusal == nil) == decides(voters, healthy))
                #expect(Int(proof.votersAfter) == count)
            }
        }
    }

    @Test(arguments: counts, Proof.Change.onNode)
    func `a node's own agent is told nothing about a store that a group has`(
        count: Int, change: Proof.Change
    ) {
        forEverySet(count) { voters, healthy in
            var group = VotingGroup(count: count, healthy: healthy, desired: count)
            group.outsider = Self.newcomer
            group.capabilities.startsAfterAdd = true
            let outside = group.prove(change, of: Self.newcomer).refusal
            let inside = group.prove(change, of: VotingGroup.name(count - 1)).refusal
            guard decides(voters, healthy) else {
                #expect(outside != nil && inside != nil)
                return
            }
            // A server is started for a member, a disk is cleared and a server stopped for none.
            #expect((outside == nil) == (change != .start), "\(count) \(healthy)")
            #expect((inside == nil) == (change == .start), "\(count) \(healthy)")
        }
    }

    @Test func `no server is started on another disk than the one that the group has`() {
        var group = VotingGroup(count: 3, healthy: 0b011, desired: 3)
        let node = VotingGroup.name(2)
        #expect(group.prove(.start, of: node).refusal == nil)
        group.changed = 0b100
        #expect(group.prove(.start, of: node).refusal?.code == .storeChanged)
    }

    @Test(arguments: counts, Proof.Change.allCases)
    func `a group whose other voters are no majority has lost its quorum, whatever is asked`(
        count: Int, change: Proof.Change
    ) {
        let voters = 1 << count - 1
        for changed in stride(from: 0, through: voters - 1, by: 2) {
            var group = VotingGroup(count: count, healthy: voters & ~changed, desired: 1)
            group.changed = changed
            let refusal = group.prove(change, of: VotingGroup.name(count - 1)).refusal
            let isLost = !decides(voters, voters & ~changed)
            #expect((refusal?.code == .quorumLost) == isLost, "\(count) \(changed)")
        }
    }
}

extension Proof.Change {
    /// What a node's own agent carries out on its own disk and servers.
    fileprivate static let onNode: [Proof.Change] = [.prepare, .start, .stop]
}
