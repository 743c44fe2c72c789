package import MusterCore

/// A model of one Raft group, as far as membership needs it. There are no messages: each step of
/// time moves it on, by what the servers that run have on their disks.
///
/// A log is a length and a term: the leader of that term wrote or confirmed its last entry. With
/// what each leader had when it won (`Base`) that says everything about a log that Raft asks: the
/// term of its last entry, and how far it agrees with another. So tails that were never committed
/// are cut off, and an entry that was committed and is missing from a later leader's log is counted
/// in `losses`.
package struct SimulatedGroup: Sendable {
    package let id: GroupID
    package var capabilities: Capabilities
    /// The committed configuration.
    package private(set) var members = SortedMap<NodeID, Seat>()
    /// The configuration that is written and not committed yet; it counts from the moment it is
    /// written.
    package private(set) var pending: Change?
    /// The last change that was committed.
    package private(set) var changed: Change?
    package private(set) var leader: NodeID?
    package private(set) var term: UInt64 = 0
    /// The version of the committed configuration.
    package private(set) var version: ConfigurationVersion
    package private(set) var commit: UInt64
    /// How often a committed entry was missing from the log of a new leader. Raft allows none.
    package private(set) var losses = 0
    /// The first entry that is still in the leader's log.
    package private(set) var firstIndex: UInt64 = 1
    /// How often a member got a snapshot, as the log began later than its own ended.
    package private(set) var snapshots = 0
    /// What the leader knows of each member; of its own term only.
    package private(set) var progress = SortedMap<NodeID, Progress>()
    /// How many entries a leader keeps for those who lag.
    package var entriesKept: UInt64 = 10_000
    /// The size of the data, which a copy or a snapshot has to bring.
    package var bytes: UInt64
    private var commitTerm: UInt64 = 0
    /// Of each term from 1.
    private var bases: [Base] = []
    private var leaderless: Timestamp?
    /// Parts of an entry that were written and do not make a whole one yet, in thousandths.
    private var fraction: UInt64 = 0

    /// A member's place in a configuration.
    package struct Seat: Hashable, Sendable {
        package var store: StoreID
        package var role: MemberRole

        package init(store: StoreID, role: MemberRole) {
            self.store = store
            self.role = role
        }
    }

    /// A configuration as an entry of the log.
    package struct Change: Hashable, Sendable {
        package var index: UInt64
        package var term: UInt64
        package var members: SortedMap<NodeID, Seat>
    }

    /// What a leader knows of a member.
    package struct Progress: Hashable, Sendable {
        /// When it last heard from it.
        package var contact: Timestamp
        /// The last entry that is there.
        package var match: UInt64
        /// How much of a snapshot was sent.
        var sent: UInt64 = 0
    }

    /// What the server of a member has on its disk.
    package struct Disk: Hashable, Sendable {
        package var store: StoreID
        /// The last entry; 0 when there is none.
        package var last: UInt64
        /// The term of the leader that wrote or confirmed the last entry.
        package var term: UInt64

        package init(store: StoreID, last: UInt64, term: UInt64) {
            self.store = store
            self.last = last
            self.term = term
        }
    }

    /// The log of a leader when it won.
    private struct Base: Sendable {
        var last: UInt64
        var term: UInt64
    }

    /// The disks of the servers of the group that run.
    package typealias Disks = SortedMap<NodeID, Disk>

    /// A group whose only voter is the node.
    package init(
        id: GroupID, capabilities: Capabilities, founder: NodeID, store: StoreID, commit: UInt64,
        bytes: UInt64
    ) {
        self.init(
            id: id, capabilities: capabilities, voters: [(founder, store)], commit: commit,
            bytes: bytes)
    }

    /// A group with those voters, all of which have all of its entries.
    package init(
        id: GroupID, capabilities: Capabilities, voters: [(node: NodeID, store: StoreID)],
        commit: UInt64, bytes: UInt64
    ) {
        self.id = id
        self.capabilities = capabilities
        self.commit = commit
        self.bytes = bytes
        version = ConfigurationVersion(term: Term(1), index: LogIndex(commit))
        for (node, store) in voters { members[node] = Seat(store: store, role: .voter) }
    }

    // MARK: What is so

    /// The newest configuration, committed or not: Raft goes by it.
    package var latest: SortedMap<NodeID, Seat> { pending?.members ?? members }

    /// How many voters run, on the store that the configuration names.
    package func liveVoters(_ disks: Disks) -> Int { Self.voters(latest).filter(disks.hold).count }

    /// A majority of the voters.
    package var quorum: Int { Self.voters(latest).count / 2 + 1 }

    /// Whether the leader may write another configuration: one at a time, and only after an entry
    /// of its own term was committed [Ongaro 2015].
    package var isChangePermitted: Bool {
        guard leader != nil, pending == nil, let base = bases.last else { return false }
        return commit > base.last
    }

    private static func voters(_ members: SortedMap<NodeID, Seat>) -> [(NodeID, StoreID)] {
        members.compactMap { $0.value.role == .voter ? ($0.key, $0.value.store) : nil }
    }

    /// The last entry that a log and the log of that term's leader, as far as it was then known to
    /// the first, have in common.
    private func agreement(_ disk: Disk, with term: UInt64) -> UInt64 {
        var last = disk.last
        var (one, other) = (disk.term, term)
        while one != other {
            let base = bases[Int(max(one, other)) - 1]
            last = min(last, base.last)
            if one > other { one = base.term } else { other = base.term }
        }
        return last
    }

    /// The term in which the last entry of a log was written.
    private func lastTerm(_ disk: Disk) -> UInt64 {
        var term = disk.term
        while term > 0, disk.last <= bases[Int(term) - 1].last { term = bases[Int(term) - 1].term }
        return term
    }

    // MARK: Time

    /// How the rest of the world is at one moment.
    package struct World {
        package var now: Timestamp
        package var elapsed: Duration
        package var electionTimeout: Duration
        /// How many entries a second clients write.
        package var writes: UInt64
        /// How many entries a second a member that lags can take.
        package var catchUp: UInt64
        /// How many bytes a second a snapshot brings.
        package var snapshotRate: UInt64

        package init(
            now: Timestamp, elapsed: Duration, electionTimeout: Duration, writes: UInt64,
            catchUp: UInt64, snapshotRate: UInt64
        ) {
            self.now = now
            self.elapsed = elapsed
            self.electionTimeout = electionTimeout
            self.writes = writes
            self.catchUp = catchUp
            self.snapshotRate = snapshotRate
        }

        /// So much of a rate per second as fits into the step.
        func share(_ rate: UInt64) -> UInt64 {
            rate * UInt64(max(0, elapsed.milliseconds)) / 1000
        }
    }

    /// Moves the group on.
    ///
    /// - Parameter disks: of the servers that run; what they have afterwards is written into it.
    package mutating func step(_ world: World, _ disks: inout Disks) {
        elect(world, disks)
        guard let leader, var own = disks[leader] else { return }
        if own.term != term {
            // The first entry of a term is the leader's own.
            own.term = term
            own.last += 1
        }
        if liveVoters(disks) >= quorum { own.last += written(world) }
        disks[leader] = own
        for (node, seat) in latest {
            guard var disk = disks[node], disk.store == seat.store else { continue }
            var known = progress[node] ?? Progress(contact: world.now, match: 0)
            if node != leader { bring(&disk, &known, to: own, world) }
            disks[node] = disk
            known.contact = world.now
            known.match = disk.last
            progress[node] = known
        }
        advance(world)
    }

    private mutating func written(_ world: World) -> UInt64 {
        fraction += world.writes * UInt64(max(0, world.elapsed.milliseconds))
        defer { fraction %= 1000 }
        return fraction / 1000
    }

    /// Replicates to a follower. What it has beyond the leader's log is cut off; what the leader's
    /// log no longer holds comes as a snapshot, where the engine has one. So has whatever adds a
    /// member before its server starts: nobody else brings the data to that.
    private mutating func bring(
        _ disk: inout Disk, _ known: inout Progress, to own: Disk, _ world: World
    ) {
        disk.last = min(agreement(disk, with: term), own.last)
        disk.term = term
        if disk.last + 1 >= firstIndex {
            disk.last = min(own.last, disk.last + max(1, world.share(world.catchUp)))
        } else if capabilities.seed == .raft || capabilities.startsAfterAdd {
            known.sent += world.share(world.snapshotRate)
            if known.sent < bytes { return }
            known.sent = 0
            snapshots += 1
            disk.last = max(disk.last, commit)
        }
    }

    /// Commits what a majority has, if the last of it is of the leader's own term.
    private mutating func advance(_ world: World) {
        let voters = Self.voters(latest)
        let matches = voters.map { progress[$0.0]?.match ?? 0 }.sorted(by: >)
        guard let base = bases.last, quorum <= matches.count else { return }
        let index = matches[quorum - 1]
        if index > commit && index > base.last {
            commit = index
            commitTerm = term
        }
        if commit > entriesKept { firstIndex = max(firstIndex, commit - entriesKept + 1) }
        if let pending, commit >= pending.index, commitTerm == term { conclude(pending, world) }
    }

    private mutating func conclude(_ change: Change, _ world: World) {
        members = change.members
        changed = change
        pending = nil
        version = ConfigurationVersion(term: Term(term), index: LogIndex(change.index))
        for node in progress.keys where members[node] == nil { progress[node] = nil }
        if let leader, members[leader]?.role != .voter {
            stepDown(leader)
            leaderless = world.now
        }
    }

    // MARK: Leadership

    /// The node's server stopped and was started again: whoever led, leads no more.
    package mutating func stepDown(_ node: NodeID) {
        if leader == node { leader = nil }
    }

    private mutating func elect(_ world: World, _ disks: Disks) {
        if let leader, disks[leader] != nil {
            leaderless = nil
            return
        }
        guard let since = leaderless else {
            leaderless = world.now
            if term == 0 { lead(disks) }
            return
        }
        if world.now - since >= world.electionTimeout { lead(disks) }
    }

    /// The voter with the newest log wins that gets the votes of a majority of its own
    /// configuration; a voter gives its vote to nobody whose log is older than its own.
    private mutating func lead(_ disks: Disks) {
        var best: (node: NodeID, disk: Disk, age: (UInt64, UInt64))?
        for (node, disk) in disks {
            let voters = Self.voters(configuration(of: disk))
            guard voters.contains(where: { $0 == (node, disk.store) }) else { continue }
            let age = (lastTerm(disk), disk.last)
            let votes = voters.filter { voter in
                // One that runs on another disk does not remember whom it gave its vote.
                guard let other = disks[voter.0] else { return false }
                return (lastTerm(other), other.last) <= age
            }
            guard votes.count >= voters.count / 2 + 1 else { continue }
            if best.map({ age > $0.age }) ?? true { best = (node, disk, age) }
        }
        if let best { take(best.node, best.disk) }
    }

    private func holds(_ disk: Disk, _ change: Change) -> Bool {
        agreement(disk, with: change.term) >= change.index
    }

    private func configuration(of disk: Disk) -> SortedMap<NodeID, Seat> {
        guard let pending, holds(disk, pending) else { return members }
        return pending.members
    }

    private mutating func take(_ node: NodeID, _ disk: Disk) {
        let kept = agreement(disk, with: commitTerm)
        if kept < commit {
            losses += 1
            commit = kept
        }
        if let written = pending, !holds(disk, written) { pending = nil }
        leader = node
        term += 1
        bases.append(Base(last: disk.last, term: disk.term))
        progress = SortedMap()
        leaderless = nil
        version = ConfigurationVersion(term: Term(term), index: version.index)
    }

    /// Gives the leadership to a voter that runs and has everything the leader has.
    ///
    /// - Returns: false, and nothing is changed, where that cannot be.
    package mutating func transfer(to node: NodeID, _ disks: Disks) -> Bool {
        guard let leader, let own = disks[leader], let disk = disks[node],
            latest[node] == Seat(store: disk.store, role: .voter),
            disk.term == own.term, disk.last == own.last, liveVoters(disks) >= quorum
        else { return false }
        take(node, disk)
        return true
    }

    // MARK: Changes

    /// Writes a configuration that differs in one member into the leader's log. It counts at once,
    /// and is committed when a majority of its own voters has it.
    ///
    /// - Parameter seat: what the node is to be; nil: no member.
    /// - Returns: false, and nothing is changed, where the leader may not write it, or where it
    ///   could not be committed by the voters that run (the strict check that engines have).
    package mutating func change(_ node: NodeID, to seat: Seat?, _ disks: inout Disks) -> Bool {
        guard isChangePermitted, let leader, var own = disks[leader], own.term == term else {
            return false
        }
        var new = members
        new[node] = seat
        let voters = Self.voters(new)
        guard !voters.isEmpty, voters.filter(disks.hold).count >= voters.count / 2 + 1 else {
            return false
        }
        own.last += 1
        disks[leader] = own
        pending = Change(index: own.last, term: term, members: new)
        return true
    }
}

extension SimulatedGroup.Disks {
    /// Whether the voter's server runs, on that store.
    fileprivate func hold(_ voter: (NodeID, StoreID)) -> Bool {
        self[voter.0]?.store == voter.1
    }
}
