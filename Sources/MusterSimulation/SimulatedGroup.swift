package import MusterCore

/// A model of one Raft group, as far as membership needs it: terms, a log with commit and compaction, voters
/// and learners, single-server changes that need a majority of the new configuration, elections that need a
/// majority of the live voters. No messages: each step of time moves it on.
package struct SimulatedGroup: Sendable {
    package let id: GroupID
    package var capabilities: Capabilities
    /// The committed configuration.
    package private(set) var members = SortedMap<NodeID, Seat>()
    package private(set) var leader: NodeID?
    package private(set) var term: UInt64 = 0
    package private(set) var version: ConfigurationVersion
    package private(set) var commit: UInt64
    /// The first entry that is still in the leader's log.
    package private(set) var firstIndex: UInt64 = 1
    /// How many entries a leader keeps for those who lag.
    package var entriesKept: UInt64 = 10_000
    /// The size of the data, which a copy has to bring.
    package var bytes: UInt64
    private var leaderless: Timestamp?
    /// Parts of an entry that were written and do not make a whole one yet, in thousandths.
    private var fraction: UInt64 = 0

    /// A member's place in the configuration.
    package struct Seat: Hashable, Sendable {
        package var store: StoreID
        package var role: MemberRole
        /// When the leader last heard from it; nil when it has not.
        package var contact: Timestamp?
        /// The last entry that the leader knows to be there.
        package var match: UInt64
    }

    /// A group whose only voter is the node.
    package init(
        id: GroupID, capabilities: Capabilities, founder: NodeID, store: StoreID, commit: UInt64,
        bytes: UInt64
    ) {
        self.id = id
        self.capabilities = capabilities
        self.commit = commit
        self.bytes = bytes
        version = ConfigurationVersion(term: Term(1), index: LogIndex(commit))
        members[founder] = Seat(store: store, role: .voter, contact: nil, match: commit)
    }

    /// How the rest of the world is at one moment.
    package struct World {
        package var now: Timestamp
        package var elapsed: Duration
        package var electionTimeout: Duration
        /// How many entries a second clients write.
        package var writes: UInt64
        /// How many entries a second a member that lags can take.
        package var catchUp: UInt64
        /// The last entry on each node's disk whose server of this group runs.
        package var running: SortedMap<NodeID, UInt64>
    }

    /// How many voters run.
    package func liveVoters(_ running: SortedMap<NodeID, UInt64>) -> Int {
        members.filter { $0.value.role == .voter && running[$0.key] != nil }.count
    }

    /// A majority of the voters.
    package var quorum: Int { members.filter { $0.value.role == .voter }.count / 2 + 1 }

    /// Moves the group on.
    ///
    /// - Returns: the last entry that each running server has now.
    package mutating func step(_ world: World) -> SortedMap<NodeID, UInt64> {
        elect(world)
        guard let leader, world.running[leader] != nil else { return world.running }
        var logs = world.running
        let hasMajority = liveVoters(world.running) >= quorum
        if hasMajority { write(world) }
        let room = world.catchUp * UInt64(max(0, world.elapsed.milliseconds)) / 1000
        for (node, _) in members where logs[node] != nil {
            let before = logs[node] ?? 0
            var after = node == leader ? commit : min(commit, before + max(room, 1))
            if before + 1 < firstIndex && node != leader { after = min(commit, firstIndex) }
            logs[node] = max(before, after)
            members.update(node) {
                $0.contact = world.now
                $0.match = max($0.match, after)
            }
        }
        return logs
    }

    private mutating func write(_ world: World) {
        fraction += world.writes * UInt64(max(0, world.elapsed.milliseconds))
        commit += fraction / 1000
        fraction %= 1000
        if commit > entriesKept { firstIndex = max(firstIndex, commit - entriesKept + 1) }
    }

    private mutating func elect(_ world: World) {
        if let leader, world.running[leader] != nil, members[leader]?.role == .voter {
            leaderless = nil
            return
        }
        guard let since = leaderless else {
            leaderless = world.now
            if term > 0 { return }
            lead(world)
            return
        }
        if world.now - since >= world.electionTimeout { lead(world) }
    }

    /// The live voter with the longest log wins, if a majority of the voters lives.
    private mutating func lead(_ world: World) {
        guard liveVoters(world.running) >= quorum else { return }
        var best: (node: NodeID, log: UInt64)?
        for (node, seat) in members where seat.role == .voter {
            guard let log = world.running[node] else { continue }
            if best.map({ log > $0.log }) ?? true { best = (node, log) }
        }
        guard let best, best.log >= commit else { return }
        take(best.node)
    }

    private mutating func take(_ node: NodeID) {
        leader = node
        term += 1
        leaderless = nil
        version = ConfigurationVersion(term: Term(term), index: version.index)
    }

    // MARK: Changes

    /// Whether the configuration that a change makes has a live majority, so that it can commit.
    private func commits(
        _ changed: SortedMap<NodeID, Seat>, _ running: SortedMap<NodeID, UInt64>
    ) -> Bool {
        let voters = changed.filter { $0.value.role == .voter }.map(\.key)
        return voters.filter { running[$0] != nil }.count >= voters.count / 2 + 1
    }

    /// Changes one member.
    ///
    /// - Parameter seat: what the node is to be; nil: no member.
    /// - Returns: false, and nothing is changed, where the change cannot commit.
    package mutating func change(
        _ node: NodeID, to seat: Seat?, _ running: SortedMap<NodeID, UInt64>
    ) -> Bool {
        var changed = members
        changed[node] = seat
        guard commits(changed, running) else { return false }
        commit += 1
        members = changed
        version = ConfigurationVersion(term: Term(term), index: LogIndex(commit))
        return true
    }

    /// Gives the leadership to a voter that runs.
    package mutating func transfer(to node: NodeID, _ running: SortedMap<NodeID, UInt64>) -> Bool {
        guard members[node]?.role == .voter, running[node] != nil,
            liveVoters(running) >= quorum
        else { return false }
        take(node)
        return true
    }
}
