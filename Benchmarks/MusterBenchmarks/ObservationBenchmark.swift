internal import MusterCore

/// What one observation of a group costs in a large cluster: heard, decided upon and folded, beside
/// the state before it, as a manager does it.
package struct ObservationBenchmark {
    private let fleet: SampleCluster
    private let groupCount: Int

    package init(nodeCount: Int = 15, groupCount: Int = 100) {
        fleet = SampleCluster(name: "large", nodeCount: nodeCount, groupCount: groupCount)
        self.groupCount = groupCount
    }

    /// Observations as facts, each of one group that has a new leader.
    ///
    /// - Returns: the sequence number reached, for a check that the work was done.
    package func facts(_ count: Int) -> UInt64 {
        var known = Known(state: fleet.state, evidence: heard(fleet.state))
        for index in 0..<count { observe(index, &known) }
        return known.state.head.sequence.value
    }

    /// The same beside other clusters, of 9 nodes with 16 groups: after each observation one of
    /// them has one as well, so that what this cluster has in the processor's caches gives way.
    ///
    /// - Returns: the seconds of one observation of this cluster beside one other and beside
    ///   `others` of them, each the best of rounds of `count` that take turns.
    package func facts(
        _ count: Int, beside others: Int, rounds: Int = 5
    ) -> (one: Double, many: Double) {
        let beside = (0..<others).map { _ in ObservationBenchmark(nodeCount: 9, groupCount: 16) }
        var knownBeside = beside.map {
            Known(state: $0.fleet.state, evidence: $0.heard($0.fleet.state))
        }
        var known = Known(state: fleet.state, evidence: heard(fleet.state))
        var (done, turns) = (0, Array(repeating: 0, count: others))
        func round(_ width: Int) -> Double {
            var seconds = 0.0
            for index in 0..<count {
                seconds += Stopwatch.seconds { observe(done, &known) }
                done += 1
                let other = index % width
                beside[other].observe(turns[other], &knownBeside[other])
                turns[other] += 1
            }
            return seconds / Double(count)
        }
        var best = (one: Double.infinity, many: Double.infinity)
        for _ in 0..<rounds {
            best.one = min(best.one, round(1))
            best.many = min(best.many, round(others))
        }
        return best
    }

    /// What a manager holds of a cluster.
    private struct Known {
        var state: ClusterState
        var evidence: Evidence
    }

    /// One group has a new leader: heard, decided upon and folded.
    private func observe(_ index: Int, _ known: inout Known) {
        let state = known.state
        let report = report(
            index, leader: index / groupCount % min(7, fleet.nodes.count), of: state)
        let position = Position(TopicPartition(.events, 0), Offset(UInt64(index) + 1000))
        let moment = state.at + .milliseconds(1)
        let heard = Evidence.Heard(position: position, appended: moment)
        known.evidence.hear(report, heard, lease: .seconds(10))
        let input = Input(
            cluster: state.id, source: .record(position, appended: moment),
            content: .fact(.groupObserved(report)))
        let part = state.extract(for: input, from: known.evidence)
        let events = state.decide(input, evidence: part ?? Evidence(), at: moment)
        let decision = Decision(
            at: moment, cause: .input(position, appended: moment, event: []), considered: [],
            evidence: part, principal: nil, correlation: "",
            manager: SampleCluster.manager, events: events)
        // The state that was read back stays as it is until this decision is read back.
        known.state.evolve(decision, hash: .zero)
    }

    /// Observations as soft evidence, each of one group in which nothing is new: heard, and looked
    /// at.
    ///
    /// - Returns: how many looks found something to decide.
    package func looks(_ count: Int) -> Int {
        let state = fleet.state
        var evidence = heard(state)
        var found = 0
        for index in 0..<count {
            let report = report(index, leader: 0, of: state, term: 3)
            let position = Position(TopicPartition(.heartbeats, 0), Offset(UInt64(index) + 1000))
            let moment = state.at + .milliseconds(Int64(index / 100))
            evidence.hear(
                report, Evidence.Heard(position: position, appended: moment), lease: .seconds(10))
            for subject in state.subjects(heardOf: report.groups[0].group) {
                let input = Input(
                    cluster: state.id, source: .manager, content: .wake(subject))
                let part = state.extract(for: input, from: evidence)
                let events = state.decide(input, evidence: part ?? Evidence(), at: moment)
                found += events.isEmpty ? 0 : 1
            }
        }
        return found
    }

    /// Every node was heard just now.
    private func heard(_ state: ClusterState) -> Evidence {
        var evidence = Evidence()
        for (index, node) in state.nodes.values.enumerated() {
            let position = Position(TopicPartition(.heartbeats, 0), Offset(UInt64(index)))
            evidence.hear(
                Heartbeat(identity: node.identity, boot: node.boot, copies: []),
                Evidence.Heard(position: position, appended: state.at), lease: .seconds(10))
        }
        return evidence
    }

    private func report(
        _ index: Int, leader: Int, of state: ClusterState, term: UInt64? = nil
    ) -> GroupsReport {
        let group = SampleCluster.group(index % groupCount)
        let term = term ?? UInt64(index / groupCount) + 4
        let commit = LogIndex(UInt64(index) + 1000)
        let members = (state.groups[group]?.configuration?.members ?? []).map {
            MemberView(member: $0, match: commit, contactAge: .milliseconds(20))
        }
        let view = LeaderView(
            confirmed: true, changePermitted: true, pending: false,
            version: ConfigurationVersion(term: Term(3), index: LogIndex(9)), commit: commit,
            firstIndex: LogIndex(1), members: members)
        let node = fleet.nodes[leader]
        let identity =
            state.nodes[node]?.identity
            ?? NodeIdentity(node: node, store: Identifier(high: 0, low: 0), start: Start(0))
        return GroupsReport(
            observer: identity,
            groups: [
                GroupReport(
                    group: group, state: .leader, term: Term(term), leader: node, applied: commit,
                    view: view)
            ])
    }
}
