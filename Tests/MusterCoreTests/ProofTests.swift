import MusterCore
import Testing

/// The proofs against a model that knows nothing of them: sets of voters as bits, and a group that
/// can decide as long as more than half of its voters live. Every set of up to eleven voters is
/// tried.
struct ProofTests {
    private static let counts = Array(1...11)

    /// Whether those of the voters that live can decide.
    private func decides(_ voters: Int, _ living: Int) -> Bool {
        (voters & living).nonzeroBitCount * 2 > voters.nonzeroBitCount
    }

    /// How many of the living may die before nothing can be decided; negative: nothing can be now.
    private func spare(_ voters: Int, _ living: Int) -> Int {
        var (living, deaths) = (voters & living, -1)
        while decides(voters, living) {
            deaths += 1
            living &= living - 1
        }
        return deaths
    }

    /// The living voters any one of whose death stops the group.
    private func critical(_ voters: Int, _ living: Int) -> Int {
        (0..<16).reduce(0) { found, voter in
            let bit = 1 << voter
            guard voters & living & bit != 0 else { return found }
            return decides(voters, living & ~bit) ? found : found | bit
        }
    }

    @Test(arguments: counts)
    func `a voter is removed exactly when the rest can decide`(count: Int) {
        let voters = 1 << count - 1
        for healthy in stride(from: 1, through: voters, by: 2) {
            for target in 0..<count {
                let group = VotingGroup(count: count, healthy: healthy, desired: 1)
                let proof = group.prove(.removeVoter, of: VotingGroup.name(target))
                let rest = voters & ~(1 << target)
                let isSafe = decides(voters, healthy) && rest != 0 && decides(rest, healthy)
                #expect((proof.refusal == nil) == isSafe, "\(count) \(healthy) − \(target)")
                guard isSafe, healthy >> target & 1 == 0 else { continue }
                #expect(
                    spare(rest, healthy) >= spare(voters, healthy),
                    "a dead voter's removal lowers the spare: \(count) \(healthy) − \(target)")
                #expect(
                    critical(rest, healthy) & ~critical(voters, healthy) == 0,
                    "a dead voter's removal makes one critical: \(count) \(healthy) − \(target)")
            }
        }
    }

    @Test(arguments: counts.dropFirst())
    func `who is replaced goes where all others are there, or is dead and not missed`(count: Int) {
        let voters = 1 << count - 1
        for healthy in stride(from: 1, through: voters, by: 2) {
            for (desired, target) in [1, count].flatMap({ size in (1..<count).map { (size, $0) } })
            {
                let (bit, floor) = (1 << target, desired / 2 + 1)
                for dead in healthy & bit == 0 ? [0, bit] : [0] {
                    var group = VotingGroup(count: count, healthy: healthy, desired: desired)
                    group.dead = dead
                    let proof = group.prove(.replaceVoter, of: VotingGroup.name(target))
                    let rest = voters & ~bit
                    let mayShrink = rest & ~healthy == 0 && count - 1 >= floor - 1
                    let isNotMissed = dead != 0 && count - 1 >= floor
                    let isSafe = decides(voters, healthy) && decides(rest, healthy)
                    #expect(
                        (proof.refusal == nil) == (isSafe && (mayShrink || isNotMissed)),
                        "\(count) of \(desired), \(healthy) − \(target), dead \(dead)")
                }
            }
        }
    }

    @Test(arguments: counts.dropFirst())
    func `a voter that is added at once makes no node critical when it is there`(count: Int) {
        let voters = 1 << count - 1
        let newcomer = 1 << count
        for healthy in stride(from: 1, through: voters, by: 2) {
            var group = VotingGroup(count: count, healthy: healthy, desired: count)
            group.outsider = VotingGroup.name(count)
            let proof = group.prove(.addVoter, of: VotingGroup.name(count))
            // It counts as down until it is heard as a member.
            let isSafe = decides(voters, healthy) && decides(voters | newcomer, healthy)
            #expect((proof.refusal == nil) == isSafe, "\(count) \(healthy)")
            guard isSafe else { continue }
            let after = critical(voters | newcomer, healthy | newcomer)
            #expect(after & ~critical(voters, healthy) == 0, "\(count) \(healthy)")
        }
    }

    @Test(arguments: counts)
    func `a promotion makes no node critical that was not`(count: Int) {
        let voters = 1 << count - 1
        let newcomer = 1 << count
        for healthy in stride(from: 1, through: voters, by: 2) {
            let group = VotingGroup(
                count: count, healthy: healthy, desired: count,
                learner: VotingGroup.name(count))
            let proof = group.prove(.promote, of: VotingGroup.name(count))
            let before = critical(voters, healthy)
            let after = critical(voters | newcomer, healthy | newcomer)
            let isSafe = decides(voters, healthy) && after & ~before == 0
            if count == 1 {
                #expect(proof.refusal == nil, "one voter alone may grow")
            } else {
                #expect((proof.refusal == nil) == isSafe, "\(count) \(healthy)")
            }
            guard decides(voters, healthy), let refusal = proof.refusal else { continue }
            #expect(refusal.code == .criticalNewcomer)
        }
    }

    @Test(arguments: counts.dropFirst())
    func `to remove the dead first is never worse than to promote first`(count: Int) {
        let voters = 1 << count - 1
        let newcomer = 1 << count
        for healthy in stride(from: 1, to: voters, by: 2) {
            for dead in 0..<count where healthy >> dead & 1 == 0 {
                let name = VotingGroup.name(count)
                let group = VotingGroup(
                    count: count, healthy: healthy, desired: count, learner: name)
                let removeFirst = group.prove(
                    .removeVoter, of: VotingGroup.name(dead), [.belowFloor])
                let promoteFirst = group.prove(.promote, of: name)
                if promoteFirst.refusal == nil { #expect(removeFirst.refusal == nil) }
                guard removeFirst.refusal == nil else { continue }
                let removed = spare(voters & ~(1 << dead), healthy)
                let promoted = spare(voters | newcomer, healthy | newcomer)
                #expect(removed >= promoted, "\(count) \(healthy) − \(dead)")
            }
        }
    }

    @Test(arguments: counts)
    func `no order of allowed changes stops a group`(count: Int) {
        let voters = 1 << count - 1
        for healthy in stride(from: 1, through: voters, by: 2) where decides(voters, healthy) {
            for desired in 1...count {
                let group = VotingGroup(count: count, healthy: healthy, desired: desired)
                for target in 0..<count {
                    let proof = group.prove(.removeVoter, of: VotingGroup.name(target))
                    guard proof.refusal == nil else { continue }
                    let rest = voters & ~(1 << target)
                    #expect(decides(rest, healthy))
                    #expect(rest.nonzeroBitCount * 2 > desired, "\(desired) are desired")
                    #expect(Int(proof.votersAfter) == rest.nonzeroBitCount)
                    #expect(
                        Int(proof.healthyAfter) == (rest & healthy).nonzeroBitCount)
                }
            }
        }
    }

    @Test(arguments: counts.dropFirst())
    func `the floor alone can be set aside, quorum never`(count: Int) {
        let voters = 1 << count - 1
        for healthy in stride(from: 1, through: voters, by: 2) {
            let group = VotingGroup(count: count, healthy: healthy, desired: count)
            for target in 0..<count {
                let node = VotingGroup.name(target)
                let plain = group.prove(.removeVoter, of: node)
                let forced = group.prove(.removeVoter, of: node, Request.Override.allCases)
                let rest = voters & ~(1 << target)
                let isSafe = decides(voters, healthy) && decides(rest, healthy)
                #expect((forced.refusal == nil) == isSafe, "\(count) \(healthy) − \(target)")
                if plain.refusal?.code == .floor {
                    #expect(forced.overridden == [.belowFloor])
                    let said = forced.warning ?? ""
                    #expect(said.contains("\(count - 1) voters, below the wanted \(plain.floor)"))
                    #expect(said.contains("no more failures") == (count % 2 == 1 && count > 1))
                } else {
                    #expect(forced.refusal == plain.refusal && forced.overridden == [])
                }
            }
        }
    }
}
