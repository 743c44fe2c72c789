import MusterCore
import MusterSimulation

/// One group of the model with the disks of its servers, moved by hand.
final class GroupWorld {
    var group: SimulatedGroup
    var disks = SimulatedGroup.Disks()
    var away: Set<NodeID> = []
    var now: Timestamp = .zero
    var writes: UInt64 = 100
    var catchUp: UInt64 = 10_000
    var snapshotRate: UInt64 = 1_000_000
    /// Who led in each term, as far as it was seen.
    private(set) var leaders: [UInt64: NodeID] = [:]
    /// What must never be, and was.
    private(set) var violations: [String] = []
    private(set) var changes = 0

    init(voters: Int, seed: Capabilities.Seed = .raft, startsAfterAdd: Bool = false) {
        group = SimulatedGroup(
            id: GroupID(unchecked: "g"),
            capabilities: Capabilities(startsAfterAdd: startsAfterAdd, seed: seed),
            founder: Self.name(0), store: Self.store(0), commit: 10, bytes: 1_000_000)
        disks[Self.name(0)] = SimulatedGroup.Disk(store: Self.store(0), last: 10, term: 0)
        run(.milliseconds(100))
        for index in 1..<max(1, voters) {
            _ = put(index, .learner)
            run(.milliseconds(200))
            _ = put(index, .voter)
            run(.milliseconds(200))
        }
    }

    static func name(_ index: Int) -> NodeID { NodeID(unchecked: "n\(index)") }
    static func store(_ index: Int) -> StoreID { Identifier(high: 1, low: UInt64(index)) }

    var running: SimulatedGroup.Disks {
        var result = SimulatedGroup.Disks()
        for (node, disk) in disks where !away.contains(node) { result[node] = disk }
        return result
    }

    var voters: [NodeID] { group.members.compactMap { $0.value.role == .voter ? $0.key : nil } }

    /// Makes the node a member in that role, or none.
    func put(_ index: Int, _ role: MemberRole?) -> Bool {
        let (node, store) = (Self.name(index), Self.store(index))
        if disks[node] == nil {
            disks[node] = SimulatedGroup.Disk(store: store, last: 0, term: 0)
        }
        let seat = role.map { SimulatedGroup.Seat(store: store, role: $0) }
        var running = running
        let isWritten = group.change(node, to: seat, &running)
        keep(running)
        return isWritten
    }

    func run(_ duration: Duration) {
        let end = now + duration
        while now < end { step() }
    }

    func step() {
        let before = group
        now = now + .milliseconds(10)
        var running = running
        group.step(
            SimulatedGroup.World(
                now: now, elapsed: .milliseconds(10), electionTimeout: .milliseconds(100),
                writes: writes, catchUp: catchUp, snapshotRate: snapshotRate), &running)
        keep(running)
        check(before)
    }

    /// The server stops and is started again at once.
    func restart(_ index: Int) { group.stepDown(Self.name(index)) }

    /// The disk is lost, and nobody notices: the model of a mistake.
    func lose(_ index: Int) {
        disks[Self.name(index)] = SimulatedGroup.Disk(store: Self.store(index), last: 0, term: 0)
    }

    private func keep(_ running: SimulatedGroup.Disks) {
        for (node, disk) in running { disks[node] = disk }
    }

    private func check(_ before: SimulatedGroup) {
        if let leader = group.leader {
            let known = leaders[group.term]
            if let known, known != leader { violations.append("two leaders in \(group.term)") }
            leaders[group.term] = leader
        }
        if group.term < before.term { violations.append("the term fell") }
        if group.commit < before.commit { violations.append("the commit fell") }
        if group.losses > 0 { violations.append("a committed entry was lost") }
        guard group.members != before.members else { return }
        changes += 1
        let names = Set(group.members.keys).union(before.members.keys)
        let different = names.filter { group.members[$0] != before.members[$0] }
        if different.count > 1 { violations.append("two members changed at once") }
        if group.version <= before.version { violations.append("the version did not rise") }
        let having = voters.filter { (disks[$0]?.last ?? 0) >= group.version.index.value }
        if having.count < voters.count / 2 + 1 {
            violations.append("a configuration was committed without a majority of it")
        }
    }
}
