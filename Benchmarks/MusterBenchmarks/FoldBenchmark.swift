internal import MusterCore

/// Decisions in memory, on one core: how fast state follows events, and how fast events follow
/// inputs.
package struct FoldBenchmark {
    /// A cluster of nine nodes and one group, as a facts-only log leaves it.
    let cluster: ClusterState
    private let nodes: [NodeID]

    package init(nodeCount: Int = 9, groupCount: Int = 1, name: String = "bench") {
        let fleet = SampleCluster(name: name, nodeCount: nodeCount, groupCount: groupCount)
        cluster = fleet.state
        nodes = fleet.nodes
    }

    /// Folds `count` decisions of one small event each.
    ///
    /// - Returns: the sequence number reached, for a check that the work was done.
    package func evolve(_ count: Int) -> UInt64 {
        var state = cluster
        var decision = Decision(
            at: state.at, cause: .timer(.liveness), considered: [], evidence: nil, principal: nil,
            correlation: "", manager: SampleCluster.manager, events: [])
        var decisions: [Decision] = []
        for node in nodes {
            decision.events = [.nodeSuspected(node, lastHeard: state.at, by: nil)]
            decisions.append(decision)
            decision.events = [.nodeReturned(node)]
            decisions.append(decision)
        }
        for index in 0..<count {
            state.evolve(decisions[index % decisions.count], hash: .zero)
        }
        return state.head.sequence.value
    }

    /// Decides and folds `count` facts, each of which says that a group has a new leader.
    package func decideAndEvolve(_ count: Int) -> UInt64 {
        var state = cluster
        let partition = TopicPartition(.events, 0)
        for index in 0..<count {
            let leader = nodes[index % nodes.count]
            let report = GroupReport(
                group: SampleCluster.group(0), state: .leader, term: Term(UInt64(index) + 10),
                leader: leader, applied: nil, view: nil)
            guard let known = state.nodes[leader] else { break }
            let position = Position(partition, Offset(UInt64(index) + 1000))
            let moment = state.at + .milliseconds(1)
            let input = Input(
                cluster: state.id, source: .record(position, appended: moment),
                content: .fact(
                    .groupObserved(GroupsReport(observer: known.identity, groups: [report]))))
            let evidence = state.extract(for: input, from: Evidence())
            let events = state.decide(input, evidence: evidence ?? Evidence(), at: moment)
            let decision = Decision(
                at: moment, cause: .input(position, appended: moment, event: []), considered: [],
                evidence: evidence, principal: nil, correlation: "",
                manager: SampleCluster.manager, events: events)
            state.evolve(decision, hash: .zero)
        }
        return state.head.sequence.value
    }
}
