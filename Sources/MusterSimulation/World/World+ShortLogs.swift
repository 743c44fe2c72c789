internal import MusterCore

// Logs that get shorter on their disks: writes that were lost, or a backup that was restored, under
// the same store. A voter with such a log may vote for a leader that lacks what it had acknowledged
// itself. What Raft loses by such a vote is the fault's, not Muster's: Muster owes that it calls no
// log short that is not, and counts on none that it has called so.

/// When a store's log of a group got shorter.
struct ShortLog {
    let group: GroupID
    /// The last entry that was left.
    let left: UInt64
    /// The last committed one that had been there.
    let held: UInt64
    /// The first start of the node that may say so.
    let since: Start
    /// Whether the disk lost it; else a leader cut it off that lacked it.
    let isByFault: Bool
}

extension World {
    /// A node goes down and comes back with less than it had. Not where the groups have no majority
    /// without it: then nothing could be done about it, and nobody would be to blame.
    mutating func shortenLogs(_ index: Int) {
        let identity = nodes[index].identity
        let voter = SimulatedGroup.Seat(store: identity.store, role: .voter)
        for (_, model) in groups
        where model.members[identity.node] != voter || isNeeded(identity.node, model.latest)
            || isNeeded(identity.node, model.members)
        {
            return
        }
        if reference.state.owner(of: identity.node) != nil { return }
        crashNode(index)
        // It may run where the servers are down.
        crashAgent(index)
        let cut = UInt64(dice.one(of: [1, 30, 300, 3000]))
        for group in nodes[index].servers.keys {
            guard let log = nodes[index].servers[group]?.log, log > 1 else { continue }
            let left = log > cut ? log - cut : 1
            nodes[index].servers.update(group) { $0.log = left }
            noteShorter(index, group, from: log, to: left, isByFault: true)
            tell("the log of \(identity.node) in \(group) ends at \(left), not \(log)")
        }
    }

    /// Keeps in mind that a log got shorter, where more went than what was never committed.
    mutating func noteShorter(
        _ index: Int, _ group: GroupID, from old: UInt64, to new: UInt64, isByFault: Bool
    ) {
        let identity = nodes[index].identity
        // What went before and has not come again since is gone too.
        let before = shortLogs[identity.store]?.filter { $0.group == group }.map(\.held).max() ?? 0
        let held = max(before, min(old, committed[group] ?? 0))
        guard new < held else { return }
        shortLogs[identity.store, default: []].append(
            ShortLog(
                group: group, left: new, held: held,
                since: isByFault ? identity.start.next : identity.start, isByFault: isByFault))
    }

    /// Whether the disk of a store lost what it had acknowledged.
    func hasLostEntries(_ store: StoreID) -> Bool {
        shortLogs[store]?.contains(where: \.isByFault) ?? false
    }

    /// Whether a voter that runs lacks committed entries that it had acknowledged.
    func hasShortVoter(_ group: GroupID) -> Bool {
        guard !shortLogs.isEmpty, let model = groups[group] else { return false }
        return running(group).contains { node, disk in
            guard model.latest[node] == SimulatedGroup.Seat(store: disk.store, role: .voter) else {
                return false
            }
            return shortLogs[disk.store]?.contains {
                $0.isByFault && $0.group == group && disk.last < min($0.held, model.commit)
            } ?? false
        }
    }

    /// Whom the newest decision calls short has a log that got shorter before it said where it
    /// ends.
    mutating func judgeShortLogs() {
        // What was said earlier and what later, nobody can tell where the log's clock went back.
        if hasGoneBack { return }
        for event in reference.newest {
            guard case .nodeRefused(let node, let store, let refusal) = event,
                refusal.code == .storeRegressed, refusal.numbers.count == 2
            else { continue }
            let (last, held) = (refusal.numbers[0], refusal.numbers[1])
            let start = reference.state.nodes[node]?.identity.start ?? Start(0)
            let isShort = shortLogs[store]?.contains { log in
                log.group == refusal.group && log.left <= last && held <= log.held
                    && log.since <= start
            }
            if isShort ?? false { continue }
            reference.failNewest(
                .disksAreToldApart,
                "\(node) is said to have lost what its disk has: \(last) of \(held)")
        }
    }

    /// A voter that is known to have lost entries goes: by request, or by hand where Muster changes
    /// nothing, as there is no majority without it.
    mutating func removeShort() -> Bool {
        let state = reference.state
        for (node, known) in state.nodes where known.regressed != nil && state.isMember(node) {
            if let owner = state.owner(of: node), state.sagas[owner]?.kind != .join { continue }
            if let group = groups.first(where: { isNeeded(node, $0.value.members) })?.key {
                drifted.insert(group)
                madeByHand.insert(node)
                _ = with(group) { $0.change(node, to: nil, &$1) }
                return note("takes a voter out by hand whose log is short")
            }
            request(.remove(node: node), [.belowFloor], in: .milliseconds(1))
            return note("removes a voter whose log is short")
        }
        return false
    }

    /// What a group has lost is a person's affair, and so is whatever does not settle after that.
    var isGivenUp: Bool {
        hasLostWrites && sinceDawn > options.calmAfter + .seconds(60)
    }
}
