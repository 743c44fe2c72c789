internal import MusterCore
internal import MusterManager
internal import MusterWire

// In some rough worlds another cluster lives in the same partition of the journal: quieter, with
// older snapshots, and with a chain of its own that must hold as well.

extension World {
    /// A name whose partition is that of the world's cluster.
    static func neighbour(of home: Int32) -> ClusterID {
        let names = ["billing", "stock", "users", "search", "mail", "carts", "logs", "quotes"]
        let all = names.map { ClusterID(unchecked: $0) }
        let count = UInt32(SimulatedLog.partitions)
        return all.first { Partitioner.partition(of: $0, count: count) == home } ?? all[0]
    }

    /// Somebody asks something of the neighbour.
    mutating func disturbNeighbour() {
        guard let name = neighbour?.cluster, !isCalm else { return }
        let node = NodeID(unchecked: "x\(1 + dice.pick(3))")
        let lasting = dice.time(500, 60_000)
        let action: Request.Action
        switch dice.pick(5) {
        case 0: action = .pause(lasting: lasting)
        case 1: action = .resume
        case 2: action = .hold(node: node, lasting: lasting)
        case 3: action = .remove(node: node)
        default:
            var patch = PolicyPatch()
            patch.votersMin = UInt32(1 + dice.pick(3))
            action = .configure(patch)
        }
        request(action, of: name, in: .milliseconds(1))
        add(.neighbour, in: dice.time(200, 6000))
    }

    /// What does not hold of any cluster's chain.
    var breach: Breach? { reference.found.first ?? neighbour?.found.first }

    /// What a manager holds of any cluster that is not so.
    func disagreement(with loop: ManagerLoop, whole: Bool) -> Breach? {
        reference.disagreement(with: loop, whole: whole)
            ?? neighbour?.disagreement(with: loop, whole: whole)
    }
}
