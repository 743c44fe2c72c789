/// How far a group is from losing its quorum, as the proofs count it.
package struct GroupHealth: Hashable, Sendable {
    /// The voters of the last committed configuration, in node order.
    package var voters: [NodeID]
    /// Those of them that are healthy, in node order.
    package var healthy: [NodeID]
    /// A majority of the voters.
    package var needed: Int
    /// When the newest view of a leader was appended; nil when there is none.
    package var observed: Timestamp?
    /// Why no change of the group can be proved now; nil when the newest view is usable.
    package var unusable: Refusal?

    /// Whether it was not seen yet who keeps up with a leader that is new: then `healthy` and
    /// `spare` say nothing.
    package var isUnknown: Bool { unusable?.code == .newTerm }

    /// How many healthy voters may fail before nothing can be decided; negative: it is lost.
    package var spare: Int { healthy.count - needed }
}

extension ClusterState {
    /// How a group stands at a moment, given what was heard.
    package func health(
        of group: GroupID, evidence: Evidence, at moment: Timestamp
    ) -> GroupHealth {
        let situation = Situation(
            state: self, group: group, evidence: evidence, at: moment,
            mover: NodeID(unchecked: ""))
        return GroupHealth(
            voters: situation.voters, healthy: situation.healthyVoters,
            needed: Proof.quorum(of: situation.voters.count),
            observed: situation.seen.view?.heard.appended,
            unusable: situation.quorumLost ?? situation.unusable)
    }
}
