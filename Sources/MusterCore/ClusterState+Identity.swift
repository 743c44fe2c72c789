// Who a node is (DOMAIN §1). A voter whose disk changed, or lost what it had acknowledged, could
// vote twice; two processes under one identity could do so every day. None of them is healthy, and
// none is commanded.

extension ClusterState {
    /// Whether what a node reports of its groups counts: not from another store than the one it is
    /// known by, and not from another cluster's data.
    package func listens(to observer: NodeIdentity) -> Bool {
        guard let known = nodes[observer.node] else { return true }
        return known.identity.store == observer.store && foreignness(known) == nil
    }

    /// Why the node is another cluster's: it gets no command, and its disk is never touched. Nil
    /// when it is not.
    func foreignness(_ known: NodeState) -> Refusal? {
        guard let engine, let own = known.engine, own != engine, !known.blank else { return nil }
        return Refusal(
            .foreign, nodes: [known.identity.node],
            numbers: [Int64(clamping: own.recoveryEpoch)], text: own.cluster)
    }

    /// What keeps any command about the node's servers back, whoever asks; nil when nothing does.
    func identityBar(_ known: NodeState) -> Refusal? {
        if let conflict = known.conflict { return conflict }
        if let foreign = foreignness(known) { return foreign }
        return tombstones[known.identity.store] == nil ? known.regressed : nil
    }

    // MARK: The shorter log

    /// What is written down of a node that falls silent: how much of each group its store is known
    /// to hold. Only committed entries count: what was not committed a new leader may cut off.
    func noteMatches(
        _ node: NodeID, _ known: NodeState, _ evidence: Evidence
    ) -> [Event] {
        var matches = known.matches
        for group in groups(of: node) {
            guard let found = committedMatch(known.identity, group, evidence) else { continue }
            if let index = matches.firstIndex(where: { $0.group == group }) {
                if matches[index].index < found.index { matches[index] = found }
            } else {
                matches.append(found)
            }
        }
        matches.sort { $0.group < $1.group }
        if matches == known.matches { return [] }
        return [.matchNoted(node, store: known.identity.store, matches: matches)]
    }

    private func committedMatch(
        _ identity: NodeIdentity, _ group: GroupID, _ evidence: Evidence
    ) -> LogMatch? {
        // Its commit holds also where the leader has lost its majority since.
        guard let seen = evidence.groups[group]?.view,
            let view = seen.view.members.first(where: { $0.member.node == identity.node }),
            view.member.store == nil || view.member.store == identity.store,
            let match = view.match
        else { return nil }
        return LogMatch(group: group, index: min(match, seen.view.commit), term: seen.term)
    }

    /// Where the store of a new start holds less than was noted of it before it announced itself;
    /// nil when it does not, or when its agent cannot say where its log ends.
    ///
    /// What a leader saw counts only where it was noted when the node fell silent. The newest view
    /// may be of an entry that came between the moment at which an agent looked where the log ends
    /// and the moment at which its announcement was appended.
    func regression(_ up: NodeUp, _ known: NodeState, said: Timestamp) -> Refusal? {
        for entry in up.groups {
            guard let last = entry.last, isMember(up.identity, of: entry.group),
                let held = known.noted(entry.group, until: said), last < held
            else { continue }
            return Refusal(
                .storeRegressed, group: entry.group, nodes: [up.identity.node],
                numbers: [Int64(clamping: last.value), Int64(clamping: held.value)])
        }
        return nil
    }

    /// The groups of the nodes that are about to be called silent.
    func groupsOfSilent(_ evidence: Evidence) -> [GroupID] {
        guard let policy, let newest = evidence.newest else { return [] }
        let silent = nodes.filter { node, known in
            guard known.liveness == .up || known.liveness == .suspect else { return false }
            return newest.appended - lastHeard(node, known, evidence) > policy.lease / 2
        }
        return groups.keys.filter { group in
            silent.contains { groups[group]?.member($0.key) != nil }
        }
    }

    /// Whether the group's committed configuration has the node on that store, or may have.
    func isMember(_ identity: NodeIdentity, of group: GroupID) -> Bool {
        guard let member = groups[group]?.member(identity.node) else { return false }
        return member.store == nil || member.store == identity.store
    }

    // MARK: Two of one identity

    /// A process that is heard more than a lease after a newer start took its place, or beside a
    /// process on another disk, is a second one; the conflict ends when a start that is newer than
    /// it was alone for a lease.
    func identityChange(
        of node: NodeID, _ known: NodeState, _ evidence: Evidence, _ policy: Policy,
        at moment: Timestamp
    ) -> [Event] {
        guard let heard = evidence.nodes[node], heard.identity == known.identity else { return [] }
        let rival = heard.rival.flatMap { $0.heard.appended > known.started ? $0 : nil }
        guard known.conflict != nil else {
            guard let rival, rival.heard.appended - known.started > policy.lease,
                moment - rival.heard.appended <= policy.lease
            else { return [] }
            let who = rival.store == known.identity.store ? rival.boot : rival.store
            return [
                .identityConflict(
                    node, Refusal(.identityConflict, nodes: [node], text: "\(who)"))
            ]
        }
        guard let start = known.conflictStart, known.identity.start > start,
            moment - known.started > policy.lease,
            moment - heard.heard.appended <= policy.lease,
            rival.map({ moment - $0.heard.appended > policy.lease }) ?? true
        else { return [] }
        return [.conflictEnded(node)]
    }
}
