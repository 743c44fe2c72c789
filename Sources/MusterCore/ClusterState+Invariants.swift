// What holds in every state that decisions lead to, whatever came in and in whatever order. It is
// checked after every decision in tests, and of a snapshot before it is used: one that breaks a
// rule was written by a defect, and the cluster is then folded from the journal.

extension ClusterState {
    /// What is wrong with the state, as sentences; empty when nothing is.
    package func checkInvariants() -> [String] {
        var found = Violations()
        checkCluster(&found)
        checkRequests(&found)
        checkKeeping(&found)
        for (node, state) in nodes { check(node, state, &found) }
        for (group, state) in groups { check(group, state, &found) }
        for (node, saga) in sagas {
            found.expect(saga.node == node, "the saga of \(node) names \(saga.node)")
            check(saga, &found)
        }
        checkCommands(&found)
        return found.sentences
    }

    private func checkCluster(_ found: inout Violations) {
        found.expectOrder(nodes.keys, "nodes")
        found.expectOrder(groups.keys, "groups")
        found.expectOrder(sagas.keys, "sagas")
        found.expectOrder(tombstones.keys, "tombstones")
        found.expectOrder(next.keys, "input partitions")
        check(trail, of: "the cluster", &found)
        if let freeze {
            found.expect(!freeze.silent.isEmpty, "frozen, and nobody is silent")
            found.expectOrder(freeze.silent, "silent nodes")
            found.expect(freeze.since <= at, "frozen since a moment that has not come")
            let calm = freeze.calmSince ?? freeze.since
            found.expect(freeze.since <= calm && calm <= at, "calm outside the freeze")
        }
        for (store, tombstone) in tombstones {
            found.expect(tombstone.at <= at, "\(store) went out at a moment that has not come")
        }
        found.expect(policy != nil || sagas.isEmpty, "a saga runs without a policy")
        if let text = policy?.invalidity?.text { found.add("the policy cannot be kept: \(text)") }
    }

    /// Whoever asked and was accepted is waited for by a saga, and answered once.
    private func checkRequests(_ found: inout Violations) {
        let count = requests.count
        found.expect(count <= Self.requestsMax, "\(count) requests are remembered")
        found.expectOrder(requests.map(\.id).sorted(), "requests")
        var awaited: [RequestID] = []
        for (node, saga) in sagas {
            found.expectOrder(saga.requests.sorted(), "requests of the saga of \(node)")
            if !saga.isStalled { awaited += saga.requests }
        }
        for record in requests {
            let isAwaited = awaited.contains(record.id)
            found.expect(
                (record.outcome == .accepted) == isAwaited,
                isAwaited
                    ? "request \(record.id) is answered, and a saga is to answer it"
                    : "request \(record.id) is accepted, and no saga is to answer it")
        }
    }

    /// Proposals, holds, the pause and flap scores.
    private func checkKeeping(_ found: inout Violations) {
        found.expect(proposals.count <= Proposal.countMax, "\(proposals.count) proposals")
        found.expect(proposalsPast.count <= Proposal.pastMax, "\(proposalsPast.count) are past")
        found.expectOrder(proposals.map(\.id), "proposals")
        for (index, entry) in proposals.enumerated() {
            let what = "proposal \(entry.id)"
            found.expect(entry.id <= head.sequence, "\(what) is not decided yet")
            found.expect(nodes[entry.node] != nil, "\(what) is about \(entry.node), which is not")
            found.expect(entry.action.node == entry.node, "\(what) is about another node")
            let isTwice = proposals[..<index].contains {
                $0.rule == entry.rule && $0.node == entry.node
            }
            found.expect(!isTwice, "two proposals of \(entry.rule) for \(entry.node)")
        }
        for interval in [pause] + nodes.values.map(\.hold) {
            guard let interval else { continue }
            let length = interval.until - interval.since
            found.expect(
                length > .zero && length <= Interval.lengthMax && interval.since <= at,
                "held or paused for \(length.milliseconds) ms")
        }
        for (node, state) in nodes {
            let points = state.flaps.points
            found.expect(
                0 <= points && points <= FlapScore.pointsMax && state.flaps.since <= at,
                "\(node) has a flap score of \(points)")
        }
    }

    private func check(_ node: NodeID, _ state: NodeState, _ found: inout Violations) {
        found.expect(
            state.identity.node == node, "node \(node) is called \(state.identity.node)")
        check(state.trail, of: "node \(node)", &found)
        found.expectOrder(state.groups.map(\.group), "groups that \(node) lists")
        found.expectOrder(state.sync.keys, "copies of \(node)")
        for moment in [state.livenessSince, state.started, state.returned ?? at] {
            found.expect(moment <= at, "\(node) changed at a moment that has not come")
        }
        guard let removal = state.removal else { return }
        found.expect(
            removal.store == state.identity.store,
            "the pending removal of \(node) is of another store")
        found.expect(removal.since <= at, "the deadline of \(node) begins later than now")
        found.expect(removal.since <= removal.due, "the deadline of \(node) ends before it begins")
        found.expect(state.liveness == .down, "\(node) is \(state.liveness) and is to be removed")
        if let kind = sagas[node]?.kind {
            found.expect(kind.isSuperseded, "\(node) has a deadline beside its \(kind)")
        }
    }

    private func check(_ group: GroupID, _ state: GroupState, _ found: inout Violations) {
        check(state.trail, of: "group \(group)", &found)
        found.expect(
            state.leader != nil || state.term == Term(0), "\(group) has a term and no leader")
        guard let configuration = state.configuration else { return }
        found.expectOrder(configuration.members.map(\.node), "members of \(group)")
        found.expect(!state.voters.isEmpty, "\(group) has no voter")
        found.expect(state.desired >= 1, "\(group) is meant to have no voter")
    }

    private func check(_ trail: Trail, of what: String, _ found: inout Violations) {
        let count = trail.sequences.count
        found.expect(count <= Trail.countMax, "the trail of \(what) has \(count) places")
        found.expectOrder(trail.sequences, "trail of \(what)")
        if let last = trail.sequences.last {
            found.expect(last <= head.sequence, "the trail of \(what) goes past the head")
        }
    }
}

/// Gathers what is wrong; nothing is written as long as nothing is.
struct Violations {
    private(set) var sentences: [String] = []

    mutating func add(_ sentence: String) { sentences.append(sentence) }

    mutating func expect(_ holds: Bool, _ sentence: @autoclosure () -> String) {
        if !holds { sentences.append(sentence()) }
    }

    /// Each once, and in order.
    mutating func expectOrder(_ names: [some Comparable], _ what: @autoclosure () -> String) {
        for (left, right) in zip(names, names.dropFirst()) where !(left < right) {
            sentences.append("\(what()): \(right) comes after \(left)")
        }
    }
}
