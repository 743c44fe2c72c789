internal import MusterCore

// What agents see of a group: the leader's view of its members, and what each server says.

extension SimulatedGroup {
    /// What the agent of a node says of its server.
    ///
    /// - Parameters:
    ///   - disks: of the servers that run and reach each other.
    ///   - isCut: whether the other nodes do not reach this one.
    func report(
        of node: NodeID, _ server: SimulatedNode.Server, _ disks: @autoclosure () -> Disks,
        at now: Timestamp, isCut: Bool = false
    ) -> GroupReport {
        let seat = members[node]
        let isLeader = leader == node && server.isRunning && !isCut
        let state: ServerState
        if !server.isRunning {
            state = .stopped
        } else if isLeader {
            state = .leader
        } else if isCut {
            state = .candidate
        } else {
            state = seat?.role == .voter ? .follower : .learner
        }
        return GroupReport(
            group: id, state: state, term: Term(term),
            leader: server.isRunning && seat != nil && !isCut ? leader : nil,
            applied: server.log.map { LogIndex($0) },
            view: isLeader ? view(disks(), at: now) : nil)
    }

    private func view(_ disks: Disks, at now: Timestamp) -> LeaderView {
        let seen = members.map { node, seat in
            let known = progress[node]
            return MemberView(
                member: Member(node: node, store: seat.store, role: seat.role),
                match: known.map { LogIndex($0.match) },
                contactAge: known.map { max(.zero, now - $0.contact) })
        }
        let confirmed = liveVoters(disks) >= quorum
        return LeaderView(
            confirmed: confirmed, changePermitted: confirmed && isChangePermitted,
            pending: pending != nil, version: version, commit: LogIndex(commit),
            firstIndex: LogIndex(firstIndex), members: seen)
    }
}
