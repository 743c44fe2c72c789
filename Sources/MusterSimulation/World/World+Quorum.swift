internal import MusterCore

// A change that Muster proposes is judged against what is really alive at that moment, not against
// what anybody has seen. An engine refuses what takes a group its quorum, by what it sees itself;
// Muster must not have asked for it.

extension World {
    /// How many entries a member may lack that is promoted: more than clients write in the age of
    /// everything that its proof rests on.
    static let lagMax: UInt64 = 1000

    /// How long ago a voter may have died for nobody to know of it: what the executor requires a
    /// leader to have heard, and a step of the group.
    static var unseen: Duration { contactMax + .milliseconds(250) }

    /// The longest that a member's last answer may be ago for an executor to count it.
    static let contactMax: Duration = .seconds(3)

    /// What a change does to a group that has a majority of living voters: that of its new
    /// configuration has none. Nil when it does not, or when there was none before.
    func quorumTaken(
        by node: NodeID, _ seat: SimulatedGroup.Seat?, _ model: SimulatedGroup
    ) -> String? {
        var new = model.members
        new[node] = seat
        let (before, after) = (alive(model.members, model), alive(new, model))
        guard before.living >= before.voters / 2 + 1, after.living < after.voters / 2 + 1 else {
            return nil
        }
        return "it leaves \(model.id) \(after.living) of \(after.voters) voters alive, where "
            + "\(before.living) of \(before.voters) were"
    }

    /// How many voters a configuration has, and how many of them are alive on the disk that it
    /// names, or died so short a time ago that nobody can know.
    private func alive(
        _ members: SortedMap<NodeID, SimulatedGroup.Seat>, _ model: SimulatedGroup
    ) -> (voters: Int, living: Int) {
        let disks = running(model.id)
        var result = (voters: 0, living: 0)
        for (node, seat) in members where seat.role == .voter {
            result.voters += 1
            let isRunning = disks[node]?.store == seat.store
            let isUnseen = model.progress[node].map { now - $0.contact <= Self.unseen } ?? false
            if isRunning || isUnseen { result.living += 1 }
        }
        return result
    }
}
